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
    const { sealFromBytes, openFromBytes, onceFromBytes } = NODE_CROSSOVER;
    const aead = engine.aead(sampleBytes(32));
    const sealed = aead.seal(nonce, sampleBytes(onceFromBytes - 100), sampleBytes(100));
    aead.seal(nonce, sampleBytes(sealFromBytes - 100), sampleBytes(100));
    aead.open(nonce, new Uint8Array(16), sampleBytes(openFromBytes));
    expect(calls).toEqual([]);
    expect(aead.open(nonce, sealed, sampleBytes(100))).toBeDefined();
    aead.seal(nonce, sampleBytes(sealFromBytes - 101), sampleBytes(100));
    aead.open(nonce, new Uint8Array(15 + openFromBytes));
    expect(calls).toEqual(["aead"]);
    aead.destroy();
  });

  it("leaves the first message of a key to the core up to where a native key pays for one message", () => {
    const { calls, engine } = observed();
    const { onceFromBytes } = NODE_CROSSOVER;
    const once = engine.aead(sampleBytes(32));
    const sealed = once.seal(nonce, sampleBytes(onceFromBytes - 1));
    expect(calls.splice(0)).toEqual(["aead"]);
    once.destroy();
    const again = engine.aead(sampleBytes(32));
    expect(again.open(nonce, sealed)).toEqual(sampleBytes(onceFromBytes - 1));
    expect(calls.splice(0)).toEqual(["aead"]);
    expect(again.seal(nonce, sampleBytes(onceFromBytes - 1))).toEqual(sealed);
    again.destroy();
    const large = engine.aead(sampleBytes(32));
    large.seal(nonce, sampleBytes(onceFromBytes));
    expect(calls).toEqual([]);
    large.destroy();
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
