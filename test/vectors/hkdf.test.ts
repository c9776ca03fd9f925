/**
 * HKDF against the vectors of Wycheproof: at once, from a held key, and in each place of a batch beside records of other
 * lengths. Sizes over the limit must be refused.
 */
import { describe, expect, it } from "vitest";
import type { HashName } from "../../src/crypto/engine.ts";
import { ENGINES } from "../crypto/engines.ts";
import { readVectors, vectorsDir } from "../vectors.ts";

interface HkdfFile {
  numberOfTests: number;
  testGroups: {
    tests: {
      tcId: number;
      ikm: string;
      salt: string;
      info: string;
      size: number;
      okm: string;
      result: "valid" | "invalid";
    }[];
  }[];
}

const FILES: [HashName, string][] = [
  ["SHA-256", "hkdf_sha256_test.json"],
  ["SHA-384", "hkdf_sha384_test.json"],
  ["SHA-512", "hkdf_sha512_test.json"],
];
/** What lies beside a vector in a batch. */
const BESIDE: Uint8Array[] = [new Uint8Array(0), new Uint8Array(70).fill(1), new Uint8Array(20).fill(2)];

/** The vector's bytes in place `at` of a batch of four. */
function batchWith(vector: Uint8Array, at: number): [Uint8Array, Uint32Array] {
  const records = BESIDE.toSpliced(at, 0, vector);
  return [Buffer.concat(records), Uint32Array.from(records, (record) => record.length)];
}

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));

describe.skipIf(vectorsDir() === undefined).each(ENGINES)("HKDF of the %s engine", (_, engine) => {
  it.each(FILES)("agrees with Wycheproof on %s", (hash, name) => {
    const file = readVectors<HkdfFile>("wycheproof", name);
    let seen = 0;
    for (const { tcId, ikm, salt, info, size, okm, result } of file.testGroups.flatMap((group) => group.tests)) {
      const deriver = engine.deriver(hash, bytes(ikm), bytes(salt));
      const atOnce = () => engine.hkdf(hash, bytes(ikm), bytes(salt), bytes(info), size);
      const held = () => deriver.expand(bytes(info), size);
      const place = seen % 4;
      const own = (batch: Uint8Array) => batch.subarray(place * size, (place + 1) * size);
      const [infos, infoLengths] = batchWith(bytes(info), place);
      const [secrets, lengths] = batchWith(bytes(ikm), place);
      const heldMany = () => own(deriver.expandMany({ infos, lengths: infoLengths }, size));
      const many = () => own(engine.hkdfMany(hash, bytes(salt), { secrets, lengths, infos, infoLengths }, size));
      for (const derive of [atOnce, held, heldMany, many]) {
        if (result === "invalid") expect(derive, `test ${tcId}`).toThrow(RangeError);
        else expect(Buffer.from(derive()).toString("hex"), `test ${tcId}`).toBe(okm);
      }
      deriver.destroy();
      seen++;
    }
    expect(seen).toBe(file.numberOfTests);
    expect(seen).toBeGreaterThan(80);
  });
});
