/**
 * AES-GCM (SP 800-38D sections 7.1 and 7.2) with 12-byte nonces and 16-byte tags, in place in INPUT.
 *
 * A short message is one call: `gcmSeal` or `gcmOpen`. A long one begins, takes its additional data and then its data
 * in calls of CHUNK_BYTES (only the last may be shorter), and ends. To open, all ciphertext goes through `gcmCheck`
 * first; `gcmDecrypt` refuses to run before `gcmVerify` has found the tag right.
 *
 * The phases below are the order in which the calls must come; a call out of turn changes nothing.
 */
import { addKeyStream } from "./aes";
import { clearEight, clearTail, equalTags } from "./ct";
import { blocksOf, ghashAbsorb, ghashBegin, ghashBeginWhole, ghashFinish } from "./ghash";
import {
  CHUNK_BYTES, GCM_BYTES, INPUT, NONCE, OUTPUT, PHASE, ROUNDS, ROUND_KEYS, SCHEDULE, SCRATCH, STREAM, SUM, TAG,
  TAG_MASK,
} from "./layout";
import { findKey } from "./slots";
import { BAD_ARGUMENT, BAD_STATE, OK, REFUSED } from "./status";
import { encryptPair } from "./vpaes";

// @ts-ignore: decorator
@inline const IDLE: i32 = 0;
/** Takes additional data. */
// @ts-ignore: decorator
@inline const BEGUN: i32 = 1;
// @ts-ignore: decorator
@inline const ENCRYPTING: i32 = 2;
// @ts-ignore: decorator
@inline const CHECKING: i32 = 3;
// @ts-ignore: decorator
@inline const VERIFIED: i32 = 4;

/** SP 800-38D section 5.2.1.1: 2^39 - 256 bits under one nonce. */
// @ts-ignore: decorator
@inline const MESSAGE_BYTES: u64 = 0xfffffffe0;
/** What the first batch has left for data: its lanes 0 and 1 are the counters 0 (spare) and 1 (the tag's mask). */
// @ts-ignore: decorator
@inline const FIRST_BYTES: usize = 96;

/** Lies in SCRATCH: whoever wipes that has forgotten the message. */
// @ts-ignore: decorator
@inline function phase(): i32 {
  return load<i32>(PHASE);
}

// @ts-ignore: decorator
@inline function enter(next: i32): void {
  store<i32>(PHASE, next);
}

let key: usize = 0;
let aadBytes: u64 = 0;
let dataBytes: u64 = 0;
/** Of the data, how much has been decrypted. */
let openedBytes: u64 = 0;

/** Begins a message. */
// @ts-ignore: decorator
@inline function begin(slot: u32): i32 {
  enter(IDLE);
  key = findKey(slot);
  if (key == 0) return BAD_ARGUMENT;
  aadBytes = 0;
  dataBytes = 0;
  openedBytes = 0;
  return OK;
}

/** Puts the first key stream of a message into STREAM, all of it if there are up to 16 bytes, and E(J0) into TAG_MASK. */
// @ts-ignore: decorator
@inline function beginStream(length: usize): void {
  if (length <= 16) {
    const nonce = v128.load(NONCE);
    v128.store(STREAM, i32x4.replace_lane(nonce, 3, 0x01000000), 16);
    v128.store(STREAM, i32x4.replace_lane(nonce, 3, 0x02000000), 32);
    encryptPair(key + SCHEDULE, load<u32>(key, ROUNDS), STREAM + 16);
  } else {
    fillStream(0);
  }
  v128.store(TAG_MASK, v128.load(STREAM, 16));
}

/** Puts the key stream of the batch `first` into STREAM. */
// @ts-ignore: decorator
@inline function fillStream(first: u32): void {
  clearEight(STREAM);
  addStream(first, STREAM, 1);
}

// @ts-ignore: decorator
@inline function addStream(first: u32, data: usize, batches: usize): void {
  addKeyStream(key + ROUND_KEYS, load<u32>(key, ROUNDS), NONCE, first, data, batches);
}

/** Adds the key stream to the first `length` bytes of INPUT; the batch `first`, with which it begins, is in STREAM. */
// @ts-ignore: decorator
@inline function cipher(first: u32, length: usize): void {
  for (let at: usize = 0; at < FIRST_BYTES && at < length; at += 16) {
    v128.store(INPUT + at, v128.xor(v128.load(INPUT + at), v128.load(STREAM + 32 + at)));
  }
  let end = INPUT + ((length + 15) & -16);
  if (length > FIRST_BYTES) {
    const batches = (length - FIRST_BYTES + 127) >> 7;
    addStream(first + 1, INPUT + FIRST_BYTES, batches);
    end = INPUT + FIRST_BYTES + batches * 128;
  }
  // What was written past the end is bare key stream.
  clearTail(INPUT, length);
  const rest = INPUT + ((length + 15) & -16);
  for (let at = rest; at < end; at += 16) v128.store(at, i64x2.splat(0));
}

/** The same for a chunk that lies `offset` bytes into the message. */
function cipherChunk(offset: u64, length: usize): void {
  const first = (offset >> 7) as u32;
  // The first one's is there since the message began.
  if (offset > 0) fillStream(first);
  cipher(first, length);
}

/** Hashes `length` bytes, filled up with zeros to whole blocks (section 7.1 step 4). */
// @ts-ignore: decorator
@inline function absorb(data: usize, length: usize): void {
  clearTail(data, length);
  ghashAbsorb(key, data, blocksOf(length));
}

/** Leaves the tag of all that GHASH has taken in SUM: data of the two lengths, under the mask in TAG_MASK. */
export function tagOf(slot: usize, aadLength: u64, dataLength: u64): void {
  ghashFinish(slot, aadLength, dataLength);
  v128.store(SUM, v128.xor(v128.load(SUM), v128.load(TAG_MASK)));
}

/** True if `length` more bytes may follow `before`: whole chunks only, then one shorter end. */
function fits(before: u64, length: u32): bool {
  if ((length as usize) > CHUNK_BYTES || (before & ((CHUNK_BYTES as u64) - 1)) != 0) return false;
  return before + (length as u64) <= MESSAGE_BYTES;
}

/** Begins a message under `slot` with the nonce in NONCE. One that was under way is forgotten. */
export function gcmBegin(slot: u32): i32 {
  const status = begin(slot);
  if (status != OK) return status;
  ghashBegin(key, CHUNK_BYTES >> 4);
  fillStream(0);
  v128.store(TAG_MASK, v128.load(STREAM, 16));
  enter(BEGUN);
  return OK;
}

/** Takes the first `length` bytes of OUTPUT as additional data. */
export function gcmAad(length: u32): i32 {
  if (phase() != BEGUN) return BAD_STATE;
  if (!fits(aadBytes, length)) return BAD_ARGUMENT;
  absorb(OUTPUT, length);
  aadBytes += length;
  return OK;
}

/** Encrypts the first `length` bytes of INPUT. */
export function gcmEncrypt(length: u32): i32 {
  if (phase() != BEGUN && phase() != ENCRYPTING) return BAD_STATE;
  if (!fits(dataBytes, length)) return BAD_ARGUMENT;
  enter(ENCRYPTING);
  cipherChunk(dataBytes, length);
  absorb(INPUT, length);
  dataBytes += length;
  return OK;
}

/** Ends the encryption: writes the tag to the start of INPUT. */
export function gcmFinish(): i32 {
  if (phase() != BEGUN && phase() != ENCRYPTING) return BAD_STATE;
  tagOf(key, aadBytes, dataBytes);
  v128.store(INPUT, v128.load(SUM));
  gcmWipe();
  return OK;
}

/** Authenticates the first `length` bytes of INPUT as ciphertext. */
export function gcmCheck(length: u32): i32 {
  if (phase() != BEGUN && phase() != CHECKING) return BAD_STATE;
  if (!fits(dataBytes, length)) return BAD_ARGUMENT;
  enter(CHECKING);
  absorb(INPUT, length);
  dataBytes += length;
  return OK;
}

/** Compares the tag at the start of INPUT: REFUSED forgets the message, OK lets `gcmDecrypt` run. */
export function gcmVerify(): i32 {
  if (phase() != BEGUN && phase() != CHECKING) return BAD_STATE;
  tagOf(key, aadBytes, dataBytes);
  if (!equalTags(INPUT, SUM)) {
    gcmWipe();
    return REFUSED;
  }
  enter(VERIFIED);
  return OK;
}

/** Decrypts the first `length` bytes of INPUT: once more the ciphertext that `gcmCheck` took, in the same calls. */
export function gcmDecrypt(length: u32): i32 {
  if (phase() != VERIFIED) return BAD_STATE;
  if (!fits(openedBytes, length) || openedBytes + (length as u64) > dataBytes) return BAD_ARGUMENT;
  cipherChunk(openedBytes, length);
  openedBytes += length;
  return OK;
}

/** Forgets the message under way. */
export function gcmWipe(): void {
  key = 0;
  aadBytes = 0;
  dataBytes = 0;
  openedBytes = 0;
  for (let at = SCRATCH; at < SCRATCH + GCM_BYTES; at += 128) clearEight(at);
}

/**
 * A message that fits one call, under `slot` and the nonce in NONCE: seals the first `length` bytes of INPUT with the
 * first `aadLength` of OUTPUT and leaves ciphertext and tag, `length` + 16 bytes, in INPUT.
 */
export function gcmSeal(slot: u32, aadLength: u32, length: u32): i32 {
  if ((aadLength as usize) > CHUNK_BYTES || (length as usize) > CHUNK_BYTES) return BAD_ARGUMENT;
  const status = begin(slot);
  if (status != OK) return status;
  ghashBeginWhole(key, aadLength, length);
  beginStream(length);
  absorb(OUTPUT, aadLength);
  aadBytes = aadLength;
  cipher(0, length);
  absorb(INPUT, length);
  dataBytes = length;
  tagOf(key, aadBytes, dataBytes);
  v128.store(INPUT + length, v128.load(SUM));
  gcmWipe();
  return OK;
}

/**
 * Opens `length` bytes of ciphertext and the tag after them in INPUT, with the first `aadLength` bytes of OUTPUT.
 * Leaves the plaintext in INPUT, or returns REFUSED and has not decrypted anything.
 */
export function gcmOpen(slot: u32, aadLength: u32, length: u32): i32 {
  if ((aadLength as usize) > CHUNK_BYTES || (length as usize) > CHUNK_BYTES) return BAD_ARGUMENT;
  const status = begin(slot);
  if (status != OK) return status;
  ghashBeginWhole(key, aadLength, length);
  beginStream(length);
  v128.store(TAG, v128.load(INPUT + length));
  v128.store(INPUT + length, i64x2.splat(0));
  absorb(OUTPUT, aadLength);
  aadBytes = aadLength;
  absorb(INPUT, length);
  dataBytes = length;
  tagOf(key, aadBytes, dataBytes);
  if (!equalTags(TAG, SUM)) {
    gcmWipe();
    return REFUSED;
  }
  cipher(0, length);
  gcmWipe();
  return OK;
}
