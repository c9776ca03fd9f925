/** The composition root for Node.js: the only reader of the clock and of entropy there. */
import * as crypto from "node:crypto";
import { ALWAYS_NATIVE } from "./crypto/crossovers.ts";
import type { Engine, EngineName } from "./crypto/engine.ts";
import { nodeKeyPairs } from "./crypto/key-pairs-node.ts";
import { nodeEngine } from "./crypto/node.ts";
import { type WasmEngine, wasmEngine } from "./crypto/wasm.ts";
import type { Random } from "./env.ts";
import type { Platform } from "./platform.ts";
import { secretBytes } from "./secret-bytes.ts";

const POOL_BYTES = 1024;

/**
 * Entropy that is drawn once for the requests of one turn of the event loop: a draw costs microseconds, whatever its
 * length. Every byte is handed out once and wiped as it goes; what is left is wiped before the next turn, so that no
 * copy of this process (a snapshot) is ever made with entropy waiting in it between requests.
 */
function turnRandom(): Random {
  const pool = secretBytes(POOL_BYTES) as Uint8Array<ArrayBuffer>;
  let used = POOL_BYTES;
  let expires = false;
  const expire = () => {
    pool.fill(0, used);
    used = POOL_BYTES;
    expires = false;
  };
  return {
    fill(out) {
      if (out.length > POOL_BYTES) return void globalThis.crypto.getRandomValues(out as Uint8Array<ArrayBuffer>);
      if (out.length > POOL_BYTES - used) {
        globalThis.crypto.getRandomValues(pool);
        used = 0;
        if (!expires) setImmediate(expire);
        expires = true;
      }
      for (let i = 0; i < out.length; i++) {
        out[i] = pool[used]!;
        pool[used++] = 0;
      }
    },
  };
}

let wasm: WasmEngine | undefined;
const engines: Partial<Record<EngineName, Engine>> = {};

function makeEngine(name: EngineName): Engine {
  wasm ??= wasmEngine();
  if (name === "wasm") return wasm;
  return name === "auto" ? nodeEngine(wasm) : nodeEngine(wasm, ALWAYS_NATIVE);
}

const random = turnRandom();

export const platform: Platform = {
  clock: { nowMs: () => Date.now() },
  random,
  engine: (name) => (engines[name] ??= makeEngine(name)),
  keyPairs: nodeKeyPairs(crypto, random),
  fetch: (url, init) => globalThis.fetch(url, init),
  subtle: globalThis.crypto.subtle,
};
