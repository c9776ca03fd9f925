/**
 * Big-endian fields in byte arrays, and text as strict UTF-8: no replacement characters in either direction, so that
 * two different texts never become the same bytes.
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LONE_SURROGATE = /\p{Surrogate}/u;

/** The UTF-8 bytes of `text`, or `undefined` where it holds half of a surrogate pair. */
export function encodeText(text: string): Uint8Array | undefined {
  return LONE_SURROGATE.test(text) ? undefined : encoder.encode(text);
}

/** The text, or `undefined` where the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** A buffer that grows as bytes arrive and never on the word of a length field. */
export class Gathered {
  #bytes = new Uint8Array(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What has been gathered, as a view that is valid until the next `append` or `clear`. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Appends `chunk`; `mostBytes` is the length that this buffer will never exceed. */
  append(chunk: Uint8Array, mostBytes: number): void {
    const length = this.#length + chunk.length;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, Math.min(mostBytes, 2 * length)));
      grown.set(this.bytes);
      this.#bytes.fill(0);
      this.#bytes = grown;
    }
    this.#bytes.set(chunk, length - chunk.length);
    this.#length = length;
  }

  /** Forgets the bytes and keeps the memory for the next ones. */
  clear(): void {
    this.#length = 0;
  }

  /** Overwrites the bytes and gives the memory back. */
  wipe(): void {
    this.#bytes.fill(0);
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
  }
}
