/**
 * GHASH (SP 800-38D section 6.4) without carry-less multiplication in hardware: a factor H^i is held as 32 rows, row k
 * the 16 products of its k-th nibble with every nibble, so that one swizzle multiplies 16 nibbles of a block by it.
 * A lookup in a register has no address, so neither H nor the data shows in time.
 *
 * Up to eight blocks wait in NIBBLES; they are multiplied by H^n .. H^1 row by row and reduced once. GCM writes x^0 as
 * the highest bit of the first byte. Here bit n of a 128-bit register is x^n: the rows take nibbles as they stand in a
 * block and turn their bits, and the reduced sum is turned back.
 */
import { NIBBLES, POWERS, POWER_BYTES, SUM } from "./layout";

/** How many blocks wait in NIBBLES. */
let queued: usize = 0;

// @ts-ignore: decorator
@inline function xor(a: v128, b: v128): v128 { return v128.xor(a, b); }
// @ts-ignore: decorator
@inline function and(a: v128, b: v128): v128 { return v128.and(a, b); }
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
  const low = i8x16.splat(15);
  return v128.or(
    i64x2.shl(i8x16.swizzle(turned, and(a, low)), 4),
    i8x16.swizzle(turned, and(i64x2.shr_u(a, 4), low)),
  );
}

/** Starts a message. */
export function ghashBegin(): void {
  queued = 0;
  v128.store(SUM, i64x2.splat(0));
}

/** Takes `blocks` blocks at `data`. */
export function ghashAbsorb(slot: usize, data: usize, blocks: usize): void {
  const low = i8x16.splat(15);
  for (const end = data + blocks * 16; data < end; data += 16) {
    if (queued == 8) multiply(slot, 8);
    const block = v128.load(data);
    const at = NIBBLES + queued * 32;
    v128.store(at, and(i64x2.shr_u(block, 4), low));
    v128.store(at, and(block, low), 16);
    queued++;
  }
}

/** Brings SUM up to date with all that was absorbed. */
export function ghashFinish(slot: usize): void {
  if (queued > 0) multiply(slot, queued);
}

/** SUM := (SUM + X1) * H^n + X2 * H^(n-1) + ... + Xn * H for the n blocks in NIBBLES. */
function multiply(slot: usize, blocks: usize): void {
  const low = i8x16.splat(15);
  const sum = v128.load(SUM);
  v128.store(NIBBLES, xor(v128.load(NIBBLES), and(i64x2.shr_u(sum, 4), low)));
  v128.store(NIBBLES, xor(v128.load(NIBBLES, 16), and(sum, low)), 16);
  queued = 0;
  // The product as even0, even1 + x^4 * (odd0, odd1), by Horner's rule from the highest byte of the factors down.
  let even0 = i64x2.splat(0), even1 = i64x2.splat(0), odd0 = i64x2.splat(0), odd1 = i64x2.splat(0);
  const first = slot + POWERS + (8 - blocks) * POWER_BYTES;
  for (let row = first + POWER_BYTES - 32; row >= first; row -= 32) {
    // With the factor's byte as (f, g) and the block's as (a, b): same + x^4 * up4 + x^8 * up8, where by Karatsuba
    // up4 = (f + g) * (a + b) + same + up8. A branch after each block, on their number alone, keeps the compiler from
    // loading all of the row before it uses any.
    let same = i64x2.splat(0), up8 = i64x2.splat(0), cross = i64x2.splat(0);
    let f: v128, g: v128, a: v128, b: v128;
    do {
      f = v128.load(row), g = v128.load(row, 16), a = v128.load(NIBBLES), b = v128.load(NIBBLES, 16);
      same = xor(same, i8x16.swizzle(f, a)), up8 = xor(up8, i8x16.swizzle(g, b));
      cross = xor(cross, i8x16.swizzle(xor(f, g), xor(a, b)));
      if (blocks == 1) break;
      f = v128.load(row, 512), g = v128.load(row, 528), a = v128.load(NIBBLES, 32), b = v128.load(NIBBLES, 48);
      same = xor(same, i8x16.swizzle(f, a)), up8 = xor(up8, i8x16.swizzle(g, b));
      cross = xor(cross, i8x16.swizzle(xor(f, g), xor(a, b)));
      if (blocks == 2) break;
      f = v128.load(row, 1024), g = v128.load(row, 1040), a = v128.load(NIBBLES, 64), b = v128.load(NIBBLES, 80);
      same = xor(same, i8x16.swizzle(f, a)), up8 = xor(up8, i8x16.swizzle(g, b));
      cross = xor(cross, i8x16.swizzle(xor(f, g), xor(a, b)));
      if (blocks == 3) break;
      f = v128.load(row, 1536), g = v128.load(row, 1552), a = v128.load(NIBBLES, 96), b = v128.load(NIBBLES, 112);
      same = xor(same, i8x16.swizzle(f, a)), up8 = xor(up8, i8x16.swizzle(g, b));
      cross = xor(cross, i8x16.swizzle(xor(f, g), xor(a, b)));
      if (blocks == 4) break;
      f = v128.load(row, 2048), g = v128.load(row, 2064), a = v128.load(NIBBLES, 128), b = v128.load(NIBBLES, 144);
      same = xor(same, i8x16.swizzle(f, a)), up8 = xor(up8, i8x16.swizzle(g, b));
      cross = xor(cross, i8x16.swizzle(xor(f, g), xor(a, b)));
      if (blocks == 5) break;
      f = v128.load(row, 2560), g = v128.load(row, 2576), a = v128.load(NIBBLES, 160), b = v128.load(NIBBLES, 176);
      same = xor(same, i8x16.swizzle(f, a)), up8 = xor(up8, i8x16.swizzle(g, b));
      cross = xor(cross, i8x16.swizzle(xor(f, g), xor(a, b)));
      if (blocks == 6) break;
      f = v128.load(row, 3072), g = v128.load(row, 3088), a = v128.load(NIBBLES, 192), b = v128.load(NIBBLES, 208);
      same = xor(same, i8x16.swizzle(f, a)), up8 = xor(up8, i8x16.swizzle(g, b));
      cross = xor(cross, i8x16.swizzle(xor(f, g), xor(a, b)));
      if (blocks == 7) break;
      f = v128.load(row, 3584), g = v128.load(row, 3600), a = v128.load(NIBBLES, 224), b = v128.load(NIBBLES, 240);
      same = xor(same, i8x16.swizzle(f, a)), up8 = xor(up8, i8x16.swizzle(g, b));
      cross = xor(cross, i8x16.swizzle(xor(f, g), xor(a, b)));
    } while (false);
    even0 = xor(even0, up8);
    even1 = carryByte(even0, even1);
    even0 = xor(carryByte(i64x2.splat(0), even0), same);
    odd1 = carryByte(odd0, odd1);
    odd0 = xor(carryByte(i64x2.splat(0), odd0), xor(cross, xor(same, up8)));
  }
  const carry0 = i64x2.shr_u(odd0, 60), carry1 = i64x2.shr_u(odd1, 60);
  const low128 = xor(even0, xor(i64x2.shl(odd0, 4), raiseLane(carry0)));
  const high128 = xor(even1, xor(i64x2.shl(odd1, 4), bridgeLanes(carry0, carry1)));
  v128.store(SUM, turnBits(reduce(low128, high128)));
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

/** Writes the table of one factor, given as a block in the order of SP 800-38D. */
function writeRows(table: usize, factor: usize): void {
  // Which of the 16 nibbles, as they stand in a block, have the term x^0, x^1, x^2, x^3.
  const has0 = i8x16(0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1);
  const has1 = i8x16(0, 0, 0, 0, -1, -1, -1, -1, 0, 0, 0, 0, -1, -1, -1, -1);
  const has2 = i8x16(0, 0, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1);
  const has3 = i8x16(0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1);
  const low = i8x16.splat(15);
  v128.store(table, turnBits(v128.load(factor)), POWER_BYTES - 16);
  for (let i: usize = 0; i < 16; i++) {
    const byte = v128.load8_splat(table + POWER_BYTES - 16 + i);
    const lower = and(byte, low), upper = and(i64x2.shr_u(byte, 4), low);
    v128.store(table + i * 32, xor(
      xor(and(lower, has0), and(i64x2.shl(lower, 1), has1)),
      xor(and(i64x2.shl(lower, 2), has2), and(i64x2.shl(lower, 3), has3)),
    ));
    v128.store(table + i * 32, xor(
      xor(and(upper, has0), and(i64x2.shl(upper, 1), has1)),
      xor(and(i64x2.shl(upper, 2), has2), and(i64x2.shl(upper, 3), has3)),
    ), 16);
  }
}

/** Writes the tables of H .. H^8 into `slot`, from the block H at `h`. Ends with SUM and NIBBLES in use. */
export function expandPowers(slot: usize, h: usize): void {
  const first = slot + POWERS + 7 * POWER_BYTES;
  writeRows(first, h);
  v128.store(SUM, v128.load(h));
  for (let table = first - POWER_BYTES; table >= slot + POWERS; table -= POWER_BYTES) {
    v128.store(NIBBLES, i64x2.splat(0));
    v128.store(NIBBLES, i64x2.splat(0), 16);
    multiply(slot, 1);
    writeRows(table, SUM);
  }
}
