/** Instantiates the core: a memory of its own for every instance, about 50 microseconds each after the first. */
import { instantiateSync } from "@assemblyscript/loader";
import { coreModule } from "#wasm";
import { type Abi, type CoreExports, openAbi } from "./abi.ts";

/** Makes an instance of the core and opens its window. */
export function loadCore(): Abi {
  // The instance's own exports: the loader's wrappers around them cost more than a short call.
  return openAbi(instantiateSync(coreModule()).instance.exports as unknown as CoreExports);
}
