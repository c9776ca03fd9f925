/** Where results are kept: bench/results/, a file for each runtime and day. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "./project-root.ts";
import type { Results } from "./row.ts";

export const RESULTS_FOLDER = join(PROJECT_ROOT, "bench", "results");

/** As "node-20.20.2-2026-11-26.json"; runs that are short or of one layer have names of their own, for they say less. */
export function fileNameOf({ node, date }: Results, part: string | undefined): string {
  const runtime = node.startsWith("v") ? `node-${node.slice(1)}` : node.replaceAll(" ", "-");
  return `${[runtime, date.slice(0, 10), ...(part === undefined ? [] : [part])].join("-")}.json`;
}

export function writeResults(path: string, results: Results): void {
  // A row a line: a change of one number is a change of one line.
  const { rows, ...rest } = results;
  const head = JSON.stringify(rest, undefined, 1).replace(/\n}$/, ",");
  const lines = rows.map((row) => `  ${JSON.stringify(row)}`).join(",\n");
  writeFileSync(path, `${head}\n "rows": [\n${lines}\n ]\n}\n`);
}

/** @throws {TypeError} if the file is not what `writeResults` writes */
export function readResults(path: string): Results {
  let results: Partial<Results>;
  try {
    results = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new TypeError(`${path} cannot be read as results: ${(error as Error).message}`);
  }
  if (typeof results.node === "string" && Array.isArray(results.rows)) return results as Results;
  throw new TypeError(
    `${path} holds no results of this bench: name a file of bench/results, or one written by --json.`,
  );
}

/** The newest whole results of every runtime but `node`, the newest first. */
export function readOthers(node: string): Results[] {
  mkdirSync(RESULTS_FOLDER, { recursive: true });
  const newest = new Map<string, Results>();
  for (const name of readdirSync(RESULTS_FOLDER)) {
    if (!/-\d{4}-\d\d-\d\d\.json$/.test(name)) continue;
    const results = readResults(join(RESULTS_FOLDER, name));
    const known = newest.get(results.node);
    if (results.node !== node && (known === undefined || known.date < results.date)) newest.set(results.node, results);
  }
  return [...newest.values()].sort((a, b) => (a.date < b.date ? 1 : -1));
}
