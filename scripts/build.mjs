// Builds everything that is shipped: the core, then the bundles for Node.js, Workers and browsers.
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const quiet = process.argv.includes("--quiet");
await import("./build-core.mjs");
rmSync(join(root, "dist"), { recursive: true, force: true });
const tsup = join(dirname(createRequire(import.meta.url).resolve("tsup/package.json")), "dist", "cli-default.js");
execFileSync(process.execPath, [tsup, ...(quiet ? ["--silent"] : [])], { cwd: root, stdio: "inherit" });
