/** Turns relaxed SIMD on where the engine has it behind a flag (Node 20), so that `createCore()` takes that build. */
import { setFlagsFromString } from "node:v8";
import { createCore } from "../../src/core/core.ts";

setFlagsFromString("--experimental-wasm-relaxed-simd");
if (createCore().simd !== "relaxed") throw new Error("This engine has no relaxed SIMD, not even behind its flag.");
