/**
 * AES keys, expanded once and held until they are wiped. JavaScript decides which slot a key takes, and sees to it
 * that nobody uses a slot after it was freed; here a slot that holds no key refuses every use.
 */
import { sliceKey } from "./aes";
import { wipe } from "./ct";
import { setHashKey } from "./ghash";
import {
  GCM_BYTES, INPUT, ROUNDS, ROUND_KEYS, SCHEDULE, SCRATCH, SLOTS, SLOT_BYTES, SLOT_COUNT, STREAM,
} from "./layout";
import { BAD_ARGUMENT, OK } from "./status";
import { encryptPair, expandKey } from "./vpaes";

/** The address of a slot that holds a key, or 0. */
// @ts-ignore: decorator
@inline export function findKey(slot: u32): usize {
  if (slot >= (SLOT_COUNT as u32)) return 0;
  const at = SLOTS + (slot as usize) * SLOT_BYTES;
  return load<u32>(at, ROUNDS) == 0 ? 0 : at;
}

/** Expands the `keyBytes` at `key` into the slot at `slot`, over what was there. Uses STREAM. */
export function fillSlot(slot: usize, key: usize, keyBytes: usize): void {
  const rounds = expandKey(key, keyBytes, slot + SCHEDULE);
  sliceKey(slot + SCHEDULE, rounds, slot + ROUND_KEYS);
  v128.store(STREAM, i64x2.splat(0));
  encryptPair(slot + SCHEDULE, rounds, STREAM);
  setHashKey(slot, STREAM);
  store<u32>(slot, <u32>rounds, ROUNDS);
}

/**
 * Expands the key in the first `keyBytes` (16, 24 or 32) bytes of INPUT into `slot`, over what was there, and wipes
 * it from INPUT. A message that was under way is forgotten.
 */
export function keyExpand(slot: u32, keyBytes: u32): i32 {
  if (slot >= (SLOT_COUNT as u32)) return BAD_ARGUMENT;
  if (keyBytes != 16 && keyBytes != 24 && keyBytes != 32) return BAD_ARGUMENT;
  fillSlot(SLOTS + (slot as usize) * SLOT_BYTES, INPUT, keyBytes);
  wipe(INPUT, keyBytes);
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
