/**
 * Finds the public test vectors, which are not part of the project: `../shared/vectors` from its root, or the folder
 * that KMS_VECTORS_DIR names. Where they are absent, tests that need them say so and are reported as skipped.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The folder of the vectors, or `undefined` (and a line on standard error) where there is none. */
export function vectorsDir(): string | undefined {
  const dir = process.env.KMS_VECTORS_DIR ?? resolve(root, "..", "shared", "vectors");
  if (existsSync(dir)) return dir;
  process.stderr.write(`Test vectors not found at ${dir}: set KMS_VECTORS_DIR to run the tests that need them.\n`);
  return undefined;
}

/** Reads one JSON vector file below the vectors' folder. */
export function readVectors<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(vectorsDir()!, ...path), "utf8")) as T;
}
