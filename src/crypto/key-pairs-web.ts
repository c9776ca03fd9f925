/**
 * Key pairs of edge runtimes and browsers: WebCrypto for what it has, noble's libraries for the rest. WebCrypto has no
 * raw RSA, which a signature over a digest needs: node:crypto does it where the runtime has that too.
 *
 * Pages that did not come over https have no WebCrypto: there are elliptic curves and lattices there, but no RSA.
 */
import { copyView } from "../byte-views.ts";
import type { Random } from "../env.ts";
import { KmsError } from "../errors.ts";
import {
  hasLengthOfKey,
  KEY_SPECS,
  type MessageType,
  OAEP_HASHES,
  type OaepAlgorithm,
  type PairSpec,
  SIGNING_ALGORITHMS,
  type SigningAlgorithm,
} from "./algorithms.ts";
import { pairFromPkcs8, primeTest } from "./foreign-keys.ts";
import { fromHex, type RawSpec, unwrapPublicKey, unwrapSignature, wrapSignature } from "./key-encodings.ts";
import type { KeyPair, KeyPairs, PairBytes } from "./key-pairs.ts";
import { generateNoble, NoblePair } from "./noble-keys.ts";

/** WebCrypto takes no view of shared memory; there is none among what the kernel hands over. */
type Bytes = Uint8Array<ArrayBuffer>;

/** What an edge runtime may have. */
export interface WebPlatform {
  readonly subtle: SubtleCrypto | undefined;
  readonly random: Random;
  /** The key pairs over the runtime's node:crypto, if it has one. */
  readonly node: () => KeyPairs | undefined;
}

const CURVES: Partial<Record<PairSpec, { readonly namedCurve: string; readonly fieldBytes: number }>> = {
  ECC_NIST_P256: { namedCurve: "P-256", fieldBytes: 32 },
  ECC_NIST_P384: { namedCurve: "P-384", fieldBytes: 48 },
  ECC_NIST_P521: { namedCurve: "P-521", fieldBytes: 66 },
};
const ED25519 = { name: "Ed25519" };
/** The base point, which every runtime with Ed25519 takes for a public key. */
const ED25519_BASE = fromHex(`58${"66".repeat(31)}`) as Bytes;

/** The key pairs of a runtime whose cryptography is WebCrypto. */
export function webKeyPairs(platform: WebPlatform): KeyPairs {
  let hasEd25519: Promise<boolean> | undefined;
  const probe = (): Promise<boolean> =>
    (hasEd25519 ??= Promise.resolve(
      platform.subtle?.importKey("raw", ED25519_BASE, ED25519, false, ["verify"]).then(
        () => true,
        () => false,
      ) ?? false,
    ));
  return {
    async generate(spec) {
      const { subtle, random } = platform;
      const isRsa = KEY_SPECS[spec].modulusBytes !== undefined;
      if (subtle === undefined && isRsa) return (platform.node() ?? refuseRsa(subtle)).generate(spec);
      const isNative = isRsa || spec in CURVES || (spec === "ECC_NIST_EDWARDS25519" && (await probe()));
      return subtle && isNative ? generateNative(subtle, spec) : generateNoble(spec as RawSpec, random);
    },
    read: (spec, pkcs8) => pairFromPkcs8(spec, pkcs8, primeTest(platform.random)),
    open: (spec, bytes) => new WebPair(platform, probe, spec, bytes),
  };
}

async function generateNative(subtle: SubtleCrypto, spec: PairSpec): Promise<PairBytes> {
  const { modulusBytes } = KEY_SPECS[spec];
  const exponent = { publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" };
  const curve = CURVES[spec];
  const algorithm =
    modulusBytes !== undefined
      ? { name: "RSA-PSS", modulusLength: modulusBytes * 8, ...exponent }
      : curve
        ? { name: "ECDSA", namedCurve: curve.namedCurve }
        : ED25519;
  const { publicKey, privateKey } = (await subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
  const [spki, pkcs8] = await Promise.all([subtle.exportKey("spki", publicKey), subtle.exportKey("pkcs8", privateKey)]);
  return { publicKey: new Uint8Array(spki), privateKey: new Uint8Array(pkcs8) };
}

/** What to do where node:crypto would be needed and is not there. */
function refuseRsa(subtle: SubtleCrypto | undefined): never {
  const node = "turn node:crypto on (in Workers, the compatibility flag nodejs_compat)";
  const message = subtle
    ? `This runtime has no raw RSA, which an RSA signature over a digest needs: use MessageType RAW, or ${node}.`
    : `This page has no WebCrypto, which RSA needs: serve it over https, or ${node}.`;
  throw new KmsError("UnsupportedOperationException", message);
}

class WebPair implements KeyPair {
  readonly #platform: WebPlatform;
  readonly #hasEd25519: () => Promise<boolean>;
  readonly #spec: PairSpec;
  readonly #bytes: PairBytes;
  readonly #noble: NoblePair;
  /** By use: WebCrypto binds a key to one algorithm and hash. */
  readonly #keys = new Map<string, Promise<CryptoKey>>();
  #node: KeyPair | undefined;

  constructor(platform: WebPlatform, hasEd25519: () => Promise<boolean>, spec: PairSpec, bytes: PairBytes) {
    this.#platform = platform;
    this.#hasEd25519 = hasEd25519;
    this.#spec = spec;
    this.#bytes = { publicKey: copyView(bytes.publicKey), privateKey: copyView(bytes.privateKey) };
    this.#noble = new NoblePair(spec as RawSpec, this.#bytes);
  }

  async sign(algorithm: SigningAlgorithm, message: Uint8Array, type: MessageType): Promise<Uint8Array> {
    const way = await this.#wayOf(algorithm, type);
    if (way === "noble") return this.#noble.sign(message, type);
    if (way === "node") return this.#onNode().sign(algorithm, message, type);
    const key = await this.#key(way.algorithm, "sign");
    const signature = new Uint8Array(await way.subtle.sign(way.algorithm, key, message as Bytes));
    return way.algorithm.name === "ECDSA" ? wrapSignature(signature) : signature;
  }

  async verify(
    algorithm: SigningAlgorithm,
    message: Uint8Array,
    type: MessageType,
    signature: Uint8Array,
  ): Promise<boolean> {
    const way = await this.#wayOf(algorithm, type);
    if (way === "noble") return this.#noble.verify(message, type, signature);
    if (way === "node") return this.#onNode().verify(algorithm, message, type, signature);
    const key = await this.#key(way.algorithm, "verify");
    const half = CURVES[this.#spec]?.fieldBytes;
    const given = half === undefined ? signature : unwrapSignature(signature, half);
    if (given === undefined || !hasLengthOfKey(this.#spec, signature)) return false;
    try {
      return await way.subtle.verify(way.algorithm, key, given as Bytes, message as Bytes);
    } catch {
      return false;
    }
  }

  async encrypt(algorithm: OaepAlgorithm, plaintext: Uint8Array): Promise<Uint8Array> {
    const { subtle } = this.#platform;
    if (subtle === undefined) return this.#onNode().encrypt(algorithm, plaintext);
    const oaep = { name: "RSA-OAEP", hash: OAEP_HASHES[algorithm].hash };
    return new Uint8Array(await subtle.encrypt(oaep, await this.#key(oaep, "encrypt"), plaintext as Bytes));
  }

  async decrypt(algorithm: OaepAlgorithm, ciphertext: Uint8Array): Promise<Uint8Array | undefined> {
    const { subtle } = this.#platform;
    if (subtle === undefined) return this.#onNode().decrypt(algorithm, ciphertext);
    const oaep = { name: "RSA-OAEP", hash: OAEP_HASHES[algorithm].hash };
    const key = await this.#key(oaep, "decrypt");
    if (!hasLengthOfKey(this.#spec, ciphertext)) return undefined;
    try {
      return new Uint8Array(await subtle.decrypt(oaep, key, ciphertext as Bytes));
    } catch {
      return undefined;
    }
  }

  async agree(peerPublicKey: Uint8Array): Promise<Uint8Array | undefined> {
    const { subtle } = this.#platform;
    const curve = CURVES[this.#spec];
    if (subtle === undefined || curve === undefined) return this.#noble.agree(peerPublicKey);
    const ecdh = { name: "ECDH", namedCurve: curve.namedCurve };
    const key = await this.#key(ecdh, "deriveBits");
    const point = unwrapPublicKey(this.#spec as RawSpec, peerPublicKey);
    if (point === undefined) return undefined;
    try {
      const peer = await subtle.importKey("raw", point as Bytes, ecdh, false, []);
      return new Uint8Array(await subtle.deriveBits({ name: "ECDH", public: peer }, key, curve.fieldBytes * 8));
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
    this.#node?.destroy();
    this.#bytes.privateKey.fill(0);
    this.#keys.clear();
  }

  /** Who signs and verifies: WebCrypto, with which algorithm; or one of the others. */
  async #wayOf(algorithm: SigningAlgorithm, type: MessageType) {
    const { subtle } = this.#platform;
    const row = SIGNING_ALGORITHMS[algorithm];
    if (row.scheme === "rsa-pkcs1" || row.scheme === "rsa-pss") {
      if (type === "DIGEST" || subtle === undefined) return "node";
      const name = row.scheme === "rsa-pss" ? "RSA-PSS" : "RSASSA-PKCS1-v1_5";
      return { subtle, algorithm: { name, hash: row.hash, saltLength: row.digestBytes } };
    }
    if (type !== "RAW" || subtle === undefined) return "noble";
    const curve = CURVES[this.#spec];
    if (curve && row.scheme === "ecdsa") {
      return { subtle, algorithm: { name: "ECDSA", hash: row.hash, namedCurve: curve.namedCurve } };
    }
    return row.scheme === "ed25519" && (await this.#hasEd25519()) ? { subtle, algorithm: ED25519 } : "noble";
  }

  #onNode(): KeyPair {
    const node = this.#platform.node() ?? refuseRsa(this.#platform.subtle);
    return (this.#node ??= node.open(this.#spec, this.#bytes));
  }

  #key(algorithm: { readonly name: string; readonly hash?: string }, usage: KeyUsage): Promise<CryptoKey> {
    const use = `${algorithm.name} ${algorithm.hash} ${usage}`;
    const isPublic = usage === "verify" || usage === "encrypt";
    const bytes = (isPublic ? this.#bytes.publicKey : this.#bytes.privateKey) as Bytes;
    const importing = () =>
      this.#platform.subtle!.importKey(isPublic ? "spki" : "pkcs8", bytes, algorithm, false, [usage]);
    const key = this.#keys.get(use) ?? importing();
    this.#keys.set(use, key);
    return key;
  }
}
