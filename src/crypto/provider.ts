/**
 * The cryptography that the floors above the core ask for. `wasm.ts` answers with the WebAssembly core, `node.ts`
 * with the runtime's native cipher where that is faster; both pass one suite. Symmetric work is synchronous.
 */

import type { Aead, DerivationKey, Hashes, HashName } from "../core/core.ts";

export type { Aead, HashName };

/** HKDF-Expand (RFC 5869 section 2.3) from one pseudorandom key, extracted once and held in the provider. */
export type Deriver = DerivationKey;

/** Any number of keys may be held at a time: those used last lie expanded in the core, the others wait outside of it. */
export interface CryptoProvider extends Omit<Hashes, "importDerivationKey" | "importPseudorandomKey"> {
  /** AES-GCM; `key` has 16, 24 or 32 bytes, is copied, and the caller may wipe it at once. */
  aead(key: Uint8Array): Aead;
  /** HKDF-Extract now, expand many times. The output of `expand` is the caller's to wipe. */
  deriver(hash: HashName, secret: Uint8Array, salt: Uint8Array): Deriver;
}

/** Compares two byte strings of public length without a data-dependent branch. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}
