/**
 * The hashes' working memory inside the HASH region. All of it is wiped when an operation ends.
 *
 *   HASH  0       64        192     320         448      512       576
 *         | STATE | PARTIAL | KEY   | KEY_BLOCK | DIGEST | COUNTER |
 *         | chain | unfull  | inner | padded    | digest | HKDF's  |
 *         | value | block   | outer | HMAC key  | PRK, T | byte    |
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
@inline export const KEY: usize = HASH + 192;
// @ts-ignore: decorator
@inline export const KEY_BLOCK: usize = HASH + 320;
// @ts-ignore: decorator
@inline export const DIGEST: usize = HASH + 448;
// @ts-ignore: decorator
@inline export const COUNTER: usize = HASH + 512;
// @ts-ignore: decorator
@inline export const WORK_BYTES: usize = 576;

/** Copies 64 bytes: one chaining value. */
// @ts-ignore: decorator
@inline export function copyState(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
  v128.store(to, v128.load(from, 32), 32);
  v128.store(to, v128.load(from, 48), 48);
}
