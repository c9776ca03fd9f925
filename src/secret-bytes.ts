/**
 * Room for secrets outside of the moving heap. V8 keeps typed arrays of up to 64 bytes on the heap that its collector
 * moves, and a move leaves a copy behind that no wipe reaches; the memory of an ArrayBuffer stays where it is.
 */
export function secretBytes(lengthBytes: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(lengthBytes));
}
