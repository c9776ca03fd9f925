/** A private folder (0700) for what a command keeps for a while. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explain } from "./explain.ts";

/**
 * A new folder; whoever makes it removes it.
 * @throws {Error} that names the place where none can be made
 */
export function makeTemporaryFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), "wasm-kms-"));
  } catch (error) {
    const reason = explain(error);
    throw new Error(`No temporary folder can be made in ${tmpdir()}: ${reason}. Name another place with TMPDIR.`, {
      cause: error,
    });
  }
}
