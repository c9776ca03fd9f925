/**
 * HMAC-SHA-256 (FIPS 198-1) of four messages at a time, each under a key of its own or all under one. A message is what
 * the batch put into its lane, between the last tag of that lane and a counter if it has them (HKDF's, RFC 5869).
 *
 * Time depends on lengths alone. A lane whose message is shorter than another goes on with blocks that nobody reads.
 */
import {
  BLOCKS, DIGEST_4, KEY_4, LANES, ROWS, STATE_4, WORDS_4, clearWide, copyState, copyWide,
} from "./hash-layout";
import { beginFour, compressFour, loadFour, spreadState } from "./sha256x4";

// @ts-ignore: decorator
@inline const TAG_BYTES: usize = 32;

/** Gives a lane (0 to 3) the `length` bytes at `data`, which may be read up to 15 bytes further. */
// @ts-ignore: decorator
@inline export function setLane(lane: usize, data: usize, length: usize): void {
  store<u32>(LANES + 8 * lane, <u32>data);
  store<u32>(LANES + 8 * lane, <u32>length, 4);
}

/** Makes four keys at `to` of one: its inner chaining value at `key`, and 64 bytes on the outer one. */
export function spreadKey(to: usize, key: usize): void {
  spreadState(to, key);
  spreadState(to + 128, key + 64);
}

/** Makes KEY_4 of the tags that `macFour` left. */
export function setKeyFour(): void {
  copyFour(DIGEST_4, STATE_4);
  setMidstateFour(KEY_4, 0x36363636);
  setMidstateFour(KEY_4 + 128, 0x5c5c5c5c);
}

function setMidstateFour(midstate: usize, pad: i32): void {
  const pads = i32x4.splat(pad);
  for (let at: usize = 0; at < 128; at += 16) {
    v128.store(WORDS_4 + at, v128.xor(v128.load(DIGEST_4 + at), pads));
    v128.store(WORDS_4 + at, pads, 128);
  }
  beginFour();
  compressFour();
  copyFour(midstate, STATE_4);
}

/**
 * The tags, in STATE_4, of the messages under the keys at `keys`. `chained`: they begin with the tags in ROWS; a
 * `counter` other than 0 ends them.
 */
export function macFour(keys: usize, chained: bool, counter: u32): void {
  const before: usize = chained ? TAG_BYTES : 0;
  const around = before + (counter > 0 ? 1 : 0);
  copyFour(STATE_4, keys);
  let left = 0xf;
  for (let block: usize = 0; left != 0; block++) {
    loadFour(
      findBlock(0, block, before, counter), findBlock(1, block, before, counter),
      findBlock(2, block, before, counter), findBlock(3, block, before, counter),
    );
    compressFour();
    const ended = lanesOf(block + 1, around);
    left &= ~ended;
    if (ended == 0xf) copyFour(DIGEST_4, STATE_4);
    else takeDigests(ended);
  }
  finishFour(keys + 128);
}

/** Hashes the digests in DIGEST_4 behind the blocks that led to `midstates`. */
function finishFour(midstates: usize): void {
  copyFour(STATE_4, midstates);
  copyFour(WORDS_4, DIGEST_4);
  v128.store(WORDS_4, i32x4.splat(0x80000000), 128);
  clearWide(WORDS_4 + 144, WORDS_4 + 240);
  v128.store(WORDS_4, i32x4.splat(8 * (64 + (TAG_BYTES as i32))), 240);
  compressFour();
}

// @ts-ignore: decorator
@inline function dataBytes(lane: usize): usize {
  return load<u32>(LANES + 8 * lane, 4);
}

/** Blocks that a message takes with its padding: a byte, and eight for the length. */
// @ts-ignore: decorator
@inline function countBlocks(length: usize): usize {
  return (length + 72) >> 6;
}

/** Where a block of a lane's message lies: in its data, or in BLOCKS, where it is put together. */
function findBlock(lane: usize, block: usize, before: usize, counter: u32): usize {
  const data: usize = load<u32>(LANES + 8 * lane);
  const end = before + dataBytes(lane);
  const from = block << 6;
  if (from >= before && from + 64 <= end) return data + from - before;
  const made = BLOCKS + 80 * lane;
  if (from < before) {
    v128.store(made, v128.load(ROWS + TAG_BYTES * lane));
    v128.store(made, v128.load(ROWS + TAG_BYTES * lane, 16), 16);
  }
  const first = max<usize>(from, before);
  const last = max<usize>(min<usize>(from + 64, end), first);
  copyWide(made + first - from, data + first - before, last - first);
  clearWide(made + last - from, made + 64);
  const padding = end + (counter > 0 ? 1 : 0);
  // The differences wrap around where the byte lies in an earlier block.
  if (counter > 0 && end - from < 64) store<u8>(made + end - from, counter);
  if (padding - from < 64) store<u8>(made + padding - from, 0x80);
  if (block + 1 == countBlocks(padding)) store<u32>(made, bswap<u32>(<u32>(padding + 64) << 3), 60);
  return made;
}

/** The lanes, as bits, whose message takes `blocks`. */
// @ts-ignore: decorator
@inline function lanesOf(blocks: usize, around: usize): i32 {
  return (
    i32(countBlocks(around + dataBytes(0)) == blocks) | (i32(countBlocks(around + dataBytes(1)) == blocks) << 1) |
    (i32(countBlocks(around + dataBytes(2)) == blocks) << 2) | (i32(countBlocks(around + dataBytes(3)) == blocks) << 3)
  );
}

/** Copies those lanes of STATE_4 to DIGEST_4. */
function takeDigests(lanes: i32): void {
  for (let lane: usize = 0; lane < 4; lane++) {
    if (!((lanes >> (lane as i32)) & 1)) continue;
    for (let at: usize = 4 * lane; at < 128; at += 16) store<u32>(DIGEST_4 + at, load<u32>(STATE_4 + at));
  }
}

// @ts-ignore: decorator
@inline function copyFour(to: usize, from: usize): void {
  copyState(to, from);
  copyState(to + 64, from + 64);
}
