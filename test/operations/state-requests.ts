/** For each operation whose answer depends on the key's state: a request, and what it answers where the state allows it. */
import { generateKeyPairSync } from "node:crypto";
import { ARN_PREFIX } from "./service.ts";

/** The key under test, with an alias and a ciphertext of its own, and a key that is enabled. */
export interface Subject {
  readonly keyId: string;
  readonly aliasName: string;
  readonly blob: Uint8Array | undefined;
  readonly other: string;
  readonly otherBlob: Uint8Array;
}

export interface StateRequest {
  readonly input: (subject: Subject) => object;
  /** What CreateKey is asked for; by default a symmetric key. */
  readonly create?: object;
  /** Code and message, where the operation does not succeed in any state. */
  readonly answer?: (subject: Subject) => readonly [name: string, message: string];
}

const bytes = new Uint8Array(32).fill(1);
const NO_MESSAGE = "UnknownError";
const byKeyId: StateRequest = { input: ({ keyId }) => ({ KeyId: keyId }) };
const withMembers = (members: object): StateRequest => ({ input: ({ keyId }) => ({ KeyId: keyId, ...members }) });
const arnOf = ({ keyId }: Subject) => `${ARN_PREFIX}:key/${keyId}`;

const unsupported = (text: string, members: object): StateRequest => ({
  ...withMembers(members),
  answer: (subject) => ["UnsupportedOperationException", `${arnOf(subject)} ${text}`],
});
const wrongOrigin = (members: object) =>
  unsupported("origin is AWS_KMS which is not valid for this operation.", members);
const notPrimary = (members: object) => unsupported("is not a multi-region primary key.", members);

/** Whoever is root of the account may do everything. */
const ROOT_POLICY = JSON.stringify({
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Principal: { AWS: "111122223333" }, Action: "kms:*", Resource: "*" },
});

const signing = { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" };
const sign = { Message: bytes, SigningAlgorithm: "ECDSA_SHA_256" };
const hmac = { KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" };
const kem = { KeySpec: "ML_KEM_512", KeyUsage: "ENCAPSULATE_DECAPSULATE" };
const peer = Uint8Array.from(
  generateKeyPairSync("ec", { namedCurve: "prime256v1" }).publicKey.export({ type: "spki", format: "der" }),
);
const mac = { Message: bytes, MacAlgorithm: "HMAC_SHA_256" };
const unknownGrant = (): [string, string] => ["InvalidGrantIdException", "The specified GrantId is not valid."];

/** By operation; "ReEncrypt to" and the like are further requests of the operation before the space. */
export const STATE_REQUESTS: Readonly<Record<string, StateRequest>> = {
  CancelKeyDeletion: byKeyId,
  CreateAlias: { input: ({ keyId, aliasName }) => ({ TargetKeyId: keyId, AliasName: `${aliasName}-new` }) },
  Decapsulate: {
    ...withMembers({ SharedSecretCiphertextBlob: new Uint8Array(768), EncapsulationAlgorithm: "ML_KEM" }),
    create: kem,
  },
  CreateGrant: withMembers({ Operations: ["Decrypt"], GranteePrincipal: "arn:aws:iam::111122223333:root" }),
  Decrypt: { input: ({ blob }) => ({ CiphertextBlob: blob }) },
  DeleteAlias: { input: ({ aliasName }) => ({ AliasName: aliasName }) },
  DeleteImportedKeyMaterial: wrongOrigin({}),
  DeriveSharedSecret: {
    ...withMembers({ KeyAgreementAlgorithm: "ECDH", PublicKey: peer }),
    create: { KeySpec: "ECC_NIST_P256", KeyUsage: "KEY_AGREEMENT" },
  },
  DescribeKey: byKeyId,
  DisableKey: byKeyId,
  DisableKeyRotation: byKeyId,
  EnableKey: byKeyId,
  EnableKeyRotation: byKeyId,
  Encapsulate: { ...withMembers({ EncapsulationAlgorithm: "ML_KEM" }), create: kem },
  Encrypt: withMembers({ Plaintext: bytes }),
  GenerateDataKey: withMembers({ KeySpec: "AES_256" }),
  GenerateDataKeyPair: withMembers({ KeyPairSpec: "ECC_NIST_P256" }),
  GenerateDataKeyPairWithoutPlaintext: withMembers({ KeyPairSpec: "ECC_NIST_P256" }),
  GenerateDataKeyWithoutPlaintext: withMembers({ KeySpec: "AES_256" }),
  GenerateMac: { ...withMembers(mac), create: hmac },
  GetKeyLastUsage: byKeyId,
  GetKeyPolicy: byKeyId,
  GetKeyRotationStatus: byKeyId,
  GetParametersForImport: wrongOrigin({ WrappingAlgorithm: "RSAES_OAEP_SHA_256", WrappingKeySpec: "RSA_2048" }),
  GetPublicKey: { ...byKeyId, create: signing },
  ImportKeyMaterial: wrongOrigin({ ImportToken: bytes, EncryptedKeyMaterial: bytes }),
  ListAliases: byKeyId,
  ListGrants: byKeyId,
  ListKeyPolicies: byKeyId,
  ListKeyRotations: byKeyId,
  ListResourceTags: byKeyId,
  PutKeyPolicy: withMembers({ Policy: ROOT_POLICY }),
  ReEncrypt: { input: ({ blob, other }) => ({ CiphertextBlob: blob, DestinationKeyId: other }) },
  "ReEncrypt to": { input: ({ keyId, otherBlob }) => ({ CiphertextBlob: otherBlob, DestinationKeyId: keyId }) },
  ReplicateKey: notPrimary({ ReplicaRegion: "eu-west-1" }),
  RetireGrant: { ...withMembers({ GrantId: "g" }), answer: unknownGrant },
  RevokeGrant: { ...withMembers({ GrantId: "g" }), answer: unknownGrant },
  RotateKeyOnDemand: byKeyId,
  ScheduleKeyDeletion: byKeyId,
  Sign: { ...withMembers(sign), create: signing },
  TagResource: withMembers({ Tags: [{ TagKey: "a", TagValue: "b" }] }),
  UntagResource: withMembers({ TagKeys: ["a"] }),
  UpdateAlias: { input: ({ keyId }) => ({ AliasName: "alias/other", TargetKeyId: keyId }) },
  "UpdateAlias from": { input: ({ aliasName, other }) => ({ AliasName: aliasName, TargetKeyId: other }) },
  UpdateKeyDescription: withMembers({ Description: "new" }),
  UpdatePrimaryRegion: notPrimary({ PrimaryRegion: "eu-west-1" }),
  Verify: {
    ...withMembers({ ...sign, Signature: bytes }),
    create: signing,
    answer: () => ["KMSInvalidSignatureException", NO_MESSAGE],
  },
  VerifyMac: {
    ...withMembers({ ...mac, Mac: bytes }),
    create: hmac,
    answer: () => ["KMSInvalidMacException", NO_MESSAGE],
  },
};
