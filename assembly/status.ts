/** What every call of the ABI returns: 0, or a negative reason why nothing was done. No input makes the core trap. */

// @ts-ignore: decorator
@inline export const OK: i32 = 0;
/** A length over its limit, or a slot that does not exist or holds no key. */
// @ts-ignore: decorator
@inline export const BAD_ARGUMENT: i32 = -1;
/** A call out of turn: nothing was begun, or something else. */
// @ts-ignore: decorator
@inline export const BAD_STATE: i32 = -2;
/** The bytes do not authenticate. */
// @ts-ignore: decorator
@inline export const REFUSED: i32 = -4;
