/** What a key for AES-GCM (SP 800-38D) does. */
import type { PackedPlaintexts, PackedRecords, PackedSealed, PlainRecord, SealedRecord } from "./batch.ts";

/** AES-GCM under one key (SP 800-38D): 12-byte nonces, 16-byte tags. The caller never repeats a nonce. */
export interface Aead {
  /**
   * Returns `plaintext.length + 16` bytes, ciphertext then tag: the start of `out` where that was given (it may be longer,
   * and may overlap the plaintext), else a new array. New arrays of up to 1 KiB share a buffer with others that were
   * sealed: whoever transfers or clones `.buffer` takes those along, so send a `slice()` or pass an `out`.
   * @throws {RangeError} if the nonce has not 12 bytes, or `out` is too short.
   * @throws {TypeError} after `destroy`, or for an argument that is no Uint8Array.
   */
  seal(nonce: Uint8Array, plaintext: Uint8Array, aad?: Uint8Array, out?: Uint8Array): Uint8Array;
  /**
   * Returns the plaintext, or `undefined` (and leaves `out` as it was) if the bytes do not authenticate. Throws as
   * `seal` does; `out` needs `sealed.length - 16` bytes and may overlap the ciphertext. Whoever wipes plaintexts passes an
   * `out` over an ArrayBuffer: engines move small arrays of their own making, and leave copies behind.
   */
  open(nonce: Uint8Array, sealed: Uint8Array, aad?: Uint8Array, out?: Uint8Array): Uint8Array | undefined;
  /** Wipes the expanded key. Any later call on this object throws, but for another `destroy`. */
  destroy(): void;
}

/** AES-GCM under a key of the core, also for many messages in one call. */
export interface CoreAead extends Aead {
  /**
   * Seals n records that lie end to end; a batch of any size, in as many calls of the core as it takes.
   * @returns of each record the ciphertext and its tag, end to end: the start of `out` where that was given
   * @throws {RangeError} if the lengths do not add up, or `out` is too short. @throws {TypeError} as `seal`.
   */
  sealPacked(records: PackedPlaintexts, out?: Uint8Array): Uint8Array;
  /**
   * Opens n records that lie end to end. Where one is refused, zeros stand in its place.
   * @param records its lengths are those of the plaintexts
   */
  openPacked(records: PackedSealed, out?: Uint8Array): PackedRecords;
  /** `sealPacked` for records that lie apart. The results lie in one buffer. */
  sealMany(records: readonly PlainRecord[]): Uint8Array[];
  /** `openPacked` for records that lie apart; `undefined` for each that is refused. Each has its own buffer. */
  openMany(records: readonly SealedRecord[]): (Uint8Array | undefined)[];
}
