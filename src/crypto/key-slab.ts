/**
 * Room for keys off the moving heap (secret-bytes.ts says why), cut from pieces for many keys: a buffer for each would
 * cost more than an encryption's tenth. A key's piece is freed once no key in it is held any more.
 */
import { copyInto } from "../byte-views.ts";
import { Secret } from "./secret.ts";

const SLAB_BYTES = 2048;

let slab: ArrayBuffer | undefined;
let usedBytes = 0;

/** Holds a copy of an AES key of `keyBytes` until `wipe`. Its buffer has other keys in it: never hand it out. */
export function holdKey(key: Uint8Array, keyBytes: number): Secret {
  if (slab === undefined || usedBytes + keyBytes > SLAB_BYTES) {
    slab = new ArrayBuffer(SLAB_BYTES);
    usedBytes = 0;
  }
  const copy = new Uint8Array(slab, usedBytes, keyBytes);
  usedBytes += keyBytes;
  copyInto(copy, key, keyBytes);
  return Secret.adopt(copy);
}
