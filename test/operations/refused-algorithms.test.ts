/**
 * What AWS answers where key, usage, algorithm, message or context do not fit together, and to dry runs of everything
 * that has them, over every transport. Sources: the table of recorded answers.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { arn, NO_MESSAGE, validation } from "./refusal-case.ts";
import { type Call, failureOf, type Output, startService, TRANSPORTS } from "./service.ts";

const bytes = (length: number) => new Uint8Array(length).fill(1);

/** One key of each sort. */
const MADE = {
  symmetric: {},
  rsa: { KeySpec: "RSA_2048", KeyUsage: "ENCRYPT_DECRYPT" },
  rsaSigner: { KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY" },
  ecc: { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" },
  ecdh: { KeySpec: "ECC_NIST_P384", KeyUsage: "KEY_AGREEMENT" },
  ed25519: { KeySpec: "ECC_NIST_EDWARDS25519", KeyUsage: "SIGN_VERIFY" },
  hmac: { KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" },
  mldsa: { KeySpec: "ML_DSA_44", KeyUsage: "SIGN_VERIFY" },
  mlkem: { KeySpec: "ML_KEM_512", KeyUsage: "ENCAPSULATE_DECAPSULATE" },
} as const;

type Keys = Record<keyof typeof MADE, string>;
type Case = readonly [
  what: string,
  operation: string,
  input: (k: Keys) => object,
  name: string,
  message: string | ((k: Keys) => string),
];

const notValidFor = (key: keyof Keys, usage: string, operation: string) => (k: Keys) =>
  `${arn(k[key])} key usage is ${usage} which is not valid for ${operation}.`;
const incompatible = (algorithm: string, spec: string) =>
  `Algorithm ${algorithm} is incompatible with key spec ${spec}.`;
const OAEP = "RSAES_OAEP_SHA_256";
const SIGNING = { Message: bytes(8), SigningAlgorithm: "ECDSA_SHA_256" };
const MAC = { Message: bytes(8), MacAlgorithm: "HMAC_SHA_256" };

const USAGES: readonly Case[] = [
  [
    "a symmetric key",
    "Sign",
    (k) => ({ KeyId: k.symmetric, ...SIGNING }),
    "InvalidKeyUsageException",
    notValidFor("symmetric", "ENCRYPT_DECRYPT", "Sign"),
  ],
  [
    "a signing key",
    "Encrypt",
    (k) => ({ KeyId: k.ecc, Plaintext: bytes(8) }),
    "InvalidKeyUsageException",
    notValidFor("ecc", "SIGN_VERIFY", "Encrypt"),
  ],
  [
    "a signing key",
    "GenerateDataKey",
    (k) => ({ KeyId: k.ecc, KeySpec: "AES_256" }),
    "InvalidKeyUsageException",
    notValidFor("ecc", "SIGN_VERIFY", "GenerateDataKey"),
  ],
  [
    "a key of agreement",
    "Verify",
    (k) => ({ KeyId: k.ecdh, ...SIGNING, Signature: bytes(70) }),
    "InvalidKeyUsageException",
    notValidFor("ecdh", "KEY_AGREEMENT", "Verify"),
  ],
  [
    "a signing key",
    "DeriveSharedSecret",
    (k) => ({ KeyId: k.ecc, KeyAgreementAlgorithm: "ECDH", PublicKey: bytes(91) }),
    "InvalidKeyUsageException",
    notValidFor("ecc", "SIGN_VERIFY", "DeriveSharedSecret"),
  ],
  [
    "a MAC key",
    "Encapsulate",
    (k) => ({ KeyId: k.hmac, EncapsulationAlgorithm: "ML_KEM" }),
    "InvalidKeyUsageException",
    notValidFor("hmac", "GENERATE_VERIFY_MAC", "Encapsulate"),
  ],
  [
    "an RSA key",
    "GenerateMac",
    (k) => ({ KeyId: k.rsa, ...MAC }),
    "InvalidKeyUsageException",
    notValidFor("rsa", "ENCRYPT_DECRYPT", "GenerateMac"),
  ],
  [
    "an RSA key",
    "GenerateDataKey",
    (k) => ({ KeyId: k.rsa, KeySpec: "AES_256" }),
    "InvalidKeyUsageException",
    "You cannot generate a data key with an asymmetric CMK",
  ],
  [
    "an RSA key",
    "GenerateDataKeyPair",
    (k) => ({ KeyId: k.rsa, KeyPairSpec: "ECC_NIST_P256" }),
    "InvalidKeyUsageException",
    "You cannot generate a data key with an asymmetric CMK",
  ],
  ["a symmetric key", "GetPublicKey", (k) => ({ KeyId: k.symmetric }), "UnsupportedOperationException", NO_MESSAGE],
  ["a MAC key", "GetPublicKey", (k) => ({ KeyId: k.hmac }), "UnsupportedOperationException", NO_MESSAGE],
  ["a MAC key", "RotateKeyOnDemand", (k) => ({ KeyId: k.hmac }), "UnsupportedOperationException", NO_MESSAGE],
  ["a signing key", "RotateKeyOnDemand", (k) => ({ KeyId: k.ecc }), "UnsupportedOperationException", NO_MESSAGE],
];

const ALGORITHMS: readonly Case[] = [
  [
    "a longer MAC",
    "GenerateMac",
    (k) => ({ KeyId: k.hmac, Message: bytes(8), MacAlgorithm: "HMAC_SHA_512" }),
    "InvalidKeyUsageException",
    incompatible("HMAC_SHA_512", "HMAC_256"),
  ],
  [
    "another curve's",
    "Sign",
    (k) => ({ KeyId: k.ecc, Message: bytes(8), SigningAlgorithm: "ECDSA_SHA_384" }),
    "InvalidKeyUsageException",
    incompatible("ECDSA_SHA_384", "ECC_NIST_P256"),
  ],
  [
    "SM2's",
    "Sign",
    (k) => ({ KeyId: k.ecc, Message: bytes(8), SigningAlgorithm: "SM2DSA" }),
    "InvalidKeyUsageException",
    incompatible("SM2DSA", "ECC_NIST_P256"),
  ],
  [
    "none, of an RSA key",
    "Encrypt",
    (k) => ({ KeyId: k.rsa, Plaintext: bytes(8) }),
    "InvalidKeyUsageException",
    incompatible("SYMMETRIC_DEFAULT", "RSA_2048"),
  ],
  [
    "RSA's without a key",
    "Decrypt",
    () => ({ CiphertextBlob: bytes(256), EncryptionAlgorithm: OAEP }),
    "ValidationException",
    "KeyId must not be null",
  ],
  [
    "RSA's without a source key",
    "ReEncrypt",
    (k) => ({ CiphertextBlob: bytes(256), SourceEncryptionAlgorithm: OAEP, DestinationKeyId: k.symmetric }),
    "ValidationException",
    "KeyId must not be null",
  ],
  [
    "RSA's and a context",
    "Encrypt",
    (k) => ({ KeyId: k.rsa, Plaintext: bytes(8), EncryptionAlgorithm: OAEP, EncryptionContext: { a: "b" } }),
    "ValidationException",
    "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.",
  ],
  [
    "RSA's and 191 bytes",
    "Encrypt",
    (k) => ({ KeyId: k.rsa, Plaintext: bytes(191), EncryptionAlgorithm: OAEP }),
    "ValidationException",
    "Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes.",
  ],
  [
    "RSA's and 215 bytes",
    "Encrypt",
    (k) => ({ KeyId: k.rsa, Plaintext: bytes(215), EncryptionAlgorithm: "RSAES_OAEP_SHA_1" }),
    "ValidationException",
    "Algorithm RSAES_OAEP_SHA_1 and key spec RSA_2048 cannot encrypt data larger than 214 bytes.",
  ],
  [
    "RSA's and a short ciphertext",
    "Decrypt",
    (k) => ({ KeyId: k.rsa, CiphertextBlob: bytes(255), EncryptionAlgorithm: OAEP }),
    "InvalidCiphertextException",
    NO_MESSAGE,
  ],
  [
    "an unknown one",
    "GenerateMac",
    (k) => ({ KeyId: k.hmac, Message: bytes(8), MacAlgorithm: "HMAC_MD5" }),
    "ValidationException",
    validation(
      "Value 'HMAC_MD5' at 'macAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [HMAC_SHA_224, HMAC_SHA_256, HMAC_SHA_384, HMAC_SHA_512]",
    ),
  ],
];

const MESSAGES: readonly Case[] = [
  [
    "a short digest",
    "Sign",
    (k) => ({ KeyId: k.ecc, ...SIGNING, Message: bytes(31), MessageType: "DIGEST" }),
    "ValidationException",
    "Digest is invalid length for algorithm ECDSA_SHA_256.",
  ],
  [
    "a long digest",
    "Verify",
    (k) => ({
      KeyId: k.rsaSigner,
      Message: bytes(49),
      MessageType: "DIGEST",
      SigningAlgorithm: "RSASSA_PSS_SHA_384",
      Signature: bytes(256),
    }),
    "ValidationException",
    "Digest is invalid length for algorithm RSASSA_PSS_SHA_384.",
  ],
  [
    "a whole message for Ed25519ph",
    "Sign",
    (k) => ({ KeyId: k.ed25519, Message: bytes(8), SigningAlgorithm: "ED25519_PH_SHA_512" }),
    "ValidationException",
    "Message type RAW is incompatible with algorithm ED25519_PH_SHA_512.",
  ],
  [
    "a digest for Ed25519",
    "Sign",
    (k) => ({ KeyId: k.ed25519, Message: bytes(64), MessageType: "DIGEST", SigningAlgorithm: "ED25519_SHA_512" }),
    "ValidationException",
    "Message type DIGEST is incompatible with algorithm ED25519_SHA_512.",
  ],
  [
    "a digest for ML-DSA",
    "Sign",
    (k) => ({ KeyId: k.mldsa, Message: bytes(64), MessageType: "DIGEST", SigningAlgorithm: "ML_DSA_SHAKE_256" }),
    "ValidationException",
    "Message type DIGEST is incompatible with key spec ML_DSA_44.",
  ],
  [
    "a short mu",
    "Sign",
    (k) => ({ KeyId: k.mldsa, Message: bytes(63), MessageType: "EXTERNAL_MU", SigningAlgorithm: "ML_DSA_SHAKE_256" }),
    "ValidationException",
    "Digest is invalid length for algorithm ML_DSA_SHAKE_256.",
  ],
  [
    "a message of 4,097 bytes",
    "Sign",
    (k) => ({ KeyId: k.ecc, ...SIGNING, Message: bytes(4097) }),
    "ValidationException",
    validation("Value at 'message' failed to satisfy constraint: Member must have length less than or equal to 4096"),
  ],
  [
    "an empty message",
    "GenerateMac",
    (k) => ({ KeyId: k.hmac, ...MAC, Message: bytes(0) }),
    "ValidationException",
    validation("Value at 'message' failed to satisfy constraint: Member must have length greater than or equal to 1"),
  ],
];

const CREATIONS: readonly Case[] = [
  [
    "no usage for RSA",
    "CreateKey",
    () => ({ KeySpec: "RSA_2048" }),
    "ValidationException",
    "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
  ],
  [
    "no usage for HMAC",
    "CreateKey",
    () => ({ KeySpec: "HMAC_384" }),
    "ValidationException",
    "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
  ],
  [
    "agreement with RSA",
    "CreateKey",
    () => ({ KeySpec: "RSA_2048", KeyUsage: "KEY_AGREEMENT" }),
    "ValidationException",
    "KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048",
  ],
  [
    "agreement with secp256k1",
    "CreateKey",
    () => ({ KeySpec: "ECC_SECG_P256K1", KeyUsage: "KEY_AGREEMENT" }),
    "ValidationException",
    "KeyUsage KEY_AGREEMENT is not compatible with KeySpec ECC_SECG_P256K1",
  ],
  [
    "encryption with a curve",
    "CreateKey",
    () => ({ KeySpec: "ECC_NIST_P256", KeyUsage: "ENCRYPT_DECRYPT" }),
    "ValidationException",
    "KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec ECC_NIST_P256",
  ],
  [
    "SM2",
    "CreateKey",
    () => ({ KeySpec: "SM2", KeyUsage: "SIGN_VERIFY" }),
    "UnsupportedOperationException",
    "KeySpec SM2 is not supported in this Region",
  ],
  [
    "a data key pair of SM2",
    "GenerateDataKeyPair",
    (k) => ({ KeyId: k.symmetric, KeyPairSpec: "SM2" }),
    "UnsupportedOperationException",
    "KeyPairSpec SM2 is not supported in this Region",
  ],
];

/** Dry runs that pass every check. */
const DRY_RUNS: readonly (readonly [operation: string, input: (k: Keys) => object])[] = [
  ["Encrypt", (k) => ({ KeyId: k.symmetric, Plaintext: bytes(8) })],
  ["GenerateDataKey", (k) => ({ KeyId: k.symmetric, KeySpec: "AES_128" })],
  ["GenerateDataKeyWithoutPlaintext", (k) => ({ KeyId: k.symmetric, KeySpec: "AES_128" })],
  ["GenerateDataKeyPair", (k) => ({ KeyId: k.symmetric, KeyPairSpec: "ECC_NIST_P256" })],
  ["GenerateDataKeyPairWithoutPlaintext", (k) => ({ KeyId: k.symmetric, KeyPairSpec: "ECC_NIST_P256" })],
  ["Sign", (k) => ({ KeyId: k.ecc, ...SIGNING })],
  ["GenerateMac", (k) => ({ KeyId: k.hmac, ...MAC })],
  ["Encapsulate", (k) => ({ KeyId: k.mlkem, EncapsulationAlgorithm: "ML_KEM" })],
];

const IGNORING = { DryRunModifiers: ["IGNORE_CIPHERTEXT"] };

describe.each(TRANSPORTS)("refused through %s", (_, connect) => {
  let call: Call;
  let keys: Keys;
  beforeAll(async () => {
    call = connect((await startService()).kms);
    const made = Object.entries(MADE).map(async ([name, input]) => {
      const { KeyMetadata } = (await call("CreateKey", input)) as Output;
      return [name, KeyMetadata.KeyId];
    });
    keys = Object.fromEntries(await Promise.all(made));
  }, 60_000);

  describe.each(Object.entries({ USAGES, ALGORITHMS, MESSAGES, CREATIONS }))("%s", (_group, cases) => {
    it.each(cases)("%s: %s", async (_what, operation, input, name, message) => {
      const failure = await failureOf(call(operation, input(keys)));
      expect(failure).toEqual({ name, message: typeof message === "string" ? message : message(keys) });
    });
  });

  it.each(DRY_RUNS)("a dry run of %s", async (operation, input) => {
    expect(await failureOf(call(operation, { ...input(keys), DryRun: true }))).toEqual({
      name: "DryRunOperationException",
      message: "The request would have succeeded, but the DryRun option is set.",
    });
  });

  it("dry runs that would fail, and those that need something made before", async () => {
    const { Signature } = await call("Sign", { KeyId: keys.ecc, ...SIGNING });
    const { Mac: made } = await call("GenerateMac", { KeyId: keys.hmac, ...MAC });
    const opened = await call("Encapsulate", { KeyId: keys.mlkem, EncapsulationAlgorithm: "ML_KEM" });
    const { SharedSecretCiphertextBlob, EncapsulationAlgorithm } = opened;
    const { PublicKey } = await call("GetPublicKey", { KeyId: keys.ecdh });
    const cases: [string, object, string][] = [
      ["Verify", { KeyId: keys.ecc, ...SIGNING, Signature }, "DryRunOperationException"],
      ["Verify", { KeyId: keys.ecc, ...SIGNING, Signature: bytes(70) }, "KMSInvalidSignatureException"],
      ["VerifyMac", { KeyId: keys.hmac, ...MAC, Mac: made }, "DryRunOperationException"],
      ["VerifyMac", { KeyId: keys.hmac, ...MAC, Mac: bytes(32) }, "KMSInvalidMacException"],
      [
        "Decapsulate",
        { KeyId: keys.mlkem, SharedSecretCiphertextBlob, EncapsulationAlgorithm },
        "DryRunOperationException",
      ],
      [
        "DeriveSharedSecret",
        { KeyId: keys.ecdh, KeyAgreementAlgorithm: "ECDH", PublicKey },
        "DryRunOperationException",
      ],
      ["Sign", { KeyId: keys.hmac, ...SIGNING }, "InvalidKeyUsageException"],
      ["Decrypt", { KeyId: keys.symmetric, ...IGNORING }, "DryRunOperationException"],
      ["Decrypt", { KeyId: keys.symmetric, ...IGNORING, CiphertextBlob: bytes(9) }, "DryRunOperationException"],
      ["Decrypt", { KeyId: keys.ecc, ...IGNORING }, "InvalidKeyUsageException"],
      ["Decrypt", { ...IGNORING }, "ValidationException"],
      ["Decrypt", { KeyId: keys.symmetric }, "ValidationException"],
      [
        "ReEncrypt",
        { SourceKeyId: keys.symmetric, DestinationKeyId: keys.symmetric, ...IGNORING },
        "DryRunOperationException",
      ],
    ];
    for (const [operation, input, name] of cases) {
      expect((await failureOf(call(operation, { ...input, DryRun: true }))).name, operation).toBe(name);
    }
  });
});
