/**
 * The cryptography that the floors above the core ask for. `wasm.ts` answers with the WebAssembly core, `node.ts`
 * with the runtime's native cipher where that is faster; both pass one suite. Symmetric work is synchronous.
 */

export type HashName = "SHA-256" | "SHA-384" | "SHA-512";

/** AES-GCM under one key (SP 800-38D): 12-byte nonces, 16-byte tags. The caller never repeats a nonce. */
export interface Aead {
  /**
   * Returns `plaintext.length + 16` bytes, ciphertext then tag: `out` cut to that length where it was given (it may
   * be longer, and may not overlap the plaintext), else a new array.
   */
  seal(nonce: Uint8Array, plaintext: Uint8Array, aad?: Uint8Array, out?: Uint8Array): Uint8Array;
  /** Returns the plaintext, or `undefined` (and leaves `out` as it was) if the bytes do not authenticate. */
  open(nonce: Uint8Array, sealed: Uint8Array, aad?: Uint8Array, out?: Uint8Array): Uint8Array | undefined;
  /** Wipes the expanded key. Any later call on this object throws. */
  destroy(): void;
}

/** HKDF-Expand (RFC 5869 section 2.3) from one pseudorandom key, extracted once and held in the provider. */
export interface Deriver {
  /** Returns `lengthBytes` (at most 255 hash lengths) of output key material in a new array that the caller wipes. */
  expand(info: Uint8Array, lengthBytes: number): Uint8Array;
  destroy(): void;
}

export interface CryptoProvider {
  /** `key` has 16, 24 or 32 bytes; it is copied and the caller may wipe it at once. */
  aead(key: Uint8Array): Aead;
  hash(hash: HashName, data: Uint8Array): Uint8Array;
  hmac(hash: HashName, key: Uint8Array, data: Uint8Array): Uint8Array;
  /** HKDF-Extract now, expand many times. */
  deriver(hash: HashName, secret: Uint8Array, salt: Uint8Array): Deriver;
  /** Extract and expand in one call (RFC 5869). */
  hkdf(hash: HashName, secret: Uint8Array, salt: Uint8Array, info: Uint8Array, lengthBytes: number): Uint8Array;
}

/** Compares two byte strings of public length without a data-dependent branch. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}
