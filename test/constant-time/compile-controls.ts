/** Compiles the controls with the compiler and the options of the core itself, so that both are judged alike. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import type { Simd } from "../../src/core/abi.ts";

const folder = fileURLToPath(new URL("./controls/", import.meta.url));
const asconfig = fileURLToPath(new URL("../../asconfig.json", import.meta.url));

type Options = Record<string, unknown>;

/** asconfig.json's options as command-line arguments, without the files that it writes. */
function options(simd: Simd): string[] {
  const config = JSON.parse(readFileSync(asconfig, "utf8")) as { options: Options; targets: Record<Simd, Options> };
  const all = Object.entries({ ...config.options, ...config.targets[simd] });
  const kept = all.filter(([name]) => !["outFile", "textFile", "bindings"].includes(name));
  return kept.flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, String(value)]));
}

/** Compiles one file of `controls/`; the module has no imports. @throws {Error} with the compiler's words. */
export async function compileControl(file: string, simd: Simd): Promise<Uint8Array<ArrayBuffer>> {
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main([file, ...options(simd), "--outFile", "control.wasm"], {
    readFile: (name) => (name === file ? readFileSync(join(folder, file), "utf8") : null),
    writeFile: (_name, contents) => {
      binary = Uint8Array.from(contents as Uint8Array);
    },
    listFiles: () => [],
  });
  if (error !== null || binary === undefined) throw new Error(`asc refused ${file}: ${stderr.toString()}`);
  return binary;
}
