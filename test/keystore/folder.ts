/** Temporary folders for tests that need real files. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** A folder that is removed after the tests of this file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "wasm-kms-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
