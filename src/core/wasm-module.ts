/** The core's module where WebAssembly must be compiled ahead of time (Cloudflare Workers): imported as a file. */
import module from "../../build/core.wasm";

/** The compiled core, shared by all its instances: it holds code, no memory. */
export function coreModule(): WebAssembly.Module {
  return module;
}
