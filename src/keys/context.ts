/**
 * The canonical bytes of an encryption context, the additional authenticated data of every symmetric ciphertext:
 * u16 count, then for each pair u32 length, UTF-8 key, u32 length, UTF-8 value; big-endian; pairs sorted by the UTF-8
 * bytes of their keys. No context and an empty one are the same. Unicode is not normalized.
 */

import { compareBytes } from "../byte-views.ts";

const encoder = new TextEncoder();
const EMPTY = new Uint8Array(2);

/** @param context well-formed strings as own properties (admission has checked that) */
export function encodeContext(context: Readonly<Record<string, string>> | undefined): Uint8Array {
  const keys = context === undefined ? [] : Object.keys(context);
  if (keys.length === 0) return EMPTY;
  const pairs = keys.map((key) => [encoder.encode(key), encoder.encode(context![key])] as const);
  pairs.sort(([a], [b]) => compareBytes(a, b));
  let lengthBytes = 2;
  for (const [key, value] of pairs) lengthBytes += 8 + key.length + value.length;
  const bytes = new Uint8Array(lengthBytes);
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
