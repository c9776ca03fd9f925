/** CBOR as bytes that a test puts together, well formed or not (RFC 8949): independent of the library that reads it. */
export type Cbor = Uint8Array;

export const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** The head of an item in its shortest form. */
export function head(major: number, value: number): Cbor {
  const type = major << 5;
  if (value < 24) return Uint8Array.of(type | value);
  if (value < 0x100) return Uint8Array.of(type | 24, value);
  if (value < 0x1_0000) return Uint8Array.of(type | 25, value >> 8, value & 0xff);
  const bytes = new Uint8Array(value < 0x1_0000_0000 ? 5 : 9);
  const view = new DataView(bytes.buffer);
  bytes[0] = type | (bytes.length === 5 ? 26 : 27);
  if (bytes.length === 5) view.setUint32(1, value);
  else view.setBigUint64(1, BigInt(value));
  return bytes;
}

export const uint = (value: number): Cbor => head(0, value);
export const bytes = (value: Uint8Array): Cbor => joined(head(2, value.length), value);
export const text = (value: string): Cbor => joined(head(3, Buffer.byteLength(value)), Buffer.from(value));
export const array = (...items: readonly Cbor[]): Cbor => joined(head(4, items.length), ...items);
export const map = (...entries: readonly (readonly [Cbor, Cbor])[]): Cbor =>
  joined(head(5, entries.length), ...entries.flat());
/** A map that ends with a break. */
export const openMap = (...entries: readonly (readonly [Cbor, Cbor])[]): Cbor =>
  joined(Uint8Array.of(0xbf), ...entries.flat(), BREAK);
export const BREAK = Uint8Array.of(0xff);
export const NULL = Uint8Array.of(0xf6);
