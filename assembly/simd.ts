/** The vector operations that the kernels share. Each is one machine instruction or two, in time that no operand shows. */

// @ts-ignore: decorator
@inline export function xor(a: v128, b: v128): v128 { return v128.xor(a, b); }
// @ts-ignore: decorator
@inline export function and(a: v128, b: v128): v128 { return v128.and(a, b); }

/**
 * Sixteen lookups in a table of 16 bytes that lies in a register, so that an index is never an address. Indices are 0 to
 * 15, or have their highest bit set and yield 0: there the relaxed instruction, which needs no clamping before it, is
 * exact on every engine.
 */
// @ts-ignore: decorator
@inline export function lookup(table: v128, indices: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? i8x16.relaxed_swizzle(table, indices) : i8x16.swizzle(table, indices);
}

/** The low nibble of every byte. */
// @ts-ignore: decorator
@inline export function lowNibbles(a: v128): v128 { return v128.and(a, i8x16.splat(15)); }
/** The high nibble of every byte. */
// @ts-ignore: decorator
@inline export function highNibbles(a: v128): v128 { return v128.and(i64x2.shr_u(a, 4), i8x16.splat(15)); }
