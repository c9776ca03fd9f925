/**
 * HKDF (RFC 5869) and the slots that hold its pseudorandom keys under handles, each as two HMAC midstates: an expand
 * of one block costs two compressions, and the key that was extracted lies nowhere.
 *
 * Time depends on the hash and on lengths alone; handles are public. The current key (KEY, phase KEYED) comes from
 * `hkdfExtract`, or from outside by `hkdfImport`.
 *
 *   HASH_KEYS + 128 * handle   inner midstate (64), outer midstate (64)
 *   slotHashes + handle        its hash, 0 for a free slot
 */
import {
  AUTHENTICATING, KEYED, absorb, algorithm, digestBytes, forget, giveDigest, isHash, phase, resume, setPhase,
} from "./hash";
import { COUNTER, DIGEST, KEY, clearWide, copyState } from "./hash-layout";
import { finishMac, setKey } from "./hmac";
import { CHUNK_BYTES, HASH_KEYS, HASH_KEY_BYTES, HASH_KEY_COUNT, INPUT, OUTPUT } from "./layout";
import { BAD_ARGUMENT, BAD_STATE, OK } from "./status";

/** Every slot holds a key. */
// @ts-ignore: decorator
@inline export const NO_SLOT: i32 = -3;
/** The handle of the current key. */
// @ts-ignore: decorator
@inline export const CURRENT: usize = 0xffffffff;

const slotHashes: usize = memory.data(1024);
/** Where the search for a free slot starts: the lowest slot that can be free. */
let firstFree: usize = 0;
/** The hash of the current key. */
let keyHash: i32 = 0;

/** The hash of the key in a slot, or 0 where there is none. */
// @ts-ignore: decorator
@inline export function hashOf(handle: usize): i32 {
  return handle < HASH_KEY_COUNT ? <i32>load<u8>(slotHashes + handle) : 0;
}

/** Where its midstates lie. */
// @ts-ignore: decorator
@inline export function keyOf(handle: usize): usize {
  return HASH_KEYS + handle * HASH_KEY_BYTES;
}

/** Makes the pseudorandom key at `to`: ends the HMAC under KEY (the salt) of the message taken so far (the secret). */
export function extract(hash: i32, to: usize): void {
  finishMac(KEY, DIGEST);
  setKey(hash, to, DIGEST, digestBytes(hash));
}

/**
 * Expands the key at `key` with `infoLength` bytes at `info` to `length` bytes at `out` (section 2.3), and clears up to
 * 16 bytes behind them.
 */
export function expand(hash: i32, key: usize, info: usize, infoLength: usize, out: usize, length: usize): void {
  const tagBytes = digestBytes(hash);
  for (let done: usize = 0, counter: u8 = 1; done < length; done += tagBytes, counter++) {
    resume(hash, key);
    if (done > 0) absorb(DIGEST, tagBytes);
    absorb(info, infoLength);
    store<u8>(COUNTER, counter);
    absorb(COUNTER, 1);
    finishMac(key, DIGEST);
    giveDigest(out + done, min<usize>(tagBytes, length - done));
  }
}

/**
 * Salt, secret and info lie end to end in INPUT, which is wiped; what is derived from them (extract, then expand) lies
 * in OUTPUT. What was under way is forgotten.
 */
export function hkdfDerive(hash: i32, saltLength: usize, secretLength: usize, infoLength: usize, length: usize): i32 {
  if (!isHash(hash) || length > 255 * digestBytes(hash)) return BAD_ARGUMENT;
  if (saltLength > CHUNK_BYTES || secretLength > CHUNK_BYTES - saltLength) return BAD_ARGUMENT;
  const info = INPUT + saltLength + secretLength;
  if (infoLength > INPUT + CHUNK_BYTES - info) return BAD_ARGUMENT;
  setKey(hash, KEY, INPUT, saltLength);
  resume(hash, KEY);
  absorb(INPUT + saltLength, secretLength);
  extract(hash, KEY);
  expand(hash, KEY, info, infoLength, OUTPUT, length);
  clearWide(INPUT, info + infoLength);
  forget();
  return OK;
}

/** Ends the HMAC under way (of the secret, under the salt): its tag becomes the current key (section 2.2). */
export function hkdfExtract(): i32 {
  if (phase != AUTHENTICATING) return BAD_STATE;
  keyHash = algorithm;
  extract(keyHash, KEY);
  setPhase(KEYED);
  return OK;
}

/** Makes the pseudorandom key in the first `length` bytes of INPUT, which are wiped, the current key. */
export function hkdfImport(hash: i32, length: usize): i32 {
  if (!isHash(hash) || length > CHUNK_BYTES) return BAD_ARGUMENT;
  setKey(hash, KEY, INPUT, length);
  clearWide(INPUT, INPUT + length);
  keyHash = hash;
  setPhase(KEYED);
  return OK;
}

/** Moves the current key into a free slot and returns its handle (0 or more). */
export function hkdfKeep(): i32 {
  if (phase != KEYED) return BAD_STATE;
  let handle = firstFree;
  while (handle < HASH_KEY_COUNT && load<u8>(slotHashes + handle) != 0) handle++;
  firstFree = handle;
  const found = handle < HASH_KEY_COUNT;
  if (found) {
    store<u8>(slotHashes + handle, <u8>keyHash);
    const slot = keyOf(handle);
    copyState(slot, KEY);
    copyState(slot + 64, KEY + 64);
    firstFree = handle + 1;
  }
  // A call could fail for want of stack, and the slot would be nobody's.
  forget();
  return found ? <i32>handle : NO_SLOT;
}

/** Wipes and frees a slot. */
export function hkdfDrop(handle: usize): i32 {
  if (hashOf(handle) == 0) return BAD_ARGUMENT;
  const slot = keyOf(handle);
  clearWide(slot, slot + HASH_KEY_BYTES);
  store<u8>(slotHashes + handle, 0);
  firstFree = min<usize>(firstFree, handle);
  return OK;
}

/**
 * Expands a key with the first `infoLength` bytes of INPUT to `length` bytes at OUTPUT, and wipes INPUT. The current key,
 * whose handle is -1, is forgotten, and whatever else was under way.
 */
export function hkdfExpand(handle: usize, infoLength: usize, length: usize): i32 {
  if (handle == CURRENT && phase != KEYED) return BAD_STATE;
  const hash = handle == CURRENT ? keyHash : hashOf(handle);
  if (hash == 0 || infoLength > CHUNK_BYTES || length > 255 * digestBytes(hash)) return BAD_ARGUMENT;
  expand(hash, handle == CURRENT ? KEY : keyOf(handle), INPUT, infoLength, OUTPUT, length);
  clearWide(INPUT, INPUT + infoLength);
  forget();
  return OK;
}
