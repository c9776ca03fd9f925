/** The contract of `Aead`, held against every engine and against node:crypto itself. */
import { createCipheriv } from "node:crypto";
import { describe, expect, it } from "vitest";
import { NODE_CROSSOVER } from "../../src/crypto/crossovers.ts";
import { ENGINES } from "./engines.ts";
import { sampleBytes } from "./sample-bytes.ts";

const KEY_BYTES = [16, 24, 32] as const;
const { sealFromBytes: sealFrom, openFromBytes: openFrom } = NODE_CROSSOVER;
/** Around the blocks, the chunks of the core and the crossovers to the native cipher. */
const EDGES = [4095, 4096, 65535, 65536, 65537, 131073, 1 << 20].concat(
  [sealFrom, openFrom].flatMap((from) => [from - 17, from - 16, from - 1, from, from + 1]),
);
const nonce = sampleBytes(12, 12);

function reference(key: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array {
  const name = `aes-${(key.length * 8) as 128 | 192 | 256}-gcm` as const;
  const cipher = createCipheriv(name, key, nonce, { authTagLength: 16 }).setAAD(aad);
  return Uint8Array.from(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
}

describe.each(ENGINES)("AES-GCM of the %s engine", (_, engine) => {
  it.each(KEY_BYTES)("seals as node:crypto does and opens again, with keys of %i bytes", (keyBytes) => {
    const key = sampleBytes(keyBytes, keyBytes);
    const aead = engine.aead(key);
    for (const length of [...Array(301).keys(), ...EDGES]) {
      const plaintext = sampleBytes(length, length);
      const aad = sampleBytes((length * 7) % 67, 3);
      const sealed = aead.seal(nonce, plaintext, aad);
      expect(Buffer.compare(sealed, reference(key, plaintext, aad)), `seal ${length}`).toBe(0);
      expect(Buffer.compare(aead.open(nonce, sealed, aad)!, plaintext), `open ${length}`).toBe(0);
    }
    aead.destroy();
  });

  it("takes additional data of any length, and none as empty", () => {
    const key = sampleBytes(32);
    const aead = engine.aead(key);
    for (const length of [0, 1, 16, 17, 255, sealFrom - 4, sealFrom, 65537, 200_000]) {
      const aad = sampleBytes(length, 9);
      const sealed = aead.seal(nonce, sampleBytes(4), aad);
      expect(sealed).toEqual(reference(key, sampleBytes(4), aad));
      expect(aead.open(nonce, sealed, aad)).toEqual(sampleBytes(4));
    }
    expect(aead.seal(nonce, sampleBytes(4))).toEqual(aead.seal(nonce, sampleBytes(4), new Uint8Array(0)));
    aead.destroy();
  });

  it("refuses every changed bit of what it sealed, and every other nonce, additional data and key", () => {
    const aead = engine.aead(sampleBytes(32));
    const stranger = engine.aead(sampleBytes(32, 2));
    const aad = sampleBytes(20);
    for (const length of [0, 1, 40, openFrom]) {
      const sealed = aead.seal(nonce, sampleBytes(length), aad);
      const step = Math.max(1, Math.floor((sealed.length * 8) / 450));
      for (let bit = 0; bit < sealed.length * 8; bit += step) {
        const changed = sealed.slice();
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(aead.open(nonce, changed, aad), `bit ${bit} of ${length} bytes`).toBeUndefined();
      }
      expect(aead.open(sampleBytes(12, 13), sealed, aad)).toBeUndefined();
      expect(aead.open(nonce, sealed, aad.subarray(1))).toBeUndefined();
      expect(aead.open(nonce, sealed)).toBeUndefined();
      expect(stranger.open(nonce, sealed, aad)).toBeUndefined();
      expect(aead.open(nonce, sealed, aad)).toEqual(sampleBytes(length));
    }
    aead.destroy();
    stranger.destroy();
  });

  it("refuses what is cut short, down to nothing", () => {
    const aead = engine.aead(sampleBytes(32));
    for (const length of [20, openFrom + 10]) {
      const sealed = aead.seal(nonce, sampleBytes(length));
      for (const cut of [1, 4, 12, 16, sealed.length - 15, sealed.length - 1, sealed.length]) {
        expect(aead.open(nonce, sealed.subarray(0, sealed.length - cut)), `${cut} bytes less`).toBeUndefined();
      }
    }
    expect(aead.open(nonce, new Uint8Array(15), sampleBytes(openFrom))).toBeUndefined();
    aead.destroy();
  });
});

describe.each(ENGINES)("`out` and the life of a key of the %s engine", (_, engine) => {
  const sizes = [0, 33, Math.max(sealFrom, openFrom) + 5];

  it("writes into `out`, returns it cut to length and leaves the rest as it was", () => {
    const aead = engine.aead(sampleBytes(32));
    for (const length of sizes) {
      const buffer = new Uint8Array(length + 60).fill(0xee);
      const sealed = aead.seal(nonce, sampleBytes(length), undefined, buffer.subarray(8));
      expect(sealed.buffer).toBe(buffer.buffer);
      expect([sealed.byteOffset, sealed.length]).toEqual([8, length + 16]);
      expect(buffer.filter((_byte, i) => i < 8 || i >= length + 24).every((byte) => byte === 0xee)).toBe(true);

      const opened = aead.open(nonce, sealed, undefined, buffer.fill(0xee, length + 24))!;
      expect(opened.buffer).toBe(buffer.buffer);
      expect(opened).toEqual(sampleBytes(length));
      expect(buffer.subarray(length + 24).every((byte) => byte === 0xee)).toBe(true);
      const exact = new Uint8Array(length + 16);
      expect(aead.seal(nonce, sampleBytes(length), undefined, exact)).toEqual(exact);
    }
    aead.destroy();
  });

  it("leaves `out` as it was when the bytes do not authenticate", () => {
    const aead = engine.aead(sampleBytes(32));
    for (const length of sizes) {
      const sealed = aead.seal(nonce, sampleBytes(length));
      sealed[sealed.length - 1]! ^= 1;
      const out = new Uint8Array(length + 4).fill(0xee);
      expect(aead.open(nonce, sealed, undefined, out)).toBeUndefined();
      expect(out.every((byte) => byte === 0xee)).toBe(true);
    }
    aead.destroy();
  });

  it("refuses an `out` that is too short, and a nonce or key of a wrong length", () => {
    const aead = engine.aead(sampleBytes(32));
    for (const length of sizes) {
      const sealed = aead.seal(nonce, sampleBytes(length));
      expect(() => aead.seal(nonce, sampleBytes(length), undefined, new Uint8Array(length + 15))).toThrow(RangeError);
      if (length > 0) expect(() => aead.open(nonce, sealed, undefined, new Uint8Array(length - 1))).toThrow(RangeError);
      for (const nonceBytes of [0, 11, 13, 16]) {
        expect(() => aead.seal(new Uint8Array(nonceBytes), sampleBytes(length))).toThrow(RangeError);
        expect(() => aead.open(new Uint8Array(nonceBytes), sealed)).toThrow(RangeError);
      }
    }
    for (const keyBytes of [0, 15, 17, 31, 33, 64]) {
      expect(() => engine.aead(new Uint8Array(keyBytes))).toThrow(RangeError);
    }
    aead.destroy();
  });

  it("takes bytes and nothing else", () => {
    const aead = engine.aead(sampleBytes(32));
    const sealed = aead.seal(nonce, sampleBytes(4096));
    for (const value of [
      "text".repeat(1000),
      new ArrayBuffer(4096),
      new Uint16Array(4096),
      null,
      5,
      { length: 4096 },
    ]) {
      const wrong = value as unknown as Uint8Array;
      expect(() => engine.aead(wrong)).toThrow(TypeError);
      expect(() => aead.seal(wrong, sampleBytes(4096))).toThrow(TypeError);
      expect(() => aead.seal(nonce, wrong)).toThrow(TypeError);
      expect(() => aead.seal(nonce, sampleBytes(4096), wrong)).toThrow(TypeError);
      expect(() => aead.seal(nonce, sampleBytes(40), wrong)).toThrow(TypeError);
      expect(() => aead.seal(nonce, sampleBytes(4096), undefined, wrong)).toThrow(TypeError);
      expect(() => aead.open(wrong, sealed)).toThrow(TypeError);
      expect(() => aead.open(nonce, wrong)).toThrow(TypeError);
      expect(() => aead.open(nonce, sealed, wrong)).toThrow(TypeError);
      expect(() => aead.open(nonce, sealed, undefined, wrong)).toThrow(TypeError);
    }
    expect(() => engine.aead(undefined as unknown as Uint8Array)).toThrow(TypeError);
    aead.destroy();
  });

  it("copies the key, and throws after `destroy`", () => {
    const key = sampleBytes(32);
    for (const length of sizes) {
      const given = key.slice();
      const aead = engine.aead(given);
      given.fill(0);
      const sealed = aead.seal(nonce, sampleBytes(length));
      expect(sealed).toEqual(reference(key, sampleBytes(length), new Uint8Array(0)));
      aead.destroy();
      aead.destroy();
      for (const size of sizes) expect(() => aead.seal(nonce, sampleBytes(size))).toThrow(TypeError);
      for (const size of sizes) expect(() => aead.open(nonce, new Uint8Array(size + 16))).toThrow(TypeError);
    }
  });

  it("returns plain arrays, plaintexts with a buffer of their own, whose slices are copies", () => {
    const aead = engine.aead(sampleBytes(32));
    for (const length of sizes) {
      const sealed = aead.seal(nonce, sampleBytes(length));
      const opened = aead.open(nonce, sealed)!;
      expect(Object.getPrototypeOf(sealed)).toBe(Uint8Array.prototype);
      expect(Object.getPrototypeOf(opened)).toBe(Uint8Array.prototype);
      expect(opened.buffer.byteLength).toBe(length);
      const slice = sealed.slice();
      slice.fill(0);
      expect(aead.open(nonce, sealed)).toEqual(opened);
    }
    aead.destroy();
  });
});
