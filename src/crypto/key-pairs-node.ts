/**
 * Key pairs of Node.js: node:crypto for all that it has, raw RSA for signatures over a digest, and noble's libraries
 * for the rest. The module is an argument, since some edge runtimes have it too.
 *
 * Native key objects are wiped by Node when they are collected, not by `destroy`, which wipes our copies at once.
 */
import type * as NodeModule from "node:crypto";
import type { KeyObject } from "node:crypto";
import { copyView, viewOf } from "../byte-views.ts";
import type { Random } from "../env.ts";
import {
  type DigestName,
  hasLengthOfKey,
  KEY_SPECS,
  type MessageType,
  OAEP_HASHES,
  type OaepAlgorithm,
  type PairSpec,
  SIGNING_ALGORITHMS,
  type SigningAlgorithm,
} from "./algorithms.ts";
import { encodePkcs1, encodePss, type HashFunction, saltOfPss } from "./emsa.ts";
import { equalBytes } from "./engine.ts";
import { pairFromPkcs8 } from "./foreign-keys.ts";
import { type RawSpec, unwrapPublicKey } from "./key-encodings.ts";
import type { KeyPair, KeyPairs, PairBytes } from "./key-pairs.ts";
import { generateNoble, NoblePair } from "./noble-keys.ts";

export type NodeCrypto = typeof NodeModule;

/** The curves of node:crypto by OpenSSL's names. */
const NAMED_CURVES: Partial<Record<PairSpec, string>> = {
  ECC_NIST_P256: "prime256v1",
  ECC_NIST_P384: "secp384r1",
  ECC_NIST_P521: "secp521r1",
  ECC_SECG_P256K1: "secp256k1",
};
/** OpenSSL's rounds of Miller and Rabin's test. */
const PRIME_CHECKS = { checks: 64 };
const SPKI = { type: "spki", format: "der" } as const;
const PKCS8 = { type: "pkcs8", format: "der" } as const;

/** Node's names have no hyphen: sha256. */
const nodeName = (hash: DigestName): string => hash.replace("-", "").toLowerCase();
const plain = (bytes: Uint8Array): Uint8Array => viewOf(bytes, 0, bytes.length);

/**
 * The key pairs of a runtime that has node:crypto.
 * @param holdsRawKeys whether raw RSA takes key objects; workerd's does not, so there keys are parsed at every call
 */
export function nodeKeyPairs(crypto: NodeCrypto, random: Random, holdsRawKeys = true): KeyPairs {
  return {
    generate: (spec) => generateNative(crypto, spec) ?? generateNoble(spec as RawSpec, random),
    read: (spec, pkcs8) => pairFromPkcs8(spec, pkcs8, (number) => isPrime(crypto, number)),
    open: (spec, bytes) => new NodePair(crypto, random, holdsRawKeys, spec, bytes),
  };
}

/** Another thread does the arithmetic. */
function isPrime(crypto: NodeCrypto, number: bigint): Promise<boolean> {
  return new Promise((resolve, reject) => {
    crypto.checkPrime(number, PRIME_CHECKS, (error, verdict) => (error ? reject(error) : resolve(verdict)));
  });
}

/** An RSA key takes seconds, which another thread spends; a curve's takes less time than asking one. */
function generateNative(crypto: NodeCrypto, spec: PairSpec): Promise<PairBytes> | undefined {
  const { modulusBytes } = KEY_SPECS[spec];
  const namedCurve = NAMED_CURVES[spec];
  if (modulusBytes !== undefined) return generateRsa(crypto, modulusBytes * 8);
  if (namedCurve !== undefined) {
    return made(
      crypto.generateKeyPairSync("ec", {
        namedCurve,
        paramEncoding: "named",
        publicKeyEncoding: SPKI,
        privateKeyEncoding: PKCS8,
      }),
    );
  }
  return spec === "ECC_NIST_EDWARDS25519"
    ? made(crypto.generateKeyPairSync("ed25519", { publicKeyEncoding: SPKI, privateKeyEncoding: PKCS8 }))
    : undefined;
}

async function made({ publicKey, privateKey }: PairBytes): Promise<PairBytes> {
  return { publicKey: plain(publicKey), privateKey: plain(privateKey) };
}

function generateRsa(crypto: NodeCrypto, modulusLength: number): Promise<PairBytes> {
  return new Promise((resolve, reject) => {
    crypto.generateKeyPair(
      "rsa",
      { modulusLength, publicKeyEncoding: SPKI, privateKeyEncoding: PKCS8 },
      (error, publicKey, privateKey) => (error ? reject(error) : resolve(made({ publicKey, privateKey }))),
    );
  });
}

class NodePair implements KeyPair {
  readonly #crypto: NodeCrypto;
  readonly #random: Random;
  readonly #holdsRawKeys: boolean;
  readonly #spec: PairSpec;
  readonly #bytes: PairBytes;
  readonly #noble: NoblePair;
  #private: KeyObject | undefined;
  #public: KeyObject | undefined;

  constructor(
    crypto: NodeCrypto,
    random: Random,
    holdsRawKeys: boolean,
    spec: PairSpec,
    { publicKey, privateKey }: PairBytes,
  ) {
    this.#crypto = crypto;
    this.#random = random;
    this.#holdsRawKeys = holdsRawKeys;
    this.#spec = spec;
    this.#bytes = { publicKey: copyView(publicKey), privateKey: copyView(privateKey) };
    this.#noble = new NoblePair(spec as RawSpec, this.#bytes);
  }

  async sign(algorithm: SigningAlgorithm, message: Uint8Array, type: MessageType): Promise<Uint8Array> {
    const { scheme } = SIGNING_ALGORITHMS[algorithm];
    if (scheme === "ml-dsa" || scheme === "ed25519ph") return this.#noble.sign(message, type);
    if (type === "RAW") return plain(this.#crypto.sign(hashOf(algorithm), message, this.#options(algorithm, true)));
    if (scheme === "ecdsa") return this.#noble.sign(message, type);
    return plain(this.#crypto.privateEncrypt(this.#raw(true), this.#encode(algorithm, message)));
  }

  async verify(
    algorithm: SigningAlgorithm,
    message: Uint8Array,
    type: MessageType,
    signature: Uint8Array,
  ): Promise<boolean> {
    const { scheme } = SIGNING_ALGORITHMS[algorithm];
    if (scheme === "ml-dsa" || scheme === "ed25519ph") return this.#noble.verify(message, type, signature);
    if (!hasLengthOfKey(this.#spec, signature)) return false;
    if (type === "RAW") {
      const options = this.#options(algorithm, false);
      try {
        return this.#crypto.verify(hashOf(algorithm), message, options, signature);
      } catch {
        return false;
      }
    }
    if (scheme === "ecdsa") return this.#noble.verify(message, type, signature);
    return this.#verifyRsa(algorithm, message, signature);
  }

  async encrypt(algorithm: OaepAlgorithm, plaintext: Uint8Array): Promise<Uint8Array> {
    return plain(this.#crypto.publicEncrypt(this.#oaep(algorithm, this.#publicKey()), plaintext));
  }

  async decrypt(algorithm: OaepAlgorithm, ciphertext: Uint8Array): Promise<Uint8Array | undefined> {
    const options = this.#oaep(algorithm, this.#privateKey());
    if (!hasLengthOfKey(this.#spec, ciphertext)) return undefined;
    try {
      return plain(this.#crypto.privateDecrypt(options, ciphertext));
    } catch {
      return undefined;
    }
  }

  async agree(peerPublicKey: Uint8Array): Promise<Uint8Array | undefined> {
    const privateKey = this.#privateKey();
    if (unwrapPublicKey(this.#spec as RawSpec, peerPublicKey) === undefined) return undefined;
    try {
      // Parsing checks that the point is on the curve.
      const publicKey = this.#parsePublic(peerPublicKey);
      return plain(this.#crypto.diffieHellman({ privateKey, publicKey }));
    } catch {
      return undefined;
    }
  }

  encapsulate(): Promise<{ readonly sharedSecret: Uint8Array; readonly ciphertext: Uint8Array }> {
    return this.#noble.encapsulate();
  }

  decapsulate(ciphertext: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#noble.decapsulate(ciphertext);
  }

  destroy(): void {
    this.#noble.destroy();
    this.#bytes.privateKey.fill(0);
    this.#private = undefined;
  }

  #privateKey(): KeyObject {
    this.#private ??= this.#crypto.createPrivateKey({
      key: this.#bytes.privateKey as Buffer,
      format: "der",
      type: "pkcs8",
    });
    return this.#private;
  }

  #publicKey(): KeyObject {
    this.#public ??= this.#parsePublic(this.#bytes.publicKey);
    return this.#public;
  }

  #parsePublic(spki: Uint8Array): KeyObject {
    return this.#crypto.createPublicKey({ key: spki as Buffer, format: "der", type: "spki" });
  }

  #options(algorithm: SigningAlgorithm, isPrivate: boolean): KeyObject | NodeModule.SignKeyObjectInput {
    const key = isPrivate ? this.#privateKey() : this.#publicKey();
    if (SIGNING_ALGORITHMS[algorithm].scheme !== "rsa-pss") return key;
    const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = this.#crypto.constants;
    return { key, padding, saltLength };
  }

  #oaep(algorithm: OaepAlgorithm, key: KeyObject) {
    const padding = this.#crypto.constants.RSA_PKCS1_OAEP_PADDING;
    return { key, padding, oaepHash: nodeName(OAEP_HASHES[algorithm].hash) };
  }

  #raw(isPrivate: boolean) {
    const padding = this.#crypto.constants.RSA_NO_PADDING;
    if (this.#holdsRawKeys) return { key: isPrivate ? this.#privateKey() : this.#publicKey(), padding };
    const { publicKey, privateKey } = this.#bytes;
    const [key, type] = isPrivate ? ([privateKey, "pkcs8"] as const) : ([publicKey, "spki"] as const);
    return { key: key as Buffer, format: "der" as const, type, padding };
  }

  #hash(hash: DigestName): HashFunction {
    return (...parts) => {
      const hashing = this.#crypto.createHash(nodeName(hash));
      for (const part of parts) hashing.update(part);
      return hashing.digest();
    };
  }

  /** What RSA signs; of PSS with the given salt, or a new one. */
  #encode(algorithm: SigningAlgorithm, digest: Uint8Array, givenSalt?: Uint8Array): Uint8Array {
    const { scheme, hash } = SIGNING_ALGORITHMS[algorithm] as { scheme: string; hash: DigestName };
    const lengthBytes = KEY_SPECS[this.#spec].modulusBytes!;
    if (scheme === "rsa-pkcs1") return encodePkcs1(hash, digest, lengthBytes);
    const salt = givenSalt ?? new Uint8Array(digest.length);
    if (givenSalt === undefined) this.#random.fill(salt);
    return encodePss(this.#hash(hash), digest, salt, lengthBytes);
  }

  #verifyRsa(algorithm: SigningAlgorithm, digest: Uint8Array, signature: Uint8Array): boolean {
    const options = this.#raw(false);
    let encoded: Uint8Array;
    try {
      encoded = this.#crypto.publicDecrypt(options, signature);
    } catch {
      return false; // Not below the modulus.
    }
    const { scheme, hash } = SIGNING_ALGORITHMS[algorithm] as { scheme: string; hash: DigestName };
    const salt = scheme === "rsa-pss" ? saltOfPss(this.#hash(hash), encoded, digest.length) : undefined;
    return equalBytes(this.#encode(algorithm, digest, salt), encoded);
  }
}

/** The hash that node:crypto is asked for; Ed25519 has its own. */
function hashOf(algorithm: SigningAlgorithm): string | null {
  const row = SIGNING_ALGORITHMS[algorithm];
  return "hash" in row && row.scheme !== "ed25519ph" ? nodeName(row.hash) : null;
}
