/** AES key wrap with padding: the vectors, other software, whatever is changed, and what is left in memory. */
import { createCipheriv } from "node:crypto";
import { describe, expect, it } from "vitest";
import { assembleCore } from "../../src/core/instance.ts";
import { loadCore } from "../../src/core/load.ts";
import { sampleBytes } from "../crypto/sample-bytes.ts";
import { readVectors, vectorsDir } from "../vectors.ts";

const abi = loadCore();
const core = assembleCore(abi);
const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
const KEK_BYTES = [16, 24, 32];
const IV = Buffer.from("A65959A6", "hex");

function nodeWrap(kek: Uint8Array, key: Uint8Array): Uint8Array {
  const cipher = createCipheriv(`id-aes${kek.length * 8}-wrap-pad`, kek, IV);
  return Uint8Array.from(Buffer.concat([cipher.update(key), cipher.final()]));
}

it("wraps and unwraps the examples of RFC 5649 section 6", () => {
  const kek = fromHex("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8");
  for (const [key, wrapped] of [
    ["c37b7e6492584340bed12207808941155068f738", "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a"],
    ["466f7250617369", "afbeb0f07dfbf5419200f2ccb50bb24f"],
  ] as const) {
    expect(core.wrapKey(kek, fromHex(key))).toEqual(fromHex(wrapped));
    expect(core.unwrapKey(kek, fromHex(wrapped))).toEqual(fromHex(key));
  }
});

interface KwpFile {
  numberOfTests: number;
  testGroups: {
    tests: { tcId: number; key: string; msg: string; ct: string; result: "valid" | "invalid" | "acceptable" }[];
  }[];
}

it.skipIf(vectorsDir() === undefined)("agrees with Wycheproof", () => {
  const file = readVectors<KwpFile>("wycheproof", "aes_kwp_test.json");
  const seen = { valid: 0, invalid: 0, acceptable: 0 };
  for (const { tcId, key, msg, ct, result } of file.testGroups.flatMap(({ tests }) => tests)) {
    const opened = core.unwrapKey(fromHex(key), fromHex(ct));
    seen[result]++;
    if (result === "invalid") {
      expect(opened, `test ${tcId}`).toBeUndefined();
      continue;
    }
    // Acceptable are keys of less than 16 bytes, which some applications refuse.
    expect(opened, `test ${tcId}`).toEqual(fromHex(msg));
    expect(core.wrapKey(fromHex(key), fromHex(msg))).toEqual(fromHex(ct));
  }
  expect(seen.valid + seen.invalid + seen.acceptable).toBe(file.numberOfTests);
  expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(20);
});

describe.each(KEK_BYTES)("under a KEK of %i bytes", (kekBytes) => {
  const kek = sampleBytes(kekBytes, 1);

  it("agrees with node:crypto at every length", () => {
    for (let length = 1; length <= 150; length++) {
      const key = sampleBytes(length, length);
      const wrapped = nodeWrap(kek, key);
      expect(core.wrapKey(kek, key), `${length} bytes`).toEqual(wrapped);
      expect(core.unwrapKey(kek, wrapped), `${length} bytes`).toEqual(key);
    }
    const key = sampleBytes(2400, 3);
    const wrapped = nodeWrap(kek, key);
    expect(core.wrapKey(kek, key)).toEqual(wrapped);
    expect(core.unwrapKey(kek, wrapped)).toEqual(key);
  });

  it.each([1, 8, 31])("refuses a wrapped key of %i bytes with any bit flipped", (length) => {
    const wrapped = core.wrapKey(kek, sampleBytes(length, 7));
    for (let bit = 0; bit < wrapped.length * 8; bit++) {
      const changed = wrapped.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(core.unwrapKey(kek, changed), `bit ${bit}`).toBeUndefined();
    }
  });

  it("refuses what is cut, longer, or under another KEK, and lengths that nothing wrapped has", () => {
    const wrapped = core.wrapKey(kek, sampleBytes(32, 7));
    for (const changed of [
      ...Array.from({ length: wrapped.length }, (_, length) => wrapped.subarray(0, length)),
      Uint8Array.from([...wrapped, 0]),
      Uint8Array.from([...wrapped, ...new Uint8Array(8)]),
      new Uint8Array(65536),
      new Uint8Array(70_000),
    ]) {
      expect(core.unwrapKey(kek, changed), `${changed.length} bytes`).toBeUndefined();
    }
    expect(core.unwrapKey(sampleBytes(kekBytes, 2), wrapped)).toBeUndefined();
  });

  it("leaves nothing in memory, whether or not it unwraps", () => {
    const fresh = loadCore().memory.slice();
    const isClean = () => Buffer.from(abi.memory.buffer).equals(fresh);
    for (const length of [1, 8, 31, 4000]) {
      const wrapped = core.wrapKey(kek, sampleBytes(length, 9));
      expect(isClean()).toBe(true);
      core.unwrapKey(kek, wrapped);
      expect(isClean()).toBe(true);
      core.unwrapKey(kek, Uint8Array.from([...wrapped.subarray(0, -1), 1]));
      expect(isClean()).toBe(true);
    }
  });
});

it("refuses a KEK or a key of another length", () => {
  for (const length of [0, 15, 17, 31, 33]) {
    expect(() => core.wrapKey(new Uint8Array(length), new Uint8Array(16))).toThrow(RangeError);
    expect(() => core.unwrapKey(new Uint8Array(length), new Uint8Array(16))).toThrow(RangeError);
  }
  for (const length of [0, 65481]) {
    expect(() => core.wrapKey(new Uint8Array(16), new Uint8Array(length))).toThrow(RangeError);
  }
  expect(() => core.wrapKey(new Uint8Array(16), "key" as never)).toThrow(TypeError);
  expect(() => core.unwrapKey(new Uint8Array(16), "key" as never)).toThrow(TypeError);
});

it("never traps, whatever numbers its exports are given", () => {
  const { exports } = loadCore();
  expect(exports.keyWrap(32, 65480)).toBe(65488);
  expect(exports.keyUnwrap(32, 65496)).toBe(-4);
  for (const length of [65481, 65497]) expect(exports.keyWrap(32, length)).toBe(-1);
  const numbers = [-1, -8, 0, 1, 7, 15, 16, 17, 24, 32, 33, 65504, 65536, 2 ** 31 - 1, -(2 ** 31)];
  for (const keyBytes of numbers) {
    for (const lengthBytes of numbers) {
      const isKek = KEK_BYTES.includes(keyBytes);
      const wraps = isKek && lengthBytes >= 1 && lengthBytes <= 65480;
      const unwraps = isKek && lengthBytes >= 16 && lengthBytes <= 65496 && lengthBytes % 8 === 0;
      expect(exports.keyWrap(keyBytes, lengthBytes) > 0, `${keyBytes}, ${lengthBytes}`).toBe(wraps);
      expect(exports.keyUnwrap(keyBytes, lengthBytes)).toBe(unwraps ? -4 : -1);
    }
  }
});
