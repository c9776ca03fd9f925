/** The core's modules where WebAssembly must be compiled ahead of time (Cloudflare Workers): imported as files. */
import plain from "../../build/core-plain.wasm";
import relaxed from "../../build/core-relaxed.wasm";

/** The compiled core, shared by all its instances: it holds code, no memory. */
export function plainModule(): WebAssembly.Module {
  return plain;
}

/** The same with relaxed SIMD, which workerd always has. */
export function relaxedModule(): WebAssembly.Module | undefined {
  return relaxed;
}
