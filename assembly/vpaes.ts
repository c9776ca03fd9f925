/**
 * AES (FIPS 197) one or two blocks at a time, and its key schedule, by permutations of vectors (Hamburg 2009): what is too
 * little to fill the eight lanes of aes.ts. A lookup in a register has no address, so no secret shows in time.
 *
 * SubBytes inverts in GF(2^8) as fractions over GF(2^4), each fraction a permutation of a 16-byte register; 0x80 stands
 * for infinity, which a lookup turns to 0. The field basis, and with it the tables, were found by search for
 * 1 / x = A[i'] + B[j']. The constant 0x63 is left to the next round key; ShiftRows and MixColumns leave it as it is.
 */
import { highNibbles, lookup, lowNibbles, xor } from "./simd";

/** Eight tables of 16 bytes, in the order of the offsets below. */
const TABLES: usize = memory.data<i8>([
  0, 1, 55, 54, -96, -95, -105, -106, -94, -93, -107, -108, 2, 3, 53, 52,
  0, -52, 124, -80, -56, 4, -76, 120, -65, 115, -61, 15, 119, -69, 11, -57,
  -128, 2, 1, 11, 15, 12, 10, 13, 8, 14, 6, 3, 5, 7, 9, 4,
  -128, 1, 15, 10, 8, 6, 5, 9, 4, 7, 3, 14, 13, 12, 11, 2,
  0, -6, 106, 53, -69, 43, 95, 65, -91, -47, 116, -112, -28, 30, -49, -114,
  0, -127, 118, -103, -3, 10, -17, 124, 110, -117, -27, -9, 18, -109, 24, 100,
  0, -17, -44, 106, 109, 86, -66, -126, 81, -71, -24, 59, -45, 60, -123, 7,
  0, 25, -20, 41, -31, 20, -59, -8, -36, 13, -47, -11, 36, 61, 48, -56,
], 16);
/** A byte's low and high nibble to its coordinates: k in the low nibble, i in the high one. */
// @ts-ignore: decorator
@inline const SPLIT_LOW: usize = 0;
// @ts-ignore: decorator
@inline const SPLIT_HIGH: usize = 16;
/** 1 / k times a constant of the basis, and the inverse in GF(2^4). */
// @ts-ignore: decorator
@inline const RATIO: usize = 32;
// @ts-ignore: decorator
@inline const INVERSE: usize = 48;
/** A and B: the inverse's fractions to SubBytes; and twice that, for MixColumns. */
// @ts-ignore: decorator
@inline const A: usize = 64;
// @ts-ignore: decorator
@inline const B: usize = 80;
// @ts-ignore: decorator
@inline const A_TWICE: usize = 96;
// @ts-ignore: decorator
@inline const B_TWICE: usize = 112;

// @ts-ignore: decorator
@inline function table(at: usize): v128 { return v128.load(TABLES + at); }
// @ts-ignore: decorator
@inline function split(x: v128): v128 {
  return xor(lookup(table(SPLIT_LOW), lowNibbles(x)), lookup(table(SPLIT_HIGH), highNibbles(x)));
}
/** One coordinate of the inverse: of `mine` beside `other`, given RATIO[k]. */
// @ts-ignore: decorator
@inline function invert(mine: v128, other: v128, ratio: v128): v128 {
  return xor(lookup(table(INVERSE), xor(lookup(table(INVERSE), mine), ratio)), other);
}

/** MixColumns after ShiftRows, from SubBytes `s` and twice that. */
// @ts-ignore: decorator
@inline function mix(s: v128, twice: v128): v128 {
  return xor(
    xor(
      i8x16.swizzle(twice, i8x16(0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11)),
      i8x16.swizzle(xor(s, twice), i8x16(5, 10, 15, 0, 9, 14, 3, 4, 13, 2, 7, 8, 1, 6, 11, 12)),
    ),
    xor(
      i8x16.swizzle(s, i8x16(10, 15, 0, 5, 14, 3, 4, 9, 2, 7, 8, 13, 6, 11, 12, 1)),
      i8x16.swizzle(s, i8x16(15, 0, 5, 10, 3, 4, 9, 14, 7, 8, 13, 2, 11, 12, 1, 6)),
    ),
  );
}

// @ts-ignore: decorator
@inline function shiftRows(a: v128): v128 {
  return i8x16.swizzle(a, i8x16(0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11));
}

/** Enciphers the two blocks at `blocks` in place, with the `rounds` + 1 round keys at `schedule`. */
export function encryptPair(schedule: usize, rounds: usize, blocks: usize): void {
  const last = schedule + rounds * 16;
  let x = xor(v128.load(blocks), v128.load(schedule));
  let y = xor(v128.load(blocks, 16), v128.load(schedule));
  while (true) {
    schedule += 16;
    const splitX = split(x), splitY = split(y);
    const kX = lowNibbles(splitX), kY = lowNibbles(splitY);
    const iX = highNibbles(splitX), iY = highNibbles(splitY);
    const jX = xor(iX, kX), jY = xor(iY, kY);
    const ratioX = lookup(table(RATIO), kX), ratioY = lookup(table(RATIO), kY);
    const outX = invert(iX, jX, ratioX), outY = invert(iY, jY, ratioY);
    const putX = invert(jX, iX, ratioX), putY = invert(jY, iY, ratioY);
    const sX = xor(lookup(table(A), outX), lookup(table(B), putX));
    const sY = xor(lookup(table(A), outY), lookup(table(B), putY));
    const key = v128.load(schedule);
    if (schedule == last) {
      v128.store(blocks, xor(shiftRows(sX), key));
      v128.store(blocks, xor(shiftRows(sY), key), 16);
      return;
    }
    x = xor(mix(sX, xor(lookup(table(A_TWICE), outX), lookup(table(B_TWICE), putX))), key);
    y = xor(mix(sY, xor(lookup(table(A_TWICE), outY), lookup(table(B_TWICE), putY))), key);
  }
}

/** SubWord (FIPS 197 section 5.2) on the four bytes of `word`. */
// @ts-ignore: decorator
@inline function subWord(word: u32): u32 {
  const coordinates = split(i32x4.splat(word));
  const k = lowNibbles(coordinates), i = highNibbles(coordinates), j = xor(i, k);
  const ratio = lookup(table(RATIO), k);
  const sum = xor(lookup(table(A), invert(i, j, ratio)), lookup(table(B), invert(j, i, ratio)));
  return i32x4.extract_lane(sum, 0) ^ 0x63636363;
}

/**
 * Expands the `keyBytes` (16, 24 or 32) at `key` into the round keys at `schedule` (section 5.2), 16 bytes each, from the
 * second on with the constant of SubBytes added, and returns the number of rounds.
 */
export function expandKey(key: usize, keyBytes: usize, schedule: usize): usize {
  const rounds = (keyBytes >> 2) + 6;
  const end = schedule + (rounds + 1) * 16;
  v128.store(schedule, v128.load(key));
  if (keyBytes == 24) store<u64>(schedule, load<u64>(key, 16), 16);
  else if (keyBytes == 32) v128.store(schedule, v128.load(key, 16), 16);
  let roundConstant: u32 = 1;
  let word = load<u32>(schedule + keyBytes - 4);
  let position: usize = 0;
  for (let at = schedule + keyBytes; at < end; at += 4) {
    if (position == 0) {
      word = subWord(rotr<u32>(word, 8)) ^ roundConstant;
      roundConstant = (roundConstant << 1) ^ (roundConstant >> 7) * 0x11b;
    } else if (position == 16 && keyBytes == 32) {
      word = subWord(word);
    }
    word ^= load<u32>(at - keyBytes);
    store<u32>(at, word);
    position += 4;
    if (position == keyBytes) position = 0;
  }
  for (let at = schedule + 16; at < end; at += 16) v128.store(at, xor(v128.load(at), i8x16.splat(0x63)));
  return rounds;
}
