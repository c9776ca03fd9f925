/**
 * The core's exports (assembly/index.ts) and the parts of its memory through which bytes come and go
 * (assembly/layout.ts), with types. The memory never grows, so the views hold as long as the instance.
 */
import type { HashExports, HashWindow } from "./hash-calls.ts";

/** The exports for AES-GCM. Each returns a status; assembly/index.ts says where it is documented. */
export interface GcmExports {
  keyExpand(slot: number, keyBytes: number): number;
  keyWipe(slot: number): number;
  gcmSeal(slot: number, aadBytes: number, dataBytes: number): number;
  gcmOpen(slot: number, aadBytes: number, dataBytes: number): number;
  gcmSealMany(slot: number, count: number): number;
  /** Returns how many records were refused, or a status. */
  gcmOpenMany(slot: number, count: number): number;
  deriveSealMany(handle: number, count: number): number;
  /** Returns how many records were refused, or a status. */
  deriveOpenMany(handle: number, count: number): number;
  gcmBegin(slot: number): number;
  gcmAad(lengthBytes: number): number;
  gcmEncrypt(lengthBytes: number): number;
  gcmFinish(): number;
  gcmCheck(lengthBytes: number): number;
  gcmVerify(): number;
  gcmDecrypt(lengthBytes: number): number;
  gcmWipe(): void;
}

/** The exports for AES key wrap. Each returns a length, or a status. */
export interface KeyWrapExports {
  keyWrap(keyBytes: number, lengthBytes: number): number;
  keyUnwrap(keyBytes: number, lengthBytes: number): number;
}

export interface CoreExports extends GcmExports, HashExports, KeyWrapExports {
  readonly memory: { readonly buffer: ArrayBufferLike };
}

/** Statuses (assembly/status.ts). */
export const OK = 0;
export const REFUSED = -4;

/** Bytes of data that one call takes at the most. */
export const CHUNK_BYTES = 65536;
/** Records that one call takes at the most. */
export const BATCH_COUNT = 1024;
/** How many expanded AES keys the memory holds. */
export const SLOT_COUNT = 256;

export const NONCE_AT = 16384;
const NONCE_BYTES = 12;
/** Where the lengths of a batch of derivations lie, which are public. */
export const HASH_LENGTHS_AT = 40960;
export const HASH_LENGTH_COUNT = 2048;
const INPUT_AT = 180224;
const OUTPUT_AT = 246784;
const NONCES_AT = 1966368;
/** Where the lengths of a batch of messages lie, which are public. */
export const LENGTHS_AT = NONCES_AT + 12352;
export const LENGTHS_BYTES = 3 * 4 * BATCH_COUNT;
const AAD_LENGTHS_AT = NONCES_AT + 16448;
const INFO_LENGTHS_AT = NONCES_AT + 20544;
const REFUSALS_AT = NONCES_AT + 24640;
const INFOS_AT = NONCES_AT + 25792;
/** Views of the window's first bytes are kept up to this length. */
const KEPT_VIEW_BYTES = 1056;
/** A chunk and the tag after it. */
const WINDOW_BYTES = CHUNK_BYTES + 16;

/** The two builds of one source: for every engine with SIMD, and for those that have relaxed SIMD too. */
export type Simd = "plain" | "relaxed";

/** One instance of the core. */
export interface Abi extends HashWindow {
  readonly simd: Simd;
  readonly exports: CoreExports;
  /** All of its memory; the nonce of a single message lies at NONCE_AT. */
  readonly memory: Uint8Array;
  /** The message, and in its place the result. */
  readonly input: Uint8Array;
  /** Views of the first bytes of `input`, by their length, made when they are first needed. */
  readonly inputStarts: (Uint8Array | undefined)[];
  /** Additional data; the results of hashes. */
  readonly output: Uint8Array;
  /** Of each record of a batch: its nonce, the bytes of its parts, and 1 if it was refused. */
  readonly nonces: Uint8Array;
  readonly dataLengths: Uint32Array;
  readonly aadLengths: Uint32Array;
  readonly infoLengths: Uint32Array;
  readonly refusals: Uint8Array;
  /** What the keys of a batch are derived from, end to end. */
  readonly infos: Uint8Array;
}

/** Opens the window of an instance. */
export function openAbi(exports: CoreExports, simd: Simd): Abi {
  const { buffer } = exports.memory;
  return {
    simd,
    exports,
    memory: new Uint8Array(buffer),
    input: new Uint8Array(buffer, INPUT_AT, WINDOW_BYTES),
    inputStarts: new Array<undefined>(KEPT_VIEW_BYTES).fill(undefined),
    output: new Uint8Array(buffer, OUTPUT_AT, WINDOW_BYTES),
    nonces: new Uint8Array(buffer, NONCES_AT, BATCH_COUNT * NONCE_BYTES),
    dataLengths: new Uint32Array(buffer, LENGTHS_AT, BATCH_COUNT),
    aadLengths: new Uint32Array(buffer, AAD_LENGTHS_AT, BATCH_COUNT),
    infoLengths: new Uint32Array(buffer, INFO_LENGTHS_AT, BATCH_COUNT),
    refusals: new Uint8Array(buffer, REFUSALS_AT, BATCH_COUNT),
    infos: new Uint8Array(buffer, INFOS_AT, CHUNK_BYTES),
    lengths: new Uint32Array(buffer, HASH_LENGTHS_AT, HASH_LENGTH_COUNT),
  };
}

/** @throws {Error} for any status but OK: the calls were made out of turn, which is a bug here. */
export function checkStatus(status: number): void {
  if (status !== OK) throw new Error(`The core refused an AES-GCM call with status ${status}.`);
}
