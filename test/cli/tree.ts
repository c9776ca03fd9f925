/** Folders of files for the tests: made, read back, and changed. */
import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";

/** A folder that is removed after the tests of this file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "wasm-kms-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Bytes that differ from one place to the next, and from one seed to the next. */
export function sampleBytes(lengthBytes: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  let state = seed >>> 0;
  for (let i = 0; i < lengthBytes; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Writes files by their relative paths; a path that ends with a slash is an empty folder. */
export function writeTree(root: string, files: Readonly<Record<string, Uint8Array>>): void {
  for (const [path, bytes] of Object.entries(files)) {
    const whole = join(root, path);
    mkdirSync(path.endsWith("/") ? whole : dirname(whole), { recursive: true });
    if (!path.endsWith("/")) writeFileSync(whole, bytes);
  }
}

/** What lies below a folder: relative paths with length and digest, folders with a closing slash. */
export function readTree(root: string): Record<string, string> {
  const paths = readdirSync(root, { recursive: true }) as string[];
  return Object.fromEntries(
    paths.sort().map((path) => {
      const isFolder = lstatSync(join(root, path)).isDirectory();
      return isFolder ? [`${path}/`, ""] : [path, digestOf(readFileSync(join(root, path)))];
    }),
  );
}

/** Length and SHA-256, which compare much faster than the bytes do in an assertion. */
export function digestOf(bytes: Uint8Array): string {
  return `${bytes.length} bytes, ${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The relative paths of all files below a folder, hidden ones too; none where there is no folder. */
export function filesBelow(root: string): string[] {
  if (!existsSync(root)) return [];
  return Object.keys(readTree(root)).filter((path) => !path.endsWith("/"));
}
