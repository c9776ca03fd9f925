/**
 * AES (FIPS 197), eight blocks at a time, bitsliced: plane p holds bit p of all 128 bytes, so that every step is a logic
 * operation or a fixed permutation, and no secret is ever an address or a condition.
 *
 *   plane p, byte 4 * row + column, bit b  =  bit p of byte (row, column) of block b
 *
 * Rows lie together: ShiftRows is one byte permutation, and MixColumns rotates whole 32-bit lanes. The key has the same
 * form, so each block can have one of its own. Counter blocks are made in this form directly: eight consecutive counters
 * differ only in the three low planes of the last byte.
 * S-box: the circuit of Boyar and Peralta (2011, 113 gates without the constant, which lies in the round keys).
 */
import { PLANES } from "./layout";
import { and, xor } from "./simd";

/** All ones in each byte of `block` that has this bit. */
// @ts-ignore: decorator
@inline function plane(block: v128, bit: v128): v128 { return i8x16.eq(and(block, bit), bit); }
/** Rotates the rows by two, which adds row r + 2 to row r. */
// @ts-ignore: decorator
@inline function rows2(a: v128): v128 { return i64x2.shuffle(a, a, 1, 0); }
/** The bytes of a block by row instead of by column. */
// @ts-ignore: decorator
@inline function byRow(block: v128): v128 {
  return i8x16.swizzle(block, i8x16(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
}
/** The same for the last round key, which is added before ShiftRows and so is shifted back. */
// @ts-ignore: decorator
@inline function byRowBack(block: v128): v128 {
  return i8x16.swizzle(block, i8x16(0, 4, 8, 12, 13, 1, 5, 9, 10, 14, 2, 6, 7, 11, 15, 3));
}

/** Writes the planes of one block that stands in all eight lanes. */
// @ts-ignore: decorator
@inline function splatPlanes(block: v128, to: usize): void {
  v128.store(to, plane(block, i8x16.splat(1)));
  v128.store(to, plane(block, i8x16.splat(2)), 16);
  v128.store(to, plane(block, i8x16.splat(4)), 32);
  v128.store(to, plane(block, i8x16.splat(8)), 48);
  v128.store(to, plane(block, i8x16.splat(16)), 64);
  v128.store(to, plane(block, i8x16.splat(32)), 80);
  v128.store(to, plane(block, i8x16.splat(64)), 96);
  v128.store(to, plane(block, i8x16.splat(-128)), 112);
}

/** Turns eight blocks of bytes by row into planes, or back, in place: an 8 by 8 transposition of bits in every byte. */
function transpose(at: usize): void {
  const odd1 = i8x16.splat(0x55);
  const odd2 = i8x16.splat(0x33);
  const odd4 = i8x16.splat(0x0f);
  let a0 = v128.load(at), a1 = v128.load(at, 16), a2 = v128.load(at, 32), a3 = v128.load(at, 48);
  let a4 = v128.load(at, 64), a5 = v128.load(at, 80), a6 = v128.load(at, 96), a7 = v128.load(at, 112);
  let s: v128;
  s = and(xor(i64x2.shr_u(a0, 1), a1), odd1), a1 = xor(a1, s), a0 = xor(a0, i64x2.shl(s, 1));
  s = and(xor(i64x2.shr_u(a2, 1), a3), odd1), a3 = xor(a3, s), a2 = xor(a2, i64x2.shl(s, 1));
  s = and(xor(i64x2.shr_u(a4, 1), a5), odd1), a5 = xor(a5, s), a4 = xor(a4, i64x2.shl(s, 1));
  s = and(xor(i64x2.shr_u(a6, 1), a7), odd1), a7 = xor(a7, s), a6 = xor(a6, i64x2.shl(s, 1));
  s = and(xor(i64x2.shr_u(a0, 2), a2), odd2), a2 = xor(a2, s), a0 = xor(a0, i64x2.shl(s, 2));
  s = and(xor(i64x2.shr_u(a1, 2), a3), odd2), a3 = xor(a3, s), a1 = xor(a1, i64x2.shl(s, 2));
  s = and(xor(i64x2.shr_u(a4, 2), a6), odd2), a6 = xor(a6, s), a4 = xor(a4, i64x2.shl(s, 2));
  s = and(xor(i64x2.shr_u(a5, 2), a7), odd2), a7 = xor(a7, s), a5 = xor(a5, i64x2.shl(s, 2));
  s = and(xor(i64x2.shr_u(a0, 4), a4), odd4), a4 = xor(a4, s), a0 = xor(a0, i64x2.shl(s, 4));
  s = and(xor(i64x2.shr_u(a1, 4), a5), odd4), a5 = xor(a5, s), a1 = xor(a1, i64x2.shl(s, 4));
  s = and(xor(i64x2.shr_u(a2, 4), a6), odd4), a6 = xor(a6, s), a2 = xor(a2, i64x2.shl(s, 4));
  s = and(xor(i64x2.shr_u(a3, 4), a7), odd4), a7 = xor(a7, s), a3 = xor(a3, i64x2.shl(s, 4));
  v128.store(at, a0);
  v128.store(at, a1, 16);
  v128.store(at, a2, 32);
  v128.store(at, a3, 48);
  v128.store(at, a4, 64);
  v128.store(at, a5, 80);
  v128.store(at, a6, 96);
  v128.store(at, a7, 112);
}

/** Writes the planes of eight blocks, each at `at` plus a multiple of `stride`, to `to`. */
function slicePlanes(at: usize, stride: usize, to: usize): void {
  for (let lane = to; lane < to + 128; lane += 16, at += stride) v128.store(lane, byRow(v128.load(at)));
  transpose(to);
}

/**
 * Writes the `rounds` + 1 round keys at `schedule` to `keys` as planes (128 bytes each), for all lanes. The constant of
 * the S-box lies in each key behind it, and stays as it is in ShiftRows and MixColumns: vpaes.ts puts it there.
 */
export function sliceKey(schedule: usize, rounds: usize, keys: usize): void {
  for (const last = schedule + rounds * 16; schedule < last; schedule += 16, keys += 128) {
    splatPlanes(byRow(v128.load(schedule)), keys);
  }
  splatPlanes(byRowBack(v128.load(schedule)), keys);
}

/** The same for eight keys, one a lane, whose schedules lie `stride` bytes apart. */
export function sliceKeys(schedule: usize, stride: usize, rounds: usize, keys: usize): void {
  for (const last = schedule + rounds * 16; schedule < last; schedule += 16, keys += 128) {
    slicePlanes(schedule, stride, keys);
  }
  for (let lane = keys; lane < keys + 128; lane += 16, schedule += stride) {
    v128.store(lane, byRowBack(v128.load(schedule)));
  }
  transpose(keys);
}

/**
 * Adds the key stream to `batches` times 128 bytes at `data`, in place, under the key planes at `keys`; batch n uses the
 * counters 8 * (first + n) to 8 * (first + n) + 7 after the 12 bytes at `nonce`.
 */
export function addKeyStream(keys: usize, rounds: usize, nonce: usize, first: u32, data: usize, batches: usize): void {
  const fixed = byRow(i32x4.replace_lane(v128.load(nonce), 3, 0));
  for (const end = data + batches * 128; data < end; data += 128, first++) {
    splatPlanes(v128.or(fixed, byRow(i32x4.replace_lane(i32x4.splat(0), 3, bswap<u32>(first << 3)))), PLANES);
    // The three low bits of the last byte count the blocks.
    v128.store(PLANES, xor(v128.load(PLANES), i8x16(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -86)));
    v128.store(PLANES, xor(v128.load(PLANES, 16), i8x16(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -52)), 16);
    v128.store(PLANES, xor(v128.load(PLANES, 32), i8x16(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -16)), 32);
    encryptPlanes(keys, rounds, data);
  }
}

/** Adds the ciphers of the eight blocks at `blocks` to the 128 bytes at `data`. */
export function addCiphers(keys: usize, rounds: usize, blocks: usize, data: usize): void {
  slicePlanes(blocks, 16, PLANES);
  encryptPlanes(keys, rounds, data);
}

/** Adds the ciphers of the blocks whose planes are in PLANES to the 128 bytes at `data`. */
function encryptPlanes(keys: usize, rounds: usize, data: usize): void {
  const shift = i8x16(0, 1, 2, 3, 5, 6, 7, 4, 10, 11, 8, 9, 15, 12, 13, 14);
  const shiftNext = i8x16(5, 6, 7, 4, 10, 11, 8, 9, 15, 12, 13, 14, 0, 1, 2, 3);
  // The position of the last byte, ShiftRows and all, in plain block order.
  const restore = i8x16(0, 5, 10, 15, 1, 6, 11, 12, 2, 7, 8, 13, 3, 4, 9, 14);
  const odd1 = i8x16.splat(0x55);
  const odd2 = i8x16.splat(0x33);
  const odd4 = i8x16.splat(0x0f);
  const lastKey = keys + rounds * 128;
  let key = keys;
  let a7 = xor(v128.load(PLANES, 112), v128.load(key, 112));
  let a6 = xor(v128.load(PLANES, 96), v128.load(key, 96));
  let a5 = xor(v128.load(PLANES, 80), v128.load(key, 80));
  let a4 = xor(v128.load(PLANES, 64), v128.load(key, 64));
  let a3 = xor(v128.load(PLANES, 48), v128.load(key, 48));
  let a2 = xor(v128.load(PLANES, 32), v128.load(key, 32));
  let a1 = xor(v128.load(PLANES, 16), v128.load(key, 16));
  let a0 = xor(v128.load(PLANES), v128.load(key));
  let s: v128;
  while (true) {
    key += 128;
    // SubBytes. V8 keeps much of the order in which this is written: it was searched for one that waits and spills little.
    const y14 = xor(a4, a2), y8 = xor(a2, a7), t0 = xor(a6, a5), y1 = xor(t0, a0), y13 = xor(a7, a1);
    const y5 = xor(y1, a1), y4 = xor(a4, y1), y12 = xor(y13, y14), t1 = xor(a3, y12), y9 = xor(a7, a4);
    const y3 = xor(y8, y5), y15 = xor(t1, a2), y2 = xor(a7, y1), y6 = xor(y15, a0), y20 = xor(t1, a6);
    const t2 = and(y12, y15), y11 = xor(y9, y20), y16 = xor(y11, t0), y10 = xor(y15, t0), y7 = xor(y11, a0);
    const t7 = and(y13, y16), y17 = xor(y11, y10), t11 = xor(t7, and(y2, y7)), t12 = and(y9, y11);
    const t9 = xor(t7, and(y5, y1)), t14 = xor(t12, and(y14, y17)), y21 = xor(y13, y16), t16 = xor(and(y8, y10), t12);
    const t4 = xor(t2, and(y3, y6)), y18 = xor(y16, a7), t23 = xor(xor(t9, t14), y21), y19 = xor(y10, y8);
    const t24 = xor(xor(t11, t16), y18), t6 = xor(and(y4, a0), t2), t22 = xor(y19, xor(t6, t16));
    const t21 = xor(y20, xor(t4, t14)), t26 = and(t21, t23), t25 = xor(t21, t22), t27 = xor(t24, t26);
    const t29 = xor(and(t25, t27), t22), t33 = xor(and(xor(t23, t24), xor(t22, t26)), t24);
    const t36 = and(t24, xor(t27, t33)), z11 = and(t33, y4), t40 = xor(and(t29, xor(t27, t36)), t25);
    const z4 = and(y1, t40), t42 = xor(t29, t33), t37 = xor(xor(t33, t23), t36), t41 = xor(t40, t37);
    const z14 = and(t29, y2), t43 = xor(t40, t29), t44 = xor(t33, t37), t45 = xor(t42, t41), z0 = and(t44, y15);
    const z15 = and(t42, y9), z1 = and(t37, y6), z17 = and(y8, t41), z2 = and(t33, a0), z10 = and(t37, y3);
    const z3 = and(t43, y16), z7 = and(y17, t45), t53 = xor(z0, z3), z5 = and(t29, y7), z8 = and(y10, t41);
    const z9 = and(y12, t44), z13 = and(t40, y5), z16 = and(t45, y14), t46 = xor(z15, z16), z6 = and(t42, y11);
    const t54 = xor(z6, z7), t58 = xor(z4, t46), t62 = xor(t58, xor(z7, z8)), t48 = xor(z5, z13), z12 = and(t43, y13);
    const t59 = xor(t54, z3), t57 = xor(xor(z2, z12), t53), t63 = xor(xor(z9, z10), t58), t66 = xor(t63, z1);
    const t64 = xor(z4, t59), t65 = xor(xor(t57, z14), t62);
    a7 = xor(t63, t59);
    a1 = xor(xor(z12, t48), t62);
    a0 = xor(t48, xor(t46, t57));
    a4 = xor(t53, t66);
    a3 = xor(xor(z2, z5), t66);
    a2 = xor(xor(z10, z11), t65);
    a6 = xor(t64, a4);
    a5 = xor(xor(z16, z17), xor(t64, t65));
    if (key == lastKey) break;
    // ShiftRows, MixColumns: with d = row + next row, a row becomes 2 * d + next row + d two rows on.
    const n7 = i8x16.swizzle(a7, shiftNext), d7 = xor(i8x16.swizzle(a7, shift), n7);
    const n0 = i8x16.swizzle(a0, shiftNext), d0 = xor(i8x16.swizzle(a0, shift), n0);
    a0 = xor(xor(xor(n0, rows2(d0)), d7), v128.load(key));
    const n1 = i8x16.swizzle(a1, shiftNext), d1 = xor(i8x16.swizzle(a1, shift), n1);
    a1 = xor(xor(xor(n1, rows2(d1)), xor(d0, d7)), v128.load(key, 16));
    const n2 = i8x16.swizzle(a2, shiftNext), d2 = xor(i8x16.swizzle(a2, shift), n2);
    a2 = xor(xor(xor(n2, rows2(d2)), d1), v128.load(key, 32));
    const n3 = i8x16.swizzle(a3, shiftNext), d3 = xor(i8x16.swizzle(a3, shift), n3);
    a3 = xor(xor(xor(n3, rows2(d3)), xor(d2, d7)), v128.load(key, 48));
    const n4 = i8x16.swizzle(a4, shiftNext), d4 = xor(i8x16.swizzle(a4, shift), n4);
    a4 = xor(xor(xor(n4, rows2(d4)), xor(d3, d7)), v128.load(key, 64));
    const n5 = i8x16.swizzle(a5, shiftNext), d5 = xor(i8x16.swizzle(a5, shift), n5);
    a5 = xor(xor(xor(n5, rows2(d5)), d4), v128.load(key, 80));
    const n6 = i8x16.swizzle(a6, shiftNext), d6 = xor(i8x16.swizzle(a6, shift), n6);
    a6 = xor(xor(xor(n6, rows2(d6)), d5), v128.load(key, 96));
    a7 = xor(xor(xor(n7, rows2(d7)), d6), v128.load(key, 112));
  }
  // Planes to blocks: three rounds of swapping bits between planes; the last round key lies where ShiftRows takes it.
  a0 = xor(a0, v128.load(key)), a1 = xor(a1, v128.load(key, 16));
  a2 = xor(a2, v128.load(key, 32)), a3 = xor(a3, v128.load(key, 48));
  a4 = xor(a4, v128.load(key, 64)), a5 = xor(a5, v128.load(key, 80));
  a6 = xor(a6, v128.load(key, 96)), a7 = xor(a7, v128.load(key, 112));
  s = and(xor(i64x2.shr_u(a0, 1), a1), odd1), a1 = xor(a1, s), a0 = xor(a0, i64x2.shl(s, 1));
  s = and(xor(i64x2.shr_u(a2, 1), a3), odd1), a3 = xor(a3, s), a2 = xor(a2, i64x2.shl(s, 1));
  s = and(xor(i64x2.shr_u(a4, 1), a5), odd1), a5 = xor(a5, s), a4 = xor(a4, i64x2.shl(s, 1));
  s = and(xor(i64x2.shr_u(a6, 1), a7), odd1), a7 = xor(a7, s), a6 = xor(a6, i64x2.shl(s, 1));
  s = and(xor(i64x2.shr_u(a0, 2), a2), odd2), a2 = xor(a2, s), a0 = xor(a0, i64x2.shl(s, 2));
  s = and(xor(i64x2.shr_u(a1, 2), a3), odd2), a3 = xor(a3, s), a1 = xor(a1, i64x2.shl(s, 2));
  s = and(xor(i64x2.shr_u(a4, 2), a6), odd2), a6 = xor(a6, s), a4 = xor(a4, i64x2.shl(s, 2));
  s = and(xor(i64x2.shr_u(a5, 2), a7), odd2), a7 = xor(a7, s), a5 = xor(a5, i64x2.shl(s, 2));
  s = and(xor(i64x2.shr_u(a0, 4), a4), odd4), a4 = xor(a4, s), a0 = xor(a0, i64x2.shl(s, 4));
  s = and(xor(i64x2.shr_u(a1, 4), a5), odd4), a5 = xor(a5, s), a1 = xor(a1, i64x2.shl(s, 4));
  s = and(xor(i64x2.shr_u(a2, 4), a6), odd4), a6 = xor(a6, s), a2 = xor(a2, i64x2.shl(s, 4));
  s = and(xor(i64x2.shr_u(a3, 4), a7), odd4), a7 = xor(a7, s), a3 = xor(a3, i64x2.shl(s, 4));
  v128.store(data, xor(v128.load(data), i8x16.swizzle(a0, restore)));
  v128.store(data, xor(v128.load(data, 16), i8x16.swizzle(a1, restore)), 16);
  v128.store(data, xor(v128.load(data, 32), i8x16.swizzle(a2, restore)), 32);
  v128.store(data, xor(v128.load(data, 48), i8x16.swizzle(a3, restore)), 48);
  v128.store(data, xor(v128.load(data, 64), i8x16.swizzle(a4, restore)), 64);
  v128.store(data, xor(v128.load(data, 80), i8x16.swizzle(a5, restore)), 80);
  v128.store(data, xor(v128.load(data, 96), i8x16.swizzle(a6, restore)), 96);
  v128.store(data, xor(v128.load(data, 112), i8x16.swizzle(a7, restore)), 112);
}
