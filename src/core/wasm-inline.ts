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
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The compiled core, shared by all its instances: it holds code, no memory. */
export function plainModule(): WebAssembly.Module {
  return compile(PLAIN_BASE64);
}

/** A module of one function, which does nothing but one relaxed lookup. */
// biome-ignore format: one section a line
const PROBE = Uint8Array.of(
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
  0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b,
  0x03, 0x02, 0x01, 0x00,
  0x0a, 0x0f, 0x01, 0x0d, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0xfd, 0x80, 0x02, 0x0b,
);

/** The same with relaxed SIMD, or `undefined` where the engine does not have that. */
export function relaxedModule(): WebAssembly.Module | undefined {
  return WebAssembly.validate(PROBE) ? compile(RELAXED_BASE64) : undefined;
}
