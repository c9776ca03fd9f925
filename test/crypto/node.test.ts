/** Which way the provider for Node takes: the core below a crossover, node:crypto from there on, nothing on the way. */
import { describe, expect, it } from "vitest";
import { NATIVE_FROM_BYTES, nodeProvider } from "../../src/crypto/node.ts";
import type { CryptoProvider } from "../../src/crypto/provider.ts";
import { wasmProvider } from "../../src/crypto/wasm.ts";
import { sampleBytes } from "./sample-bytes.ts";

const nonce = sampleBytes(12);

/** A provider that notes each call that reaches the core. */
function observed(): { calls: string[]; provider: CryptoProvider } {
  const calls: string[] = [];
  const core = wasmProvider();
  const small: CryptoProvider = {
    aead(key) {
      calls.push("aead");
      return core.aead(key);
    },
    hash(hash, data) {
      calls.push("hash");
      return core.hash(hash, data);
    },
    hmac(...input) {
      calls.push("hmac");
      return core.hmac(...input);
    },
    deriver: (hash, secret, salt) => core.deriver(hash, secret, salt),
    hkdf: (...input) => core.hkdf(...input),
    hkdfMany: (...input) => core.hkdfMany(...input),
  };
  return { calls, provider: nodeProvider(small) };
}

describe("the provider for Node", () => {
  it("leaves each hash and HMAC to the core up to its crossover", () => {
    const { calls, provider } = observed();
    for (const hash of ["SHA-256", "SHA-384", "SHA-512"] as const) {
      const hashFrom = NATIVE_FROM_BYTES.hash[hash];
      const hmacFrom = NATIVE_FROM_BYTES.hmac[hash];
      provider.hash(hash, sampleBytes(hashFrom));
      provider.hmac(hash, sampleBytes(32), sampleBytes(hmacFrom));
      expect(calls.splice(0)).toEqual([]);
      provider.hash(hash, sampleBytes(hashFrom - 1));
      provider.hmac(hash, sampleBytes(32), sampleBytes(hmacFrom - 1));
      expect(calls.splice(0)).toEqual(["hash", "hmac"]);
    }
  });

  it("expands a key in the core only for the first message below the crossover, counting additional data", () => {
    const { calls, provider } = observed();
    const aead = provider.aead(sampleBytes(32));
    const sealed = aead.seal(nonce, sampleBytes(NATIVE_FROM_BYTES.seal - 100), sampleBytes(100));
    aead.open(nonce, new Uint8Array(16), sampleBytes(NATIVE_FROM_BYTES.open));
    expect(calls).toEqual([]);
    expect(aead.open(nonce, sealed, sampleBytes(100))).toBeDefined();
    aead.seal(nonce, sampleBytes(NATIVE_FROM_BYTES.seal - 101), sampleBytes(100));
    aead.open(nonce, new Uint8Array(15 + NATIVE_FROM_BYTES.open));
    expect(calls).toEqual(["aead"]);
    aead.destroy();
  });

  it("opens what lies in memory that threads share", () => {
    const aead = nodeProvider().aead(sampleBytes(32));
    const plaintext = sampleBytes(4096);
    const shared = new Uint8Array(new SharedArrayBuffer(4096 + 16));
    expect(aead.seal(nonce, plaintext, undefined, shared).buffer).toBe(shared.buffer);
    expect(aead.open(nonce, shared)).toEqual(plaintext);
    shared[5]! ^= 1;
    expect(aead.open(nonce, shared)).toBeUndefined();
    aead.destroy();
  });
});
