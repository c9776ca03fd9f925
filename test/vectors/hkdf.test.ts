/** HKDF against the vectors of Wycheproof, at once and from a held key; sizes over the limit must be refused. */
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
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));

describe.skipIf(vectorsDir() === undefined).each(ENGINES)("HKDF of the %s engine", (_, engine) => {
  it.each(FILES)("agrees with Wycheproof on %s", (hash, name) => {
    const file = readVectors<HkdfFile>("wycheproof", name);
    let seen = 0;
    for (const { tcId, ikm, salt, info, size, okm, result } of file.testGroups.flatMap((group) => group.tests)) {
      const deriver = engine.deriver(hash, bytes(ikm), bytes(salt));
      const atOnce = () => engine.hkdf(hash, bytes(ikm), bytes(salt), bytes(info), size);
      const held = () => deriver.expand(bytes(info), size);
      for (const derive of [atOnce, held]) {
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
