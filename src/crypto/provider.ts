/**
 * The cryptography that the floors above the core ask for. `wasm.ts` answers with the WebAssembly core, `node.ts`
 * with the runtime's native cipher where that is faster; both pass one suite. Symmetric work is synchronous.
 */

import type { Aead } from "../core/key.ts";

export type { Aead } from "../core/key.ts";

export type HashName = "SHA-256" | "SHA-384" | "SHA-512";

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
