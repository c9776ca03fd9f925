/**
 * Many messages, each under an AES-256 key of its own: the i-th is HKDF-Expand (RFC 5869) of one key with the i-th info.
 * Layout, order and public facts are those of batch.ts; the infos lie at KEY_STREAM, which they leave before the first
 * message begins.
 *
 * Short records go through the cipher eight at a time, each in a lane with its own key: row n of the key stream holds
 * block n of every lane, first H, then E(J0), then a block a block of data. Others fill the lanes by themselves.
 */
import { sliceKey, sliceKeys } from "./aes";
import {
  aadLength, cipherCounters, counterBlock, dataLength, endBatch, fitsWindow, openRecord, sealRecord,
} from "./batch";
import { clearEight, wipe } from "./ct";
import { blocksOf, setHashKey } from "./ghash";
import { forget } from "./hash";
import { hashOf } from "./hkdf";
import { expandEach } from "./hkdf-batch";
import {
  AAD_LENGTHS, CHUNK_BYTES, COUNTERS, DATA_LENGTHS, DERIVED, INFO_LENGTHS, INPUT, KEY_STREAM, LANE_KEYS, OUTPUT, REFUSALS,
  ROUND_KEYS, SCHEDULE, SCHEDULES, SLOT_BYTES, SPARE,
} from "./layout";
import { sumLengths } from "./lengths";
import { BAD_ARGUMENT, OK } from "./status";
import { expandKey } from "./vpaes";

// @ts-ignore: decorator
@inline const KEY_BYTES: usize = 32;
// @ts-ignore: decorator
@inline const ROUNDS_256: usize = 14;
// @ts-ignore: decorator
@inline const SCHEDULE_STRIDE: usize = 256;
/** Fewer records than this, or longer ones, take less time by themselves. */
// @ts-ignore: decorator
@inline const LANES_FROM: usize = 4;
// @ts-ignore: decorator
@inline const LANE_BLOCKS: usize = 64;

/** Derives the keys of `count` records to DERIVED and wipes the infos. */
function deriveKeys(handle: usize, count: usize): void {
  expandEach(handle, count, KEY_STREAM, INFO_LENGTHS, DERIVED, KEY_BYTES);
  wipe(KEY_STREAM, sumLengths(INFO_LENGTHS, count));
  // One that was derived alone has left its key where hashes work.
  forget();
}

/** How many of the records from `first` to before `end` go through the lanes together: 8, fewer at an end, or 1. */
function groupOf(first: usize, end: usize, backwards: bool): usize {
  const count = min<usize>(8, end - first);
  if (count < LANES_FROM) return 1;
  const start = backwards ? end - count : first;
  for (let record = start; record < start + count; record++) {
    if (blocksOf(dataLength(record)) > LANE_BLOCKS) return 1;
  }
  return count;
}

/** Makes the key stream of `count` records from `first` on, in lanes; returns how many blocks. */
function makeLanes(first: usize, count: usize): usize {
  let most: usize = 0;
  for (let lane: usize = 0; lane < count; lane++) {
    expandKey(DERIVED + (first + lane) * KEY_BYTES, KEY_BYTES, SCHEDULES + lane * SCHEDULE_STRIDE);
    most = max(most, blocksOf(dataLength(first + lane)));
  }
  sliceKeys(SCHEDULES, SCHEDULE_STRIDE, ROUNDS_256, LANE_KEYS);
  clearEight(COUNTERS);
  for (let row: usize = 0; row < most + 2; row++) {
    for (let lane: usize = 0; row > 0 && lane < count; lane++) {
      v128.store(COUNTERS + lane * 16, counterBlock(first + lane, <u32>row));
    }
    cipherCounters(LANE_KEYS, ROUNDS_256, KEY_STREAM + row * 128);
  }
  return (most + 2) * 8;
}

/** Makes the key stream of one record, block by block; returns how many blocks. */
function makeRow(record: usize): usize {
  expandKey(DERIVED + record * KEY_BYTES, KEY_BYTES, SPARE + SCHEDULE);
  sliceKey(SPARE + SCHEDULE, ROUNDS_256, SPARE + ROUND_KEYS);
  const blocks = blocksOf(dataLength(record)) + 2;
  for (let block: usize = 0; block < blocks; block += 8) {
    for (let lane: usize = 0; lane < 8; lane++) {
      v128.store(COUNTERS + lane * 16, counterBlock(record, <u32>(block + lane)));
    }
    if (block == 0) v128.store(COUNTERS, i64x2.splat(0));
    cipherCounters(SPARE + ROUND_KEYS, ROUNDS_256, KEY_STREAM + block * 16);
  }
  return blocks;
}

function isBatch(handle: usize, count: usize): bool {
  return hashOf(handle) != 0 && fitsWindow(count) && sumLengths(INFO_LENGTHS, count) <= CHUNK_BYTES;
}

function end(count: usize, blocks: usize): void {
  wipe(DERIVED, count * KEY_BYTES);
  wipe(SCHEDULES, 8 * SCHEDULE_STRIDE);
  wipe(LANE_KEYS, (ROUNDS_256 + 1) * 128);
  wipe(SPARE, SLOT_BYTES);
  endBatch(blocks);
}

/** Derives a key for each of `count` records from the key under `handle` (hkdf.ts), and seals it. */
export function deriveSealMany(handle: usize, count: usize): i32 {
  if (!isBatch(handle, count)) return BAD_ARGUMENT;
  deriveKeys(handle, count);
  const dataBytes = sumLengths(DATA_LENGTHS, count);
  let data = INPUT + dataBytes;
  let aad = OUTPUT + sumLengths(AAD_LENGTHS, count);
  let most: usize = 0;
  for (let last = count; last > 0; ) {
    const taken = groupOf(0, last, true);
    const first = last - taken;
    const stride: usize = taken > 1 ? 128 : 16;
    most = max(most, taken > 1 ? makeLanes(first, taken) : makeRow(first));
    while (last > first) {
      last--;
      const length = dataLength(last);
      const aadBytes = aadLength(last);
      const stream = KEY_STREAM + (last - first) * 16;
      data -= length;
      aad -= aadBytes;
      setHashKey(SPARE, stream);
      sealRecord(SPARE, stream + stride, stride, aad, aadBytes, data, length, data + last * 16);
    }
  }
  end(count, most);
  return OK;
}

/** Derives a key for each of `count` records, and opens it; returns how many were refused, or a status. */
export function deriveOpenMany(handle: usize, count: usize): i32 {
  if (!isBatch(handle, count)) return BAD_ARGUMENT;
  deriveKeys(handle, count);
  let data = INPUT;
  let to = INPUT;
  let aad = OUTPUT;
  let most: usize = 0;
  let refused: i32 = 0;
  for (let first: usize = 0; first < count; ) {
    const taken = groupOf(first, count, false);
    const stride: usize = taken > 1 ? 128 : 16;
    most = max(most, taken > 1 ? makeLanes(first, taken) : makeRow(first));
    for (let lane: usize = 0; lane < taken; lane++, first++) {
      const length = dataLength(first);
      const aadBytes = aadLength(first);
      const stream = KEY_STREAM + lane * 16;
      setHashKey(SPARE, stream);
      const opened = openRecord(SPARE, stream + stride, stride, aad, aadBytes, data, length, to);
      store<u8>(REFUSALS + first, opened ? 0 : 1);
      if (!opened) refused++;
      data += length + 16;
      to += length;
      aad += aadBytes;
    }
  }
  end(count, most);
  wipe(to, data + 16 - to);
  return refused;
}
