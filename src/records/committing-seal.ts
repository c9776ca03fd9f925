/**
 * Authenticated encryption that commits to its key and its context: what opens, opens under one key, at one place.
 * AES-256-GCM (SP 800-38D) under a key that HKDF (RFC 5869) derives for this one message, so that a random nonce is
 * never needed and never repeats. Each form that uses it adds its own prefix and context.
 *
 *   offset   length  field
 *   0        p       prefix: format, key term, whatever the form says
 *   p        32      salt, random
 *   p + 32   32      commitment
 *   p + 64   n       ciphertext
 *   p+64+n   16      tag
 *
 *   key (32) | nonce (12) | commitment (32) = HKDF-Expand(PRK, context | prefix | salt)
 *   AAD = bytes 0 to p + 63, then context
 *
 * The context starts with a label of the form and delimits itself, so no two (form, context, prefix) give one input.
 * Opening compares the commitment in constant time, then the tag; both refusals are one `undefined`.
 */
import { type Aead, type Deriver, type Engine, equalBytes } from "../crypto/engine.ts";
import type { Random } from "../env.ts";
import { concatBytes } from "./encoding.ts";

const SALT_BYTES = 32;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const COMMITMENT_BYTES = 32;
const TAG_BYTES = 16;

/** What a sealed form has more than its prefix and its plaintext. */
export const SEAL_OVERHEAD_BYTES = SALT_BYTES + COMMITMENT_BYTES + TAG_BYTES;

/** The key that messages are derived from, and what binds them to their place. */
export interface SealKey {
  readonly crypto: Engine;
  readonly deriver: Deriver;
}

/** Returns `prefix.length + plaintext.length + SEAL_OVERHEAD_BYTES` bytes. The caller wipes the plaintext. */
export function seal(
  { crypto, deriver }: SealKey,
  random: Random,
  prefix: Uint8Array,
  context: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const sealed = new Uint8Array(prefix.length + SEAL_OVERHEAD_BYTES + plaintext.length);
  const saltEnd = prefix.length + SALT_BYTES;
  const headEnd = saltEnd + COMMITMENT_BYTES;
  sealed.set(prefix);
  random.fill(sealed.subarray(prefix.length, saltEnd));
  const keys = deriver.expand(
    concatBytes(context, sealed.subarray(0, saltEnd)),
    KEY_BYTES + NONCE_BYTES + COMMITMENT_BYTES,
  );
  try {
    sealed.set(keys.subarray(KEY_BYTES + NONCE_BYTES), saltEnd);
    const aad = concatBytes(sealed.subarray(0, headEnd), context);
    withAead(crypto, keys, (aead, nonce) => aead.seal(nonce, plaintext, aad, sealed.subarray(headEnd)));
    return sealed;
  } finally {
    keys.fill(0);
  }
}

/** Returns the plaintext, which the caller wipes, or `undefined` if the bytes are not of this key and this context. */
export function unseal(
  { crypto, deriver }: SealKey,
  prefixBytes: number,
  context: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length < prefixBytes + SEAL_OVERHEAD_BYTES) return undefined;
  const saltEnd = prefixBytes + SALT_BYTES;
  const headEnd = saltEnd + COMMITMENT_BYTES;
  const keys = deriver.expand(
    concatBytes(context, sealed.subarray(0, saltEnd)),
    KEY_BYTES + NONCE_BYTES + COMMITMENT_BYTES,
  );
  try {
    if (!equalBytes(keys.subarray(KEY_BYTES + NONCE_BYTES), sealed.subarray(saltEnd, headEnd))) return undefined;
    const aad = concatBytes(sealed.subarray(0, headEnd), context);
    return withAead(crypto, keys, (aead, nonce) => aead.open(nonce, sealed.subarray(headEnd), aad));
  } finally {
    keys.fill(0);
  }
}

function withAead<T>(crypto: Engine, keys: Uint8Array, use: (aead: Aead, nonce: Uint8Array) => T): T {
  const aead = crypto.aead(keys.subarray(0, KEY_BYTES));
  try {
    return use(aead, keys.subarray(KEY_BYTES, KEY_BYTES + NONCE_BYTES));
  } finally {
    aead.destroy();
  }
}
