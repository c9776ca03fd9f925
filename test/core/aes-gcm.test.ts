/** AES-GCM of the core against node:crypto, and what it does with wrong, hostile and awkward arguments. */
import { createCipheriv } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Aead, createCore } from "../../src/core/core.ts";

const core = createCore();
const KEYS = [16, 24, 32] as const;
const EDGES = [4095, 4096, 4097, 65519, 65520, 65535, 65536, 65537, 131071, 131072, 131073, 2 ** 20 - 1, 2 ** 20 + 33];

/** Bytes that look random and are the same in every run. */
function sample(lengthBytes: number, seed: number): Uint8Array {
  let state = (seed + 1) * 2654435761;
  return Uint8Array.from({ length: lengthBytes }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

function reference(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Buffer {
  const cipher = createCipheriv(`aes-${(key.length * 8) as 128 | 192 | 256}-gcm`, key, nonce).setAAD(aad);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

const same = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.compare(a, b) === 0;

describe.each(KEYS)("with a key of %i bytes", (keyBytes) => {
  const key = sample(keyBytes, keyBytes);
  const aead = core.importKey(key);

  function compare(plaintextBytes: number, aadBytes: number): void {
    const nonce = sample(12, plaintextBytes * 31 + aadBytes);
    const plaintext = sample(plaintextBytes, plaintextBytes);
    const aad = sample(aadBytes, aadBytes + 7);
    const expected = reference(key, nonce, plaintext, aad);
    const name = `${plaintextBytes} bytes with ${aadBytes} of additional data`;
    expect(same(aead.seal(nonce, plaintext, aad), expected), `seal ${name}`).toBe(true);
    expect(same(aead.open(nonce, expected, aad), plaintext), `open ${name}`).toBe(true);
  }

  it("agrees with node:crypto at every length up to 300", () => {
    for (let length = 0; length <= 300; length++) {
      for (const aadBytes of [0, 1, 13, 16, 32, 100, 129]) compare(length, aadBytes);
    }
  });

  it("agrees with node:crypto at the edges of blocks, chunks and memory", () => {
    for (const length of EDGES) compare(length, length % 40);
  });

  it("agrees with node:crypto for long additional data", () => {
    for (const aadBytes of [255, 65535, 65536, 65537, 200_000]) {
      compare(0, aadBytes);
      compare(70_000, aadBytes);
    }
  });
});

describe("a message that was changed", () => {
  const aead = core.importKey(sample(32, 5));
  const nonce = sample(12, 6);
  const flip = (bytes: Uint8Array, bit: number): Uint8Array => {
    const copy = bytes.slice();
    copy[bit >> 3]! ^= 1 << (bit & 7);
    return copy;
  };

  function expectRefused(nonceNow: Uint8Array, sealed: Uint8Array, aad: Uint8Array): void {
    const out = new Uint8Array(sealed.length).fill(0xee);
    expect(aead.open(nonceNow, sealed, aad, out)).toBeUndefined();
    expect(out.every((byte) => byte === 0xee)).toBe(true);
  }

  it("is refused for every single bit, and nothing is written", () => {
    const aad = sample(21, 8);
    const sealed = aead.seal(nonce, sample(37, 9), aad);
    for (let bit = 0; bit < sealed.length * 8; bit++) expectRefused(nonce, flip(sealed, bit), aad);
    for (let bit = 0; bit < aad.length * 8; bit++) expectRefused(nonce, sealed, flip(aad, bit));
    for (let bit = 0; bit < nonce.length * 8; bit++) expectRefused(flip(nonce, bit), sealed, aad);
    expect(same(aead.open(nonce, sealed, aad), sample(37, 9))).toBe(true);
  });

  it("is refused across chunks, and nothing is written", () => {
    const aad = sample(66_000, 8);
    const sealed = aead.seal(nonce, sample(140_000, 9), aad);
    for (const byte of [0, 65_535, 65_536, 139_999, 140_000, 140_015])
      expectRefused(nonce, flip(sealed, byte * 8), aad);
    for (const byte of [0, 65_535, 65_536, 65_999]) expectRefused(nonce, sealed, flip(aad, byte * 8));
    expectRefused(flip(nonce, 95), sealed, aad);
  });

  it("is refused when it is too short, too long or cut", () => {
    const sealed = aead.seal(nonce, sample(32, 9));
    for (let length = 0; length < sealed.length; length++) {
      expect(aead.open(nonce, sealed.subarray(0, length)), `${length} bytes`).toBeUndefined();
    }
    expect(aead.open(nonce, new Uint8Array([...sealed, 0]))).toBeUndefined();
  });
});

describe("out", () => {
  const key = sample(32, 11);
  const nonce = sample(12, 12);
  const aead = core.importKey(key);

  it.each([0, 5, 64, 1000, 65_536, 150_000])("is returned, cut to the result of %i bytes", (length) => {
    const plaintext = sample(length, 13);
    const expected = reference(key, nonce, plaintext, new Uint8Array(0));
    const out = new Uint8Array(length + 20);
    const sealed = aead.seal(nonce, plaintext, undefined, out);
    expect([sealed.buffer, sealed.byteOffset, same(sealed, expected)]).toEqual([out.buffer, 0, true]);
    const exact = new Uint8Array(length);
    const opened = aead.open(nonce, sealed, undefined, exact)!;
    expect([opened.buffer, opened.length, same(exact, plaintext)]).toEqual([exact.buffer, length, true]);
  });

  it("is refused when it is too short", () => {
    expect(() => aead.seal(nonce, sample(9, 1), undefined, new Uint8Array(24))).toThrow(
      new RangeError("out has 24 bytes, but the result has 25."),
    );
    const sealed = aead.seal(nonce, sample(9, 1));
    expect(() => aead.open(nonce, sealed, undefined, new Uint8Array(8))).toThrow(RangeError);
  });

  it.each([-70_000, -16, -1, 0, 1, 16, 70_000])("may overlap what is read, here by %i bytes", (shift) => {
    for (const length of [100, 200_000]) {
      const at = 80_000;
      const slab = new Uint8Array(length + 2 * at);
      const plaintext = sample(length, 14);
      slab.set(plaintext, at);
      const sealed = aead.seal(nonce, slab.subarray(at, at + length), undefined, slab.subarray(at + shift));
      expect(same(sealed, reference(key, nonce, plaintext, new Uint8Array(0))), `seal ${length}`).toBe(true);
      const moved = sealed.slice();
      slab.set(moved, at);
      const opened = aead.open(nonce, slab.subarray(at, at + length + 16), undefined, slab.subarray(at + shift));
      expect(same(opened, plaintext), `open ${length}`).toBe(true);
    }
  });

  it.each([-70_000, -1, 0, 1, 70_000])(
    "may overlap through another object for one shared memory, by %i bytes",
    (shift) => {
      const length = 200_000;
      const at = 80_000;
      const memory = new SharedArrayBuffer(length + 2 * at);
      const slab = new Uint8Array(memory);
      const again = new Uint8Array(structuredClone(memory));
      const plaintext = sample(length, 15);
      slab.set(plaintext, at);
      const sealed = aead.seal(nonce, slab.subarray(at, at + length), undefined, again.subarray(at + shift));
      expect(same(sealed, reference(key, nonce, plaintext, new Uint8Array(0)))).toBe(true);
      slab.set(sealed.slice(), at);
      const opened = aead.open(nonce, slab.subarray(at, at + length + 16), undefined, again.subarray(at + shift));
      expect(same(opened, plaintext)).toBe(true);
    },
  );
});

describe("arguments", () => {
  const key = sample(32, 21);
  const nonce = sample(12, 22);
  const plaintext = sample(150_000, 23);
  const expected = reference(key, nonce, plaintext, new Uint8Array(0));

  it("may lie in shared or growable memory, or be a Buffer", () => {
    const aead = core.importKey(key);
    const shared = new Uint8Array(new SharedArrayBuffer(plaintext.length));
    shared.set(plaintext);
    expect(same(aead.seal(nonce, shared), expected)).toBe(true);
    const sharedSealed = new Uint8Array(new SharedArrayBuffer(expected.length));
    sharedSealed.set(expected);
    expect(same(aead.open(nonce, sharedSealed), plaintext)).toBe(true);
    expect(same(aead.seal(Buffer.from(nonce), Buffer.from(plaintext), Buffer.alloc(0)), expected)).toBe(true);
    const Resizable = ArrayBuffer as unknown as new (bytes: number, options: { maxByteLength: number }) => ArrayBuffer;
    const growable = new Uint8Array(new Resizable(plaintext.length, { maxByteLength: 2 ** 20 }));
    growable.set(plaintext);
    expect(same(aead.seal(nonce, growable), expected)).toBe(true);
    aead.destroy();
  });

  it("cannot disguise their length", () => {
    const aead = core.importKey(key);
    class Liar extends Uint8Array {
      override get length(): number {
        return 3;
      }
    }
    const liar = new Liar(plaintext.slice(0, 64).buffer);
    expect(same(aead.seal(nonce, liar), reference(key, nonce, plaintext.slice(0, 64), new Uint8Array(0)))).toBe(true);
    aead.destroy();
  });

  it("of a wrong type or length are refused before anything happens", () => {
    const aead = core.importKey(key);
    const wrong = [null, "0123456789ab", [1, 2], new ArrayBuffer(12), new Uint16Array(12), new DataView(nonce.buffer)];
    for (const value of wrong as unknown as Uint8Array[]) {
      const calls: (() => unknown)[] = [
        () => core.importKey(value),
        () => aead.seal(value, plaintext),
        () => aead.seal(nonce, value),
        () => aead.seal(nonce, plaintext, value),
        () => aead.seal(nonce, plaintext, undefined, value),
        () => aead.open(value, expected),
        () => aead.open(nonce, value),
        () => aead.open(nonce, expected, value),
        () => aead.open(nonce, expected, undefined, value),
      ];
      for (const call of calls) expect(call).toThrow(TypeError);
    }
    for (const length of [0, 11, 13, 16, 64]) {
      expect(() => aead.seal(new Uint8Array(length), plaintext)).toThrow(RangeError);
      expect(() => aead.open(new Uint8Array(length), expected)).toThrow(RangeError);
    }
    expect(() => aead.seal(new Uint8Array(16), plaintext)).toThrow(
      "The nonce has 16 bytes: only nonces of 12 bytes are taken.",
    );
    for (const length of [0, 1, 15, 17, 31, 33, 64]) {
      expect(() => core.importKey(new Uint8Array(length))).toThrow(RangeError);
    }
    aead.destroy();
  });
});

describe("keys", () => {
  const nonce = sample(12, 31);

  it("fill 256 slots, and one that is destroyed makes room", () => {
    const full = createCore();
    const keys = Array.from({ length: 256 }, (_, i) => sample(32, 1000 + i));
    const held = keys.map((key) => full.importKey(key));
    expect(() => full.importKey(sample(32, 1))).toThrow("All 256 AES keys of this core are in use");
    held[100]!.destroy();
    held[100]!.destroy();
    const next = sample(16, 2);
    held[100] = full.importKey(next);
    keys[100] = next;
    expect(() => full.importKey(sample(32, 1))).toThrow(Error);
    for (const [i, aead] of held.entries()) {
      expect(same(aead.seal(nonce, keys[i]!), reference(keys[i]!, nonce, keys[i]!, new Uint8Array(0)))).toBe(true);
    }
  });

  it("cannot be used after they were destroyed, not even by the slot's next owner's name", () => {
    const small = createCore();
    const first: Aead = small.importKey(sample(32, 3));
    const sealed = first.seal(nonce, sample(5, 4));
    first.destroy();
    const second = small.importKey(sample(32, 3));
    for (const use of [() => first.seal(nonce, sample(5, 4)), () => first.open(nonce, sealed)]) {
      expect(use).toThrow(new TypeError("This key has been destroyed: import it again to use it."));
    }
    expect(same(second.open(nonce, sealed), sample(5, 4))).toBe(true);
  });

  it("are copied: the caller's bytes may be wiped", () => {
    const bytes = sample(32, 5);
    const aead = core.importKey(bytes);
    bytes.fill(0);
    expect(same(aead.seal(nonce, nonce), reference(sample(32, 5), nonce, nonce, new Uint8Array(0)))).toBe(true);
    aead.destroy();
  });
});
