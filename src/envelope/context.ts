/**
 * The encryption context: pairs of text that are bound to the data key and to the header, and stored readable.
 * Serialized as u16 count, then u16|key, u16|value for each pair, in the order of the keys' UTF-8 bytes; no pairs are
 * no bytes. Source: aws-encryption-sdk-specification, framework/structures.md and data-format/message-header.md.
 */
import { compareBytes } from "../byte-views.ts";
import { decodeText, encodeText, readU16, writeU16 } from "./bytes.ts";
import { MAX_FIELD_BYTES, RESERVED_CONTEXT_PREFIX } from "./format.ts";

/** Pairs of text, as callers give them and as messages return them (then frozen and without a prototype). */
export type Context = Readonly<Record<string, string>>;

/**
 * Copies a caller's context by its own properties.
 * @throws {TypeError} where it is not an object of strings, or a text holds half of a surrogate pair.
 */
export function copyContext(given: Context | undefined): Context {
  const context: Record<string, string> = Object.create(null);
  if (given === undefined) return Object.freeze(context);
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new TypeError("The encryption context must be an object whose values are strings.");
  }
  for (const key of Object.keys(given)) {
    const value: unknown = given[key];
    if (typeof value !== "string") {
      throw new TypeError(`The value of "${key}" in the encryption context must be a string, not ${typeof value}.`);
    }
    if (encodeText(key) === undefined || encodeText(value) === undefined) {
      throw new TypeError("A text in the encryption context holds half of a surrogate pair, which UTF-8 cannot write.");
    }
    context[key] = value;
  }
  return Object.freeze(context);
}

/**
 * Copies a context that a new message will carry.
 * @throws {TypeError} as `copyContext`, and where a key begins with `aws-crypto-`, which belongs to the format.
 */
export function copyContextToSeal(given: Context | undefined): Context {
  const context = copyContext(given);
  for (const key of Object.keys(context)) {
    if (key.startsWith(RESERVED_CONTEXT_PREFIX)) {
      throw new TypeError(`"${key}" begins with "${RESERVED_CONTEXT_PREFIX}", which is reserved: name it otherwise.`);
    }
  }
  return context;
}

/**
 * Serializes a context that `copyContext` made.
 * @throws {RangeError} where the whole is longer than a header's length field can say (65,535 bytes).
 */
export function encodeContext(context: Context): Uint8Array {
  const pairs = Object.keys(context).map((key) => ({ key: encodeText(key)!, value: encodeText(context[key]!)! }));
  if (pairs.length === 0) return new Uint8Array(0);
  pairs.sort((a, b) => compareBytes(a.key, b.key));
  const length = pairs.reduce((sum, { key, value }) => sum + 4 + key.length + value.length, 2);
  if (length > MAX_FIELD_BYTES) {
    throw new RangeError(`The encryption context takes ${length} bytes; a message has room for ${MAX_FIELD_BYTES}.`);
  }
  const bytes = new Uint8Array(length);
  writeU16(bytes, 0, pairs.length);
  let at = 2;
  for (const { key, value } of pairs) {
    for (const text of [key, value]) {
      writeU16(bytes, at, text.length);
      bytes.set(text, at + 2);
      at += 2 + text.length;
    }
  }
  return bytes;
}

/**
 * Reads a serialized context; `undefined` where it is malformed, names a key twice or has bytes left over. Any order
 * of the keys is accepted, since writers exist that sort by language, and the header's tag covers the bytes as stored.
 */
export function decodeContext(bytes: Uint8Array): Context | undefined {
  const context: Record<string, string> = Object.create(null);
  if (bytes.length === 0) return Object.freeze(context);
  if (bytes.length < 2) return undefined;
  const count = readU16(bytes, 0);
  let at = 2;
  const takeText = (): string | undefined => {
    if (at + 2 > bytes.length) return undefined;
    const start = at + 2;
    at = start + readU16(bytes, at);
    return at > bytes.length ? undefined : decodeText(bytes.subarray(start, at));
  };
  for (let i = 0; i < count; i++) {
    const key = takeText();
    const value = takeText();
    if (key === undefined || value === undefined || Object.hasOwn(context, key)) return undefined;
    context[key] = value;
  }
  return count > 0 && at === bytes.length ? Object.freeze(context) : undefined;
}

/** Whether every pair of `required` stands in `context`. Contexts are public, so this may take any time. */
export function holdsContext(context: Context, required: Context): boolean {
  return Object.keys(required).every((key) => Object.hasOwn(context, key) && context[key] === required[key]);
}
