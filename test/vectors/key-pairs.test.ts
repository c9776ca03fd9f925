/**
 * Key pairs against Wycheproof, whose "acceptable" may go either way. Ours, on purpose: ECDH takes nothing but named
 * curves and uncompressed points in DER; a DigestInfo without its NULL does not verify.
 */
import { createECDH, createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { PairSpec, SigningAlgorithm } from "../../src/crypto/algorithms.ts";
import { wrapPrivateKey, wrapPublicKey } from "../../src/crypto/key-encodings.ts";
import type { PairBytes } from "../../src/crypto/key-pairs.ts";
import { MAKERS } from "../crypto/key-pair-makers.ts";
import { readVectors, vectorsDir } from "../vectors.ts";

type Result = "valid" | "invalid" | "acceptable";

interface VectorFile<Group, Test> {
  numberOfTests: number;
  testGroups: (Group & { tests: (Test & { tcId: number; result: Result })[] })[];
}

type SignatureFile = VectorFile<
  { publicKeyDer: string; publicKey: string },
  { msg: string; sig: string; ctx?: string }
>;
type OaepFile = VectorFile<{ privateKeyPkcs8: string }, { msg: string; ct: string; label: string }>;
type EcdhFile = VectorFile<object, { public: string; private: string; shared: string; flags: string[] }>;

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
const NO_BYTES = new Uint8Array(0);

/** File, spec and algorithm; and the form of the same message that is verified too. */
const SIGNATURES: readonly (readonly [string, PairSpec, SigningAlgorithm, "DIGEST" | "RAW"])[] = [
  ["rsa_signature_2048_sha256_test.json", "RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", "DIGEST"],
  ["rsa_pss_2048_sha256_mgf1_32_test.json", "RSA_2048", "RSASSA_PSS_SHA_256", "DIGEST"],
  ["ecdsa_secp256r1_sha256_test.json", "ECC_NIST_P256", "ECDSA_SHA_256", "DIGEST"],
  ["ecdsa_secp256k1_sha256_test.json", "ECC_SECG_P256K1", "ECDSA_SHA_256", "DIGEST"],
  ["ed25519_test.json", "ECC_NIST_EDWARDS25519", "ED25519_SHA_512", "RAW"],
];

describe.skipIf(vectorsDir() === undefined).each(MAKERS)("Key pairs of %s agree with Wycheproof", (maker, pairs) => {
  it.each(SIGNATURES)("on %s", async (name, spec, algorithm, digestForm) => {
    const file = readVectors<SignatureFile>("wycheproof", name);
    let seen = 0;
    for (const { publicKeyDer, tests } of file.testGroups) {
      const pair = pairs.open(spec, { publicKey: hex(publicKeyDer), privateKey: NO_BYTES });
      for (const { tcId, msg, sig, result } of tests) {
        seen++;
        const message = hex(msg);
        const verified = await pair.verify(algorithm, message, "RAW", hex(sig));
        expect(verified, `test ${tcId}`).toBe(result === "valid");
        if (digestForm === "RAW") continue;
        const digest = createHash("sha256").update(message).digest();
        expect(await pair.verify(algorithm, digest, "DIGEST", hex(sig)), `digest of test ${tcId}`).toBe(verified);
      }
    }
    expect(seen).toBe(file.numberOfTests);
    expect(seen).toBeGreaterThan(100);
  });

  it("on ML-DSA-44, but for contexts, which KMS does not have", async () => {
    const file = readVectors<SignatureFile>("wycheproof", "mldsa_44_verify_test.json");
    let valid = 0;
    for (const { publicKey, publicKeyDer, tests } of file.testGroups) {
      const bytes = { publicKey: wrapPublicKey("ML_DSA_44", hex(publicKey)), privateKey: NO_BYTES };
      expect(bytes.publicKey).toEqual(hex(publicKeyDer));
      const pair = pairs.open("ML_DSA_44", bytes);
      for (const { tcId, msg, sig, ctx, result } of tests) {
        // What is valid under a context is not valid under none.
        const expected = result === "valid" && !ctx;
        const verified = pair.verify("ML_DSA_SHAKE_256", hex(msg), "RAW", hex(sig)).catch(() => "no key");
        expect(await verified, `test ${tcId}`).toBe(publicKey.length === 2 * 1312 ? expected : "no key");
        if (expected) valid++;
      }
    }
    expect(valid).toBeGreaterThan(50);
  });

  it.each([
    ["rsa_oaep_2048_sha1_mgf1sha1_test.json", "RSAES_OAEP_SHA_1"],
    ["rsa_oaep_2048_sha256_mgf1sha256_test.json", "RSAES_OAEP_SHA_256"],
  ] as const)("on %s", async (name, algorithm) => {
    const file = readVectors<OaepFile>("wycheproof", name);
    let valid = 0;
    for (const { privateKeyPkcs8, tests } of file.testGroups) {
      const privateKey = hex(privateKeyPkcs8);
      const key = createPrivateKey({ key: Buffer.from(privateKey), format: "der", type: "pkcs8" });
      const publicKey = createPublicKey(key).export({ format: "der", type: "spki" });
      const pair = pairs.open("RSA_2048", { publicKey, privateKey });
      for (const { tcId, msg, ct, label, result } of tests) {
        const expected = result === "valid" && label === "" ? hex(msg) : undefined;
        expect(await pair.decrypt(algorithm, hex(ct)), `test ${tcId}`).toEqual(expected);
        if (expected) valid++;
      }
    }
    expect(valid).toBeGreaterThan(5);
  });

  it("on ECDH of P-256", async () => {
    const file = readVectors<EcdhFile>("wycheproof", "ecdh_secp256r1_test.json");
    let agreed = 0;
    for (const test of file.testGroups.flatMap(({ tests }) => tests)) {
      const secret = await pairs.open("ECC_NIST_P256", pairOfScalar(test.private)).agree(hex(test.public));
      const isAgreed = test.result === "valid";
      expect(secret, `test ${test.tcId} on ${maker}`).toEqual(isAgreed ? hex(test.shared) : undefined);
      if (isAgreed) agreed++;
    }
    expect(agreed).toBeGreaterThan(100);
  });
});

function pairOfScalar(scalar: string): PairBytes {
  const raw = hex(scalar.padStart(64, "0").slice(-64));
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(raw);
  const point = ecdh.getPublicKey();
  return {
    publicKey: wrapPublicKey("ECC_NIST_P256", point),
    privateKey: wrapPrivateKey("ECC_NIST_P256", raw, point),
  };
}
