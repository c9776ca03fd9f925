/**
 * Key pairs against software that is not ours: the key objects of node:crypto read what we write and verify what we
 * sign, and the other way about. A digest that we sign is verified there as a message.
 */
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  sign,
  verify,
} from "node:crypto";
import { describe, expect, it } from "vitest";
import { OAEP_HASHES, SIGNING_ALGORITHMS, type SigningAlgorithm } from "../../src/crypto/algorithms.ts";
import { unwrapPublicKey } from "../../src/crypto/key-encodings.ts";
import type { PairBytes } from "../../src/crypto/key-pairs.ts";
import { MAKERS, messageAs, pairOf } from "./key-pair-makers.ts";
import { PAIR_SPECS, SIGNING_CASES } from "./signing-cases.ts";

const MESSAGE = new TextEncoder().encode("The quick brown fox");

function opened({ publicKey, privateKey }: PairBytes): { publicKey: KeyObject; privateKey: KeyObject } {
  return {
    publicKey: createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" }),
    privateKey: createPrivateKey({ key: Buffer.from(privateKey), format: "der", type: "pkcs8" }),
  };
}

/** How node:crypto is asked for the algorithm over a message. */
function asked(algorithm: SigningAlgorithm, key: KeyObject) {
  const { scheme } = SIGNING_ALGORITHMS[algorithm];
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
  return scheme === "rsa-pss" ? { key, padding, saltLength } : { key };
}

const CLASSIC = PAIR_SPECS.filter((spec) => !spec.startsWith("ML_"));
const CLASSIC_CASES = SIGNING_CASES.filter(([spec, algorithm]) => CLASSIC.includes(spec) && !/_PH_/.test(algorithm));

describe.each(MAKERS)("A pair of %s", (maker, pairs) => {
  it.each(CLASSIC)("of %s is one that node:crypto writes the same", async (spec) => {
    const bytes = await pairOf(spec, maker);
    const keys = opened(bytes);
    const derived = createPublicKey(keys.privateKey).export({ format: "der", type: "spki" });
    expect(Buffer.from(bytes.publicKey)).toEqual(derived);
    expect(Buffer.from(bytes.privateKey)).toEqual(keys.privateKey.export({ format: "der", type: "pkcs8" }));
  });

  it.each(CLASSIC_CASES)("of %s does %s over %s as node:crypto does", async (spec, algorithm, type) => {
    const bytes = await pairOf(spec);
    const keys = opened(bytes);
    const hash = algorithm.startsWith("ED25519") ? null : `sha${SIGNING_ALGORITHMS[algorithm].digestBytes * 8}`;
    const pair = pairs.open(spec, bytes);
    const message = messageAs(algorithm, type, MESSAGE);
    const ours = await pair.sign(algorithm, message, type);
    expect(verify(hash, MESSAGE, asked(algorithm, keys.publicKey), ours)).toBe(true);
    for (let i = 0; i < 8; i++) {
      const theirs = sign(hash, MESSAGE, asked(algorithm, keys.privateKey));
      expect(await pair.verify(algorithm, message, type, theirs)).toBe(true);
    }
  });

  it("does OAEP and ECDH as node:crypto does", async () => {
    const bytes = await pairOf("RSA_2048");
    const keys = opened(bytes);
    for (const algorithm of ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"] as const) {
      const oaepHash = OAEP_HASHES[algorithm].hash.replace("-", "").toLowerCase();
      const pair = pairs.open("RSA_2048", bytes);
      const theirs = publicEncrypt({ key: keys.publicKey, oaepHash }, MESSAGE);
      expect(await pair.decrypt(algorithm, theirs)).toEqual(MESSAGE);
      const ours = await pair.encrypt(algorithm, MESSAGE);
      expect(Uint8Array.from(privateDecrypt({ key: keys.privateKey, oaepHash }, ours))).toEqual(MESSAGE);
    }
    for (const spec of CLASSIC.filter((name) => name.startsWith("ECC_NIST_P"))) {
      const [own, peer] = [await pairOf(spec), await pairOf(spec, "Node", "stranger")];
      const { privateKey } = opened(own);
      const secret = diffieHellman({ privateKey, publicKey: opened(peer).publicKey });
      expect(await pairs.open(spec, own).agree(peer.publicKey)).toEqual(Uint8Array.from(secret));
    }
  });

  it("refuses RSA signatures without their leading zeros", async () => {
    const bytes = await pairOf("RSA_2048");
    const { privateKey } = opened(bytes);
    for (const algorithm of ["RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256"] as const) {
      let message = MESSAGE;
      let signature = sign("sha256", message, asked(algorithm, privateKey));
      for (let tries = 0; signature[0] !== 0; tries++) {
        message = new TextEncoder().encode(`Message ${tries}`);
        signature = sign("sha256", message, asked(algorithm, privateKey));
      }
      const pair = pairs.open("RSA_2048", bytes);
      for (const type of ["RAW", "DIGEST"] as const) {
        const given = messageAs(algorithm, type, message);
        expect(await pair.verify(algorithm, given, type, signature)).toBe(true);
        expect(await pair.verify(algorithm, given, type, signature.subarray(1))).toBe(false);
      }
    }
  });

  it.each(["ML_DSA_44", "ML_DSA_65", "ML_DSA_87"] as const)("takes mu of %s for the message itself", async (spec) => {
    const bytes = await pairOf(spec);
    const shake = (...parts: Uint8Array[]): Buffer =>
      createHash("shake256", { outputLength: 64 }).update(Buffer.concat(parts)).digest();
    // FIPS 204: the hash of the public key, a pure signature's zero, an empty context, the message.
    const mu = shake(shake(unwrapPublicKey(spec, bytes.publicKey)!), new Uint8Array(2), MESSAGE);
    const pair = pairs.open(spec, bytes);
    const overMu = await pair.sign("ML_DSA_SHAKE_256", mu, "EXTERNAL_MU");
    expect(await pair.verify("ML_DSA_SHAKE_256", MESSAGE, "RAW", overMu)).toBe(true);
    const overMessage = await pair.sign("ML_DSA_SHAKE_256", MESSAGE, "RAW");
    expect(await pair.verify("ML_DSA_SHAKE_256", mu, "EXTERNAL_MU", overMessage)).toBe(true);
    expect(await pair.verify("ML_DSA_SHAKE_256", mu, "RAW", overMessage)).toBe(false);
  });

  it("makes the Ed25519ph signature of RFC 8032, section 7.3", async () => {
    const seed = "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42";
    const expected =
      "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406";
    const privateKey = Buffer.from(`302e020100300506032b657004220420${seed}`, "hex");
    const derived = createPublicKey(createPrivateKey({ key: privateKey, format: "der", type: "pkcs8" }));
    const publicKey = derived.export({ format: "der", type: "spki" });
    const pair = pairs.open("ECC_NIST_EDWARDS25519", { publicKey, privateKey });
    const digest = createHash("sha512").update("abc").digest();
    const signature = await pair.sign("ED25519_PH_SHA_512", digest, "DIGEST");
    expect(Buffer.from(signature).toString("hex")).toBe(expected);
    expect(await pair.verify("ED25519_PH_SHA_512", digest, "DIGEST", signature)).toBe(true);
    expect(await pair.verify("ED25519_SHA_512", digest, "RAW", signature)).toBe(false);
  });
});
