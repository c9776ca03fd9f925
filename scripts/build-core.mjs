// Compiles assembly/ twice, with plain and with relaxed SIMD, to build/*.wasm (and their text, which the constant-time
// proof reads) and writes both modules once more as base64, so that runtimes which may compile WebAssembly need no file
// beside the bundle.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const asc = join(dirname(createRequire(import.meta.url).resolve("assemblyscript/package.json")), "bin", "asc.js");
mkdirSync(join(root, "build"), { recursive: true });
const base64 = ["plain", "relaxed"].map((target) => {
  const flags = ["--config", "asconfig.json", "--target", target];
  execFileSync(process.execPath, [asc, ...flags], { cwd: root, stdio: "inherit" });
  return readFileSync(join(root, "build", `core-${target}.wasm`)).toString("base64");
});
writeFileSync(
  join(root, "build", "core-wasm.ts"),
  "/** build/core-plain.wasm and build/core-relaxed.wasm, made by scripts/build-core.mjs. */\n" +
    `export const PLAIN_BASE64 =\n  "${base64[0]}";\nexport const RELAXED_BASE64 =\n  "${base64[1]}";\n`,
);
