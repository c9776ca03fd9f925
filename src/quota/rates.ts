/**
 * AWS's numbers: requests a second for each account, and who counts together. Source: AWS KMS Developer Guide, "Request
 * quotas" (2026). ML-KEM is missing there; its numbers are ours.
 */

export type SharedGroup = "symmetric" | "RSA" | "ECC" | "ML_DSA" | "ML_KEM";

/** Operations that share a quota with others on keys of the same kind. */
const SHARED_OPERATIONS: ReadonlySet<string> = new Set([
  "Decrypt",
  "Encrypt",
  "GenerateDataKey",
  "GenerateDataKeyWithoutPlaintext",
  "GenerateMac",
  "GenerateRandom",
  "ReEncrypt",
  "VerifyMac",
  "Sign",
  "Verify",
  "DeriveSharedSecret",
  "Encapsulate",
  "Decapsulate",
]);
const SHARED_RATE = 1000;
/** Of cryptographic operations with the keys of one custom key store. */
const STORE_RATE = 1800;
export const STORE_GROUP = "CustomKeyStore";
const SYMMETRIC_RATE = 10_000;
const SYMMETRIC_RATES: Readonly<Record<string, number>> = {
  "us-east-1": 100_000,
  "us-west-2": 100_000,
  "eu-west-1": 100_000,
  "us-east-2": 20_000,
  "ap-southeast-1": 20_000,
  "ap-southeast-2": 20_000,
  "ap-northeast-1": 20_000,
  "eu-central-1": 20_000,
  "eu-west-2": 20_000,
};

const PAIRS = "GenerateDataKeyPair ";
/** Both operations that generate data key pairs share these. */
const PAIR_RATES: Readonly<Record<string, number>> = {
  ECC_NIST_P256: 100,
  ECC_NIST_P384: 100,
  ECC_NIST_P521: 100,
  ECC_SECG_P256K1: 100,
  ECC_NIST_EDWARDS25519: 100,
  RSA_2048: 20,
  RSA_3072: 4,
  RSA_4096: 1,
  SM2: 25,
  ML_KEM_512: 100,
  ML_KEM_768: 100,
  ML_KEM_1024: 100,
};

/** Operations with a quota of their own. */
const OPERATION_RATES: Readonly<Record<string, number>> = {
  CancelKeyDeletion: 5,
  ConnectCustomKeyStore: 5,
  CreateAlias: 5,
  CreateCustomKeyStore: 5,
  CreateGrant: 50,
  CreateKey: 5,
  DeleteAlias: 15,
  DeleteCustomKeyStore: 5,
  DeleteImportedKeyMaterial: 15,
  DescribeCustomKeyStores: 5,
  DescribeKey: 2000,
  DisableKey: 5,
  DisableKeyRotation: 5,
  DisconnectCustomKeyStore: 5,
  EnableKey: 5,
  EnableKeyRotation: 15,
  GetKeyLastUsage: 5,
  GetKeyPolicy: 1000,
  GetKeyRotationStatus: 1000,
  GetParametersForImport: 1,
  GetPublicKey: 2000,
  ImportKeyMaterial: 15,
  ListAliases: 500,
  ListGrants: 100,
  ListKeyPolicies: 100,
  ListKeyRotations: 100,
  ListKeys: 500,
  ListResourceTags: 2000,
  ListRetirableGrants: 100,
  PutKeyPolicy: 15,
  ReplicateKey: 5,
  RetireGrant: 50,
  RevokeGrant: 50,
  RotateKeyOnDemand: 5,
  ScheduleKeyDeletion: 15,
  TagResource: 10,
  UntagResource: 5,
  UpdateAlias: 5,
  UpdateCustomKeyStore: 5,
  UpdateKeyDescription: 5,
  UpdatePrimaryRegion: 5,
};

export function isShared(operation: string): boolean {
  return SHARED_OPERATIONS.has(operation);
}

export function isGeneratingPairs(operation: string): boolean {
  return operation.startsWith("GenerateDataKeyPair");
}

export function pairGroup(pairSpec: string | undefined): string {
  return PAIRS + pairSpec;
}

/** The group of a key's spec; of no key, as for GenerateRandom, that of symmetric keys. */
export function sharedGroupOf(spec = ""): SharedGroup {
  if (spec.startsWith("RSA")) return "RSA";
  if (spec.startsWith("ECC")) return "ECC";
  if (spec.startsWith("ML_DSA")) return "ML_DSA";
  return spec.startsWith("ML_KEM") ? "ML_KEM" : "symmetric";
}

/** Requests a second of a shared group, of pairs of a spec, or of an operation; `undefined` for any other name. */
export function rateOf(group: string, region: string): number | undefined {
  if (group === "symmetric") return SYMMETRIC_RATES[region] ?? SYMMETRIC_RATE;
  if (group === "RSA" || group === "ECC" || group === "ML_DSA" || group === "ML_KEM") return SHARED_RATE;
  if (group === STORE_GROUP) return STORE_RATE;
  const rates = group.startsWith(PAIRS) ? PAIR_RATES : OPERATION_RATES;
  const name = group.startsWith(PAIRS) ? group.slice(PAIRS.length) : group;
  return Object.hasOwn(rates, name) ? rates[name] : undefined;
}
