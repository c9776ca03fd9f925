/**
 * Every key spec and algorithm through the operations, over every transport, against OpenSSL (through node:crypto) and,
 * where it has no such algorithm, @noble: what we make opens there and what is made there opens here.
 */
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  verify as nativeVerify,
  publicEncrypt,
  randomBytes,
} from "node:crypto";
import { ed25519ph } from "@noble/curves/ed25519.js";
import { ml_dsa44, ml_dsa65, ml_dsa87 } from "@noble/post-quantum/ml-dsa.js";
import { ml_kem512, ml_kem768, ml_kem1024 } from "@noble/post-quantum/ml-kem.js";
import { beforeAll, describe, expect, it } from "vitest";
import { KEY_SPECS, MAC_HASHES, SIGNING_ALGORITHMS, type SupportedKeySpec } from "../../src/crypto/algorithms.ts";
import { type Call, failureOf, type Output, type Service, startService, TRANSPORTS } from "./service.ts";

const MESSAGE = new TextEncoder().encode("a message of some length");
const NO_MESSAGE = "UnknownError";
const CASES = (Object.keys(KEY_SPECS) as SupportedKeySpec[]).flatMap((spec) =>
  Object.entries(KEY_SPECS[spec].usages).map(([usage, algorithms]) => ({ spec, usage, algorithms: [...algorithms] })),
);
const of = (usage: string, material = "pair") =>
  CASES.filter((one) => one.usage === usage && KEY_SPECS[one.spec].material === material);
const DSA: Record<string, typeof ml_dsa44> = { ML_DSA_44: ml_dsa44, ML_DSA_65: ml_dsa65, ML_DSA_87: ml_dsa87 };
const KEM: Record<string, typeof ml_kem512> = { ML_KEM_512: ml_kem512, ML_KEM_768: ml_kem768, ML_KEM_1024: ml_kem1024 };

let service: Service;
/** One key for each spec and usage, made once: RSA keys take seconds. */
const keys = new Map<string, Output>();
const keyOf = (spec: string, usage: string): Output => keys.get(`${spec} ${usage}`);

beforeAll(async () => {
  service = await startService();
  await Promise.all(
    CASES.map(async ({ spec, usage }) => {
      const { KeyMetadata } = await service.kms.execute("CreateKey", { KeySpec: spec, KeyUsage: usage as never });
      keys.set(`${spec} ${usage}`, KeyMetadata);
    }),
  );
}, 120_000);

/** The digest, or what else stands for the message. */
function standIn(algorithm: keyof typeof SIGNING_ALGORITHMS, type: string): Uint8Array {
  const row = SIGNING_ALGORITHMS[algorithm] as { hash?: string };
  if (type === "RAW") return MESSAGE;
  return new Uint8Array(
    createHash((row.hash ?? "SHA-512").replace("-", "").toLowerCase())
      .update(MESSAGE)
      .digest(),
  );
}

/** The last `length` bytes of a SubjectPublicKeyInfo are the key where OpenSSL does not know it. */
const tail = (spki: Uint8Array, length: number) => Uint8Array.from(spki.slice(-length));

/** Whether OpenSSL or noble accepts a signature of MESSAGE. */
function accepts(spec: string, algorithm: string, type: string, spki: Uint8Array, signature: Uint8Array): boolean {
  const row: { scheme: string; hash?: string } = SIGNING_ALGORITHMS[algorithm as keyof typeof SIGNING_ALGORITHMS];
  const dsa = DSA[spec];
  if (dsa !== undefined) {
    const key = tail(spki, dsa.lengths.publicKey!);
    if (type === "RAW") return dsa.verify(signature, MESSAGE, key);
    return dsa.internal.verify(signature, standIn("ML_DSA_SHAKE_256", type), key, { externalMu: true });
  }
  if (row.scheme === "ed25519ph") return ed25519ph.verify(signature, MESSAGE, tail(spki, 32));
  const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  const hash = row.hash?.replace("-", "").toLowerCase() ?? null;
  return nativeVerify(hash, MESSAGE, { key, ...paddingOf(row.scheme) }, signature);
}

function paddingOf(scheme: string): object {
  if (scheme === "rsa-pkcs1") return { padding: constants.RSA_PKCS1_PADDING };
  if (scheme === "rsa-pss")
    return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return {};
}

describe.each(TRANSPORTS)("through %s", (_, connect) => {
  let call: Call;
  beforeAll(() => {
    call = connect(service.kms);
  });

  it.each(CASES)(
    "describes $spec for $usage with its algorithms and no others",
    async ({ spec, usage, algorithms }) => {
      const { KeyMetadata } = await call("DescribeKey", { KeyId: keyOf(spec, usage).KeyId });
      expect(KeyMetadata).toMatchObject({ KeySpec: spec, CustomerMasterKeySpec: spec, KeyUsage: usage });
      const lists = Object.entries(KeyMetadata).filter(([name]) => name.endsWith("Algorithms"));
      expect(lists).toHaveLength(1);
      expect(lists[0]![1]).toEqual(algorithms);
      expect(KeyMetadata.CurrentKeyMaterialId !== undefined).toBe(spec === "SYMMETRIC_DEFAULT");
    },
  );

  it.each(of("SIGN_VERIFY"))("signs and verifies with $spec", async ({ spec, usage, algorithms }) => {
    const { KeyId, Arn } = keyOf(spec, usage);
    const { PublicKey, ...described } = await call("GetPublicKey", { KeyId });
    expect(described).toMatchObject({ KeyId: Arn, KeySpec: spec, KeyUsage: usage, SigningAlgorithms: algorithms });
    for (const algorithm of algorithms as (keyof typeof SIGNING_ALGORITHMS)[]) {
      for (const MessageType of SIGNING_ALGORITHMS[algorithm].messageTypes) {
        const request = { KeyId, SigningAlgorithm: algorithm, MessageType, Message: standIn(algorithm, MessageType) };
        const { Signature, ...answer } = await call("Sign", request);
        const name = `${algorithm} ${MessageType}`;
        expect(answer, name).toMatchObject({ KeyId: Arn, SigningAlgorithm: algorithm });
        expect(accepts(spec, algorithm, MessageType, PublicKey, Uint8Array.from(Signature)), name).toBe(true);
        const verified = await call("Verify", { ...request, Signature });
        expect(verified, name).toMatchObject({ KeyId: Arn, SignatureValid: true, SigningAlgorithm: algorithm });
        const changed = Uint8Array.from(Signature);
        changed[changed.length >> 1]! ^= 1;
        for (const wrong of [
          { ...request, Signature: changed },
          { ...request, Signature, Message: request.Message.map((byte) => byte ^ 1) },
        ]) {
          const failure = await failureOf(call("Verify", wrong));
          expect(failure, name).toEqual({ name: "KMSInvalidSignatureException", message: NO_MESSAGE });
        }
      }
    }
  });

  it.each(of("ENCRYPT_DECRYPT"))("encrypts and decrypts with $spec", async ({ spec, usage, algorithms }) => {
    const { KeyId, Arn } = keyOf(spec, usage);
    const { PublicKey } = await call("GetPublicKey", { KeyId });
    const key = createPublicKey({ key: Buffer.from(PublicKey), format: "der", type: "spki" });
    for (const EncryptionAlgorithm of algorithms) {
      const oaepHash = EncryptionAlgorithm === "RSAES_OAEP_SHA_1" ? "sha1" : "sha256";
      const offline = publicEncrypt({ key, oaepHash, padding: constants.RSA_PKCS1_OAEP_PADDING }, MESSAGE);
      const { CiphertextBlob } = await call("Encrypt", { KeyId, Plaintext: MESSAGE, EncryptionAlgorithm });
      for (const blob of [offline, CiphertextBlob]) {
        const request = { KeyId, CiphertextBlob: Uint8Array.from(blob), EncryptionAlgorithm };
        const opened = await call("Decrypt", request);
        expect(opened).toMatchObject({ KeyId: Arn, EncryptionAlgorithm });
        expect(opened.KeyMaterialId).toBeUndefined();
        expect(Uint8Array.from(opened.Plaintext)).toEqual(MESSAGE);
        request.CiphertextBlob[9]! ^= 1;
        expect(await failureOf(call("Decrypt", request))).toEqual({
          name: "InvalidCiphertextException",
          message: NO_MESSAGE,
        });
      }
    }
  });

  it.each(of("KEY_AGREEMENT"))("agrees on a secret with $spec", async ({ spec, usage }) => {
    const { KeyId, Arn } = keyOf(spec, usage);
    const { PublicKey } = await call("GetPublicKey", { KeyId });
    const ours = createPublicKey({ key: Buffer.from(PublicKey), format: "der", type: "spki" });
    const namedCurve = ours.asymmetricKeyDetails!.namedCurve!;
    const peer = generateKeyPairSync("ec", { namedCurve });
    const spki = (key: KeyObject) => Uint8Array.from(key.export({ format: "der", type: "spki" }));
    const request = { KeyId, KeyAgreementAlgorithm: "ECDH" };
    const answer = await call("DeriveSharedSecret", { ...request, PublicKey: spki(peer.publicKey) });
    expect(answer).toMatchObject({ KeyId: Arn, KeyAgreementAlgorithm: "ECDH", KeyOrigin: "AWS_KMS" });
    const expected = diffieHellman({ privateKey: peer.privateKey, publicKey: ours });
    expect(Buffer.from(answer.SharedSecret).equals(expected)).toBe(true);
    const foreign = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey;
    for (const wrong of [spki(foreign), spki(peer.publicKey).slice(1), randomBytes(91)]) {
      const failure = await failureOf(call("DeriveSharedSecret", { ...request, PublicKey: Uint8Array.from(wrong) }));
      expect(failure.name).toBe("ValidationException");
    }
  });

  it.each(of("ENCAPSULATE_DECAPSULATE"))("encapsulates and decapsulates with $spec", async ({ spec, usage }) => {
    const { KeyId, Arn } = keyOf(spec, usage);
    const kem = KEM[spec]!;
    const { PublicKey } = await call("GetPublicKey", { KeyId });
    const request = { KeyId, EncapsulationAlgorithm: "ML_KEM" };
    const offline = kem.encapsulate(tail(PublicKey, kem.lengths.publicKey!));
    const ours = await call("Encapsulate", request);
    expect(ours).toMatchObject({ KeyId: Arn, EncapsulationAlgorithm: "ML_KEM" });
    for (const [secret, ciphertext] of [
      [offline.sharedSecret, offline.cipherText],
      [ours.SharedSecret, ours.SharedSecretCiphertextBlob],
    ]) {
      const opened = await call("Decapsulate", { ...request, SharedSecretCiphertextBlob: Uint8Array.from(ciphertext) });
      expect(Buffer.from(opened.SharedSecret).equals(Buffer.from(secret))).toBe(true);
    }
    const short = { ...request, SharedSecretCiphertextBlob: offline.cipherText.slice(1) };
    expect(await failureOf(call("Decapsulate", short))).toEqual({
      name: "InvalidCiphertextException",
      message: NO_MESSAGE,
    });
  });

  it.each(of("GENERATE_VERIFY_MAC", "mac"))("authenticates with $spec", async ({ spec, usage, algorithms }) => {
    const { KeyId, Arn } = keyOf(spec, usage);
    const request = { KeyId, MacAlgorithm: algorithms[0], Message: MESSAGE };
    const { Mac, ...answer } = await call("GenerateMac", request);
    expect(answer).toMatchObject({ KeyId: Arn, MacAlgorithm: algorithms[0] });
    expect(Mac).toHaveLength(Number(spec.slice(-3)) / 8);
    expect(await call("VerifyMac", { ...request, Mac })).toMatchObject({ KeyId: Arn, MacValid: true });
    const changed = Uint8Array.from(Mac);
    changed[0]! ^= 1;
    for (const wrong of [{ Mac: changed }, { Mac: Mac.slice(1) }, { Mac, Message: MESSAGE.slice(1) }]) {
      const failure = await failureOf(call("VerifyMac", { ...request, ...wrong }));
      expect(failure).toEqual({ name: "KMSInvalidMacException", message: NO_MESSAGE });
    }
  });

  it("makes data key pairs whose private key opens again", async () => {
    const { KeyId, Arn, CurrentKeyMaterialId } = keyOf("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    const specs = ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1"];
    for (const KeyPairSpec of [...specs, "ECC_NIST_EDWARDS25519", "ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"]) {
      const EncryptionContext = { for: KeyPairSpec };
      const made = await call("GenerateDataKeyPair", { KeyId, KeyPairSpec, EncryptionContext });
      expect(made).toMatchObject({ KeyId: Arn, KeyPairSpec, KeyMaterialId: CurrentKeyMaterialId });
      const opened = await call("Decrypt", { CiphertextBlob: made.PrivateKeyCiphertextBlob, EncryptionContext });
      expect(Buffer.from(opened.Plaintext).equals(Buffer.from(made.PrivateKeyPlaintext))).toBe(true);
      if (!KeyPairSpec.startsWith("ML_")) expectPair(made.PrivateKeyPlaintext, made.PublicKey);
      const hidden = await call("GenerateDataKeyPairWithoutPlaintext", { KeyId, KeyPairSpec, EncryptionContext });
      expect(hidden.PrivateKeyPlaintext).toBeUndefined();
      const { Plaintext } = await call("Decrypt", {
        CiphertextBlob: hidden.PrivateKeyCiphertextBlob,
        EncryptionContext,
      });
      if (!KeyPairSpec.startsWith("ML_")) expectPair(Plaintext, hidden.PublicKey);
    }
  });

  it("re-encrypts between a symmetric and an asymmetric key", async () => {
    const symmetric = keyOf("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    const rsa = keyOf("RSA_2048", "ENCRYPT_DECRYPT");
    const EncryptionContext = { a: "b" };
    const { CiphertextBlob } = await call("Encrypt", { KeyId: symmetric.KeyId, Plaintext: MESSAGE, EncryptionContext });
    const there = await call("ReEncrypt", {
      CiphertextBlob,
      SourceEncryptionContext: EncryptionContext,
      DestinationKeyId: rsa.KeyId,
      DestinationEncryptionAlgorithm: "RSAES_OAEP_SHA_256",
    });
    expect(there).toMatchObject({ SourceKeyId: symmetric.Arn, KeyId: rsa.Arn });
    const back = await call("ReEncrypt", {
      CiphertextBlob: there.CiphertextBlob,
      SourceKeyId: rsa.KeyId,
      SourceEncryptionAlgorithm: "RSAES_OAEP_SHA_256",
      DestinationKeyId: symmetric.KeyId,
      DestinationEncryptionContext: EncryptionContext,
    });
    const opened = await call("Decrypt", { CiphertextBlob: back.CiphertextBlob, EncryptionContext });
    expect(Uint8Array.from(opened.Plaintext)).toEqual(MESSAGE);
  });
});

/** Whether OpenSSL takes these for the two halves of one pair. */
function expectPair(pkcs8: Uint8Array, spki: Uint8Array): void {
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(key).export({ format: "der", type: "spki" });
  expect(publicKey.equals(Buffer.from(spki))).toBe(true);
}

it("tries every algorithm of signatures and MACs", () => {
  const tried = CASES.flatMap(({ algorithms }) => algorithms as string[]);
  for (const name of [...Object.keys(SIGNING_ALGORITHMS), ...Object.keys(MAC_HASHES)]) expect(tried).toContain(name);
});
