/**
 * AES key wrap with padding (RFC 5649; SP 800-38F section 6.3, KWP). Few keys are wrapped, so what is not there for
 * AES-GCM, the inverse cipher, is small rather than fast: SubBytes is inverted by computing x^254, and no table is needed.
 *
 *   INPUT    0       32      40
 *            | KEK   | A     | n semiblocks: the key, padded with zeros to a multiple of 8 bytes |
 *
 *   SCRATCH  64         96                      SPARE + SCHEDULE: the round keys of the KEK
 *            | BLOCK,   | what must be zero, and zeros |
 *            | 2 x 16 B |
 *
 * Public are the lengths that go in and, of what unwraps, the length of the key. Everything is wiped but the result.
 */
import { equalTags, wipe } from "./ct";
import { CHUNK_BYTES, GCM_BYTES, INPUT, SCHEDULE, SCRATCH, SPARE, STREAM } from "./layout";
import { xor } from "./simd";
import { BAD_ARGUMENT, REFUSED } from "./status";
import { encryptPair, expandKey } from "./vpaes";

// @ts-ignore: decorator
@inline const KEYS: usize = SPARE + SCHEDULE;
// @ts-ignore: decorator
@inline const KEYS_BYTES: usize = 240;
// @ts-ignore: decorator
@inline const A: usize = INPUT + 32;
// @ts-ignore: decorator
@inline const SEMIBLOCKS: usize = INPUT + 40;
// @ts-ignore: decorator
@inline const BLOCK: usize = STREAM;
// @ts-ignore: decorator
@inline const CHECK: usize = STREAM + 32;
/** The first half of the alternative initial value (section 3); the second is the length of the key. */
// @ts-ignore: decorator
@inline const MAGIC: u32 = 0xa65959a6;

// @ts-ignore: decorator
@inline function isKeyLength(keyBytes: u32): bool { return keyBytes == 16 || keyBytes == 24 || keyBytes == 32; }

/** Twice each byte in GF(2^8). */
// @ts-ignore: decorator
@inline function twice(x: v128): v128 {
  return xor(i8x16.shl(x, 1), v128.and(i8x16.shr_s(x, 7), i8x16.splat(0x1b)));
}

/** The product of the bytes of `a` and `b` in GF(2^8), from the highest bit of `b` on. */
function multiply(a: v128, b: v128): v128 {
  let product = i64x2.splat(0);
  for (let bit = 0; bit < 8; bit++) {
    product = xor(twice(product), v128.and(a, i8x16.shr_s(b, 7)));
    b = i8x16.shl(b, 1);
  }
  return product;
}

/** x^254: the inverse of every byte, and 0 of 0. */
function invert(x: v128): v128 {
  const x2 = multiply(x, x);
  const x3 = multiply(x2, x);
  const x6 = multiply(x3, x3);
  const x12 = multiply(x6, x6);
  const x15 = multiply(x12, x3);
  let x240 = multiply(x15, x15);
  for (let i = 0; i < 3; i++) x240 = multiply(x240, x240);
  return multiply(multiply(x240, x12), x2);
}

// @ts-ignore: decorator
@inline function rotateBits(x: v128, by: i32): v128 {
  return v128.or(i8x16.shl(x, by), i8x16.shr_u(x, 8 - by));
}

/** InvShiftRows and InvSubBytes (FIPS 197 sections 5.3.1 and 5.3.2) of a state to which 0x63 has been added. */
// @ts-ignore: decorator
@inline function unsubstitute(x: v128): v128 {
  x = i8x16.swizzle(x, i8x16(0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3));
  return invert(xor(xor(rotateBits(x, 1), rotateBits(x, 3)), rotateBits(x, 6)));
}

/** InvMixColumns (section 5.3.3), which leaves a constant like 0x63 in all bytes as it is. */
// @ts-ignore: decorator
@inline function unmix(x: v128): v128 {
  const x2 = twice(x), x4 = twice(x2), x8 = twice(x4);
  const x9 = xor(x8, x);
  return xor(
    xor(
      xor(xor(x8, x4), x2),
      i8x16.swizzle(xor(x9, x2), i8x16(1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12)),
    ),
    xor(
      i8x16.swizzle(xor(x9, x4), i8x16(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)),
      i8x16.swizzle(x9, i8x16(3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14)),
    ),
  );
}

/** Deciphers one block with the round keys of `expandKey`, which have 0x63 added from the second on. */
function decryptBlock(rounds: usize, block: v128): v128 {
  let x = xor(block, v128.load(KEYS + rounds * 16));
  for (let round = rounds - 1; round > 0; round--) {
    x = unmix(xor(unsubstitute(x), v128.load(KEYS + round * 16)));
  }
  return xor(unsubstitute(x), v128.load(KEYS));
}

/** The counter of step `i` of pass `j`, as it is added to A: big endian, in the low lane. */
// @ts-ignore: decorator
@inline function counter(n: u32, j: u32, i: u32): v128 {
  return i64x2(bswap<u64>(<u64>n * j + i), 0);
}

/** W (SP 800-38F section 6.1) of the n semiblocks after A, in place. */
function wrapSemiblocks(rounds: usize, n: u32): void {
  let a = v128.load64_zero(A);
  for (let j: u32 = 0; j < 6; j++) {
    for (let i: u32 = 1; i <= n; i++) {
      const at = SEMIBLOCKS + (i - 1) * 8;
      v128.store(BLOCK, v128.load64_lane(at, a, 1));
      encryptPair(KEYS, rounds, BLOCK);
      const sealed = v128.load(BLOCK);
      a = xor(v128.load64_zero(BLOCK), counter(n, j, i));
      v128.store64_lane(at, sealed, 1);
    }
  }
  v128.store64_lane(A, a, 0);
}

/** The inverse of W. */
function unwrapSemiblocks(rounds: usize, n: u32): void {
  let a = v128.load64_zero(A);
  for (let j: u32 = 6; j-- > 0; ) {
    for (let i: u32 = n; i > 0; i--) {
      const at = SEMIBLOCKS + (i - 1) * 8;
      const opened = decryptBlock(rounds, v128.load64_lane(at, xor(a, counter(n, j, i)), 1));
      v128.store64_lane(at, opened, 1);
      a = v128.and(opened, i64x2(-1, 0));
    }
  }
  v128.store64_lane(A, a, 0);
}

/**
 * Whether A and the padding of the last semiblock are those of a key of 8n - 7 to 8n bytes. All of it is read, whatever
 * it is; the verdict alone decides.
 */
function isWhole(n: u32): bool {
  const lengthBytes = <i64>bswap<u32>(load<u32>(A, 4));
  const last = <i64>n * 8 - 8;
  let wrong = <i64>(bswap<u32>(load<u32>(A)) ^ MAGIC);
  wrong |= (lengthBytes - last - 1) >> 63;
  wrong |= (last + 8 - lengthBytes) >> 63;
  for (let i: i64 = 0; i < 8; i++) {
    const isPadding = (lengthBytes - last - i - 1) >> 63;
    wrong |= isPadding & <i64>load<u8>(SEMIBLOCKS + <usize>(last + i));
  }
  v128.store(CHECK, i64x2.splat(wrong));
  v128.store(CHECK, i64x2.splat(0), 16);
  return equalTags(CHECK, CHECK + 16);
}

function wipeAll(): void {
  wipe(INPUT, 32);
  wipe(KEYS, KEYS_BYTES);
  wipe(SCRATCH, GCM_BYTES);
}

/**
 * Wraps the `lengthBytes` (1 to 65,480) of key at INPUT + 40 under the KEK of `keyBytes` at INPUT. The result begins at
 * INPUT + 32; returns its length.
 */
export function keyWrap(keyBytes: u32, lengthBytes: u32): i32 {
  if (!isKeyLength(keyBytes) || lengthBytes == 0 || lengthBytes > (CHUNK_BYTES as u32) - 56) return BAD_ARGUMENT;
  const n = (lengthBytes + 7) >> 3;
  const rounds = expandKey(INPUT, keyBytes, KEYS);
  memory.fill(SEMIBLOCKS + lengthBytes, 0, n * 8 - lengthBytes);
  store<u32>(A, bswap<u32>(MAGIC));
  store<u32>(A, bswap<u32>(lengthBytes), 4);
  if (n == 1) {
    v128.store(BLOCK, v128.load(A));
    encryptPair(KEYS, rounds, BLOCK);
    v128.store(A, v128.load(BLOCK));
  } else {
    wrapSemiblocks(rounds, n);
  }
  wipeAll();
  return n * 8 + 8;
}

/**
 * Unwraps the `lengthBytes` (a multiple of 8 from 16 to 65,496) at INPUT + 32 under the KEK of `keyBytes` at INPUT. The
 * key begins at INPUT + 40; returns its length, or REFUSED, and then nothing is left of it.
 */
export function keyUnwrap(keyBytes: u32, lengthBytes: u32): i32 {
  if (!isKeyLength(keyBytes) || lengthBytes < 16 || lengthBytes > (CHUNK_BYTES as u32) - 40) return BAD_ARGUMENT;
  if ((lengthBytes & 7) != 0) return BAD_ARGUMENT;
  const n = (lengthBytes >> 3) - 1;
  const rounds = expandKey(INPUT, keyBytes, KEYS);
  if (n == 1) v128.store(A, decryptBlock(rounds, v128.load(A)));
  else unwrapSemiblocks(rounds, n);
  if (!isWhole(n)) {
    wipe(A, lengthBytes);
    wipeAll();
    return REFUSED;
  }
  wipeAll();
  return <i32>bswap<u32>(load<u32>(A, 4));
}
