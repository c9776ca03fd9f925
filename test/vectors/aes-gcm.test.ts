/** AES-GCM against the vectors of Wycheproof and of NIST's CAVP. */
import { describe, expect, it } from "vitest";
import { type Aead, createCore } from "../../src/core/core.ts";
import type { EngineKey } from "../../src/crypto/engine.ts";
import { ENGINES } from "../crypto/engines.ts";
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

/** What makes keys: the bare core, and every engine, whose asynchronous methods are asked as well. */
const core = createCore();
const IMPORTS: readonly (readonly [string, (key: Uint8Array) => Aead & Partial<EngineKey>])[] = [
  ["core", core.importKey],
  ...ENGINES.map(([name, engine]) => [`${name} engine`, engine.aead] as const),
];
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

type Import = (typeof IMPORTS)[number][1];

/** A right message opens and seals to the same bytes; for a wrong one, neither is so. */
async function check(importKey: Import, message: Message, valid: boolean): Promise<void> {
  const { name, key, nonce, aad, plaintext, sealed } = message;
  const aead = importKey(hex(key));
  try {
    const opened = [aead.open(hex(nonce), hex(sealed), hex(aad))];
    const resealed = [aead.seal(hex(nonce), hex(plaintext), hex(aad))];
    if (aead.openAsync && aead.sealAsync) {
      opened.push(await aead.openAsync(hex(nonce), hex(sealed), hex(aad)));
      resealed.push(await aead.sealAsync(hex(nonce), hex(plaintext), hex(aad)));
    }
    for (const bytes of opened) expect(text(bytes), name).toBe(valid ? plaintext : undefined);
    for (const bytes of resealed) expect(text(bytes) === sealed, name).toBe(valid);
  } finally {
    aead.destroy();
  }
}

/** Only nonces of 12 bytes are taken: with any other the call throws, and never seals something else. */
async function checkRefused(importKey: Import, { key, nonce, plaintext, aad, sealed, name }: Message): Promise<void> {
  const aead = importKey(hex(key));
  try {
    expect(() => aead.seal(hex(nonce), hex(plaintext), hex(aad)), name).toThrow(RangeError);
    expect(() => aead.open(hex(nonce), hex(sealed), hex(aad)), name).toThrow(RangeError);
    if (!aead.openAsync || !aead.sealAsync) return;
    await expect(aead.sealAsync(hex(nonce), hex(plaintext), hex(aad)), name).rejects.toThrow(RangeError);
    await expect(aead.openAsync(hex(nonce), hex(sealed), hex(aad)), name).rejects.toThrow(RangeError);
  } finally {
    aead.destroy();
  }
}

describe.skipIf(vectorsDir() === undefined).each(IMPORTS)("AES-GCM of the %s", (_, importKey) => {
  it("agrees with Wycheproof, and refuses its nonces of other lengths", async () => {
    const file = readVectors<WycheproofFile<Case & { aad: string; ct: string }>>("wycheproof", "aes_gcm_test.json");
    const seen = { taken: 0, refused: 0 };
    for (const { ivSize, tagSize, tests } of file.testGroups) {
      expect(tagSize).toBe(128);
      for (const { tcId, key, iv, aad, msg, ct, tag, result } of tests) {
        const message = { name: `test ${tcId}`, key, nonce: iv, aad, plaintext: msg, sealed: ct + tag };
        if (ivSize === 96) await check(importKey, message, result === "valid");
        else await checkRefused(importKey, message);
        seen[ivSize === 96 ? "taken" : "refused"]++;
      }
    }
    expect(seen.taken + seen.refused).toBe(file.numberOfTests);
    expect(seen.taken).toBeGreaterThan(150);
  });

  it("agrees with Wycheproof on GMAC, which is GCM of additional data alone", async () => {
    const file = readVectors<WycheproofFile<Case>>("wycheproof", "aes_gmac_test.json");
    let taken = 0;
    for (const { ivSize, tests } of file.testGroups) {
      for (const { tcId, key, iv, msg, tag, result } of tests) {
        const message = { name: `test ${tcId}`, key, nonce: iv, aad: msg, plaintext: "", sealed: tag };
        if (ivSize === 96) await check(importKey, message, result === "valid");
        else await checkRefused(importKey, message);
        if (ivSize === 96) taken++;
      }
    }
    expect(taken).toBeGreaterThan(150);
  });

  it.each(["gcmEncryptExtIV256.iv96.tag128.json", "gcmDecrypt256.iv96.tag128.json"])(
    "agrees with CAVP: %s",
    async (name) => {
      const cases = readVectors<CavpCase[]>("cavp", name);
      expect(cases).toHaveLength(375);
      for (const { Count, Key, IV, PT, AAD, CT, Tag, fail } of cases) {
        const message = { name: `case ${Count}`, key: Key, nonce: IV, aad: AAD, sealed: CT + Tag };
        // A case that must fail names no plaintext; any will do, for it must not come out.
        await check(importKey, { ...message, plaintext: PT ?? CT }, !fail);
      }
    },
  );
});
