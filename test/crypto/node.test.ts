/** Which way the engine for Node takes: the core below a crossover, node:crypto from there on, nothing on the way. */
import { describe, expect, it } from "vitest";
import { createCore } from "../../src/core/core.ts";
import { NODE_CROSSOVER } from "../../src/crypto/crossovers.ts";
import type { Engine } from "../../src/crypto/engine.ts";
import { nodeEngine } from "../../src/crypto/node.ts";
import { wasmEngine } from "../../src/crypto/wasm.ts";
import { sampleBytes } from "./sample-bytes.ts";

const nonce = sampleBytes(12);

/** An engine that notes each call that reaches the core. */
function observed(): { calls: string[]; engine: Engine } {
  const calls: string[] = [];
  const core = createCore();
  const { importKey, hash, hmac } = core;
  core.importKey = (key) => {
    calls.push("aead");
    return importKey(key);
  };
  core.hash = (...input) => {
    calls.push("hash");
    return hash(...input);
  };
  core.hmac = (...input) => {
    calls.push("hmac");
    return hmac(...input);
  };
  return { calls, engine: nodeEngine(wasmEngine(core)) };
}

describe("the engine for Node", () => {
  it("leaves each hash and HMAC to the core up to its crossover", () => {
    const { calls, engine } = observed();
    for (const hash of ["SHA-256", "SHA-384", "SHA-512"] as const) {
      const hashFrom = NODE_CROSSOVER.hashFromBytes[hash];
      const hmacFrom = NODE_CROSSOVER.hmacFromBytes[hash];
      engine.hash(hash, sampleBytes(hashFrom));
      engine.hmac(hash, sampleBytes(32), sampleBytes(hmacFrom));
      expect(calls.splice(0)).toEqual([]);
      engine.hash(hash, sampleBytes(hashFrom - 1));
      engine.hmac(hash, sampleBytes(32), sampleBytes(hmacFrom - 1));
      expect(calls.splice(0)).toEqual(["hash", "hmac"]);
    }
  });

  it("expands a key in the core only for the first message below the crossover, counting additional data", () => {
    const { calls, engine } = observed();
    const aead = engine.aead(sampleBytes(32));
    const sealed = aead.seal(nonce, sampleBytes(NODE_CROSSOVER.sealFromBytes - 100), sampleBytes(100));
    aead.open(nonce, new Uint8Array(16), sampleBytes(NODE_CROSSOVER.openFromBytes));
    expect(calls).toEqual([]);
    expect(aead.open(nonce, sealed, sampleBytes(100))).toBeDefined();
    aead.seal(nonce, sampleBytes(NODE_CROSSOVER.sealFromBytes - 101), sampleBytes(100));
    aead.open(nonce, new Uint8Array(15 + NODE_CROSSOVER.openFromBytes));
    expect(calls).toEqual(["aead"]);
    aead.destroy();
  });

  it("opens what lies in memory that threads share", () => {
    const aead = nodeEngine().aead(sampleBytes(32));
    const plaintext = sampleBytes(4096);
    const shared = new Uint8Array(new SharedArrayBuffer(4096 + 16));
    expect(aead.seal(nonce, plaintext, undefined, shared).buffer).toBe(shared.buffer);
    expect(aead.open(nonce, shared)).toEqual(plaintext);
    shared[5]! ^= 1;
    expect(aead.open(nonce, shared)).toBeUndefined();
    aead.destroy();
  });
});
