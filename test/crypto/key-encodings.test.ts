/** The DER of keys and signatures: the examples of the RFCs, and one form for each. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type RawSpec,
  unwrapPrivateKey,
  unwrapPublicKey,
  unwrapSignature,
  wrapPrivateKey,
  wrapPublicKey,
  wrapSignature,
} from "../../src/crypto/key-encodings.ts";
import { pairOf } from "./key-pair-makers.ts";
import { PAIR_SPECS } from "./signing-cases.ts";

const RAW_SPECS = PAIR_SPECS.filter((spec): spec is RawSpec => !spec.startsWith("RSA"));
const NO_BYTES = new Uint8Array(0);
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** The seed-only private keys of the RFCs' appendices, whose seeds count from zero. */
const SEED_KEYS: readonly (readonly [RawSpec, number, string])[] = [
  ["ML_DSA_44", 32, "MDQCAQAwCwYJYIZIAWUDBAMRBCKAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"],
  ["ML_DSA_65", 32, "MDQCAQAwCwYJYIZIAWUDBAMSBCKAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"],
  ["ML_DSA_87", 32, "MDQCAQAwCwYJYIZIAWUDBAMTBCKAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"],
  [
    "ML_KEM_512",
    64,
    "MFQCAQAwCwYJYIZIAWUDBAQBBEKAQAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=",
  ],
];

it.each(SEED_KEYS)("writes the private key of %s as its RFC does", (spec, seedBytes, expected) => {
  expect(base64(wrapPrivateKey(spec, counting(seedBytes), NO_BYTES))).toBe(expected);
});

describe.each(RAW_SPECS)("Keys of %s", (spec) => {
  it("are read as they were written, and refused if a bit of their form is another", async () => {
    const { publicKey, privateKey } = await pairOf(spec);
    const raw = unwrapPublicKey(spec, publicKey)!;
    expect(wrapPublicKey(spec, raw)).toEqual(publicKey);
    expect(wrapPrivateKey(spec, unwrapPrivateKey(spec, privateKey), raw)).toEqual(privateKey);
    const formBits = (publicKey.length - raw.length) * 8;
    for (let bit = 0; bit < formBits; bit++) {
      const changed = publicKey.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(unwrapPublicKey(spec, changed), `bit ${bit}`).toBeUndefined();
    }
    for (let length = 0; length < privateKey.length; length++) {
      if (length < publicKey.length) expect(unwrapPublicKey(spec, publicKey.subarray(0, length))).toBeUndefined();
      expect(() => unwrapPrivateKey(spec, privateKey.subarray(0, length)), `${length} bytes`).toThrow();
    }
  });

  it("are refused as keys of another spec", async () => {
    const { publicKey, privateKey } = await pairOf(spec);
    for (const other of RAW_SPECS.filter((name) => name !== spec)) {
      expect(unwrapPublicKey(other, publicKey), other).toBeUndefined();
      expect(() => unwrapPrivateKey(other, privateKey), other).toThrow();
    }
  });
});

it("writes signatures as DER and reads only that", () => {
  const sizes = fc.constantFrom(32, 48, 66);
  const bytes = sizes.chain((half) => fc.uint8Array({ minLength: 2 * half, maxLength: 2 * half }));
  fc.assert(
    fc.property(bytes, fc.nat(65), fc.nat(65), fc.nat(), (rs, zeros, moreZeros, at) => {
      const half = rs.length / 2;
      rs.fill(0, 0, Math.min(zeros, half));
      rs.fill(0, half, half + Math.min(moreZeros, half));
      const signature = wrapSignature(rs);
      expect(unwrapSignature(signature, half)).toEqual(rs);
      const changed = signature.slice();
      changed[at % changed.length]! ^= 0x80;
      const read = unwrapSignature(changed, half);
      // Whatever is read was written in the only way.
      if (read) expect(wrapSignature(read)).toEqual(changed);
      expect(unwrapSignature(Uint8Array.from([...signature, 0]), half)).toBeUndefined();
      expect(unwrapSignature(signature.subarray(0, -1), half)).toBeUndefined();
    }),
  );
});
