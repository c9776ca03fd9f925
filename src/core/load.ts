/** Instantiates the core: a memory of its own for every instance, about 50 microseconds each after the first, which takes a few
 * milliseconds. */
import { instantiateSync } from "@assemblyscript/loader";
import { plainModule, relaxedModule } from "#wasm";
import { type Abi, type CoreExports, openAbi, type Simd } from "./abi.ts";
import { warm } from "./warm.ts";

/** Modules whose code has been run: it is compiled once for all instances. */
const warmed = new WeakSet<WebAssembly.Module>();

/**
 * Makes an instance of the core and opens its window.
 * @throws {Error} if relaxed SIMD is asked for and this engine does not have it
 */
export function loadCore(wanted: Simd | "auto" = "auto"): Abi {
  const relaxed = wanted === "plain" ? undefined : relaxedModule();
  if (wanted === "relaxed" && relaxed === undefined) {
    throw new Error('This engine has no relaxed SIMD: use "plain", or "auto", which takes what there is.');
  }
  // The instance's own exports: the loader's wrappers around them cost more than a short call.
  const module = relaxed ?? plainModule();
  const { exports } = instantiateSync(module).instance;
  const abi = openAbi(exports as unknown as CoreExports, relaxed === undefined ? "plain" : "relaxed");
  if (!warmed.has(module)) {
    warmed.add(module);
    warm(abi);
  }
  return abi;
}
