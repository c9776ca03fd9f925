/**
 * The one place where something secret becomes public: whether a tag is right. Everywhere else in the GCM half of the
 * core no branch, address, select or length depends on a key, a plaintext or anything computed from them.
 */

/** Compares 16 bytes at once; the verdict, and nothing but the verdict, decides a branch. */
export function equalTags(a: usize, b: usize): bool {
  if (v128.any_true(v128.xor(v128.load(a), v128.load(b)))) return false;
  return true;
}

/** Clears memory whose bounds are public. */
export function wipe(at: usize, lengthBytes: usize): void {
  memory.fill(at, 0, lengthBytes);
}

/** Clears eight blocks, 128 bytes, without a call. */
// @ts-ignore: decorator
@inline export function clearEight(at: usize): void {
  const zero = i64x2.splat(0);
  v128.store(at, zero);
  v128.store(at, zero, 16);
  v128.store(at, zero, 32);
  v128.store(at, zero, 48);
  v128.store(at, zero, 64);
  v128.store(at, zero, 80);
  v128.store(at, zero, 96);
  v128.store(at, zero, 112);
}

/** Sixteen bytes of ones, then sixteen of zeros. */
const MASKS: usize = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
], 16);

/** Clears what follows `length` bytes at `data` up to the end of their last block of 16. */
// @ts-ignore: decorator
@inline export function clearTail(data: usize, length: usize): void {
  const rest = length & 15;
  if (rest == 0) return;
  const last = data + (length & -16);
  v128.store(last, v128.and(v128.load(last), v128.load(MASKS + 16 - rest)));
}
