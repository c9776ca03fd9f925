/** The contract of hashes, HMAC and HKDF, held against every engine and against node:crypto itself. */
import { createHash, createHmac, hkdfSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { NODE_CROSSOVER } from "../../src/crypto/crossovers.ts";
import type { HashName } from "../../src/crypto/engine.ts";
import { ENGINES } from "./engines.ts";
import { sampleBytes } from "./sample-bytes.ts";

const HASHES = [
  ["SHA-256", "sha256", 32],
  ["SHA-384", "sha384", 48],
  ["SHA-512", "sha512", 64],
  ["SHA-224", "sha224", 28],
] as const;
/** Around the core's chunks and the crossovers to the native hash. */
const EDGES = [4095, 4096, 4097, 65535, 65536, 65537, 131072, (1 << 20) - 1, 1 << 20, (1 << 20) + 1].concat(
  [NODE_CROSSOVER.hashFromBytes, NODE_CROSSOVER.hmacFromBytes]
    .flatMap(Object.values<number>)
    .flatMap((from) => [from - 1, from]),
);
const LENGTHS = [...Array(301).keys(), ...EDGES];
/** Long enough for the native way, which would take most of them. */
const LONG = ["text".repeat(5000), new ArrayBuffer(8192), new Uint16Array(8192), { length: 8192 }];
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe.each(ENGINES)("the %s engine", (_, engine) => {
  it.each(HASHES)("hashes with %s as node:crypto does", (hash, native) => {
    for (const length of LENGTHS) {
      const data = sampleBytes(length, length);
      expect(hex(engine.hash(hash, data)), `${length} bytes`).toBe(createHash(native).update(data).digest("hex"));
    }
  });

  it.each(HASHES)("computes HMAC with %s as node:crypto does", (hash, native) => {
    for (const length of LENGTHS) {
      const data = sampleBytes(length, length);
      const key = sampleBytes((length * 7) % 301, 5);
      expect(hex(engine.hmac(hash, key, data)), `${length} bytes`).toBe(
        createHmac(native, key).update(data).digest("hex"),
      );
    }
    for (const keyBytes of [0, 63, 64, 65, 127, 128, 129, 65536, 65537, 200_000]) {
      const key = sampleBytes(keyBytes, 6);
      for (const data of [sampleBytes(20), sampleBytes(5000)]) {
        expect(hex(engine.hmac(hash, key, data)), `key of ${keyBytes} bytes`).toBe(
          createHmac(native, key).update(data).digest("hex"),
        );
      }
    }
  });

  it.each(HASHES)(
    "derives with HKDF and %s as node:crypto does, at once and from a held key",
    (hash, native, bytes) => {
      const lengths = [1, bytes - 1, bytes, bytes + 1, 76, 3 * bytes, 255 * bytes];
      for (const [i, length] of [0, ...lengths, ...lengths].entries()) {
        const [secret, salt, info] = [sampleBytes(i * 19, i), sampleBytes(i * 11, 7), sampleBytes(i * 13, 8)];
        // From Node 24 on, node:crypto refuses a length of 0.
        const derived = length === 0 ? new ArrayBuffer(0) : hkdfSync(native, secret, salt, info, length);
        const expected = Buffer.from(derived).toString("hex");
        expect(hex(engine.hkdf(hash, secret, salt, info, length))).toBe(expected);
        const deriver = engine.deriver(hash, secret, salt);
        expect(hex(deriver.expand(info, length))).toBe(expected);
        expect(hex(deriver.expand(info, length)), "a second time").toBe(expected);
        deriver.destroy();
      }
    },
  );

  it.each(HASHES)("keeps to the limits of HKDF with %s", (hash, _native, bytes) => {
    const empty = new Uint8Array(0);
    const deriver = engine.deriver(hash, empty, empty);
    for (const length of [255 * bytes + 1, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => engine.hkdf(hash, empty, empty, empty, length), `${length}`).toThrow(RangeError);
      expect(() => deriver.expand(empty, length), `${length}`).toThrow(RangeError);
    }
    expect(() => deriver.expand(new Uint8Array(65537), 32)).toThrow(RangeError);
    deriver.destroy();
  });

  it("throws on a destroyed deriver and leaves the others as they were", () => {
    const [info, salt] = [sampleBytes(9), sampleBytes(8)];
    const first = engine.deriver("SHA-256", sampleBytes(32, 1), salt);
    const second = engine.deriver("SHA-512", sampleBytes(32, 2), salt);
    const expected = second.expand(info, 100);
    first.destroy();
    first.destroy();
    expect(() => first.expand(info, 32)).toThrow(TypeError);
    const third = engine.deriver("SHA-384", sampleBytes(32, 3), salt);
    expect(second.expand(info, 100)).toEqual(expected);
    expect(() => first.expand(info, 32)).toThrow(TypeError);
    second.destroy();
    third.destroy();
  });

  it("knows three hashes and no inherited name", () => {
    const bytes = sampleBytes(2048);
    for (const name of ["SHA-1", "sha-256", "__proto__", "constructor", "toString", "", undefined, null, 1]) {
      const hash = name as HashName;
      expect(() => engine.hash(hash, bytes), String(name)).toThrow(TypeError);
      expect(() => engine.hmac(hash, bytes, bytes), String(name)).toThrow(TypeError);
      expect(() => engine.hkdf(hash, bytes, bytes, bytes, 16), String(name)).toThrow(TypeError);
      expect(() => engine.deriver(hash, bytes, bytes), String(name)).toThrow(TypeError);
    }
  });

  it("takes bytes and nothing else", () => {
    const bytes = sampleBytes(8192);
    for (const value of ["text", undefined, null, 5, [1, 2], ...LONG]) {
      const wrong = value as unknown as Uint8Array;
      expect(() => engine.hash("SHA-256", wrong)).toThrow(TypeError);
      expect(() => engine.hmac("SHA-256", wrong, bytes)).toThrow(TypeError);
      expect(() => engine.hmac("SHA-256", bytes, wrong)).toThrow(TypeError);
      expect(() => engine.deriver("SHA-256", wrong, bytes)).toThrow(TypeError);
      expect(() => engine.deriver("SHA-256", bytes, wrong)).toThrow(TypeError);
      expect(() => engine.hkdf("SHA-256", bytes, bytes, wrong, 16)).toThrow(TypeError);
    }
  });

  it("returns plain arrays of their own", () => {
    for (const length of [3, 5000]) {
      for (const result of [
        engine.hash("SHA-256", sampleBytes(length)),
        engine.hmac("SHA-256", sampleBytes(4), sampleBytes(length)),
      ]) {
        expect(Object.getPrototypeOf(result)).toBe(Uint8Array.prototype);
        expect(result.buffer.byteLength).toBe(32);
      }
    }
  });
});
