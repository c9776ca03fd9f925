/**
 * Where results lie. What was sealed is public and short, and an ArrayBuffer of its own costs more than sealing it: such
 * results share buffers, and so do those of one batch. A plaintext has a buffer of its own, or the caller's.
 */
import { lengthOfOut, viewOf } from "../byte-views.ts";
import type { Abi } from "./abi.ts";

const SLAB_BYTES = 16_384;
/** Longer results get a buffer of their own. */
const SHARED_MAX_BYTES = 1040;

let slab = new ArrayBuffer(SLAB_BYTES);
let usedBytes = 0;

/** A new array of ciphertext, which may share its buffer with others. */
function newSealed(lengthBytes: number): Uint8Array {
  if (lengthBytes > SHARED_MAX_BYTES) return new Uint8Array(lengthBytes);
  // A caller may have sent the buffer of a result to another thread; then this one has no bytes left.
  if (usedBytes + lengthBytes > slab.byteLength) {
    slab = new ArrayBuffer(SLAB_BYTES);
    usedBytes = 0;
  }
  const room = new Uint8Array(slab, usedBytes, lengthBytes);
  usedBytes += lengthBytes;
  return room;
}

/** The start of `out`. @throws {RangeError} if it has not `lengthBytes`. */
export function startOf(out: Uint8Array, lengthBytes: number): Uint8Array {
  if (lengthOfOut(out, lengthBytes) === lengthBytes && Object.getPrototypeOf(out) === Uint8Array.prototype) return out;
  return viewOf(out, 0, lengthBytes);
}

/** Room for what is sealed: the start of `out` where that was given. @throws {RangeError} if it has not `lengthBytes`. */
export function roomForSealed(out: Uint8Array | undefined, lengthBytes: number): Uint8Array {
  return out === undefined ? newSealed(lengthBytes) : startOf(out, lengthBytes);
}

/** The start of the window's input. Making a view costs as much as a short copy, so short ones are kept. */
export function inputStart({ input, inputStarts }: Abi, lengthBytes: number): Uint8Array {
  if (lengthBytes >= inputStarts.length) return input.subarray(0, lengthBytes);
  return (inputStarts[lengthBytes] ??= input.subarray(0, lengthBytes));
}
