/** Where the project lies, for code that runs from bench/ as from the bundle in build/bench/. */
import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const PROJECT_ROOT = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(folder: string): string {
  const manifest = join(folder, "package.json");
  if (statSync(manifest, { throwIfNoEntry: false }) !== undefined) {
    if (JSON.parse(readFileSync(manifest, "utf8")).name === "wasm-kms") return folder;
  }
  const above = dirname(folder);
  if (above === folder) throw new Error("The bench runs inside a checkout of wasm-kms only.");
  return findRoot(above);
}
