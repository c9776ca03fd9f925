/**
 * The core's exports (assembly/index.ts) and the parts of its memory through which bytes come and go
 * (assembly/layout.ts), with types. The memory never grows, so the views hold as long as the instance.
 */
import type { HashExports, HashWindow } from "./hash-calls.ts";

/** The exports for AES-GCM. Each returns a status; assembly/slots.ts and assembly/gcm.ts say what it does. */
export interface GcmExports {
  keyExpand(slot: number, keyBytes: number): number;
  keyWipe(slot: number): number;
  gcmSeal(slot: number, aadBytes: number, dataBytes: number): number;
  gcmOpen(slot: number, aadBytes: number, dataBytes: number): number;
  gcmBegin(slot: number): number;
  gcmAad(lengthBytes: number): number;
  gcmEncrypt(lengthBytes: number): number;
  gcmFinish(): number;
  gcmCheck(lengthBytes: number): number;
  gcmVerify(): number;
  gcmDecrypt(lengthBytes: number): number;
  gcmWipe(): void;
}

export interface CoreExports extends GcmExports, HashExports {
  readonly memory: { readonly buffer: ArrayBufferLike };
}

/** Statuses (assembly/status.ts). */
export const OK = 0;
export const REFUSED = -4;

/** Bytes of data that one call takes at the most. */
export const CHUNK_BYTES = 65536;
/** How many expanded AES keys the memory holds. */
export const SLOT_COUNT = 256;

const NONCE_AT = 16384;
const NONCE_BYTES = 12;
const LENGTHS_AT = 40960;
const LENGTH_COUNT = 2048;
const INPUT_AT = 180224;
const OUTPUT_AT = 246784;
/** A chunk and the tag after it. */
const WINDOW_BYTES = CHUNK_BYTES + 16;

/** One instance of the core. */
export interface Abi extends HashWindow {
  readonly exports: CoreExports;
  /** All of its memory. */
  readonly memory: Uint8Array;
  readonly nonce: Uint8Array;
  /** The message, and in its place the result. */
  readonly input: Uint8Array;
  /** Additional data; the results of hashes. */
  readonly output: Uint8Array;
}

/** Opens the window of an instance. */
export function openAbi(exports: CoreExports): Abi {
  const { buffer } = exports.memory;
  return {
    exports,
    memory: new Uint8Array(buffer),
    nonce: new Uint8Array(buffer, NONCE_AT, NONCE_BYTES),
    input: new Uint8Array(buffer, INPUT_AT, WINDOW_BYTES),
    output: new Uint8Array(buffer, OUTPUT_AT, WINDOW_BYTES),
    lengths: new Uint32Array(buffer, LENGTHS_AT, LENGTH_COUNT),
  };
}

/** @throws {Error} for any status but OK: the calls were made out of turn, which is a bug here. */
export function checkStatus(status: number): void {
  if (status !== OK) throw new Error(`The core refused an AES-GCM call with status ${status}.`);
}
