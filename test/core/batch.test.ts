/** Many records in one call: what one call at a time gives, whatever their number and lengths, and whatever is wrong. */
import { createCipheriv } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type CoreAead, createCore, type PackedPlaintexts, type PlainRecord } from "../../src/core/core.ts";
import { sampleBytes } from "../crypto/sample-bytes.ts";

const TAG_BYTES = 16;
const core = createCore();

/** Records of these lengths, with additional data of other ones. */
function records(lengths: readonly number[], aadLength: (i: number) => number = (i) => (i * 7) % 40): PlainRecord[] {
  return lengths.map((bytes, i) => ({
    nonce: sampleBytes(12, i),
    plaintext: sampleBytes(bytes, i + 1),
    aad: sampleBytes(aadLength(i), i + 2),
  }));
}

function pack(all: readonly PlainRecord[]): PackedPlaintexts {
  return {
    nonces: Buffer.concat(all.map(({ nonce }) => nonce)),
    plaintexts: Buffer.concat(all.map(({ plaintext }) => plaintext)),
    lengths: Uint32Array.from(all, ({ plaintext }) => plaintext.length),
    aads: Buffer.concat(all.map(({ aad }) => aad!)),
    aadLengths: Uint32Array.from(all, ({ aad }) => aad!.length),
  };
}

function reference(keyBytes: Uint8Array, all: readonly PlainRecord[]): Buffer {
  return Buffer.concat(
    all.flatMap(({ nonce, plaintext, aad }) => {
      const cipher = createCipheriv(`aes-${(keyBytes.length * 8) as 128 | 192 | 256}-gcm`, keyBytes, nonce);
      cipher.setAAD(aad!);
      return [cipher.update(plaintext), cipher.final(), cipher.getAuthTag()];
    }),
  );
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const ascending = Array.from({ length: 130 }, (_, i) => i);
const BATCHES: [name: string, lengths: readonly number[]][] = [
  ["no record", []],
  ["one empty record", [0]],
  ["one record", [64]],
  ["every length up to 129", ascending],
  ["the same, longest first", ascending.toReversed()],
  ["more than one call takes", Array.from({ length: 2500 }, (_, i) => (i * 37) % 90)],
  ["exactly what one call takes", [65536 - TAG_BYTES]],
  ["one byte more than one call takes", [65536 - TAG_BYTES + 1]],
  ["long ones among short ones", [5, 65536, 0, 200_000, 33, 65520, 65521, 1]],
  ["a few that fill the window to the last byte", [32_000, 33_504 - 16 * 2 + 16, 0]],
];

describe.each([16, 24, 32])("with a key of %i bytes", (keyBytes) => {
  const keyMaterial = sampleBytes(keyBytes, 99);
  const key = core.importKey(keyMaterial);

  it.each(BATCHES)("%s: agrees with node:crypto, both ways", (_name, lengths) => {
    const all = records(lengths);
    const packed = pack(all);
    const expected = reference(keyMaterial, all);
    const sealed = key.sealPacked(packed);
    expect(same(sealed, expected)).toBe(true);
    const { nonces, lengths: sizes, aads, aadLengths } = packed;
    const opened = key.openPacked({ nonces, lengths: sizes, aads, aadLengths, sealed });
    expect(opened.failed).toEqual([]);
    expect(same(opened.plaintexts, packed.plaintexts)).toBe(true);
  });
});

const material = sampleBytes(32, 7);
const key = core.importKey(material);

describe("records", () => {
  it("may have long additional data, or none at all", () => {
    const all = records([10, 70_000, 0, 64], (i) => [70_000, 3, 65_536, 0][i]!);
    expect(same(key.sealPacked(pack(all)), reference(material, all))).toBe(true);
    const bare = all.map((record) => ({ ...record, aad: new Uint8Array(0) }));
    const { nonces, plaintexts, lengths } = pack(bare);
    expect(same(key.sealPacked({ nonces, plaintexts, lengths }), reference(material, bare))).toBe(true);
  });

  it("that were changed are refused one by one, and zeros stand in their place", () => {
    const all = records([64, 0, 70_000, 33, 17, 300]);
    const { nonces, lengths, aads, aadLengths } = pack(all);
    const good = key.sealPacked(pack(all));
    let at = 0;
    for (const [i, bytes] of [...lengths].entries()) {
      for (const place of [0, bytes >> 1, bytes + TAG_BYTES - 1]) {
        const sealed = good.slice();
        sealed[at + place]! ^= 4;
        const out = new Uint8Array(good.length).fill(0xee);
        const { plaintexts, failed } = key.openPacked({ nonces, lengths, aads, aadLengths, sealed }, out);
        expect(failed).toEqual([i]);
        const expected = Buffer.concat(all.map(({ plaintext }, n) => (n === i ? Buffer.alloc(bytes) : plaintext)));
        expect(same(plaintexts, expected)).toBe(true);
      }
      at += bytes + TAG_BYTES;
    }
  });

  it("fail together when all of them are wrong", () => {
    const all = records(ascending);
    const { lengths, aads, aadLengths } = pack(all);
    const nonces = sampleBytes(12 * all.length, 1234);
    const { plaintexts, failed } = key.openPacked({
      nonces,
      lengths,
      aads,
      aadLengths,
      sealed: key.sealPacked(pack(all)),
    });
    expect(failed).toEqual(ascending);
    expect(plaintexts.every((byte) => byte === 0)).toBe(true);
  });

  it("may be sealed and opened over themselves", () => {
    for (const lengths of [ascending, [5, 65536, 0, 200_000, 33]]) {
      const all = records(lengths);
      const packed = pack(all);
      const room = new Uint8Array(packed.plaintexts.length + TAG_BYTES * all.length);
      room.set(packed.plaintexts);
      const plaintexts = room.subarray(0, packed.plaintexts.length);
      const sealed = key.sealPacked({ ...packed, plaintexts }, room);
      expect(same(sealed, reference(material, all))).toBe(true);
      const { nonces, lengths: sizes, aads, aadLengths } = packed;
      const opened = key.openPacked({ nonces, lengths: sizes, aads, aadLengths, sealed }, room);
      expect(same(opened.plaintexts, packed.plaintexts)).toBe(true);
    }
  });

  it("that lie apart come back apart", () => {
    const all = records([3, 0, 64, 1000, 65_600]);
    const sealed = key.sealMany(all);
    for (const [i, { nonce, plaintext, aad }] of all.entries()) {
      expect(same(sealed[i]!, key.seal(nonce, plaintext, aad))).toBe(true);
    }
    const apart = all.map(({ nonce, aad }, i) => ({ nonce, aad, sealed: sealed[i]! }));
    const short = { nonce: sampleBytes(12), sealed: new Uint8Array(15) };
    const wrong = { ...apart[2]!, nonce: sampleBytes(12, 77) };
    const opened = key.openMany([apart[0]!, short, apart[1]!, wrong, apart[3]!, apart[4]!]);
    const expected = [0, undefined, 1, undefined, 3, 4].map((i) => (i === undefined ? undefined : all[i]!.plaintext));
    expect(opened.map((bytes) => bytes && Buffer.from(bytes))).toEqual(expected.map((b) => b && Buffer.from(b)));
    expect(key.sealMany([])).toEqual([]);
    expect(key.openMany([])).toEqual([]);
  });
});

describe("a batch", () => {
  const packed = pack(records([10, 20]));
  const seal = (changes: Partial<Record<keyof PackedPlaintexts, unknown>>, out?: Uint8Array) =>
    key.sealPacked({ ...packed, ...changes } as PackedPlaintexts, out);

  it("is refused when its parts do not add up", () => {
    expect(() => seal({ nonces: new Uint8Array(23) })).toThrow(
      new RangeError("nonces has 23 bytes: 2 records need 12 each."),
    );
    expect(() => seal({ plaintexts: new Uint8Array(29) })).toThrow(
      new RangeError("plaintexts has 29 bytes, but lengths add up to 30."),
    );
    expect(() => seal({ aadLengths: Uint32Array.of(1) })).toThrow(RangeError);
    expect(() => seal({ aadLengths: Uint32Array.of(1, 2) })).toThrow(RangeError);
    expect(() => seal({ aads: undefined })).toThrow(
      new TypeError("aads and aadLengths go together: give both, or neither."),
    );
    expect(() => seal({ lengths: Uint32Array.of(2 ** 32 - 1, 31) })).toThrow(RangeError);
    expect(() => seal({}, new Uint8Array(61))).toThrow(new RangeError("out has 61 bytes, but the result has 62."));
  });

  it("takes arrays of their kind and nothing else", () => {
    for (const wrong of [null, undefined, "abc", [1, 2], new Uint16Array(2), { length: 2 }]) {
      expect(() => seal({ lengths: wrong })).toThrow(TypeError);
      expect(() => seal({ nonces: wrong })).toThrow(TypeError);
      expect(() => seal({ plaintexts: wrong })).toThrow(TypeError);
    }
  });

  it("is not changed by whoever changes its lengths meanwhile", () => {
    const lengths = Uint32Array.of(10, 20);
    const hostile = {
      ...packed,
      lengths,
      get plaintexts() {
        lengths.set([30, 0]);
        return packed.plaintexts;
      },
    };
    expect(same(key.sealPacked(hostile), key.sealPacked(packed))).toBe(true);
  });

  it("is sealed under no other key, whoever destroys its own meanwhile", () => {
    const doomed = core.importKey(material);
    let other: CoreAead | undefined;
    const hostile = {
      ...packed,
      get plaintexts() {
        doomed.destroy();
        // Takes the slot.
        other ??= core.importKey(sampleBytes(32, 8));
        return packed.plaintexts;
      },
    };
    expect(() => doomed.sealPacked(hostile)).toThrow(TypeError);
    other?.destroy();
  });

  it("is refused when its bytes shrink while they are read", () => {
    const nonces = new Uint8Array(Reflect.construct(ArrayBuffer, [24, { maxByteLength: 24 }]));
    const hostile = {
      ...packed,
      nonces,
      get plaintexts() {
        (nonces.buffer as unknown as { resize(bytes: number): void }).resize(0);
        return packed.plaintexts;
      },
    };
    expect(() => key.sealPacked(hostile)).toThrow(RangeError);
  });

  it("throws once its key is destroyed", () => {
    const gone: CoreAead = core.importKey(material);
    gone.destroy();
    expect(() => gone.sealPacked(packed)).toThrow(TypeError);
    expect(() => gone.openPacked({ ...packed, sealed: new Uint8Array(62) })).toThrow(TypeError);
    expect(() => gone.sealMany([])).toThrow(TypeError);
    expect(() => gone.openMany([])).toThrow(TypeError);
  });
});
