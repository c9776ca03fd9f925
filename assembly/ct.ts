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

/** Clears memory up to the next multiple of 16, at most 15 bytes. */
export function padToBlock(at: usize): void {
  for (; at & 15; at++) store<u8>(at, 0);
}
