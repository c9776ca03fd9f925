/**
 * Byte strings put together so that they can be taken apart in one way only: whole numbers of a fixed width, big
 * endian, and texts with their length before them.
 */

import { secretBytes } from "../secret-bytes.ts";

const encoder = new TextEncoder();

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  return join(new Uint8Array(totalOf(parts)), parts);
}

/** The same of parts that are secret, off the moving heap: the result is the caller's to wipe. */
export function concatSecretBytes(...parts: readonly Uint8Array[]): Uint8Array {
  return join(secretBytes(totalOf(parts)), parts);
}

function totalOf(parts: readonly Uint8Array[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}

function join(joined: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** `value` in `widthBytes` bytes, big endian; exact up to 2^53. @throws {RangeError} if it does not fit */
export function uintBytes(value: number, widthBytes: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError("Only whole numbers from 0 to 2^53 - 1 are encoded.");
  const bytes = new Uint8Array(widthBytes);
  let rest = value;
  for (let i = widthBytes - 1; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  if (rest !== 0) throw new RangeError(`${value} does not fit into ${widthBytes} bytes.`);
  return bytes;
}

/** The UTF-8 of `text` after its length in two bytes. @throws {RangeError} from 65536 bytes on */
export function textBytes(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  return concatBytes(uintBytes(bytes.length, 2), bytes);
}

/** Reads what the functions above wrote; every read past the end throws a RangeError. */
export class ByteReader {
  #offset = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get offset(): number {
    return this.#offset;
  }

  /** A view of the next `length` bytes. */
  take(length: number): Uint8Array {
    const end = this.#offset + length;
    if (end > this.bytes.length) throw new RangeError("The bytes end too early.");
    const taken = this.bytes.subarray(this.#offset, end);
    this.#offset = end;
    return taken;
  }

  /** @throws {RangeError} also from 2^53 on, which a number does not hold exactly */
  uint(widthBytes: number): number {
    let value = 0;
    for (const byte of this.take(widthBytes)) value = value * 256 + byte;
    if (!Number.isSafeInteger(value)) throw new RangeError("The number is 2^53 or more.");
    return value;
  }

  text(): string {
    return new TextDecoder("utf-8", { fatal: true }).decode(this.take(this.uint(2)));
  }

  /** @throws {RangeError} if anything is left */
  end(): void {
    if (this.#offset !== this.bytes.length) throw new RangeError("The bytes go on after their end.");
  }
}
