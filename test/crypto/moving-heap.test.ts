/**
 * Secrets of up to 64 bytes lie off the heap that the collector moves: whoever wipes them has wiped the only copy. Where
 * an array lies shows in the count of bytes held by array buffers, which has no array of the moving heap.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { beforeAll, describe, expect, it } from "vitest";
import { createCore } from "../../src/core/core.ts";
import { ENGINES } from "./engines.ts";
import { onNoble } from "./key-pair-makers.ts";
import { sampleBytes } from "./sample-bytes.ts";

const COUNT = 200;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** How many of COUNT arrays of `lengthBytes` lie off the moving heap. */
function countOffHeap(make: (i: number) => unknown, lengthBytes: number): number {
  // The second collection waits for what the first one began to free.
  collectGarbage();
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  const held = Array.from({ length: COUNT }, (_, i) => make(i));
  const grown = process.memoryUsage().arrayBuffers - before;
  expect(held.length).toBe(COUNT);
  return grown / lengthBytes;
}

const ALL = COUNT * 0.9;

it("the count tells one place from the other", () => {
  expect(countOffHeap(() => new Uint8Array(32), 32)).toBeLessThan(COUNT * 0.1);
  expect(countOffHeap(() => new Uint8Array(new ArrayBuffer(32)), 32)).toBeGreaterThan(ALL);
});

const core = createCore();
const { importKey: aead, hmac, hkdf, hkdfMany, importDerivationKey: deriver } = core;
const bare = { aead, hmac, hkdf, hkdfMany, deriver };
const DOORS = [["bare core", bare] as const, ...ENGINES];

describe.each(DOORS)("the %s", (_, engine) => {
  const key = sampleBytes(32, 1);
  const nonce = sampleBytes(12, 2);
  const aead = engine.aead(key);
  const deriver = engine.deriver("SHA-256", key, nonce);
  const sealed = aead.seal(nonce, key);
  const long = sampleBytes(10_000);
  const lengths = Uint32Array.of(5, 7);

  const results: [name: string, make: () => Uint8Array | undefined][] = [
    ["a derived key", () => deriver.expand(nonce, 32)],
    ["a key derived at once", () => engine.hkdf("SHA-256", key, nonce, nonce, 32)],
    ["keys derived together", () => deriver.expandMany({ infos: nonce, lengths }, 16)],
    ["keys derived from secrets", () => engine.hkdfMany("SHA-256", nonce, { secrets: nonce, lengths }, 16)],
    ["a tag", () => engine.hmac("SHA-256", key, nonce)],
    ["a tag of the native way", () => engine.hmac("SHA-256", key, long)],
  ];
  // The bare core leaves it to its caller, who may pass an `out`.
  if (engine !== bare) results.push(["an opened plaintext", () => aead.open(nonce, sealed)]);

  beforeAll(() => {
    for (const [, make] of results) expect(make()?.length).toBe(32);
  });

  it.each(results)("keeps %s off the moving heap", (_name, make) => {
    expect(countOffHeap(make, 32)).toBeGreaterThan(ALL);
  });
});

it("a key that waits to be used lies off the moving heap", () => {
  for (const [name, engine] of ENGINES) {
    if (name !== "wasm") expect(countOffHeap((i) => engine.aead(sampleBytes(32, i)), 32)).toBeGreaterThan(ALL);
  }
});

describe("noble's key pairs", () => {
  it("keep an agreed secret off the moving heap", async () => {
    const [own, peer] = await Promise.all([onNoble.generate("ECC_NIST_P256"), onNoble.generate("ECC_NIST_P256")]);
    const pair = onNoble.open("ECC_NIST_P256", own);
    await pair.agree(peer.publicKey);
    collectGarbage();
    collectGarbage();
    const before = process.memoryUsage().arrayBuffers;
    const secrets: Uint8Array[] = [];
    for (let i = 0; i < COUNT; i++) secrets.push((await pair.agree(peer.publicKey))!);
    collectGarbage();
    collectGarbage();
    expect((process.memoryUsage().arrayBuffers - before) / secrets[0]!.length).toBeGreaterThan(ALL);
  });

  it("give an encapsulated secret a buffer of its own", async () => {
    const pair = onNoble.open("ML_KEM_512", await onNoble.generate("ML_KEM_512"));
    const { sharedSecret, ciphertext } = await pair.encapsulate();
    const opened = await pair.decapsulate(ciphertext);
    expect([sharedSecret.buffer.byteLength, opened!.buffer.byteLength]).toEqual([32, 32]);
    expect(opened).toEqual(sharedSecret);
  });
});
