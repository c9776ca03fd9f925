/** Key pairs of every runtime: what one makes and signs, every other one opens and verifies, and nothing else. */
import { describe, expect, it } from "vitest";
import type { PairSpec } from "../../src/crypto/algorithms.ts";
import { MAKERS, messageAs, onNode, onOldWeb, onPage, onWebAlone, pairOf } from "./key-pair-makers.ts";
import { PAIR_SPECS, SIGNING_CASES } from "./signing-cases.ts";

const MESSAGE = new TextEncoder().encode("The quick brown fox");
const OTHER = new TextEncoder().encode("The quick brown fix");

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}

describe.each(SIGNING_CASES)("%s with %s over %s", (spec, algorithm, type) => {
  it.each(MAKERS)("signed by %s is verified everywhere", async (maker, pairs) => {
    const bytes = await pairOf(spec, maker);
    const message = messageAs(algorithm, type, MESSAGE);
    const signer = pairs.open(spec, bytes);
    const signature = await signer.sign(algorithm, message, type);
    expect(Object.getPrototypeOf(signature)).toBe(Uint8Array.prototype);
    for (const [name, verifier] of MAKERS) {
      const pair = verifier.open(spec, bytes);
      expect(await pair.verify(algorithm, message, type, signature), name).toBe(true);
      expect(await pair.verify(algorithm, messageAs(algorithm, type, OTHER), type, signature), name).toBe(false);
    }
  });

  it.each(MAKERS)("is refused by %s if the key or a bit is another", async (_, pairs) => {
    const message = messageAs(algorithm, type, MESSAGE);
    const signature = await onNode.open(spec, await pairOf(spec)).sign(algorithm, message, type);
    const stranger = pairs.open(spec, await pairOf(spec, "Node", "stranger"));
    expect(await stranger.verify(algorithm, message, type, signature)).toBe(false);
    const pair = pairs.open(spec, await pairOf(spec));
    const bits = signature.length * 8;
    for (const bit of [0, 7, 8, 17, bits >> 1, bits - 1]) {
      expect(await pair.verify(algorithm, message, type, flipped(signature, bit)), `bit ${bit}`).toBe(false);
    }
    const longer = Uint8Array.from([...signature, 0]);
    for (const malformed of [new Uint8Array(0), signature.subarray(1), signature.subarray(0, -1), longer]) {
      expect(await pair.verify(algorithm, message, type, malformed), `${malformed.length} bytes`).toBe(false);
    }
    expect(await pair.verify(algorithm, message, type, signature)).toBe(true);
  });
});

const specsOf = (usage: string): PairSpec[] => PAIR_SPECS.filter((spec) => spec.startsWith(usage));

describe.each(specsOf("RSA"))("%s", (spec) => {
  it.each(MAKERS)("encrypted by %s is decrypted everywhere, and only whole", async (maker, pairs) => {
    const bytes = await pairOf(spec, maker);
    for (const algorithm of ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"] as const) {
      const ciphertext = await pairs.open(spec, bytes).encrypt(algorithm, MESSAGE);
      for (const [, opener] of MAKERS) {
        const pair = opener.open(spec, bytes);
        expect(await pair.decrypt(algorithm, ciphertext)).toEqual(MESSAGE);
        const other = algorithm === "RSAES_OAEP_SHA_1" ? "RSAES_OAEP_SHA_256" : "RSAES_OAEP_SHA_1";
        expect(await pair.decrypt(other, ciphertext)).toBeUndefined();
        expect(await pair.decrypt(algorithm, flipped(ciphertext, 9))).toBeUndefined();
        expect(await pair.decrypt(algorithm, ciphertext.subarray(1))).toBeUndefined();
        expect(await pair.decrypt(algorithm, new Uint8Array(0))).toBeUndefined();
        const stranger = opener.open(spec, await pairOf(spec, "Node", "stranger"));
        expect(await stranger.decrypt(algorithm, ciphertext)).toBeUndefined();
      }
    }
  });
});

describe.each(specsOf("ECC_NIST_P"))("ECDH of %s", (spec) => {
  it("agrees in every pairing of makers", async () => {
    const secrets = new Set<string>();
    const [ours, theirs] = [await pairOf(spec, "web"), await pairOf(spec, "noble")];
    for (const [, pairs] of MAKERS) {
      for (const [own, peer] of [
        [ours, theirs],
        [theirs, ours],
      ] as const) {
        secrets.add(Buffer.from((await pairs.open(spec, own).agree(peer.publicKey))!).toString("hex"));
      }
    }
    expect(secrets.size).toBe(1);
    expect([...secrets][0]).toHaveLength({ ECC_NIST_P256: 64, ECC_NIST_P384: 96 }[spec as string] ?? 132);
  });

  it.each(MAKERS)("refuses on %s whatever is no point of the curve", async (_, pairs) => {
    const { publicKey } = await pairOf(spec, "web");
    const pair = pairs.open(spec, await pairOf(spec));
    const others = specsOf("ECC").filter((other) => other !== spec);
    for (const other of others) expect(await pair.agree((await pairOf(other)).publicKey), other).toBeUndefined();
    const bits = publicKey.length * 8;
    for (const wrong of [
      flipped(publicKey, bits - 8),
      flipped(publicKey, 9),
      publicKey.subarray(1),
      new Uint8Array(0),
    ]) {
      expect(await pair.agree(wrong)).toBeUndefined();
    }
    expect(await pair.agree(Uint8Array.from([...publicKey, 0]))).toBeUndefined();
    expect(await pair.agree(publicKey.slice().fill(0, -64))).toBeUndefined();
  });
});

describe.each(specsOf("ML_KEM"))("%s", (spec) => {
  it.each(MAKERS)("encapsulated by %s is decapsulated, and another secret if changed", async (maker, pairs) => {
    const bytes = await pairOf(spec, maker);
    const { sharedSecret, ciphertext } = await pairs.open(spec, bytes).encapsulate();
    const pair = onNode.open(spec, bytes);
    expect(sharedSecret).toHaveLength(32);
    expect(await pair.decapsulate(ciphertext)).toEqual(sharedSecret);
    const changed = (await pair.decapsulate(flipped(ciphertext, 12)))!;
    expect(changed).toHaveLength(32);
    expect(changed).not.toEqual(sharedSecret);
    expect(await pair.decapsulate(ciphertext.subarray(1))).toBeUndefined();
    expect(await pair.decapsulate(Uint8Array.from([...ciphertext, 0]))).toBeUndefined();
  });
});

describe.each(PAIR_SPECS)("A key of %s", (spec) => {
  it.each(MAKERS)("of %s is used no more once it is destroyed, and keeps copies", async (_, pairs) => {
    const bytes = structuredClone(await pairOf(spec));
    const pair = pairs.open(spec, bytes);
    bytes.privateKey.fill(0);
    bytes.publicKey.fill(0);
    const use = async (): Promise<unknown> => {
      if (spec.startsWith("ML_KEM"))
        return pair.decapsulate((await onNode.open(spec, await pairOf(spec)).encapsulate()).ciphertext);
      const [, algorithm, type] = SIGNING_CASES.find(([of]) => of === spec)!;
      return pair.sign(algorithm, messageAs(algorithm, type, MESSAGE), type);
    };
    expect(await use()).toBeInstanceOf(Uint8Array);
    pair.destroy();
    pair.destroy();
    await expect(use()).rejects.toThrow();
  });
});

it("tells what to do where a digest cannot be signed", async () => {
  const pair = onWebAlone.open("RSA_2048", await pairOf("RSA_2048"));
  const digest = messageAs("RSASSA_PSS_SHA_256", "DIGEST", MESSAGE);
  await expect(pair.sign("RSASSA_PSS_SHA_256", digest, "DIGEST")).rejects.toMatchObject({
    code: "UnsupportedOperationException",
    message: expect.stringContaining("nodejs_compat"),
  });
  expect(await pair.sign("RSASSA_PSS_SHA_256", MESSAGE, "RAW")).toHaveLength(256);
});

it("tells what to do on a page without WebCrypto", async () => {
  const refusal = { code: "UnsupportedOperationException", message: expect.stringContaining("https") };
  await expect(onPage.generate("RSA_2048")).rejects.toMatchObject(refusal);
  const pair = onPage.open("RSA_2048", await pairOf("RSA_2048"));
  await expect(pair.sign("RSASSA_PSS_SHA_256", MESSAGE, "RAW")).rejects.toMatchObject(refusal);
  await expect(pair.verify("RSASSA_PSS_SHA_256", MESSAGE, "RAW", MESSAGE)).rejects.toMatchObject(refusal);
  await expect(pair.encrypt("RSAES_OAEP_SHA_256", MESSAGE)).rejects.toMatchObject(refusal);
  await expect(pair.decrypt("RSAES_OAEP_SHA_256", MESSAGE)).rejects.toMatchObject(refusal);
});

it("has Ed25519 where WebCrypto has none", async () => {
  const spec = "ECC_NIST_EDWARDS25519";
  const bytes = await onOldWeb.generate(spec);
  const pair = onOldWeb.open(spec, bytes);
  const signature = await pair.sign("ED25519_SHA_512", MESSAGE, "RAW");
  expect(await onNode.open(spec, bytes).verify("ED25519_SHA_512", MESSAGE, "RAW", signature)).toBe(true);
  expect(await pair.verify("ED25519_SHA_512", MESSAGE, "RAW", signature)).toBe(true);
  expect(await pair.verify("ED25519_SHA_512", OTHER, "RAW", signature)).toBe(false);
  const curve = onOldWeb.open("ECC_NIST_P256", await onOldWeb.generate("ECC_NIST_P256"));
  const ecdsa = await curve.sign("ECDSA_SHA_256", MESSAGE, "RAW");
  expect(await curve.verify("ECDSA_SHA_256", MESSAGE, "RAW", ecdsa)).toBe(true);
});
