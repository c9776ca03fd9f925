/** Batches of HKDF, and results in a caller's buffer: the contract, held against every engine and node:crypto. */
import { createHmac, hkdfSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { PackedSecrets } from "../../src/core/core.ts";
import { ENGINES } from "./engines.ts";
import { sampleBytes } from "./sample-bytes.ts";

const HASHES = [
  ["SHA-256", "sha256", 32],
  ["SHA-384", "sha384", 48],
  ["SHA-512", "sha512", 64],
] as const;
const SECRET = sampleBytes(40, 1);
const SALT = sampleBytes(20, 2);
/** Batches as lengths: around four, around blocks and paddings, and more than a call takes in one way or the other. */
const BATCHES: number[][] = [
  [],
  [0],
  [33],
  [0, 0],
  [20, 20, 20],
  [54, 55, 56, 57],
  [0, 1, 31, 32, 33, 63, 64, 65, 118, 119, 120, 121],
  [500, 0, 3, 64, 1000, 2, 2],
  [65_536],
  [65_000, 536, 1],
  [1, 65_536, 65_536, 2, 3],
  Array.from({ length: 2100 }, (_, i) => i % 41),
];

interface Packed {
  readonly bytes: Uint8Array;
  readonly lengths: Uint32Array;
  readonly records: Uint8Array[];
}

function pack(lengths: readonly number[], seed: number): Packed {
  const records = lengths.map((length, i) => sampleBytes(length, seed + i));
  return { bytes: Uint8Array.from(Buffer.concat(records)), lengths: Uint32Array.from(lengths), records };
}

function secretsOf(secrets: Packed, infos: Packed): PackedSecrets {
  return { secrets: secrets.bytes, lengths: secrets.lengths, infos: infos.bytes, infoLengths: infos.lengths };
}

/** RFC 5869 from node:crypto, whose own HKDF takes infos of up to 1,024 bytes, and from Node 24 on no length of 0. */
function native(digest: string, secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Buffer {
  if (info.length <= 1024 && length > 0) return Buffer.from(hkdfSync(digest, secret, salt, info, length));
  const prk = createHmac(digest, salt).update(secret).digest();
  const blocks = [Buffer.alloc(0)];
  for (let counter = 1; Buffer.concat(blocks).length < length; counter++) {
    const block = createHmac(digest, prk).update(blocks.at(-1)!).update(info).update(Uint8Array.of(counter));
    blocks.push(block.digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}

function expectBytes(result: Uint8Array, expected: Uint8Array, what: string): void {
  expect(Buffer.compare(result, expected), what).toBe(0);
}

describe.each(ENGINES)("the %s engine", (_, engine) => {
  describe.each(HASHES)("with %s", (hash, digest, digestBytes) => {
    it("expands many infos as it does each of them", () => {
      const deriver = engine.deriver(hash, SECRET, SALT);
      for (const lengths of BATCHES) {
        const infos = pack(lengths, 3);
        for (const length of lengths.length > 100 ? [32] : [0, 1, 12, 32, 76, 255 * digestBytes]) {
          const expected = Buffer.concat(infos.records.map((info) => native(digest, SECRET, SALT, info, length)));
          const made = deriver.expandMany({ infos: infos.bytes, lengths: infos.lengths }, length);
          expectBytes(made, expected, `${length} bytes for ${lengths.length} infos`);
          expect(Object.getPrototypeOf(made)).toBe(Uint8Array.prototype);
          expect(made.buffer.byteLength).toBe(length * lengths.length);
        }
      }
      deriver.destroy();
      const nothing = { infos: new Uint8Array(0), lengths: new Uint32Array(0) };
      expect(() => deriver.expandMany(nothing, 32)).toThrow(TypeError);
    });

    it("derives from many secrets as it does from each of them", () => {
      for (const lengths of BATCHES) {
        const [secrets, infos] = [pack(lengths.toReversed(), 4), pack(lengths, 5)];
        for (const length of lengths.length > 100 ? [32] : [0, 12, 32, 76]) {
          const expected = Buffer.concat(
            secrets.records.map((secret, i) => native(digest, secret, SALT, infos.records[i]!, length)),
          );
          const made = engine.hkdfMany(hash, SALT, secretsOf(secrets, infos), length);
          expectBytes(made, expected, `${length} bytes from ${lengths.length} secrets`);
        }
      }
    });

    it("takes empty infos for granted, and salts and secrets of any length", () => {
      const secrets = pack([5, 70_000, 64, 65, 200], 6);
      const packed = { secrets: secrets.bytes, lengths: secrets.lengths };
      const salts = [new Uint8Array(0), sampleBytes(digestBytes, 7), sampleBytes(200, 8), sampleBytes(65_537, 9)];
      for (const salt of salts) {
        const expected = Buffer.concat(
          secrets.records.map((secret) => native(digest, secret, salt, new Uint8Array(0), 40)),
        );
        expectBytes(engine.hkdfMany(hash, salt, packed, 40), expected, `a salt of ${salt.length} bytes`);
      }
    });

    it("writes results to a caller's buffer, and returns a view of its start", () => {
      const info = sampleBytes(30, 10);
      const deriver = engine.deriver(hash, SECRET, SALT);
      const [infos, secrets] = [pack([9, 8, 7, 6, 5], 11), pack([1, 2, 3, 4, 5], 12)];
      const packed = { infos: infos.bytes, lengths: infos.lengths };
      const calls: [lengthBytes: number, make: (out?: Uint8Array) => Uint8Array][] = [
        [digestBytes, (out) => engine.hmac(hash, SALT, info, out)],
        [digestBytes, (out) => engine.hmac(hash, SALT, sampleBytes(9000, 13), out)],
        [76, (out) => engine.hkdf(hash, SECRET, SALT, info, 76, out)],
        [32, (out) => deriver.expand(info, 32, out)],
        [200, (out) => deriver.expand(info, 200, out)],
        [60, (out) => deriver.expandMany(packed, 12, out)],
        [160, (out) => engine.hkdfMany(hash, SALT, secretsOf(secrets, infos), 32, out)],
      ];
      for (const [lengthBytes, make] of calls) {
        const expected = make();
        for (const spare of [0, 5]) {
          const room = new Uint8Array(lengthBytes + spare + 8).fill(7);
          const made = make(room.subarray(4, 4 + lengthBytes + spare));
          expectBytes(made, expected, `${lengthBytes} bytes`);
          expect([made.buffer === room.buffer, made.byteOffset, made.length]).toEqual([true, 4, lengthBytes]);
          room.fill(7, 4, 4 + lengthBytes);
          expect(room.every((byte) => byte === 7)).toBe(true);
        }
        expect(() => make(new Uint8Array(lengthBytes - 1))).toThrow(RangeError);
        expect(() => make([] as unknown as Uint8Array)).toThrow(TypeError);
      }
      deriver.destroy();
    });

    it("gives the same where results overwrite what they are made of", () => {
      const deriver = engine.deriver(hash, SECRET, SALT);
      for (const [count, length] of [[5, 20] as const, [3000, 24] as const]) {
        const [infos, secrets] = [pack(Array(count).fill(length), 14), pack(Array(count).fill(length), 15)];
        const expanded = deriver.expandMany({ infos: infos.bytes, lengths: infos.lengths }, 32);
        const derived = engine.hkdfMany(hash, SALT, secretsOf(secrets, infos), 32);
        for (const at of [0, 1, 40]) {
          const room = new Uint8Array(count * 32 + 64);
          const out = room.subarray(at, at + count * 32);
          const inside = { bytes: room.subarray(8, 8 + count * length), lengths: infos.lengths, records: [] };
          inside.bytes.set(infos.bytes);
          const packed = { infos: inside.bytes, lengths: infos.lengths };
          expectBytes(deriver.expandMany(packed, 32, out), expanded, `infos, at ${at}`);
          inside.bytes.set(secrets.bytes);
          expectBytes(engine.hkdfMany(hash, SALT, secretsOf(inside, infos), 32, out), derived, `secrets, at ${at}`);
          inside.bytes.set(infos.bytes);
          expectBytes(engine.hkdfMany(hash, SALT, secretsOf(secrets, inside), 32, out), derived, `infos, at ${at}`);
          room.set(SALT, 30);
          const salt = room.subarray(30, 30 + SALT.length);
          expectBytes(engine.hkdfMany(hash, salt, secretsOf(secrets, infos), 32, out), derived, `salt, at ${at}`);
        }
      }
      deriver.destroy();
    });
  });

  it("says what is wrong with a batch, and goes on", () => {
    const deriver = engine.deriver("SHA-256", SECRET, SALT);
    const infos = pack([3, 4, 5], 16);
    const right = { infos: infos.bytes, lengths: infos.lengths };
    const expected = deriver.expandMany(right, 32);
    const secrets = secretsOf(infos, infos);
    const refuse = (make: () => unknown, kind: new () => Error, words: RegExp): void => {
      expect(make).toThrow(kind);
      expect(make).toThrow(words);
      expectBytes(deriver.expandMany(right, 32), expected, "what follows");
    };
    const manyZeros = { infos: infos.bytes, lengths: new Uint32Array(3000) };
    const sums = [
      { ...right, lengths: Uint32Array.of(3, 4, 6) },
      { ...right, lengths: Uint32Array.of(12, 2 ** 32 - 1) },
    ];
    for (const wrong of [...sums, manyZeros, { ...right, lengths: new Uint32Array(0) }]) {
      refuse(() => deriver.expandMany(wrong, 32), RangeError, /infos has 12 bytes, but lengths add up to/);
      const many = { secrets: wrong.infos, lengths: wrong.lengths };
      refuse(() => engine.hkdfMany("SHA-256", SALT, many, 32), RangeError, /secrets has 12 bytes, but lengths/);
    }
    const badInfos = { ...secrets, infoLengths: Uint32Array.of(1, 1, 1) };
    refuse(() => engine.hkdfMany("SHA-256", SALT, badInfos, 32), RangeError, /infos has 12 bytes, but infoLengths/);
    const fewer = { ...secrets, infoLengths: Uint32Array.of(12) };
    refuse(() => engine.hkdfMany("SHA-256", SALT, fewer, 32), RangeError, /3 secrets, but 1 infos/);
    const long = { infos: new Uint8Array(65_541), lengths: Uint32Array.of(4, 65_537) };
    refuse(() => deriver.expandMany(long, 32), RangeError, /Info 1 has 65537 bytes/);
    for (const length of [255 * 32 + 1, -1, 1.5, Number.NaN]) {
      refuse(() => deriver.expandMany(right, length), RangeError, /lengthBytes/);
      refuse(() => engine.hkdfMany("SHA-256", SALT, secrets, length), RangeError, /lengthBytes/);
    }
    for (const value of [[3, 4, 5], new Uint8Array(3), new Int32Array(3), undefined, null, 3, "345"]) {
      const lengths = value as unknown as Uint32Array;
      refuse(() => deriver.expandMany({ ...right, lengths }, 32), TypeError, /lengths must be a Uint32Array/);
      refuse(() => engine.hkdfMany("SHA-256", SALT, { ...secrets, lengths }, 32), TypeError, /lengths must be/);
      const infoLengths = lengths;
      refuse(() => engine.hkdfMany("SHA-256", SALT, { ...secrets, infoLengths }, 32), TypeError, /infoLengths must be/);
      const bytes = value instanceof Uint8Array ? ("text" as unknown as Uint8Array) : (value as unknown as Uint8Array);
      refuse(() => deriver.expandMany({ ...right, infos: bytes }, 32), TypeError, /infos must be a Uint8Array/);
      refuse(() => engine.hkdfMany("SHA-256", SALT, { ...secrets, infos: bytes }, 32), TypeError, /infos must be/);
      refuse(() => engine.hkdfMany("SHA-256", SALT, { ...secrets, secrets: bytes }, 32), TypeError, /secrets must be/);
      refuse(() => engine.hkdfMany("SHA-256", bytes, secrets, 32), TypeError, /salt must be a Uint8Array/);
    }
    refuse(() => engine.hkdfMany("SHA-1" as "SHA-256", SALT, secrets, 32), TypeError, /Unknown hash/);
    deriver.destroy();
  });

  it("extracts as HMAC does", () => {
    const secrets = pack([32, 31, 30, 29], 17);
    const made = engine.hkdfMany("SHA-256", SALT, { secrets: secrets.bytes, lengths: secrets.lengths }, 32);
    for (const [i, secret] of secrets.records.entries()) {
      const prk = createHmac("sha256", SALT).update(secret).digest();
      const okm = createHmac("sha256", prk).update(Uint8Array.of(1)).digest();
      expectBytes(made.subarray(32 * i, 32 * i + 32), okm, `secret ${i}`);
    }
  });
});
