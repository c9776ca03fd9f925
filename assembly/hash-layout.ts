/**
 * The hashes' working memory inside the HASH region. All of it is wiped when an operation ends.
 *
 *   HASH  0       64        208   336   464         608      672       688        816
 *         | STATE | PARTIAL | KEY | PRK | KEY_BLOCK | DIGEST | COUNTER | SCHEDULE |
 *         | chain | unfull  | inner     | padded    | digest | HKDF's  | words of |
 *         | value | block   | outer     | HMAC key  | tag, T | byte    | a block  |
 *
 *         1024      1152       1280    1536     1792   1920     2240    2272      3296
 *         | STATE_4 | DIGEST_4 | KEY_4 | SALT_4 | ROWS | BLOCKS | LANES | WORDS_4 |
 *         four messages side by side: word i of each in one vector; in ROWS and BLOCKS one after the other
 *
 *         8192             16384
 *         | LENGTHS        | public: the lengths of a batch's records
 *
 * PARTIAL, KEY_BLOCK and BLOCKS go on for 16 bytes, which `copyWide` and `clearWide` may write over.
 */
import { HASH } from "./layout";

/** The chaining value: eight words of 4 or 8 bytes. */
// @ts-ignore: decorator
@inline export const STATE: usize = HASH;
/** Message bytes that do not fill a block yet. */
// @ts-ignore: decorator
@inline export const PARTIAL: usize = HASH + 64;
/** The current HMAC key as two chaining values: after the inner pad, and 64 bytes on after the outer pad. */
// @ts-ignore: decorator
@inline export const KEY: usize = HASH + 208;
/** The same of a pseudorandom key that is used at once. */
// @ts-ignore: decorator
@inline export const PRK: usize = HASH + 336;
// @ts-ignore: decorator
@inline export const KEY_BLOCK: usize = HASH + 464;
// @ts-ignore: decorator
@inline export const DIGEST: usize = HASH + 608;
// @ts-ignore: decorator
@inline export const COUNTER: usize = HASH + 672;
/** The words of a block that are used next, each with its round's constant added. */
// @ts-ignore: decorator
@inline export const SCHEDULE: usize = HASH + 688;
// @ts-ignore: decorator
@inline export const WORK_BYTES: usize = 816;

// @ts-ignore: decorator
@inline export const STATE_4: usize = HASH + 1024;
// @ts-ignore: decorator
@inline export const DIGEST_4: usize = HASH + 1152;
/** Four HMAC keys: the inner chaining values, and 128 bytes on the outer ones. */
// @ts-ignore: decorator
@inline export const KEY_4: usize = HASH + 1280;
// @ts-ignore: decorator
@inline export const SALT_4: usize = HASH + 1536;
/** Four tags of 32 bytes, end to end. */
// @ts-ignore: decorator
@inline export const ROWS: usize = HASH + 1792;
/** Four blocks, 80 bytes apart. */
// @ts-ignore: decorator
@inline export const BLOCKS: usize = HASH + 1920;
/** Four pairs of words: where a lane's data begins, and its bytes. */
// @ts-ignore: decorator
@inline export const LANES: usize = HASH + 2240;
/** The 64 words of the schedule, of which a block is the first sixteen. */
// @ts-ignore: decorator
@inline export const WORDS_4: usize = HASH + 2272;
/** All of this. */
// @ts-ignore: decorator
@inline export const FOUR: usize = HASH + 1024;
// @ts-ignore: decorator
@inline export const FOUR_BYTES: usize = 2272;

// @ts-ignore: decorator
@inline export const LENGTHS: usize = HASH + 8192;
// @ts-ignore: decorator
@inline export const LENGTH_COUNT: usize = 2048;

/** Copies 64 bytes: one chaining value. */
// @ts-ignore: decorator
@inline export function copyState(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
  v128.store(to, v128.load(from, 32), 32);
  v128.store(to, v128.load(from, 48), 48);
}

/** Copies `length` bytes and up to 15 more: for what is short, `memory.copy` is a call into the engine. */
// @ts-ignore: decorator
@inline export function copyWide(to: usize, from: usize, length: usize): void {
  for (let at: usize = 0; at < length; at += 16) v128.store(to + at, v128.load(from + at));
}

/** Clears from `at` to `end`, and up to 15 bytes more. */
// @ts-ignore: decorator
@inline export function clearWide(at: usize, end: usize): void {
  for (; at < end; at += 16) v128.store(at, i32x4.splat(0));
}
