// Compiles assembly/ to build/core.wasm (and its text, which the constant-time proof reads) and writes the module
// once more as base64, so that runtimes which may compile WebAssembly need no file beside the bundle.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const asc = join(dirname(createRequire(import.meta.url).resolve("assemblyscript/package.json")), "bin", "asc.js");
mkdirSync(join(root, "build"), { recursive: true });
execFileSync(process.execPath, [asc, "--config", "asconfig.json"], { cwd: root, stdio: "inherit" });
const wasm = readFileSync(join(root, "build", "core.wasm"));
writeFileSync(
  join(root, "build", "core-wasm.ts"),
  `/** build/core.wasm, made by scripts/build-core.mjs. */\nexport const CORE_WASM_BASE64 =\n  "${wasm.toString("base64")}";\n`,
);
