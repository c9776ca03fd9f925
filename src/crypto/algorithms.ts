/**
 * The one table of key specs and algorithms: which usages a spec has, which algorithms a usage allows, and what an
 * algorithm asks of its message. Source: AWS KMS Developer Guide, "Key spec reference". Nowhere else is there a choice
 * by an algorithm's name but at the implementations.
 */
import type { HashName } from "./engine.ts";

export type DigestName = "SHA-1" | HashName;

/** The algorithm of symmetric keys, and of a request that names none. */
export const DEFAULT_ALGORITHM = "SYMMETRIC_DEFAULT";

export type MessageType = "RAW" | "DIGEST" | "EXTERNAL_MU";

interface SigningRow {
  readonly scheme: "rsa-pkcs1" | "rsa-pss" | "ecdsa" | "ed25519" | "ed25519ph" | "ml-dsa";
  readonly hash?: DigestName;
  /** The length of what is given instead of the message: its digest, or mu of ML-DSA. */
  readonly digestBytes: number;
  readonly messageTypes: readonly MessageType[];
}

const RAW_OR_DIGEST = ["RAW", "DIGEST"] as const;

export const SIGNING_ALGORITHMS = {
  RSASSA_PSS_SHA_256: { scheme: "rsa-pss", hash: "SHA-256", digestBytes: 32, messageTypes: RAW_OR_DIGEST },
  RSASSA_PSS_SHA_384: { scheme: "rsa-pss", hash: "SHA-384", digestBytes: 48, messageTypes: RAW_OR_DIGEST },
  RSASSA_PSS_SHA_512: { scheme: "rsa-pss", hash: "SHA-512", digestBytes: 64, messageTypes: RAW_OR_DIGEST },
  RSASSA_PKCS1_V1_5_SHA_256: { scheme: "rsa-pkcs1", hash: "SHA-256", digestBytes: 32, messageTypes: RAW_OR_DIGEST },
  RSASSA_PKCS1_V1_5_SHA_384: { scheme: "rsa-pkcs1", hash: "SHA-384", digestBytes: 48, messageTypes: RAW_OR_DIGEST },
  RSASSA_PKCS1_V1_5_SHA_512: { scheme: "rsa-pkcs1", hash: "SHA-512", digestBytes: 64, messageTypes: RAW_OR_DIGEST },
  ECDSA_SHA_256: { scheme: "ecdsa", hash: "SHA-256", digestBytes: 32, messageTypes: RAW_OR_DIGEST },
  ECDSA_SHA_384: { scheme: "ecdsa", hash: "SHA-384", digestBytes: 48, messageTypes: RAW_OR_DIGEST },
  ECDSA_SHA_512: { scheme: "ecdsa", hash: "SHA-512", digestBytes: 64, messageTypes: RAW_OR_DIGEST },
  ED25519_SHA_512: { scheme: "ed25519", digestBytes: 0, messageTypes: ["RAW"] },
  ED25519_PH_SHA_512: { scheme: "ed25519ph", hash: "SHA-512", digestBytes: 64, messageTypes: ["DIGEST"] },
  ML_DSA_SHAKE_256: { scheme: "ml-dsa", digestBytes: 64, messageTypes: ["RAW", "EXTERNAL_MU"] },
} as const satisfies Record<string, SigningRow>;

export type SigningAlgorithm = keyof typeof SIGNING_ALGORITHMS;

/** RSAES-OAEP, whose MGF1 has the same hash and whose label is empty. Source: RFC 8017 section 7.1. */
export const OAEP_HASHES = {
  RSAES_OAEP_SHA_1: { hash: "SHA-1", digestBytes: 20 },
  RSAES_OAEP_SHA_256: { hash: "SHA-256", digestBytes: 32 },
} as const;

export type OaepAlgorithm = keyof typeof OAEP_HASHES;

export const MAC_HASHES = {
  HMAC_SHA_224: "SHA-224",
  HMAC_SHA_256: "SHA-256",
  HMAC_SHA_384: "SHA-384",
  HMAC_SHA_512: "SHA-512",
} as const satisfies Record<string, HashName>;

export type MacAlgorithm = keyof typeof MAC_HASHES;

type Usages = {
  readonly ENCRYPT_DECRYPT?: readonly ("SYMMETRIC_DEFAULT" | OaepAlgorithm)[];
  readonly SIGN_VERIFY?: readonly SigningAlgorithm[];
  readonly GENERATE_VERIFY_MAC?: readonly MacAlgorithm[];
  readonly KEY_AGREEMENT?: readonly "ECDH"[];
  readonly ENCAPSULATE_DECAPSULATE?: readonly "ML_KEM"[];
};

/** What key material is. */
export type KeyMaterialKind = "symmetric" | "mac" | "pair";

interface SpecRow {
  readonly material: KeyMaterialKind;
  /** Of a MAC key. */
  readonly keyBytes?: number;
  /** Of an RSA key. */
  readonly modulusBytes?: number;
  readonly usages: Usages;
}

const RSA: Usages = {
  ENCRYPT_DECRYPT: ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"],
  SIGN_VERIFY: [
    "RSASSA_PKCS1_V1_5_SHA_256",
    "RSASSA_PKCS1_V1_5_SHA_384",
    "RSASSA_PKCS1_V1_5_SHA_512",
    "RSASSA_PSS_SHA_256",
    "RSASSA_PSS_SHA_384",
    "RSASSA_PSS_SHA_512",
  ],
};

function pair(usages: Usages): SpecRow {
  return { material: "pair", usages };
}

function rsa(modulusBytes: number): SpecRow {
  return { material: "pair", modulusBytes, usages: RSA };
}

function nistCurve(algorithm: SigningAlgorithm): SpecRow {
  return pair({ SIGN_VERIFY: [algorithm], KEY_AGREEMENT: ["ECDH"] });
}

function mac(keyBytes: number, algorithm: MacAlgorithm): SpecRow {
  return { material: "mac", keyBytes, usages: { GENERATE_VERIFY_MAC: [algorithm] } };
}

const ML_DSA = pair({ SIGN_VERIFY: ["ML_DSA_SHAKE_256"] });
const ML_KEM = pair({ ENCAPSULATE_DECAPSULATE: ["ML_KEM"] });

const SPECS = {
  SYMMETRIC_DEFAULT: { material: "symmetric", usages: { ENCRYPT_DECRYPT: ["SYMMETRIC_DEFAULT"] } } as SpecRow,
  RSA_2048: rsa(256),
  RSA_3072: rsa(384),
  RSA_4096: rsa(512),
  ECC_NIST_P256: nistCurve("ECDSA_SHA_256"),
  ECC_NIST_P384: nistCurve("ECDSA_SHA_384"),
  ECC_NIST_P521: nistCurve("ECDSA_SHA_512"),
  ECC_SECG_P256K1: pair({ SIGN_VERIFY: ["ECDSA_SHA_256"] }),
  ECC_NIST_EDWARDS25519: pair({ SIGN_VERIFY: ["ED25519_SHA_512", "ED25519_PH_SHA_512"] }),
  // The key is as long as the digest. Source: the key spec reference.
  HMAC_224: mac(28, "HMAC_SHA_224"),
  HMAC_256: mac(32, "HMAC_SHA_256"),
  HMAC_384: mac(48, "HMAC_SHA_384"),
  HMAC_512: mac(64, "HMAC_SHA_512"),
  ML_DSA_44: ML_DSA,
  ML_DSA_65: ML_DSA,
  ML_DSA_87: ML_DSA,
  ML_KEM_512: ML_KEM,
  ML_KEM_768: ML_KEM,
  ML_KEM_1024: ML_KEM,
};

/** Every key spec that can be made here; SM2 exists in the Regions of China alone. */
export type SupportedKeySpec = keyof typeof SPECS;

export const KEY_SPECS: Readonly<Record<SupportedKeySpec, SpecRow>> = SPECS;

/** The specs of key pairs. */
export type PairSpec = Exclude<SupportedKeySpec, "SYMMETRIC_DEFAULT" | `HMAC_${string}`>;

/** The algorithms that a key of this spec and usage has. */
export function algorithmsOf(spec: SupportedKeySpec, usage: string): readonly string[] {
  return KEY_SPECS[spec].usages[usage as keyof Usages] ?? [];
}

/**
 * Whether a signature or a ciphertext is as long as the key, if it is one of RSA: OpenSSL takes those that lack their
 * leading zeros too, which RFC 8017 (sections 7.1.2, 8.1.2 and 8.2.2) refuses.
 */
export function hasLengthOfKey(spec: PairSpec, bytes: Uint8Array): boolean {
  const { modulusBytes } = KEY_SPECS[spec];
  return modulusBytes === undefined || bytes.length === modulusBytes;
}
