/**
 * The core's module where WebAssembly may be compiled at run time (Node, browsers, Deno, Bun): its bytes travel inside
 * the bundle as base64, and are compiled once, synchronously, on first use.
 */
import { CORE_WASM_BASE64 } from "../../build/core-wasm.ts";

let compiled: WebAssembly.Module | undefined;

/** The compiled core, shared by all its instances: it holds code, no memory. */
export function coreModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(CORE_WASM_BASE64), (char) => char.charCodeAt(0)));
  return compiled;
}
