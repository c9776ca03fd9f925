/**
 * Many messages under one key in one call, in place in INPUT. The key stream of a group of records is made first, their
 * counter blocks packed densely into the eight lanes of the cipher, so that a short record costs no whole batch.
 *
 *   to seal   data data data ...                   to open   data tag data tag data tag ...
 *   leaves    data tag data tag data tag ...       leaves    data data data ..., zeros for a refused record
 *
 * Records grow when they are sealed and so are taken from the last to the first; they shrink when they are opened.
 * Time depends on the number of records, their lengths and which of them are refused: all of these are public.
 */
import { addCiphers } from "./aes";
import { clearEight, clearTail, equalTags, wipe } from "./ct";
import { gcmWipe, tagOf } from "./gcm";
import { blocksOf, ghashAbsorb, ghashBeginWhole } from "./ghash";
import {
  AAD_LENGTHS, BATCH_COUNT, CHUNK_BYTES, COUNTERS, DATA_LENGTHS, INPUT, KEY_STREAM, NONCES, OUTPUT, REFUSALS, ROUNDS,
  ROUND_KEYS, SUM, TAG, TAG_MASK,
} from "./layout";
import { lengthAt, sumLengths } from "./lengths";
import { findKey } from "./slots";
import { BAD_ARGUMENT, OK } from "./status";

/** A group has no more blocks of key stream, which then still lie in the nearest cache, but for a long record's. */
// @ts-ignore: decorator
@inline const GROUP_BLOCKS: usize = 512;

// @ts-ignore: decorator
@inline export function dataLength(record: usize): usize { return lengthAt(DATA_LENGTHS, record); }
// @ts-ignore: decorator
@inline export function aadLength(record: usize): usize { return lengthAt(AAD_LENGTHS, record); }

/** Whether `count` records fit the window with all that belongs to them. */
export function fitsWindow(count: usize): bool {
  if (count > BATCH_COUNT) return false;
  const dataBytes = sumLengths(DATA_LENGTHS, count);
  return dataBytes + count * 16 <= CHUNK_BYTES && sumLengths(AAD_LENGTHS, count) <= CHUNK_BYTES;
}

/** The counter block `counter` of a record. */
// @ts-ignore: decorator
@inline export function counterBlock(record: usize, counter: u32): v128 {
  return i32x4.replace_lane(v128.load(NONCES + record * 12), 3, bswap<u32>(counter));
}

/** Ciphers the blocks in COUNTERS to `to`. */
export function cipherCounters(keys: usize, rounds: usize, to: usize): void {
  clearEight(to);
  addCiphers(keys, rounds, COUNTERS, to);
}

/** Makes the key stream of the records from `first` to before `end`: of each E(J0), then a block a block of data. */
function makeStream(slot: usize, first: usize, end: usize): void {
  const rounds = <usize>load<u32>(slot, ROUNDS);
  let to = KEY_STREAM;
  let lane = COUNTERS;
  for (let record = first; record < end; record++) {
    const last = <u32>blocksOf(dataLength(record)) + 1;
    for (let counter: u32 = 1; counter <= last; counter++) {
      v128.store(lane, counterBlock(record, counter));
      lane += 16;
      if (lane == COUNTERS + 128) {
        cipherCounters(slot + ROUND_KEYS, rounds, to);
        to += 128;
        lane = COUNTERS;
      }
    }
  }
  if (lane > COUNTERS) cipherCounters(slot + ROUND_KEYS, rounds, to);
}

/** Hashes a record's additional data and its ciphertext, and leaves its tag in SUM; TAG_MASK holds its E(J0). */
export function authenticate(slot: usize, aad: usize, aadBytes: usize, data: usize, dataBytes: usize): void {
  ghashBeginWhole(slot, aadBytes, dataBytes);
  absorbRest(slot, aad, aadBytes);
  absorbRest(slot, data, dataBytes);
  tagOf(slot, aadBytes, dataBytes);
}

/** Hashes `length` bytes with zeros after them, whatever follows them in memory. */
function absorbRest(slot: usize, data: usize, length: usize): void {
  const whole = length >> 4;
  ghashAbsorb(slot, data, whole);
  if ((length & 15) == 0) return;
  v128.store(COUNTERS, v128.load(data + whole * 16));
  clearTail(COUNTERS, length & 15);
  ghashAbsorb(slot, COUNTERS, 1);
}

/** Seals one record from `data` to `to`, which is not before it; its key stream's blocks lie `stride` bytes apart. */
export function sealRecord(
  slot: usize, stream: usize, stride: usize, aad: usize, aadBytes: usize, data: usize, dataBytes: usize, to: usize,
): void {
  let block = blocksOf(dataBytes);
  for (let key = stream + block * stride; block > 0; key -= stride) {
    block--;
    v128.store(to + block * 16, v128.xor(v128.load(data + block * 16), v128.load(key)));
  }
  v128.store(TAG_MASK, v128.load(stream));
  authenticate(slot, aad, aadBytes, to, dataBytes);
  v128.store(to + dataBytes, v128.load(SUM));
}

/** Opens one record from `data` to `to`, which is not behind it; leaves zeros there and says no if it is refused. */
export function openRecord(
  slot: usize, stream: usize, stride: usize, aad: usize, aadBytes: usize, data: usize, dataBytes: usize, to: usize,
): bool {
  v128.store(TAG, v128.load(data + dataBytes));
  v128.store(TAG_MASK, v128.load(stream));
  authenticate(slot, aad, aadBytes, data, dataBytes);
  if (!equalTags(TAG, SUM)) {
    memory.fill(to, 0, dataBytes);
    return false;
  }
  const blocks = blocksOf(dataBytes);
  for (let block: usize = 0, key = stream + stride; block < blocks; block++, key += stride) {
    v128.store(to + block * 16, v128.xor(v128.load(data + block * 16), v128.load(key)));
  }
  return true;
}

/** Wipes the key stream of a batch, `blocks` at the most, and what a record leaves. */
export function endBatch(blocks: usize): void {
  // The last batch of the cipher may have filled seven blocks more.
  wipe(KEY_STREAM, (blocks + 7) * 16);
  clearEight(COUNTERS);
  gcmWipe();
}

/** Seals `count` records under the key in a slot. */
export function gcmSealMany(slotNumber: u32, count: usize): i32 {
  const slot = findKey(slotNumber);
  if (slot == 0 || !fitsWindow(count)) return BAD_ARGUMENT;
  const dataBytes = sumLengths(DATA_LENGTHS, count);
  let data = INPUT + dataBytes;
  let aad = OUTPUT + sumLengths(AAD_LENGTHS, count);
  let most: usize = 0;
  for (let end = count; end > 0; ) {
    let first = end;
    let blocks: usize = 0;
    do blocks += blocksOf(dataLength(--first)) + 1;
    while (first > 0 && blocks + blocksOf(dataLength(first - 1)) < GROUP_BLOCKS);
    makeStream(slot, first, end);
    most = max(most, blocks);
    for (let stream = KEY_STREAM + blocks * 16; end > first; ) {
      end--;
      const length = dataLength(end);
      const aadBytes = aadLength(end);
      stream -= (blocksOf(length) + 1) * 16;
      data -= length;
      aad -= aadBytes;
      sealRecord(slot, stream, 16, aad, aadBytes, data, length, data + end * 16);
    }
  }
  endBatch(most);
  return OK;
}

/** Opens `count` records under the key in a slot; returns how many were refused, or a status. */
export function gcmOpenMany(slotNumber: u32, count: usize): i32 {
  const slot = findKey(slotNumber);
  if (slot == 0 || !fitsWindow(count)) return BAD_ARGUMENT;
  let data = INPUT;
  let to = INPUT;
  let aad = OUTPUT;
  let most: usize = 0;
  let refused: i32 = 0;
  for (let first: usize = 0; first < count; ) {
    let end = first;
    let blocks: usize = 0;
    do blocks += blocksOf(dataLength(end++)) + 1;
    while (end < count && blocks + blocksOf(dataLength(end)) < GROUP_BLOCKS);
    makeStream(slot, first, end);
    most = max(most, blocks);
    for (let stream = KEY_STREAM; first < end; first++) {
      const length = dataLength(first);
      const aadBytes = aadLength(first);
      const opened = openRecord(slot, stream, 16, aad, aadBytes, data, length, to);
      store<u8>(REFUSALS + first, opened ? 0 : 1);
      if (!opened) refused++;
      stream += (blocksOf(length) + 1) * 16;
      data += length + 16;
      to += length;
      aad += aadBytes;
    }
  }
  endBatch(most);
  // Of what was sealed, and of the last plaintext's block.
  wipe(to, data + 16 - to);
  return refused;
}
