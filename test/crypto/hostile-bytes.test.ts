/**
 * Arguments that are byte arrays with methods and properties of their own making: every door reads and writes the bytes
 * beneath and calls nothing of theirs, so that they can neither change a result nor see the core's memory.
 */
import { createCipheriv, createHash, createHmac, hkdfSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { copyInto } from "../../src/byte-views.ts";
import { createCore } from "../../src/core/core.ts";
import { NODE_CROSSOVER } from "../../src/crypto/crossovers.ts";
import type { Aead, Engine } from "../../src/crypto/engine.ts";
import { ENGINES } from "./engines.ts";
import { sampleBytes } from "./sample-bytes.ts";

/** The bare core has the same doors under other names. */
function bareCore(): Omit<Engine, "aead"> & { aead(key: Uint8Array): Aead } {
  const core = createCore();
  return {
    aead: (key) => core.importKey(key),
    hash: (...input) => core.hash(...input),
    hmac: (...input) => core.hmac(...input),
    deriver: (...input) => core.importDerivationKey(...input),
    hkdf: (...input) => core.hkdf(...input),
    hkdfMany: (...input) => core.hkdfMany(...input),
    unwrapKey: (...input) => core.unwrapKey(...input),
  };
}

const DOORS = [["bare core", bareCore()] as const, ...ENGINES];
/** One call of the core, the native way, several calls of the core. */
const SIZES = [40, Math.max(NODE_CROSSOVER.sealFromBytes, NODE_CROSSOVER.openFromBytes) + 5, 70_000];

/** What was called on hostile arrays. */
const touched: string[] = [];

class Hostile extends Uint8Array {}
for (const name of ["length", "byteLength", "byteOffset", "buffer", "constructor"]) {
  Object.defineProperty(Hostile.prototype, name, { get: () => touched.push(name) });
}
for (const name of ["set", "subarray", "slice", "fill", "copyWithin", "values", Symbol.iterator]) {
  Object.defineProperty(Hostile.prototype, name, { value: () => touched.push(String(name)) });
}

/** A hostile array over a copy of `bytes`, with a length of its own as well. */
function hostile(bytes: Uint8Array, ownLength = 3): Uint8Array {
  const copy = bytes.slice();
  return Object.defineProperty(new Hostile(copy.buffer), "length", { value: ownLength });
}

/** One length, in an array that says otherwise. */
function hostileLengths(length: number): Uint32Array {
  class HostileLengths extends Uint32Array {}
  for (const name of ["length", "buffer", Symbol.iterator]) {
    Object.defineProperty(HostileLengths.prototype, name, { get: () => touched.push(String(name)) });
  }
  return Object.defineProperty(new HostileLengths([length]), "length", { value: 7 });
}

/** The buffer that really lies beneath. */
const beneath = (bytes: Uint8Array): ArrayBuffer =>
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), "buffer")!.get!.call(bytes);

function expectPlain(result: Uint8Array | undefined, expected: Uint8Array): void {
  expect(Object.getPrototypeOf(result)).toBe(Uint8Array.prototype);
  expect(Buffer.compare(result!, expected)).toBe(0);
  expect(touched.splice(0)).toEqual([]);
}

const nonce = sampleBytes(12, 12);

function reference(key: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: 16 }).setAAD(aad);
  return Uint8Array.from(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
}

it("the hostile array does what this is about", () => {
  const bytes = hostile(sampleBytes(9));
  expect([bytes.length, bytes.byteLength, bytes.set([1])]).toEqual([3, 1, 2]);
  expect(touched.splice(0)).toEqual(["byteLength", "set"]);
});

it("bytes that grow between the check of their length and the copy are refused", () => {
  const room = new Uint8Array(8);
  expect(() => copyInto(room, sampleBytes(5), 4)).toThrow(/grew/);
  expect(() => copyInto(room, sampleBytes(9), 8)).toThrow(RangeError);
  copyInto(room, sampleBytes(8), 8);
  expect(room).toEqual(sampleBytes(8));
});

describe.each(DOORS)("the %s", (_, engine) => {
  const key = sampleBytes(32, 5);
  const aad = sampleBytes(21, 6);

  it.each(SIZES)("seals and opens %i bytes from and into hostile arrays", (size) => {
    const text = sampleBytes(size, 7);
    const sealed = reference(key, text, aad);
    const aead = engine.aead(hostile(key));
    for (const ownLength of [0, 3, size + 16, 2 ** 31]) {
      const lie = (bytes: Uint8Array): Uint8Array => hostile(bytes, ownLength);
      expectPlain(aead.seal(lie(nonce), lie(text), lie(aad)), sealed);
      expectPlain(aead.open(lie(nonce), lie(sealed), lie(aad)), text);
      for (const spare of [0, 9]) {
        const sealOut = lie(new Uint8Array(size + 16 + spare));
        const openOut = lie(new Uint8Array(size + spare));
        const sealedAt = aead.seal(lie(nonce), lie(text), lie(aad), sealOut);
        expectPlain(sealedAt, sealed);
        const openedAt = aead.open(lie(nonce), lie(sealed), lie(aad), openOut)!;
        expectPlain(openedAt, text);
        expect([sealedAt.buffer === beneath(sealOut), openedAt.buffer === beneath(openOut)]).toEqual([true, true]);
      }
    }
    expect(() => aead.seal(nonce, text, aad, hostile(new Uint8Array(size + 15), size + 16))).toThrow(RangeError);
    expect(() => aead.open(nonce, sealed, aad, hostile(new Uint8Array(size - 1), size))).toThrow(RangeError);
    expect(() => aead.seal(hostile(new Uint8Array(11), 12), text)).toThrow(RangeError);
    expect(() => engine.aead(hostile(new Uint8Array(31), 32))).toThrow(RangeError);
    expect(touched.splice(0)).toEqual([]);
    aead.destroy();
  });

  it.each([40, 5000, 70_000])("hashes, authenticates and derives from hostile arrays of %i bytes", (size) => {
    const bytes = sampleBytes(size, 8);
    const salt = sampleBytes(20, 9);
    const info = sampleBytes(30, 10);
    expectPlain(engine.hash("SHA-256", hostile(bytes)), createHash("sha256").update(bytes).digest());
    const tag = createHmac("sha384", bytes).update(bytes).digest();
    expectPlain(engine.hmac("SHA-384", hostile(bytes), hostile(bytes)), tag);
    const derived = new Uint8Array(hkdfSync("sha512", bytes, salt, info, 90));
    expectPlain(engine.hkdf("SHA-512", hostile(bytes), hostile(salt), hostile(info), 90), derived);
    const deriver = engine.deriver("SHA-512", hostile(bytes), hostile(salt));
    expectPlain(deriver.expand(hostile(info), 90), derived);
    for (const ownLength of [0, 3, 2 ** 31]) {
      const lie = (input: Uint8Array): Uint8Array => hostile(input, ownLength);
      const room = lie(new Uint8Array(95));
      expectPlain(deriver.expand(lie(info), 90, room), derived);
      expectPlain(engine.hkdf("SHA-512", lie(bytes), lie(salt), lie(info), 90, room), derived);
      expectPlain(engine.hmac("SHA-384", lie(bytes), lie(bytes), room), tag);
      const infos = { infos: lie(info), lengths: hostileLengths(info.length) };
      expectPlain(deriver.expandMany(infos, 90, room), derived);
      const secrets = { secrets: lie(bytes), lengths: hostileLengths(size) };
      const records = { ...secrets, infos: infos.infos, infoLengths: infos.lengths };
      expectPlain(engine.hkdfMany("SHA-512", lie(salt), records, 90, room), derived);
    }
    deriver.destroy();
  });
});

describe.each(DOORS)("an `out` of the %s that is plain but for methods of its own", (_, engine) => {
  /** Exactly long enough, so that it may be handed back as it is. */
  function trap(lengthBytes: number): Uint8Array {
    const out = new Uint8Array(lengthBytes);
    for (const name of ["set", "subarray", "slice", "fill", "buffer", "byteOffset", "length"]) {
      Object.defineProperty(out, name, { get: () => touched.push(name) });
    }
    return out;
  }

  it.each(SIZES)("is written to and not asked, with %i bytes", (bytes) => {
    const key = sampleBytes(32, 1);
    const plaintext = sampleBytes(bytes, 2);
    const expected = reference(key, plaintext, nonce);
    const aead = engine.aead(key);
    const sealed = aead.seal(nonce, plaintext, nonce, trap(bytes + 16));
    expect(Array.from({ length: bytes + 16 }, (_, i) => sealed[i])).toEqual([...expected]);
    expect(aead.open(nonce, expected, nonce, trap(bytes))).toBeDefined();
    expect(touched.splice(0)).toEqual([]);
  });
});

it("the batches of the bare core write to such an `out` and do not ask it", () => {
  const key = createCore().importKey(sampleBytes(32, 1));
  const outOf = (lengthBytes: number) =>
    Object.defineProperty(new Uint8Array(lengthBytes), "set", { value: () => touched.push("set") });
  for (const bytes of [40, 70_000]) {
    const records = { nonces: nonce, lengths: Uint32Array.of(bytes) };
    const plaintexts = sampleBytes(bytes, 2);
    const sealed = key.sealPacked({ ...records, plaintexts }, outOf(bytes + 16));
    expect(Buffer.compare(sealed, key.seal(nonce, plaintexts))).toBe(0);
    expect(key.openPacked({ ...records, sealed }, outOf(bytes)).plaintexts).toEqual(plaintexts);
    expect(touched.splice(0)).toEqual([]);
  }
});
