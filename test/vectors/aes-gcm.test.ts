/** AES-GCM against the vectors of Wycheproof and of NIST's CAVP. */
import { describe, expect, it } from "vitest";
import { createCore } from "../../src/core/core.ts";
import { readVectors, vectorsDir } from "../vectors.ts";

interface WycheproofFile<Test> {
  numberOfTests: number;
  testGroups: { keySize: number; ivSize: number; tagSize: number; tests: Test[] }[];
}

interface Case {
  tcId: number;
  key: string;
  iv: string;
  msg: string;
  tag: string;
  result: "valid" | "invalid";
}

interface CavpCase {
  Count: number;
  Key: string;
  IV: string;
  PT?: string;
  AAD: string;
  CT: string;
  Tag: string;
  fail?: true;
}

const core = createCore();
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
const text = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString("hex");

interface Message {
  name: string;
  key: string;
  nonce: string;
  aad: string;
  plaintext: string;
  /** Ciphertext, then tag. */
  sealed: string;
}

/** A right message opens and seals to the same bytes; for a wrong one, neither is so. */
function check({ name, key, nonce, aad, plaintext, sealed }: Message, valid: boolean): void {
  const aead = core.importKey(hex(key));
  try {
    expect(text(aead.open(hex(nonce), hex(sealed), hex(aad))), name).toBe(valid ? plaintext : undefined);
    expect(text(aead.seal(hex(nonce), hex(plaintext), hex(aad))) === sealed, name).toBe(valid);
  } finally {
    aead.destroy();
  }
}

/** Only nonces of 12 bytes are taken: with any other the call throws, and never seals something else. */
function checkRefused({ key, nonce, plaintext, aad, sealed, name }: Message): void {
  const aead = core.importKey(hex(key));
  try {
    expect(() => aead.seal(hex(nonce), hex(plaintext), hex(aad)), name).toThrow(RangeError);
    expect(() => aead.open(hex(nonce), hex(sealed), hex(aad)), name).toThrow(RangeError);
  } finally {
    aead.destroy();
  }
}

describe.skipIf(vectorsDir() === undefined)("AES-GCM of the core", () => {
  it("agrees with Wycheproof, and refuses its nonces of other lengths", () => {
    const file = readVectors<WycheproofFile<Case & { aad: string; ct: string }>>("wycheproof", "aes_gcm_test.json");
    const seen = { taken: 0, refused: 0 };
    for (const { ivSize, tagSize, tests } of file.testGroups) {
      expect(tagSize).toBe(128);
      for (const { tcId, key, iv, aad, msg, ct, tag, result } of tests) {
        const message = { name: `test ${tcId}`, key, nonce: iv, aad, plaintext: msg, sealed: ct + tag };
        if (ivSize === 96) check(message, result === "valid");
        else checkRefused(message);
        seen[ivSize === 96 ? "taken" : "refused"]++;
      }
    }
    expect(seen.taken + seen.refused).toBe(file.numberOfTests);
    expect(seen.taken).toBeGreaterThan(150);
  });

  it("agrees with Wycheproof on GMAC, which is GCM of additional data alone", () => {
    const file = readVectors<WycheproofFile<Case>>("wycheproof", "aes_gmac_test.json");
    let taken = 0;
    for (const { ivSize, tests } of file.testGroups) {
      for (const { tcId, key, iv, msg, tag, result } of tests) {
        const message = { name: `test ${tcId}`, key, nonce: iv, aad: msg, plaintext: "", sealed: tag };
        if (ivSize === 96) check(message, result === "valid");
        else checkRefused(message);
        if (ivSize === 96) taken++;
      }
    }
    expect(taken).toBeGreaterThan(150);
  });

  it.each(["gcmEncryptExtIV256.iv96.tag128.json", "gcmDecrypt256.iv96.tag128.json"])("agrees with CAVP: %s", (name) => {
    const cases = readVectors<CavpCase[]>("cavp", name);
    expect(cases).toHaveLength(375);
    for (const { Count, Key, IV, PT, AAD, CT, Tag, fail } of cases) {
      const message = { name: `case ${Count}`, key: Key, nonce: IV, aad: AAD, sealed: CT + Tag };
      // A case that must fail names no plaintext; any will do, for it must not come out.
      check({ ...message, plaintext: PT ?? CT }, !fail);
    }
  });
});
