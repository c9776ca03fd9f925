/**
 * Room for secrets outside of the moving heap. V8 keeps typed arrays of up to 64 bytes on the heap that its collector
 * moves, and a move leaves a copy behind that no wipe reaches; the memory of an ArrayBuffer stays where it is.
 */
export function secretBytes(lengthBytes: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(lengthBytes));
}

/** Longer rooms, and more of one length, are left to the engine. */
const SPARE_MAX_BYTES = 256;
const SPARE_COUNT = 16;

/** Wiped rooms by their length, for the next secret: an ArrayBuffer costs more than what it is used for. */
const spareRooms: Uint8Array[][] = Array.from({ length: SPARE_MAX_BYTES + 1 }, () => []);

/** Room for a secret that never leaves this module's callers, until `returnRoom`; zeros. */
export function borrowRoom(lengthBytes: number): Uint8Array {
  return (lengthBytes <= SPARE_MAX_BYTES ? spareRooms[lengthBytes]!.pop() : undefined) ?? secretBytes(lengthBytes);
}

/** Wipes a room, which its borrower lets go of: the next one gets it. Returning it twice does no harm before that. */
export function returnRoom(room: Uint8Array): void {
  room.fill(0);
  if (room.length > SPARE_MAX_BYTES) return;
  const spare = spareRooms[room.length]!;
  if (spare.length < SPARE_COUNT && !spare.includes(room)) spare.push(room);
}
