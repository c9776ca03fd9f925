/**
 * Reading what callers hand over. Their objects are asked nothing: lengths come from the language's own getters, bytes go
 * through the language's own `set` into memory of ours, or lie under a plain view of ours. So a subclass, a property or
 * another thread cannot make one length be checked and another be copied, see the core's memory, or change a result.
 *
 * What is short is better copied than viewed: an engine that keeps small arrays on its heap moves them off it for a view.
 */
import { secretBytes } from "./secret-bytes.ts";

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const getter = (name: PropertyKey): ((this: unknown) => unknown) =>
  Object.getOwnPropertyDescriptor(typedArray, name)!.get!;
const readTag = getter(Symbol.toStringTag);
const readLength = getter("length") as (this: unknown) => number;
const readBuffer = getter("buffer") as (this: unknown) => ArrayBufferLike;
const readOffset = getter("byteOffset") as (this: unknown) => number;
const copyTo = (typedArray as Uint8Array).set;

const NONCE_BYTES = 12;

/** The true length of `bytes`. @throws {TypeError} if it is no Uint8Array (a Buffer is one). */
export function lengthOf(name: string, bytes: Uint8Array): number {
  if (readTag.call(bytes) !== "Uint8Array") throw new TypeError(`${name} must be a Uint8Array.`);
  return readLength.call(bytes);
}

/** How many lengths there are. @throws {TypeError} if they are no Uint32Array. */
export function countLengths(name: string, lengths: Uint32Array): number {
  if (readTag.call(lengths) !== "Uint32Array") throw new TypeError(`${name} must be a Uint32Array.`);
  return readLength.call(lengths);
}

/** A copy of `lengths`. @throws {TypeError} if it is no Uint32Array. */
export function copyLengths(name: string, lengths: Uint32Array): Uint32Array {
  const copy = new Uint32Array(countLengths(name, lengths));
  copy.set(lengths);
  return copy;
}

/** What a length looks like, to choose by: 0 for what has none. Whoever uses the bytes asks for the true one. */
export function roughLengthOf(bytes: Uint8Array): number {
  try {
    return readLength.call(bytes);
  } catch {
    return 0;
  }
}

/** A plain view of part of `bytes`. */
export function viewOf(bytes: Uint8Array, at: number, lengthBytes: number): Uint8Array {
  return new Uint8Array(readBuffer.call(bytes), readOffset.call(bytes) + at, lengthBytes);
}

/** A plain view of all of `bytes`, whose length stays what it is now. @throws {TypeError} if it is no Uint8Array. */
export function viewBytes(name: string, bytes: Uint8Array): Uint8Array {
  const lengthBytes = lengthOf(name, bytes);
  return new Uint8Array(readBuffer.call(bytes), readOffset.call(bytes), lengthBytes);
}

/** The true length of an AES key. @throws {RangeError} unless it has 16, 24 or 32 bytes. */
export function lengthOfKey(key: Uint8Array): number {
  const keyBytes = lengthOf("key", key);
  if (keyBytes !== 16 && keyBytes !== 24 && keyBytes !== 32) {
    throw new RangeError(`The key has ${keyBytes} bytes: AES takes 16, 24 or 32.`);
  }
  return keyBytes;
}

/** @throws {RangeError} unless a nonce has 12 bytes. */
export function checkNonce(nonce: Uint8Array): void {
  const nonceBytes = lengthOf("nonce", nonce);
  if (nonceBytes !== NONCE_BYTES) {
    throw new RangeError(`The nonce has ${nonceBytes} bytes: only nonces of ${NONCE_BYTES} bytes are taken.`);
  }
}

/** Copies a plain view to the start of `room`, which may be a caller's own object: it is not asked how. */
export function put(room: Uint8Array, view: Uint8Array): void {
  copyTo.call(room, view);
}

/**
 * Copies `bytes`, whose length was found to be `lengthBytes`, to `room`, which has place for them from `at` on.
 * @throws {RangeError} if another thread has made them grow since.
 */
export function copyInto(room: Uint8Array, bytes: Uint8Array, lengthBytes: number, at = 0): void {
  copyTo.call(room, bytes, at);
  if (readLength.call(bytes) !== lengthBytes) throw new RangeError("The bytes grew while they were read.");
}

/** The same of lengths. */
export function copyLengthsInto(room: Uint32Array, lengths: Uint32Array, count: number, at: number): void {
  room.set(lengths, at);
  if (readLength.call(lengths) !== count) throw new RangeError("The lengths grew in number while they were read.");
}

/** Copies a nonce that has passed `checkNonce` to `memory`. A call of the language's `set` costs more than twelve bytes. */
export function copyNonce(memory: Uint8Array, at: number, nonce: Uint8Array): void {
  for (let i = 0; i < NONCE_BYTES; i++) memory[at + i] = nonce[i]!;
}

/** A copy of a nonce. @throws {RangeError} unless it has 12 bytes. */
export function nonceOf(nonce: Uint8Array): Uint8Array<ArrayBuffer> {
  checkNonce(nonce);
  const copy = new Uint8Array(NONCE_BYTES);
  copyInto(copy, nonce, NONCE_BYTES);
  return copy;
}

/** The true length of `out`. @throws {RangeError} if it has not `lengthBytes`. */
export function lengthOfOut(out: Uint8Array, lengthBytes: number): number {
  const outBytes = lengthOf("out", out);
  if (outBytes < lengthBytes) throw new RangeError(`out has ${outBytes} bytes, but the result has ${lengthBytes}.`);
  return outBytes;
}

/** A plain view of the start of `out`, if it was given. @throws {RangeError} if it has not `lengthBytes`. */
export function viewOut(out: Uint8Array | undefined, lengthBytes: number): Uint8Array | undefined {
  if (out === undefined) return undefined;
  lengthOfOut(out, lengthBytes);
  return viewOf(out, 0, lengthBytes);
}

/** A copy of a plain view, off the moving heap. */
export function copyView(view: Uint8Array): Uint8Array {
  const copy = secretBytes(view.length);
  copy.set(view);
  return copy;
}

/** Whether other threads may write to `bytes` while they are read. (A buffer of another realm counts as shared.) */
export function isShared(bytes: Uint8Array): boolean {
  return !(readBuffer.call(bytes) instanceof ArrayBuffer);
}

/** Whether two arrays may share bytes: those of two shared buffers may always. */
export function mayOverlap(one: Uint8Array, other: Uint8Array): boolean {
  if (readBuffer.call(one) !== readBuffer.call(other)) return isShared(one) && isShared(other);
  const ahead = readOffset.call(one) - readOffset.call(other);
  return ahead < readLength.call(other) && -ahead < readLength.call(one);
}

/**
 * Whether writing `later` from its start on would overwrite bytes of `earlier` that are still to be read. Two shared
 * buffers may be one memory, whose order nobody can tell: that counts as yes.
 */
export function runsAhead(later: Uint8Array, earlier: Uint8Array): boolean {
  if (readBuffer.call(later) !== readBuffer.call(earlier)) return isShared(later) && isShared(earlier);
  const ahead = readOffset.call(later) - readOffset.call(earlier);
  return ahead > 0 && ahead < readLength.call(earlier);
}

/** The order of two byte strings: negative, zero or positive. For public bytes only: it stops where they differ. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const sharedBytes = Math.min(a.length, b.length);
  for (let i = 0; i < sharedBytes; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}
