/**
 * What the runtimes lack, by the noble libraries: ECDSA over a digest, secp256k1 outside of Node.js, Ed25519ph, ML-DSA
 * and ML-KEM. The libraries are loaded when a key first needs them. Their entropy is the runtime's own, and signatures
 * are hedged with it. SECURITY.md tells what they promise of timing.
 */
import { copyView, viewOf } from "../byte-views.ts";
import type { Random } from "../env.ts";
import { secretBytes } from "../secret-bytes.ts";
import type { MessageType } from "./algorithms.ts";
import { type RawSpec, unwrapPrivateKey, unwrapPublicKey, wrapPrivateKey, wrapPublicKey } from "./key-encodings.ts";
import type { PairBytes } from "./key-pairs.ts";

interface RawPair {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** What one spec can do, over raw keys. What throws in `verify` does not verify. */
interface Scheme {
  keygen(random: Random): RawPair;
  /** The public key of a raw private key. @throws for what is none */
  publicKey?(secretKey: Uint8Array): Uint8Array;
  /** The private key in the form that the others take, if that is not its raw form. */
  expand?(raw: Uint8Array): Uint8Array;
  sign?(type: MessageType, message: Uint8Array, privateKey: Uint8Array): Uint8Array;
  verify?(type: MessageType, message: Uint8Array, publicKey: Uint8Array, signature: Uint8Array): boolean;
  agree?(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array;
  encapsulate?(publicKey: Uint8Array): { sharedSecret: Uint8Array; ciphertext: Uint8Array };
  /** `undefined` for another length. */
  decapsulate?(ciphertext: Uint8Array, privateKey: Uint8Array): Uint8Array | undefined;
}

type Curve = "p256" | "p384" | "p521" | "secp256k1";

async function curveScheme(name: Curve): Promise<Scheme> {
  const ecdsa =
    name === "secp256k1"
      ? (await import("@noble/curves/secp256k1.js")).secp256k1
      : (await import("@noble/curves/nist.js"))[name];
  // Each curve's own hash is the one of its only algorithm. Neither AWS KMS nor OpenSSL wants a low s.
  const options = (type: MessageType) => ({ prehash: type === "RAW", lowS: false, format: "der" as const });
  return {
    keygen: () => {
      const secretKey = ecdsa.utils.randomSecretKey();
      return { secretKey, publicKey: ecdsa.getPublicKey(secretKey, false) };
    },
    publicKey: (secretKey) => ecdsa.getPublicKey(secretKey, false),
    sign: (type, message, key) => ecdsa.sign(message, key, { ...options(type), extraEntropy: true }),
    verify: (type, message, key, signature) => ecdsa.verify(signature, message, key, options(type)),
    // The first byte of a shared point says that it is not compressed.
    agree: (key, peer) => taken(ecdsa.getSharedSecret(key, peer, false), 1, (peer.length - 1) / 2),
  };
}

async function ed25519Scheme(): Promise<Scheme> {
  const [{ ed25519 }, { eddsa }, { sha512 }] = await Promise.all([
    import("@noble/curves/ed25519.js"),
    import("@noble/curves/abstract/edwards.js"),
    import("@noble/hashes/sha2.js"),
  ]);
  const prefix = new TextEncoder().encode("SigEd25519 no Ed25519 collisions");
  // The library's own Ed25519ph but that it is given the digest. Source: RFC 8032 section 5.1.
  const ed25519ph = eddsa(ed25519.Point, sha512, {
    adjustScalarBytes(bytes: Uint8Array) {
      bytes[0]! &= 248;
      bytes[31] = (bytes[31]! & 127) | 64;
      return bytes;
    },
    domain: (data: Uint8Array, context: Uint8Array, isPrehashed: boolean) =>
      Uint8Array.from([...prefix, isPrehashed ? 1 : 0, context.length, ...context, ...data]),
    prehash: (digest: Uint8Array) => Uint8Array.from(digest),
    zip215: false,
  });
  const of = (type: MessageType) => (type === "DIGEST" ? ed25519ph : ed25519);
  return {
    keygen: () => ed25519.keygen(),
    publicKey: (secretKey) => ed25519.getPublicKey(secretKey),
    sign: (type, message, key) => of(type).sign(message, key),
    verify: (type, message, key, signature) => of(type).verify(signature, message, key, { zip215: false }),
  };
}

async function mlDsaScheme(name: "ml_dsa44" | "ml_dsa65" | "ml_dsa87"): Promise<Scheme> {
  const mlDsa = (await import("@noble/post-quantum/ml-dsa.js"))[name];
  return {
    keygen: (random) => seededPair(random, 32, mlDsa.keygen),
    expand: (seed) => mlDsa.keygen(seed).secretKey,
    sign: (type, message, key) =>
      type === "EXTERNAL_MU" ? mlDsa.internal.sign(message, key, { externalMu: true }) : mlDsa.sign(message, key),
    verify: (type, message, key, signature) =>
      type === "EXTERNAL_MU"
        ? mlDsa.internal.verify(signature, message, key, { externalMu: true })
        : mlDsa.verify(signature, message, key),
  };
}

async function mlKemScheme(name: "ml_kem512" | "ml_kem768" | "ml_kem1024"): Promise<Scheme> {
  const mlKem = (await import("@noble/post-quantum/ml-kem.js"))[name];
  return {
    keygen: (random) => seededPair(random, 64, mlKem.keygen),
    expand: (seed) => mlKem.keygen(seed).secretKey,
    encapsulate(publicKey) {
      const { sharedSecret, cipherText } = mlKem.encapsulate(publicKey);
      return { sharedSecret: taken(sharedSecret), ciphertext: cipherText };
    },
    decapsulate: (ciphertext, key) =>
      ciphertext.length === mlKem.lengths.cipherText ? taken(mlKem.decapsulate(ciphertext, key)) : undefined,
  };
}

/** A part of what a library computed, off the moving heap; all of the library's array is wiped. */
function taken(secret: Uint8Array, at = 0, lengthBytes = secret.length): Uint8Array {
  const copy = copyView(viewOf(secret, at, lengthBytes));
  secret.fill(0);
  return copy;
}

/** A pair whose private key is kept as the seed that it came from. */
function seededPair(random: Random, seedBytes: number, keygen: (seed: Uint8Array) => RawPair): RawPair {
  const seed = secretBytes(seedBytes);
  random.fill(seed);
  const { secretKey, publicKey } = keygen(seed);
  secretKey.fill(0);
  return { secretKey: seed, publicKey };
}

const SCHEMES: Readonly<Record<RawSpec, () => Promise<Scheme>>> = {
  ECC_NIST_P256: () => curveScheme("p256"),
  ECC_NIST_P384: () => curveScheme("p384"),
  ECC_NIST_P521: () => curveScheme("p521"),
  ECC_SECG_P256K1: () => curveScheme("secp256k1"),
  ECC_NIST_EDWARDS25519: ed25519Scheme,
  ML_DSA_44: () => mlDsaScheme("ml_dsa44"),
  ML_DSA_65: () => mlDsaScheme("ml_dsa65"),
  ML_DSA_87: () => mlDsaScheme("ml_dsa87"),
  ML_KEM_512: () => mlKemScheme("ml_kem512"),
  ML_KEM_768: () => mlKemScheme("ml_kem768"),
  ML_KEM_1024: () => mlKemScheme("ml_kem1024"),
};

const loaded: Partial<Record<RawSpec, Promise<Scheme>>> = {};
const schemeOf = (spec: RawSpec): Promise<Scheme> => (loaded[spec] ??= SCHEMES[spec]());

/** A new pair of a spec that the runtime cannot make one of. */
export async function generateNoble(spec: RawSpec, random: Random): Promise<PairBytes> {
  const { secretKey, publicKey } = (await schemeOf(spec)).keygen(random);
  const pair = { publicKey: wrapPublicKey(spec, publicKey), privateKey: wrapPrivateKey(spec, secretKey, publicKey) };
  secretKey.fill(0);
  return pair;
}

/** The raw public key of the private key of a curve. @throws for what is none: a scalar of zero, or beyond the order */
export async function publicKeyOf(spec: RawSpec, secretKey: Uint8Array): Promise<Uint8Array> {
  return (await schemeOf(spec)).publicKey!(secretKey);
}

/** One pair in use. It reads the bytes that it is given at each first use; they are their holder's to wipe. */
export class NoblePair {
  readonly #spec: RawSpec;
  readonly #bytes: PairBytes;
  #private: Uint8Array | undefined;
  #public: Uint8Array | undefined;

  constructor(spec: RawSpec, bytes: PairBytes) {
    this.#spec = spec;
    this.#bytes = bytes;
  }

  async sign(message: Uint8Array, type: MessageType): Promise<Uint8Array> {
    const scheme = await schemeOf(this.#spec);
    return scheme.sign!(type, message, this.#privateKey(scheme));
  }

  async verify(message: Uint8Array, type: MessageType, signature: Uint8Array): Promise<boolean> {
    const scheme = await schemeOf(this.#spec);
    const publicKey = this.#publicKey();
    try {
      return scheme.verify!(type, message, publicKey, signature);
    } catch {
      return false; // The libraries throw for some malformed signatures.
    }
  }

  async agree(peerPublicKey: Uint8Array): Promise<Uint8Array | undefined> {
    const scheme = await schemeOf(this.#spec);
    const privateKey = this.#privateKey(scheme);
    const peer = unwrapPublicKey(this.#spec, peerPublicKey);
    if (peer === undefined) return undefined;
    try {
      return scheme.agree!(privateKey, peer);
    } catch {
      return undefined; // No point of the curve.
    }
  }

  async encapsulate(): Promise<{ sharedSecret: Uint8Array; ciphertext: Uint8Array }> {
    return (await schemeOf(this.#spec)).encapsulate!(this.#publicKey());
  }

  async decapsulate(ciphertext: Uint8Array): Promise<Uint8Array | undefined> {
    const scheme = await schemeOf(this.#spec);
    return scheme.decapsulate!(ciphertext, this.#privateKey(scheme));
  }

  destroy(): void {
    this.#private?.fill(0);
    this.#private = undefined;
  }

  #privateKey(scheme: Scheme): Uint8Array {
    if (this.#private === undefined) {
      const raw = unwrapPrivateKey(this.#spec, this.#bytes.privateKey);
      this.#private = scheme.expand ? scheme.expand(raw) : copyView(raw);
    }
    return this.#private;
  }

  #publicKey(): Uint8Array {
    this.#public ??= unwrapPublicKey(this.#spec, this.#bytes.publicKey);
    if (this.#public === undefined) throw new Error(`A key is no public key of ${this.#spec}.`);
    return this.#public;
  }
}
