/**
 * The one static window of the core's linear memory. Nothing is allocated, nothing grows (32 pages, 2 MiB).
 *
 *   0        16 KiB    32 KiB       48 KiB       176 KiB  241 KiB    306 KiB              2 MiB
 *   | STATIC | SCRATCH | HASH       | HASH_KEYS  | INPUT  | OUTPUT   | SLOTS              |
 *   | consts | GCM     | SHA, HMAC, | midstates  | 65 KiB | 65 KiB   | expanded AES keys  |
 *   |        | state   | HKDF state | 1024 x 128 |        |          | and their H powers |
 *
 * INPUT and OUTPUT end with 1 KiB of padding, so that a v128 load at the last byte stays inside the window.
 */

/** Bytes of data one call takes at the most; longer inputs are cut into calls of this size by the caller. */
// @ts-ignore: decorator
@inline export const CHUNK_BYTES: usize = 65536;

/** GCM working state: message state, counters, partial blocks. Wiped when a message ends. */
// @ts-ignore: decorator
@inline export const SCRATCH: usize = 16384;
// @ts-ignore: decorator
@inline export const SCRATCH_BYTES: usize = 16384;

/** Hash, HMAC and HKDF working state. Wiped when an operation ends. */
// @ts-ignore: decorator
@inline export const HASH: usize = 32768;
// @ts-ignore: decorator
@inline export const HASH_BYTES: usize = 16384;

/** HMAC keys held under handles as inner and outer midstates. */
// @ts-ignore: decorator
@inline export const HASH_KEYS: usize = 49152;
// @ts-ignore: decorator
@inline export const HASH_KEY_BYTES: usize = 128;
// @ts-ignore: decorator
@inline export const HASH_KEY_COUNT: usize = 1024;

// @ts-ignore: decorator
@inline export const INPUT: usize = 180224;
// @ts-ignore: decorator
@inline export const OUTPUT: usize = 246784;

/** AES key slots. */
// @ts-ignore: decorator
@inline export const SLOTS: usize = 313344;
// @ts-ignore: decorator
@inline export const MEMORY_BYTES: usize = 2097152;
