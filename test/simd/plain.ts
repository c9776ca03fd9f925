/** Turns relaxed SIMD off where an engine has it, so that `createCore()` takes the plain build, as on Node 20. */
import { setFlagsFromString } from "node:v8";
import { createCore } from "../../src/core/core.ts";

setFlagsFromString("--no-experimental-wasm-relaxed-simd");
if (createCore().simd !== "plain") {
  process.stderr.write("This engine always has relaxed SIMD: the tests of the plain build run the relaxed one.\n");
}
