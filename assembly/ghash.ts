/**
 * GHASH (SP 800-38D section 6.4) without carry-less multiplication in hardware: a factor H^i is held as 32 rows, row k
 * the 16 products of its k-th nibble with every nibble, so that one swizzle multiplies 16 nibbles of a block by it.
 * A lookup in a register has no address, so neither H nor the data shows in time.
 *
 * Up to eight blocks wait in NIBBLES; they are multiplied by H^n .. H^1 row by row and reduced once. GCM writes x^0 as
 * the highest bit of the first byte. Here bit n of a 128-bit register is x^n: the rows take nibbles as they stand in a
 * block and turn their bits, and the reduced sum is turned back.
 *
 * The powers of H are computed when they are worth it: a key that seals one short message needs the first one alone.
 */
import {
  FACTORS, KNOWN, LAST_LENGTHS, LENGTHS, NIBBLES, POWERS, POWER_BYTES, PRODUCT, READY, SUM, USED,
} from "./layout";
import { and, highNibbles, lookup, lowNibbles, xor } from "./simd";

/** How many blocks wait in NIBBLES, and how many may. */
let queued: usize = 0;
let group: usize = 0;
/** Whether the message's last block times H is at PRODUCT. */
let known: bool = false;

/** The highest byte of `low` before the lower 15 bytes of `high`. */
// @ts-ignore: decorator
@inline function carryByte(low: v128, high: v128): v128 {
  return i8x16.shuffle(low, high, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
}
/** The low lane, moved to the high lane over zero. */
// @ts-ignore: decorator
@inline function raiseLane(a: v128): v128 { return i64x2.shuffle(i64x2.splat(0), a, 0, 2); }
/** The high lane of `low`, before the low lane of `high`. */
// @ts-ignore: decorator
@inline function bridgeLanes(low: v128, high: v128): v128 { return i64x2.shuffle(low, high, 1, 2); }
/** Turns the bits of every byte around. */
// @ts-ignore: decorator
@inline function turnBits(a: v128): v128 {
  const turned = i8x16(0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15);
  return v128.or(i64x2.shl(lookup(turned, lowNibbles(a)), 4), lookup(turned, highNibbles(a)));
}

/** How many blocks `length` bytes fill or begin. */
// @ts-ignore: decorator
@inline export function blocksOf(length: usize): usize { return (length + 15) >> 4; }

/** Starts a message of about `blocks` blocks (additional data, data and the last) under the key in `slot`. */
// @ts-ignore: decorator
@inline export function ghashBegin(slot: usize, blocks: usize): void {
  queued = 0;
  known = false;
  v128.store(SUM, i64x2.splat(0));
  const ready = <usize>load<u32>(slot, READY);
  const wanted = wantedPowers(blocks, load<u32>(slot, USED) != 0);
  store<u32>(slot, 1, USED);
  if (ready < wanted) raisePowers(slot, ready, wanted);
  group = max(ready, wanted);
}

/** Starts a message of known lengths. Its last block times H is computed once for all messages of these lengths. */
// @ts-ignore: decorator
@inline export function ghashBeginWhole(slot: usize, aadLength: usize, dataLength: usize): void {
  ghashBegin(slot, blocksOf(aadLength) + blocksOf(dataLength) + 1);
  const lengths = lengthsBlock(aadLength, dataLength);
  if (v128.any_true(xor(lengths, v128.load(slot, LAST_LENGTHS)))) {
    v128.store(slot, lengths, LAST_LENGTHS);
    store<u32>(slot, 0, KNOWN);
  } else if (load<u32>(slot, KNOWN) == 0) {
    v128.store(slot, turnBits(timesH(slot, lengths)), PRODUCT);
    store<u32>(slot, 1, KNOWN);
  } else {
    known = true;
  }
}

// @ts-ignore: decorator
@inline function lengthsBlock(aadLength: u64, dataLength: u64): v128 {
  return i64x2.replace_lane(i64x2.splat(bswap<u64>(aadLength << 3)), 1, bswap<u64>(dataLength << 3));
}

/**
 * How many powers of H to have for a message: 1, 2, 4 or 8. One costs about as much as hashing three blocks does, so a
 * key's first message has few, and a second one, after which more may come, as many as it can use.
 */
function wantedPowers(blocks: usize, used: bool): usize {
  if (used) return blocks > 4 ? 8 : blocks > 2 ? 4 : blocks;
  return blocks > 48 ? 8 : blocks > 20 ? 4 : blocks > 6 ? 2 : 1;
}

/** Takes `blocks` blocks at `data`. */
export function ghashAbsorb(slot: usize, data: usize, blocks: usize): void {
  const full = NIBBLES + group * 32;
  let at = NIBBLES + queued * 32;
  for (const end = data + blocks * 16; data < end; data += 16, at += 32) {
    if (at == full) {
      flush(slot, group);
      at = NIBBLES;
    }
    // What was summed up so far is multiplied with the first block of a group.
    const block = at == NIBBLES ? xor(v128.load(data), v128.load(SUM)) : v128.load(data);
    v128.store(at, highNibbles(block));
    v128.store(at, lowNibbles(block), 16);
  }
  queued = (at - NIBBLES) >> 5;
}

/** Ends a message of these lengths and leaves its hash in SUM. */
// @ts-ignore: decorator
@inline export function ghashFinish(slot: usize, aadLength: u64, dataLength: u64): void {
  if (known && queued > 0 && queued < group) {
    // One power more for each block makes room for the last one.
    const sum = turnBits(multiply(slot + POWERS + (7 - queued) * POWER_BYTES, queued));
    v128.store(SUM, xor(sum, v128.load(slot, PRODUCT)));
    return;
  }
  v128.store(LENGTHS, lengthsBlock(aadLength, dataLength));
  ghashAbsorb(slot, LENGTHS, 1);
  flush(slot, queued);
}

/** SUM := X1 * H^n + X2 * H^(n-1) + ... + Xn * H for the n blocks in NIBBLES. */
// @ts-ignore: decorator
@inline function flush(slot: usize, blocks: usize): void {
  v128.store(SUM, turnBits(multiply(slot + POWERS + (8 - blocks) * POWER_BYTES, blocks)));
}

/** X1 * H^n + X2 * H^(n-1) + ... for the blocks in NIBBLES, turned; `first` is the table of H^n. */
function multiply(first: usize, blocks: usize): v128 {
  // The product as even0, even1 + x^4 * (odd0, odd1), by Horner's rule from the highest byte of the factors down.
  let even0 = i64x2.splat(0), even1 = i64x2.splat(0), odd0 = i64x2.splat(0), odd1 = i64x2.splat(0);
  for (let row = first + POWER_BYTES - 32; row >= first; row -= 32) {
    // With the factor's byte as (f, g) and the block's as (a, b): same + x^4 * up4 + x^8 * up8, where by Karatsuba
    // up4 = (f + g) * (a + b) + same + up8. A branch after each block, on their number alone, keeps the compiler from
    // loading all of the row before it uses any.
    let same = i64x2.splat(0), up8 = i64x2.splat(0), cross = i64x2.splat(0);
    let f: v128, g: v128, a: v128, b: v128;
    do {
      f = v128.load(row), g = v128.load(row, 16), a = v128.load(NIBBLES), b = v128.load(NIBBLES, 16);
      same = xor(same, lookup(f, a)), up8 = xor(up8, lookup(g, b));
      cross = xor(cross, lookup(xor(f, g), xor(a, b)));
      if (blocks == 1) break;
      f = v128.load(row, 512), g = v128.load(row, 528), a = v128.load(NIBBLES, 32), b = v128.load(NIBBLES, 48);
      same = xor(same, lookup(f, a)), up8 = xor(up8, lookup(g, b));
      cross = xor(cross, lookup(xor(f, g), xor(a, b)));
      if (blocks == 2) break;
      f = v128.load(row, 1024), g = v128.load(row, 1040), a = v128.load(NIBBLES, 64), b = v128.load(NIBBLES, 80);
      same = xor(same, lookup(f, a)), up8 = xor(up8, lookup(g, b));
      cross = xor(cross, lookup(xor(f, g), xor(a, b)));
      if (blocks == 3) break;
      f = v128.load(row, 1536), g = v128.load(row, 1552), a = v128.load(NIBBLES, 96), b = v128.load(NIBBLES, 112);
      same = xor(same, lookup(f, a)), up8 = xor(up8, lookup(g, b));
      cross = xor(cross, lookup(xor(f, g), xor(a, b)));
      if (blocks == 4) break;
      f = v128.load(row, 2048), g = v128.load(row, 2064), a = v128.load(NIBBLES, 128), b = v128.load(NIBBLES, 144);
      same = xor(same, lookup(f, a)), up8 = xor(up8, lookup(g, b));
      cross = xor(cross, lookup(xor(f, g), xor(a, b)));
      if (blocks == 5) break;
      f = v128.load(row, 2560), g = v128.load(row, 2576), a = v128.load(NIBBLES, 160), b = v128.load(NIBBLES, 176);
      same = xor(same, lookup(f, a)), up8 = xor(up8, lookup(g, b));
      cross = xor(cross, lookup(xor(f, g), xor(a, b)));
      if (blocks == 6) break;
      f = v128.load(row, 3072), g = v128.load(row, 3088), a = v128.load(NIBBLES, 192), b = v128.load(NIBBLES, 208);
      same = xor(same, lookup(f, a)), up8 = xor(up8, lookup(g, b));
      cross = xor(cross, lookup(xor(f, g), xor(a, b)));
      if (blocks == 7) break;
      f = v128.load(row, 3584), g = v128.load(row, 3600), a = v128.load(NIBBLES, 224), b = v128.load(NIBBLES, 240);
      same = xor(same, lookup(f, a)), up8 = xor(up8, lookup(g, b));
      cross = xor(cross, lookup(xor(f, g), xor(a, b)));
    } while (false);
    even0 = xor(even0, up8);
    even1 = carryByte(even0, even1);
    even0 = xor(carryByte(i64x2.splat(0), even0), same);
    odd1 = carryByte(odd0, odd1);
    odd0 = xor(carryByte(i64x2.splat(0), odd0), xor(cross, xor(same, up8)));
  }
  const carry0 = i64x2.shr_u(odd0, 60), carry1 = i64x2.shr_u(odd1, 60);
  return reduce(
    xor(even0, xor(i64x2.shl(odd0, 4), raiseLane(carry0))),
    xor(even1, xor(i64x2.shl(odd1, 4), bridgeLanes(carry0, carry1))),
  );
}

/** (low, high) modulo x^128 + x^7 + x^2 + x + 1. */
// @ts-ignore: decorator
@inline function reduce(low: v128, high: v128): v128 {
  const over = xor(xor(i64x2.shr_u(high, 63), i64x2.shr_u(high, 62)), i64x2.shr_u(high, 57));
  const folded = xor(xor(high, i64x2.shl(high, 1)), xor(i64x2.shl(high, 2), i64x2.shl(high, 7)));
  const last = i64x2.shuffle(over, i64x2.splat(0), 1, 2);
  const lastFolded = xor(xor(last, i64x2.shl(last, 1)), xor(i64x2.shl(last, 2), i64x2.shl(last, 7)));
  return xor(xor(low, folded), xor(raiseLane(over), lastFolded));
}

/** The square of a turned factor: every bit moves to twice its place. */
function square(factor: v128): v128 {
  const spread = i8x16(0, 1, 4, 5, 16, 17, 20, 21, 64, 65, 68, 69, 80, 81, 84, 85);
  const low = lookup(spread, lowNibbles(factor)), high = lookup(spread, highNibbles(factor));
  return reduce(
    i8x16.shuffle(low, high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
    i8x16.shuffle(low, high, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31),
  );
}

/** A block times H, turned. Uses NIBBLES. */
function timesH(slot: usize, block: v128): v128 {
  v128.store(NIBBLES, highNibbles(block));
  v128.store(NIBBLES, lowNibbles(block), 16);
  return multiply(slot + POWERS + 7 * POWER_BYTES, 1);
}

/** Holds the turned power H^i with its table. */
function setPower(slot: usize, i: usize, power: v128): void {
  v128.store(slot + FACTORS + (i - 1) * 16, power);
  writeRows(slot + POWERS + (8 - i) * POWER_BYTES, slot + FACTORS + (i - 1) * 16);
}

function power(slot: usize, i: usize): v128 {
  return v128.load(slot + FACTORS + (i - 1) * 16);
}

/** Takes the block at `h`, H, the cipher of the zero block, for the key in `slot`. */
export function setHashKey(slot: usize, h: usize): void {
  setPower(slot, 1, turnBits(v128.load(h)));
  store<u32>(slot, 1, READY);
  store<u32>(slot, 0, USED);
  store<u32>(slot, 0, KNOWN);
  // No message has these lengths.
  v128.store(slot, i64x2.splat(-1), LAST_LENGTHS);
}

/** Computes the powers of H after the `ready` there are, up to `wanted`. Uses NIBBLES. */
function raisePowers(slot: usize, ready: usize, wanted: usize): void {
  for (let i = ready + 1; i <= wanted; i++) {
    setPower(slot, i, (i & 1) == 0 ? square(power(slot, i >> 1)) : timesH(slot, turnBits(power(slot, i - 1))));
  }
  store<u32>(slot, <u32>wanted, READY);
}

/** Writes the table of one turned factor. */
function writeRows(table: usize, factor: usize): void {
  // Which of the 16 nibbles, as they stand in a block, have the term x^0, x^1, x^2, x^3.
  const has0 = i8x16(0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1);
  const has1 = i8x16(0, 0, 0, 0, -1, -1, -1, -1, 0, 0, 0, 0, -1, -1, -1, -1);
  const has2 = i8x16(0, 0, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1);
  const has3 = i8x16(0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1);
  for (const end = factor + 16; factor < end; factor++, table += 32) {
    const byte = v128.load8_splat(factor);
    const lower = lowNibbles(byte), upper = highNibbles(byte);
    v128.store(table, xor(
      xor(and(lower, has0), and(i64x2.shl(lower, 1), has1)),
      xor(and(i64x2.shl(lower, 2), has2), and(i64x2.shl(lower, 3), has3)),
    ));
    v128.store(table, xor(
      xor(and(upper, has0), and(i64x2.shl(upper, 1), has1)),
      xor(and(i64x2.shl(upper, 2), has2), and(i64x2.shl(upper, 3), has3)),
    ), 16);
  }
}
