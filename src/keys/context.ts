/**
 * The canonical bytes of an encryption context, the additional authenticated data of every symmetric ciphertext:
 * u16 count, then for each pair u32 length, UTF-8 key, u32 length, UTF-8 value; big-endian; pairs sorted by the UTF-8
 * bytes of their keys. No context and an empty one are the same. Unicode is not normalized.
 */

import { compareBytes } from "../byte-views.ts";
import type { Engine } from "../crypto/engine.ts";

const encoder = new TextEncoder();
/** No context; nobody writes to it. */
const EMPTY = new Uint8Array(2);
let emptyHash: Uint8Array | undefined;

/** @param context well-formed strings as own properties (admission has checked that) */
export function encodeContext(context: Readonly<Record<string, string>> | undefined): Uint8Array {
  if (context === undefined) return EMPTY;
  const keys = Object.keys(context);
  if (keys.length === 0) return EMPTY;
  const pairs = keys.map((key) => [encoder.encode(key), encoder.encode(context![key])] as const);
  pairs.sort(([a], [b]) => compareBytes(a, b));
  let lengthBytes = 2;
  for (const [key, value] of pairs) lengthBytes += 8 + key.length + value.length;
  const bytes = new Uint8Array(new ArrayBuffer(lengthBytes));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, pairs.length);
  let at = 2;
  for (const pair of pairs) {
    for (const text of pair) {
      view.setUint32(at, text.length);
      bytes.set(text, at + 4);
      at += 4 + text.length;
    }
  }
  return bytes;
}

/** SHA-256 of canonical bytes, not to be written to. That of no context is made once. */
export function hashContext(crypto: Engine, canonical: Uint8Array): Uint8Array {
  if (canonical !== EMPTY) return crypto.hash("SHA-256", canonical);
  return (emptyHash ??= crypto.hash("SHA-256", EMPTY));
}
