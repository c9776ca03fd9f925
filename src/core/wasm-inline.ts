/**
 * The core's modules where WebAssembly may be compiled at run time (Node, browsers, Deno, Bun): their bytes travel inside
 * the bundle as base64, and are compiled once, synchronously, on first use.
 */
import { PLAIN_BASE64, RELAXED_BASE64 } from "../../build/core-wasm.ts";

const compiled = new Map<string, WebAssembly.Module>();

function compile(base64: string): WebAssembly.Module {
  const known = compiled.get(base64);
  if (known !== undefined) return known;
  const module = new WebAssembly.Module(bytesOf(base64));
  compiled.set(base64, module);
  return module;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

/** The compiled core, shared by all its instances: it holds code, no memory. */
export function plainModule(): WebAssembly.Module {
  return compile(PLAIN_BASE64);
}

let validated: boolean | undefined;

/** The same with relaxed SIMD, or `undefined` where the engine does not have that. */
export function relaxedModule(): WebAssembly.Module | undefined {
  validated ??= WebAssembly.validate(bytesOf(RELAXED_BASE64));
  return validated ? compile(RELAXED_BASE64) : undefined;
}
