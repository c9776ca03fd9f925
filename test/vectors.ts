/**
 * Finds the public test vectors and what is known of the real service, which are not part of the project:
 * `../shared/vectors` and `../shared/reference` from its root, or the folders that KMS_VECTORS_DIR and KMS_REFERENCE_DIR
 * name. Where they are absent, tests that need them say so and are reported as skipped.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The folder of the vectors, or `undefined` (and a line on standard error) where there is none. */
export function vectorsDir(): string | undefined {
  return findFolder("KMS_VECTORS_DIR", "vectors", "Test vectors");
}

/** Reads one JSON file of what is known of the real service; `undefined` (and a line on standard error) without it. */
export function readReference<T>(file: string): T | undefined {
  const dir = findFolder("KMS_REFERENCE_DIR", "reference", "The reference of the real service");
  return dir === undefined ? undefined : (JSON.parse(readFileSync(join(dir, file), "utf8")) as T);
}

function findFolder(variable: string, name: string, what: string): string | undefined {
  const dir = process.env[variable] ?? resolve(root, "..", "shared", name);
  if (existsSync(dir)) return dir;
  process.stderr.write(`${what} not found at ${dir}: set ${variable} to run the tests that need it.\n`);
  return undefined;
}

/** Reads one JSON vector file below the vectors' folder. */
export function readVectors<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(vectorsDir()!, ...path), "utf8")) as T;
}
