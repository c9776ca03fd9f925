/**
 * Engines compile WebAssembly twice: badly on the first call, and well in the background once a function has done enough.
 * So a module's first instance does some work nobody needs, and the first real call finds good code, or soon will.
 */
import type { Abi } from "./abi.ts";
import { CURRENT } from "./hash-calls.ts";

/** Enough for V8 to start its optimizing compiler; 16 KiB are not. Takes about 3 ms. */
const WORK_BYTES = 65_536;

/** Runs what a short message, a long one and a derivation need, and leaves the memory as it was. */
export function warm({ exports, input }: Abi): void {
  exports.keyExpand(0, 32);
  exports.gcmSeal(0, 0, 16);
  exports.gcmSeal(0, 32, 64);
  exports.gcmOpen(0, 32, 64);
  exports.gcmSeal(0, 0, WORK_BYTES);
  exports.gcmSealMany(0, 1);
  exports.gcmOpenMany(0, 1);
  exports.keyWipe(0);
  exports.hmacBegin(1, 32);
  exports.hashUpdate(64);
  exports.hkdfExtract();
  exports.hkdfExpand(CURRENT, 32, 32);
  exports.hmacTag(1, 32, 32);
  exports.hashWipe();
  input.fill(0);
}
