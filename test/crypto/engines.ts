/** Every engine that runs on this platform, that of the edge too: one suite is held against each of them. */
import { ALWAYS_NATIVE, EDGE_CROSSOVER, NODE_CROSSOVER } from "../../src/crypto/crossovers.ts";
import type { Engine } from "../../src/crypto/engine.ts";
import { nodeEngine } from "../../src/crypto/node.ts";
import { type WasmEngine, wasmEngine } from "../../src/crypto/wasm.ts";
import { webEngine } from "../../src/crypto/webcrypto.ts";

const { subtle } = globalThis.crypto;

/** How each engine is made over a core. */
export const ENGINE_MAKERS: readonly (readonly [name: string, make: (small: WasmEngine) => Engine])[] = [
  ["wasm", (small) => small],
  ["auto", (small) => nodeEngine(small)],
  ["native", (small) => nodeEngine(small, ALWAYS_NATIVE)],
  ["WebCrypto auto", (small) => webEngine(subtle, small, EDGE_CROSSOVER)],
  ["WebCrypto native", (small) => webEngine(subtle, small, ALWAYS_NATIVE)],
];

export const ENGINES: readonly (readonly [name: string, engine: Engine])[] = ENGINE_MAKERS.map(
  ([name, make]) => [name, make(wasmEngine())] as const,
);

/** The sizes, of data and additional data together, at which engines change from one way to the other. */
export const CROSSOVERS_BYTES: readonly number[] = [NODE_CROSSOVER, EDGE_CROSSOVER]
  .flatMap((table) => [table.sealFromBytes, table.openFromBytes])
  .concat(NODE_CROSSOVER.onceFromBytes);
