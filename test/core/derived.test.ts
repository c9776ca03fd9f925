/** Records under keys that are derived for each: what HKDF and AES-GCM of node:crypto give, one after the other. */
import { createCipheriv, createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createCore, type DerivedPlaintexts, type HashName } from "../../src/core/core.ts";
import { sampleBytes } from "../crypto/sample-bytes.ts";

const core = createCore();
const SECRET = sampleBytes(32, 1);
const SALT = sampleBytes(20, 2);

interface Sample {
  readonly nonce: Uint8Array;
  readonly plaintext: Uint8Array;
  readonly aad: Uint8Array;
  readonly info: Uint8Array;
}

function samples(lengths: readonly number[], infoLength: (i: number) => number = (i) => 20 + (i % 3) * 60): Sample[] {
  return lengths.map((bytes, i) => ({
    nonce: sampleBytes(12, i),
    plaintext: sampleBytes(bytes, i + 1),
    aad: sampleBytes((i * 11) % 50, i + 2),
    info: sampleBytes(infoLength(i), i + 3),
  }));
}

function pack(all: readonly Sample[]): DerivedPlaintexts {
  const concat = (part: keyof Sample): Buffer => Buffer.concat(all.map((sample) => sample[part]));
  const lengths = (part: keyof Sample): Uint32Array => Uint32Array.from(all, (sample) => sample[part].length);
  return {
    nonces: concat("nonce"),
    plaintexts: concat("plaintext"),
    lengths: lengths("plaintext"),
    aads: concat("aad"),
    aadLengths: lengths("aad"),
    infos: concat("info"),
    infoLengths: lengths("info"),
  };
}

function reference(hash: HashName, all: readonly Sample[]): Buffer {
  return Buffer.concat(
    all.flatMap(({ nonce, plaintext, aad, info }) => {
      // RFC 5869, by hand: hkdfSync takes no info longer than 1 KiB.
      const hmac = (key: Uint8Array, ...parts: Uint8Array[]): Buffer => {
        const mac = createHmac(hash.replace("-", ""), key);
        for (const part of parts) mac.update(part);
        return mac.digest();
      };
      const key = hmac(hmac(SALT, SECRET), info, Uint8Array.of(1)).subarray(0, 32);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad);
      return [cipher.update(plaintext), cipher.final(), cipher.getAuthTag()];
    }),
  );
}

const BATCHES: [name: string, lengths: readonly number[]][] = [
  ["no record", []],
  ["one", [64]],
  ["three", [0, 1, 17]],
  ["four", [64, 64, 64, 64]],
  ["eight and one", [64, 0, 5, 100, 16, 1024, 33, 64, 64]],
  ["every length up to 70", Array.from({ length: 71 }, (_, i) => i)],
  ["longer than the lanes take, among short ones", [64, 64, 1025, 64, 64, 64, 5000, 64, 64, 64, 64]],
  ["more than one call takes", Array.from({ length: 1500 }, (_, i) => (i * 37) % 90)],
  ["one byte more than one call takes", [64, 65_521, 70_000, 5]],
];
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

describe.each(["SHA-256", "SHA-512"] as const)("from a key of HKDF with %s", (hash) => {
  const master = core.importDerivationKey(hash, SECRET, SALT);

  it.each(BATCHES)("%s: agrees with node:crypto, both ways", (_name, lengths) => {
    const all = samples(lengths);
    const { plaintexts, ...rest } = pack(all);
    const sealed = core.deriveAndSealMany(master, { ...rest, plaintexts });
    expect(same(sealed, reference(hash, all))).toBe(true);
    const opened = core.deriveAndOpenMany(master, { ...rest, sealed });
    expect(opened.failed).toEqual([]);
    expect(same(opened.plaintexts, plaintexts)).toBe(true);
  });
});

describe("records", () => {
  const master = core.importDerivationKey("SHA-256", SECRET, SALT);

  it("that were changed, or belong to another info, are refused one by one", () => {
    const all = samples([64, 0, 33, 17, 300, 64, 64, 64, 64, 2000]);
    const { plaintexts, ...rest } = pack(all);
    const good = core.deriveAndSealMany(master, { ...rest, plaintexts });
    const infos = Uint8Array.from(rest.infos);
    infos[0]! ^= 1;
    expect(core.deriveAndOpenMany(master, { ...rest, infos, sealed: good }).failed).toEqual([0]);
    let at = 0;
    for (const [i, bytes] of [...rest.lengths].entries()) {
      const sealed = good.slice();
      sealed[at + bytes]! ^= 1;
      const opened = core.deriveAndOpenMany(master, { ...rest, sealed });
      expect(opened.failed).toEqual([i]);
      const expected = Buffer.concat(all.map(({ plaintext }, n) => (n === i ? Buffer.alloc(bytes) : plaintext)));
      expect(same(opened.plaintexts, expected)).toBe(true);
      at += bytes + 16;
    }
  });

  it("may have long infos, up to a limit", () => {
    const all = samples([64, 10, 64], (i) => [65_536, 40_000, 0][i]!);
    expect(same(core.deriveAndSealMany(master, pack(all)), reference("SHA-256", all))).toBe(true);
    const longer = pack(samples([1], () => 65_537));
    expect(() => core.deriveAndSealMany(master, longer)).toThrow(
      new RangeError("An info has 65537 bytes: at most 65536 are taken."),
    );
    expect(() => core.deriveAndSealMany(master, { ...pack(all), infoLengths: Uint32Array.of(1) })).toThrow(RangeError);
    expect(() => core.deriveAndSealMany(master, { ...pack(all), infos: new Uint8Array(3) })).toThrow(RangeError);
  });

  it("need a key of this core that lives", () => {
    const packed = pack(samples([1]));
    const other = createCore().importDerivationKey("SHA-256", SECRET, SALT);
    expect(() => core.deriveAndSealMany(other, packed)).toThrow(
      new TypeError("This is no derivation key of this core."),
    );
    const gone = core.importDerivationKey("SHA-256", SECRET, SALT);
    gone.destroy();
    expect(() => core.deriveAndSealMany(gone, packed)).toThrow(TypeError);
    expect(() => core.deriveAndOpenMany(gone, { ...packed, sealed: new Uint8Array(17) })).toThrow(TypeError);
  });
});
