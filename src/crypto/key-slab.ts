/**
 * Room for keys off the moving heap (secret-bytes.ts says why), cut from pieces for many keys: a buffer for each would
 * cost more than an encryption's tenth. A key's piece is freed once no key in it is held any more.
 */
import { Secret } from "./secret.ts";

const SLAB_BYTES = 2048;

let slab: ArrayBuffer | undefined;
let usedBytes = 0;

/** Holds a copy of an AES key (at most 32 bytes) until `wipe`. Its buffer has other keys in it: never hand it out. */
export function holdKey(key: Uint8Array): Secret {
  if (slab === undefined || usedBytes + key.length > SLAB_BYTES) {
    slab = new ArrayBuffer(SLAB_BYTES);
    usedBytes = 0;
  }
  const copy = new Uint8Array(slab, usedBytes, key.length);
  usedBytes += key.length;
  copy.set(key);
  return Secret.adopt(copy);
}
