/** Compiles the controls with the compiler and the options of the core itself, so that both are judged alike. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const folder = fileURLToPath(new URL("./controls/", import.meta.url));
const asconfig = fileURLToPath(new URL("../../asconfig.json", import.meta.url));

/** asconfig.json's options as command-line arguments, without the files that it writes. */
function options(): string[] {
  const config = JSON.parse(readFileSync(asconfig, "utf8")) as { options: Record<string, unknown> };
  const kept = Object.entries(config.options).filter(([name]) => !["outFile", "textFile", "bindings"].includes(name));
  return kept.flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, String(value)]));
}

/** Compiles one file of `controls/`; the module has no imports. @throws {Error} with the compiler's words. */
export async function compileControl(file: string): Promise<Uint8Array<ArrayBuffer>> {
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main([file, ...options(), "--outFile", "control.wasm"], {
    readFile: (name) => (name === file ? readFileSync(join(folder, file), "utf8") : null),
    writeFile: (_name, contents) => {
      binary = Uint8Array.from(contents as Uint8Array);
    },
    listFiles: () => [],
  });
  if (error !== null || binary === undefined) throw new Error(`asc refused ${file}: ${stderr.toString()}`);
  return binary;
}
