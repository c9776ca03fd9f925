/**
 * Asymmetric keys, as a runtime offers them: its own cryptography where it has the algorithm, a well-kept library where
 * it has not (ARCHITECTURE.md, "Libraries"). Public keys are SubjectPublicKeyInfo and private keys PKCS#8, both DER, so
 * that any other software opens them. Signatures of ECDSA are DER; the salt of PSS is as long as the hash.
 *
 * A refusal of cryptography is a value: `false` or `undefined`. Everything is asynchronous, since WebCrypto is.
 */
import type { MessageType, OaepAlgorithm, PairSpec, SigningAlgorithm } from "./algorithms.ts";

export interface PairBytes {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** PKCS#8, DER: secret, and the holder's to wipe. */
  readonly privateKey: Uint8Array;
}

/**
 * A key pair in use. Inputs are read before the promise resolves and are the caller's to wipe after that; results are
 * the caller's. A method that the spec has no algorithm for is never called: the kernel has judged usage and algorithm.
 */
export interface KeyPair {
  /** @param type what `message` is; its length has been checked */
  sign(algorithm: SigningAlgorithm, message: Uint8Array, type: MessageType): Promise<Uint8Array>;
  /** `false` for every signature that does not verify, whatever its form. */
  verify(algorithm: SigningAlgorithm, message: Uint8Array, type: MessageType, signature: Uint8Array): Promise<boolean>;
  /** RSAES-OAEP; `plaintext` is short enough for the key. */
  encrypt(algorithm: OaepAlgorithm, plaintext: Uint8Array): Promise<Uint8Array>;
  /** `undefined` for every ciphertext that does not open. */
  decrypt(algorithm: OaepAlgorithm, ciphertext: Uint8Array): Promise<Uint8Array | undefined>;
  /** ECDH: the x coordinate. `undefined` if this is no public key of the same curve. */
  agree(peerPublicKey: Uint8Array): Promise<Uint8Array | undefined>;
  /** ML-KEM (FIPS 203). */
  encapsulate(): Promise<{ readonly sharedSecret: Uint8Array; readonly ciphertext: Uint8Array }>;
  /** `undefined` for a ciphertext of another length; any other opens, to another secret if it was changed. */
  decapsulate(ciphertext: Uint8Array): Promise<Uint8Array | undefined>;
  /** Wipes what can be wiped. Idempotent. */
  destroy(): void;
}

export interface KeyPairs {
  /** A new pair from the runtime's entropy. */
  generate(spec: PairSpec): Promise<PairBytes>;
  /**
   * The pair of a private key (PKCS#8) that somebody else has made; `undefined` unless it is sound and of this spec. ML
   * keys are not taken.
   */
  read(spec: PairSpec, pkcs8: Uint8Array): Promise<PairBytes | undefined>;
  /** Takes a copy of the bytes, which the caller may wipe. Keys are parsed when they are first used. */
  open(spec: PairSpec, bytes: PairBytes): KeyPair;
}
