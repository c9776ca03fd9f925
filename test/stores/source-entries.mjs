// Resolves the package's own entries to their sources, for an example that is run before anything is built:
// node --import tsx --import <this file>. What tsup.config.ts builds them from is read there.
import { readFileSync } from "node:fs";
import { register } from "node:module";
import { isMainThread } from "node:worker_threads";

const root = new URL("../../", import.meta.url);
const config = readFileSync(new URL("tsup.config.ts", root), "utf8");
const entries = new Map(
  Array.from(config.matchAll(/^ {2}"?([\w-]+)"?: "(src\/[\w/.-]+\.ts)",$/gm), ([, name, path]) => [name, path]),
);

export async function resolve(specifier, context, next) {
  const [, name = "index"] = /^wasm-kms(?:\/(.+))?$/.exec(specifier) ?? [undefined, ""];
  const path = entries.get(name.replace("/", "-"));
  return path === undefined ? next(specifier, context) : next(new URL(path, root).href, context);
}

if (isMainThread) register(import.meta.url);
