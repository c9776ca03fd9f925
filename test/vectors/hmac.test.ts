/** HMAC against the vectors of Wycheproof: whole and truncated tags, right and changed ones. */
import { describe, expect, it } from "vitest";
import type { HashName } from "../../src/crypto/engine.ts";
import { ENGINES } from "../crypto/engines.ts";
import { readVectors, vectorsDir } from "../vectors.ts";

interface HmacFile {
  numberOfTests: number;
  testGroups: {
    tagSize: number;
    tests: { tcId: number; key: string; msg: string; tag: string; result: "valid" | "invalid" }[];
  }[];
}

const FILES: [HashName, string][] = [
  ["SHA-256", "hmac_sha256_test.json"],
  ["SHA-384", "hmac_sha384_test.json"],
  ["SHA-512", "hmac_sha512_test.json"],
  ["SHA-224", "hmac_sha224_test.json"],
];

describe.skipIf(vectorsDir() === undefined).each(ENGINES)("HMAC of the %s engine", (_, engine) => {
  it.each(FILES)("agrees with Wycheproof on %s", (hash, name) => {
    const file = readVectors<HmacFile>("wycheproof", name);
    let seen = 0;
    for (const { tagSize, tests } of file.testGroups) {
      for (const { tcId, key, msg, tag, result } of tests) {
        const made = engine.hmac(hash, Buffer.from(key, "hex"), Buffer.from(msg, "hex"));
        const room = new Uint8Array(made.length);
        engine.hmac(hash, Buffer.from(key, "hex"), Buffer.from(msg, "hex"), room);
        expect(room).toEqual(made);
        const truncated = Buffer.from(made).toString("hex", 0, tagSize / 8);
        expect(truncated === tag ? "valid" : "invalid", `test ${tcId}`).toBe(result);
        seen++;
      }
    }
    expect(seen).toBe(file.numberOfTests);
    expect(seen).toBeGreaterThan(100);
  });
});
