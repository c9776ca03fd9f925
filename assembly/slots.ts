/**
 * AES keys, expanded once and held until they are wiped. JavaScript decides which slot a key takes, and sees to it
 * that nobody uses a slot after it was freed; here a slot that holds no key refuses every use.
 */
import { addKeyStream, expandKey } from "./aes";
import { wipe } from "./ct";
import { expandPowers } from "./ghash";
import { GCM_BYTES, INPUT, NONCE, SCRATCH, SLOTS, SLOT_BYTES, SLOT_COUNT, STREAM } from "./layout";
import { BAD_ARGUMENT, OK } from "./status";

/** The address of a slot that holds a key, or 0. */
export function findKey(slot: u32): usize {
  if (slot >= (SLOT_COUNT as u32)) return 0;
  const at = SLOTS + (slot as usize) * SLOT_BYTES;
  return load<u32>(at) == 0 ? 0 : at;
}

/**
 * Expands the key in the first `keyBytes` (16, 24 or 32) bytes of INPUT into `slot`, over what was there, and wipes
 * it from INPUT. A message that was under way is forgotten.
 */
export function keyExpand(slot: u32, keyBytes: u32): i32 {
  if (slot >= (SLOT_COUNT as u32)) return BAD_ARGUMENT;
  if (keyBytes != 16 && keyBytes != 24 && keyBytes != 32) return BAD_ARGUMENT;
  const at = SLOTS + (slot as usize) * SLOT_BYTES;
  wipe(SCRATCH, GCM_BYTES);
  expandKey(at, INPUT, keyBytes);
  wipe(INPUT, keyBytes);
  // H is the cipher of the zero block: counter 0 after a zero nonce.
  addKeyStream(at, NONCE, 0, STREAM, 1);
  expandPowers(at, STREAM);
  wipe(SCRATCH, GCM_BYTES);
  return OK;
}

/** Wipes `slot`, whether or not it holds a key. A message that was under way is forgotten. */
export function keyWipe(slot: u32): i32 {
  if (slot >= (SLOT_COUNT as u32)) return BAD_ARGUMENT;
  wipe(SCRATCH, GCM_BYTES);
  wipe(SLOTS + (slot as usize) * SLOT_BYTES, SLOT_BYTES);
  return OK;
}
