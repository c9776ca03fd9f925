/** Folders made level by level: what is made, what is left as it is, and that every failure ends. */
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { KeystoreError } from "../../src/errors.ts";
import { sqliteKeystore } from "../../src/keystore/sqlite.ts";
import { makeFolders } from "../../src/keystore/sqlite-folder.ts";

const root = mkdtempSync(join(tmpdir(), "wasm-kms-folder-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe.skipIf(process.platform === "win32")("making folders", () => {
  it("makes all that is missing with the mode, and leaves what is there", () => {
    mkdirSync(join(root, "there"), { mode: 0o755 });
    makeFolders(join(root, "there", "a", "b"), 0o700);
    makeFolders(join(root, "there", "a", "b"), 0o755);
    const modes = ["there", "there/a", "there/a/b"].map((path) => statSync(join(root, path)).mode & 0o777);
    expect(modes).toEqual([0o755, 0o700, 0o700]);
  });

  it("says what is in the way", () => {
    writeFileSync(join(root, "file"), "");
    symlinkSync("nowhere", join(root, "link"));
    expect(() => makeFolders(join(root, "file"), 0o700)).toThrow("it is a file");
    expect(() => makeFolders(join(root, "file", "a", "b"), 0o700)).toThrow(`${join(root, "file")} is a file`);
    expect(() => makeFolders(join(root, "link", "a"), 0o700)).toThrow(`${join(root, "link")} is in the way`);
  });

  it.skipIf(process.platform !== "linux")("ends where the system denies a parent that is there", () => {
    expect(() => makeFolders("/proc/wasm-kms/a", 0o700)).toThrow("ENOENT");
    expect(() => sqliteKeystore({ path: "/proc/wasm-kms/a/keystore.sqlite" })).toThrow(KeystoreError);
  });
});
