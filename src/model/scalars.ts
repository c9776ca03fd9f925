/**
 * The named shapes that several operations use, with the limits of the public API model of AWS KMS.
 */
import {
  type BlobShape,
  enumeration,
  type IntegerShape,
  list,
  type MapShape,
  required,
  type StringShape,
  struct,
} from "./shape.ts";

export const boolean = { kind: "boolean" } as const;
export const timestamp = { kind: "timestamp" } as const;

/** A key id, key ARN, alias name or alias ARN. */
export const keyRef: StringShape = {
  kind: "string",
  minLength: 1,
  maxLength: 2048,
  pattern: { text: "^\\p{ASCII}+$", matches: /^[\0-\x7f]+$/ },
};
export const arn: StringShape = { kind: "string", minLength: 20, maxLength: 2048 };
export const accountId: StringShape = { kind: "string" };
export const aliasName: StringShape = {
  kind: "string",
  minLength: 1,
  maxLength: 256,
  pattern: { text: "^[a-zA-Z0-9:/_-]+$", matches: /^[a-zA-Z0-9:/_-]+$/ },
};
export const description: StringShape = { kind: "string", minLength: 0, maxLength: 8192 };
export const policy: StringShape = {
  kind: "string",
  minLength: 1,
  maxLength: 131072,
  pattern: { text: "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+", matches: /^[\t\n\r\x20-\xff]+$/ },
};
export const policyName: StringShape = {
  kind: "string",
  minLength: 1,
  maxLength: 128,
  pattern: { text: "[\\w]+", matches: /^\w+$/ },
};
export const marker: StringShape = {
  kind: "string",
  minLength: 1,
  maxLength: 1024,
  pattern: { text: "[\\u0020-\\u00FF]*", matches: /^[\x20-\xff]*$/ },
};
export const customKeyStoreId: StringShape = { kind: "string", minLength: 1, maxLength: 64 };
export const cloudHsmClusterId: StringShape = {
  kind: "string",
  minLength: 19,
  maxLength: 24,
  pattern: { text: "cluster-[2-7a-zA-Z]{11,16}", matches: /^cluster-[2-7a-zA-Z]{11,16}$/ },
};
export const xksKeyId: StringShape = {
  kind: "string",
  minLength: 1,
  maxLength: 128,
  pattern: { text: "^[a-zA-Z0-9-_.]+$", matches: /^[a-zA-Z0-9\-_.]+$/ },
};
/** 64 lower-case hexadecimal digits. */
export const keyMaterialId: StringShape = {
  kind: "string",
  minLength: 64,
  maxLength: 64,
  pattern: { text: "^[a-f0-9]+$", matches: /^[a-f0-9]+$/ },
};
export const keyMaterialDescription: StringShape = {
  kind: "string",
  minLength: 0,
  maxLength: 256,
  pattern: { text: "^[a-zA-Z0-9:/_\\s.-]+$", matches: /^[a-zA-Z0-9:/_\s.-]+$/ },
};
export const regionName: StringShape = {
  kind: "string",
  minLength: 1,
  maxLength: 32,
  pattern: { text: "^([a-z]+-){2,3}\\d+$", matches: /^(?:[a-z]+-){2,3}\d+$/ },
};

export const plaintext: BlobShape = { kind: "blob", minBytes: 1, maxBytes: 4096, sensitive: true };
export const ciphertextBlob: BlobShape = { kind: "blob", minBytes: 1, maxBytes: 6144 };
/** SubjectPublicKeyInfo, DER. */
export const publicKey: BlobShape = { kind: "blob", minBytes: 1, maxBytes: 8192 };
export const attestationDocument: BlobShape = { kind: "blob", minBytes: 1, maxBytes: 262144 };

export const limit: IntegerShape = { kind: "integer", min: 1, max: 1000 };
/** Where the service takes less than the general limit of its model. */
export const limitTo100: IntegerShape = { kind: "integer", min: 1, max: 100 };
export const limitTo50: IntegerShape = { kind: "integer", min: 1, max: 50 };
export const numberOfBytes: IntegerShape = { kind: "integer", min: 1, max: 1024 };
export const pendingWindowInDays: IntegerShape = { kind: "integer", min: 1, max: 365 };

/** 8 KiB of keys and values at the most, the documented size limit of an encryption context. */
export const encryptionContext: MapShape = { kind: "map", maxBytes: 8192 };
export const grantToken: StringShape = { kind: "string", minLength: 1, maxLength: 8192 };
export const grantTokens = list(grantToken, 10);

const OLDER_PAIR_SPECS = [
  "RSA_2048",
  "RSA_3072",
  "RSA_4096",
  "ECC_NIST_P256",
  "ECC_NIST_P384",
  "ECC_NIST_P521",
  "ECC_SECG_P256K1",
] as const;
const OLDER_KEY_SPECS = [
  ...OLDER_PAIR_SPECS,
  "SYMMETRIC_DEFAULT",
  "HMAC_224",
  "HMAC_256",
  "HMAC_384",
  "HMAC_512",
  "SM2",
] as const;
/** Deprecated by AWS, and without the specs that came later. */
export const customerMasterKeySpec = enumeration(...OLDER_KEY_SPECS);
export const keySpec = enumeration(
  ...OLDER_KEY_SPECS,
  "ML_DSA_44",
  "ML_DSA_65",
  "ML_DSA_87",
  "ECC_NIST_EDWARDS25519",
  "ML_KEM_512",
  "ML_KEM_768",
  "ML_KEM_1024",
);
export const keyUsage = enumeration(
  "SIGN_VERIFY",
  "ENCRYPT_DECRYPT",
  "GENERATE_VERIFY_MAC",
  "KEY_AGREEMENT",
  "ENCAPSULATE_DECAPSULATE",
);
export const origin = enumeration("AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE");
export const keyState = enumeration(
  "Creating",
  "Enabled",
  "Disabled",
  "PendingDeletion",
  "PendingImport",
  "PendingReplicaDeletion",
  "Unavailable",
  "Updating",
);
export const keyManager = enumeration("AWS", "CUSTOMER");
export const encryptionAlgorithm = enumeration("SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE");
export const signingAlgorithm = enumeration(
  "RSASSA_PSS_SHA_256",
  "RSASSA_PSS_SHA_384",
  "RSASSA_PSS_SHA_512",
  "RSASSA_PKCS1_V1_5_SHA_256",
  "RSASSA_PKCS1_V1_5_SHA_384",
  "RSASSA_PKCS1_V1_5_SHA_512",
  "ECDSA_SHA_256",
  "ECDSA_SHA_384",
  "ECDSA_SHA_512",
  "SM2DSA",
  "ML_DSA_SHAKE_256",
  "ED25519_SHA_512",
  "ED25519_PH_SHA_512",
);
export const messageType = enumeration("RAW", "DIGEST", "EXTERNAL_MU");
export const macAlgorithm = enumeration("HMAC_SHA_224", "HMAC_SHA_256", "HMAC_SHA_384", "HMAC_SHA_512");
export const keyAgreementAlgorithm = enumeration("ECDH");
export const encapsulationAlgorithm = enumeration("ML_KEM");
export const dataKeyPairSpec = enumeration(
  ...OLDER_PAIR_SPECS,
  "SM2",
  "ECC_NIST_EDWARDS25519",
  "ML_KEM_512",
  "ML_KEM_768",
  "ML_KEM_1024",
);
export const dataKeySpec = enumeration("AES_256", "AES_128");
export const dryRunModifiers = list(enumeration("IGNORE_CIPHERTEXT"));
export const rotationType = enumeration("AUTOMATIC", "ON_DEMAND");
export const includeKeyMaterial = enumeration("ALL_KEY_MATERIAL", "ROTATIONS_ONLY");
export const keyMaterialState = enumeration(
  "NON_CURRENT",
  "CURRENT",
  "PENDING_ROTATION",
  "PENDING_MULTI_REGION_IMPORT_AND_ROTATION",
);

/** A Nitro enclave's attestation; declared so that it is refused by name instead of ignored. */
export const recipient = struct({
  KeyEncryptionAlgorithm: enumeration("RSAES_OAEP_SHA_256"),
  AttestationDocument: attestationDocument,
});

export const multiRegionKeyType = enumeration("PRIMARY", "REPLICA");
export const expirationModel = enumeration("KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE");
export const rotationPeriodInDays: IntegerShape = { kind: "integer", min: 90, max: 2560 };

export const tagKey: StringShape = { kind: "string", minLength: 1, maxLength: 128 };
export const tag = struct({
  TagKey: required(tagKey),
  TagValue: required({ kind: "string", minLength: 0, maxLength: 256 } satisfies StringShape),
});
