/** The composition root for edge runtimes and browsers: the only reader of the clock and of entropy there. */
import { ALWAYS_NATIVE, EDGE_CROSSOVER } from "./crypto/crossovers.ts";
import type { Engine, EngineName } from "./crypto/engine.ts";
import { type NodeCrypto, nodeKeyPairs } from "./crypto/key-pairs-node.ts";
import { webKeyPairs } from "./crypto/key-pairs-web.ts";
import { type WasmEngine, wasmEngine } from "./crypto/wasm.ts";
import { type Subtle, webEngine } from "./crypto/webcrypto.ts";
import type { Random } from "./env.ts";
import type { Platform } from "./platform.ts";

let wasm: WasmEngine | undefined;
const engines: Partial<Record<EngineName, Engine>> = {};

function makeEngine(name: EngineName): Engine {
  wasm ??= wasmEngine();
  // A page that did not come over https has no WebCrypto.
  const subtle = globalThis.crypto.subtle as Subtle | undefined;
  if (name === "native" && subtle === undefined) {
    throw new Error('This page has no WebCrypto, so there is no native engine: serve it over https, or take "auto".');
  }
  if (name === "wasm" || subtle === undefined) return wasm;
  return webEngine(subtle, wasm, name === "auto" ? EDGE_CROSSOVER : ALWAYS_NATIVE);
}

const random: Random = { fill: (out) => void globalThis.crypto.getRandomValues(out as Uint8Array<ArrayBuffer>) };

/** Workers have node:crypto if their compatibility flags say so, and other runtimes that follow Node.js. */
function nodeCrypto(): NodeCrypto | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return process?.getBuiltinModule?.("node:crypto") as NodeCrypto | undefined;
}

function onNode() {
  const crypto = nodeCrypto();
  return crypto && nodeKeyPairs(crypto, random, false);
}

export const platform: Platform = {
  clock: { nowMs: () => Date.now() },
  random,
  engine: (name) => (engines[name] ??= makeEngine(name)),
  keyPairs: webKeyPairs({
    get subtle() {
      return globalThis.crypto.subtle as SubtleCrypto | undefined;
    },
    random,
    node: onNode,
  }),
  fetch: (url, init) => globalThis.fetch(url, init),
  get subtle() {
    return globalThis.crypto.subtle as SubtleCrypto | undefined;
  },
};
