/**
 * AES key wrap with padding (RFC 5649) of the core, as JavaScript sees it. Every call leaves the window wiped. Time depends
 * on the lengths that go in and, of what unwraps, on the length of the key.
 */
import { copyInto, lengthOf, lengthOfKey } from "../byte-views.ts";
import { secretBytes } from "../secret-bytes.ts";
import { type Abi, CHUNK_BYTES } from "./abi.ts";

/** Where the window has what is wrapped, after room for the KEK, and where the key itself begins. */
const WRAPPED_AT = 32;
const KEY_AT = 40;
const BLOCK_BYTES = 8;
const MIN_WRAPPED_BYTES = 16;
const MAX_KEY_BYTES = CHUNK_BYTES - 56;
const MAX_WRAPPED_BYTES = CHUNK_BYTES - 40;

/** @throws {RangeError} for a KEK that has not 16, 24 or 32 bytes, a key of none or of more than 65,480 */
export function wrapKey({ exports, input }: Abi, kek: Uint8Array, key: Uint8Array): Uint8Array {
  const kekBytes = lengthOfKey(kek);
  const keyBytes = lengthOf("key", key);
  if (keyBytes === 0 || keyBytes > MAX_KEY_BYTES) {
    throw new RangeError(`key has ${keyBytes} bytes: 1 to ${MAX_KEY_BYTES} can be wrapped.`);
  }
  try {
    copyInto(input, kek, kekBytes);
    copyInto(input, key, keyBytes, KEY_AT);
    const wrappedBytes = exports.keyWrap(kekBytes, keyBytes);
    return input.slice(WRAPPED_AT, WRAPPED_AT + wrappedBytes);
  } finally {
    input.fill(0, 0, KEY_AT + keyBytes + BLOCK_BYTES);
  }
}

/** @throws {RangeError} for a KEK that has not 16, 24 or 32 bytes */
export function unwrapKey({ exports, input }: Abi, kek: Uint8Array, wrapped: Uint8Array): Uint8Array | undefined {
  const kekBytes = lengthOfKey(kek);
  const wrappedBytes = lengthOf("wrapped", wrapped);
  if (wrappedBytes % BLOCK_BYTES !== 0 || wrappedBytes < MIN_WRAPPED_BYTES || wrappedBytes > MAX_WRAPPED_BYTES) {
    return undefined;
  }
  try {
    copyInto(input, kek, kekBytes);
    copyInto(input, wrapped, wrappedBytes, WRAPPED_AT);
    const keyBytes = exports.keyUnwrap(kekBytes, wrappedBytes);
    if (keyBytes < 0) return undefined;
    const key = secretBytes(keyBytes);
    copyInto(key, input.subarray(KEY_AT, KEY_AT + keyBytes), keyBytes);
    return key;
  } finally {
    input.fill(0, 0, WRAPPED_AT + wrappedBytes);
  }
}
