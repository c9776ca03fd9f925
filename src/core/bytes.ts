/**
 * Reading what callers hand over, by the language's own getters: a subclass or a property that disguises its length
 * cannot make one length be checked and another be copied.
 */

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const getter = (name: PropertyKey): ((this: unknown) => unknown) =>
  Object.getOwnPropertyDescriptor(typedArray, name)!.get!;
const readTag = getter(Symbol.toStringTag);
const readLength = getter("length") as (this: unknown) => number;
const readBuffer = getter("buffer") as (this: unknown) => ArrayBufferLike;
const readOffset = getter("byteOffset") as (this: unknown) => number;

/** The true length of `bytes`. @throws {TypeError} if it is no Uint8Array (a Buffer is one). */
export function lengthOf(name: string, bytes: Uint8Array): number {
  if (readTag.call(bytes) !== "Uint8Array") throw new TypeError(`${name} must be a Uint8Array.`);
  return readLength.call(bytes);
}

/** A plain view of part of `bytes`. */
export function viewOf(bytes: Uint8Array, at: number, lengthBytes: number): Uint8Array {
  return new Uint8Array(readBuffer.call(bytes), readOffset.call(bytes) + at, lengthBytes);
}

/** Whether other threads may write to `bytes` while they are read. (A buffer of another realm counts as shared.) */
export function isShared(bytes: Uint8Array): boolean {
  return !(readBuffer.call(bytes) instanceof ArrayBuffer);
}

/** Whether writing `later` from its start on would overwrite bytes of `earlier` that are still to be read. */
export function runsAhead(later: Uint8Array, earlier: Uint8Array): boolean {
  if (readBuffer.call(later) !== readBuffer.call(earlier)) return false;
  const ahead = readOffset.call(later) - readOffset.call(earlier);
  return ahead > 0 && ahead < readLength.call(earlier);
}
