/**
 * HKDF (RFC 5869) and the slots that hold its pseudorandom keys under handles, each as two HMAC midstates: an expand
 * of one block costs two compressions, and the key that was extracted lies nowhere.
 *
 * Time depends on the hash and on lengths alone; handles are public. The current key (KEY, phase KEYED) comes from
 * `hkdfExtract`, from outside by `hkdfImport` or, out of its slot, from `hkdfUse`.
 *
 *   HASH_KEYS + 128 * handle   inner midstate (64), outer midstate (64)
 *   slotHashes + handle        its hash, 0 for a free slot
 */
import { AUTHENTICATING, KEYED, absorb, algorithm, digestBytes, forget, hashWipe, isHash, phase, setPhase } from "./hash";
import { COUNTER, DIGEST, KEY, copyState } from "./hash-layout";
import { beginMac, finishMac, setKey } from "./hmac";
import { CHUNK_BYTES, HASH_KEYS, HASH_KEY_BYTES, HASH_KEY_COUNT, INPUT, OUTPUT } from "./layout";
import { BAD_ARGUMENT, BAD_STATE, OK } from "./status";

/** Every slot holds a key. */
// @ts-ignore: decorator
@inline export const NO_SLOT: i32 = -3;

const slotHashes: usize = memory.data(1024);
/** Where the search for a free slot starts: the lowest slot that can be free. */
let firstFree: usize = 0;
/** The hash of the current key. */
let keyHash: i32 = 0;

/** Ends the HMAC under way (its key the salt, its message the secret): the tag becomes the current key (section 2.2). */
export function hkdfExtract(): i32 {
  if (phase != AUTHENTICATING) return BAD_STATE;
  keyHash = algorithm;
  finishMac(DIGEST);
  setKey(keyHash, DIGEST, digestBytes(keyHash));
  setPhase(KEYED);
  return OK;
}

/** Makes the pseudorandom key in the first `length` bytes of INPUT, which are wiped, the current key. */
export function hkdfImport(hash: i32, length: usize): i32 {
  if (!isHash(hash) || length > CHUNK_BYTES) return BAD_ARGUMENT;
  setKey(hash, INPUT, length);
  memory.fill(INPUT, 0, length);
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
  if (handle == HASH_KEY_COUNT) {
    hashWipe();
    return NO_SLOT;
  }
  store<u8>(slotHashes + handle, <u8>keyHash);
  const slot = HASH_KEYS + handle * HASH_KEY_BYTES;
  copyState(slot, KEY);
  copyState(slot + 64, KEY + 64);
  firstFree = handle + 1;
  // A call could fail for want of stack, and the slot would be nobody's.
  forget();
  return <i32>handle;
}

/** Makes the key of a slot the current one. */
export function hkdfUse(handle: usize): i32 {
  if (handle >= HASH_KEY_COUNT) return BAD_ARGUMENT;
  const hash = <i32>load<u8>(slotHashes + handle);
  if (hash == 0) return BAD_ARGUMENT;
  const slot = HASH_KEYS + handle * HASH_KEY_BYTES;
  copyState(KEY, slot);
  copyState(KEY + 64, slot + 64);
  keyHash = hash;
  setPhase(KEYED);
  return OK;
}

/** Wipes and frees a slot. */
export function hkdfDrop(handle: usize): i32 {
  if (handle >= HASH_KEY_COUNT || load<u8>(slotHashes + handle) == 0) return BAD_ARGUMENT;
  memory.fill(HASH_KEYS + handle * HASH_KEY_BYTES, 0, HASH_KEY_BYTES);
  store<u8>(slotHashes + handle, 0);
  firstFree = min<usize>(firstFree, handle);
  return OK;
}

/**
 * Expands the current key with the first `infoLength` bytes of INPUT to `length` bytes at OUTPUT (section 2.3), then
 * wipes the key and INPUT.
 */
export function hkdfExpand(infoLength: usize, length: usize): i32 {
  if (phase != KEYED) return BAD_STATE;
  const tagBytes = digestBytes(keyHash);
  if (infoLength > CHUNK_BYTES || length > 255 * tagBytes) return BAD_ARGUMENT;
  for (let done: usize = 0, counter: u8 = 1; done < length; done += tagBytes, counter++) {
    beginMac(keyHash);
    if (done > 0) absorb(DIGEST, tagBytes);
    absorb(INPUT, infoLength);
    store<u8>(COUNTER, counter);
    absorb(COUNTER, 1);
    finishMac(DIGEST);
    memory.copy(OUTPUT + done, DIGEST, min<usize>(tagBytes, length - done));
  }
  memory.fill(INPUT, 0, infoLength);
  hashWipe();
  return OK;
}
