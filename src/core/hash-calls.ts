/**
 * The calls of the core's hashes: bytes go in and come out through its window, in chunks where they are long. What a
 * caller of these functions begins it ends, or wipes with `forget`.
 */

import { copyInto, lengthOf, viewOf } from "../byte-views.ts";

/** The exports of assembly/ that drive the hashes. Each returns a status: negative for a refusal. */
export interface HashExports {
  hashDigest(hash: number, lengthBytes: number): number;
  hashBegin(hash: number): number;
  hashUpdate(lengthBytes: number): number;
  hashFinish(): number;
  hashWipe(): void;
  hmacTag(hash: number, keyBytes: number, lengthBytes: number): number;
  hmacBegin(hash: number, keyBytes: number): number;
  hmacFinish(): number;
  hkdfDerive(hash: number, saltBytes: number, secretBytes: number, infoBytes: number, lengthBytes: number): number;
  hkdfDeriveMany(count: number, lengthBytes: number): number;
  hkdfExtract(): number;
  hkdfImport(hash: number, keyBytes: number): number;
  hkdfKeep(): number;
  hkdfDrop(handle: number): number;
  hkdfExpand(handle: number, infoBytes: number, lengthBytes: number): number;
  hkdfExpandMany(handle: number, count: number, lengthBytes: number): number;
}

/** The parts of the core's memory through which bytes come and go. */
export interface HashWindow {
  /** At least 65,536 bytes each. */
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  /** The lengths of a batch's records, 2,048 of them. */
  readonly lengths: Uint32Array;
}

/** What the core knows a hash by. */
export interface HashRow {
  readonly id: number;
  readonly digestBytes: number;
}

/** Bytes that one call takes at the most. */
export const CHUNK_BYTES = 65536;
/** The handle of the key that `hkdfExtract` made. */
export const CURRENT = -1;
/** Every slot for a derivation key is taken. */
export const NO_SLOT = -3;

/** Up to here a loop in JavaScript is faster than a view. */
const SHORT_BYTES = 64;

/** @throws {Error} for a negative status: a bug here, but for NO_SLOT. */
export function checkStatus(status: number): number {
  if (status === NO_SLOT) {
    throw new Error("All 1,024 derivation keys of this core are in use: destroy those that are no longer needed.");
  }
  if (status < 0) throw new Error(`The core refused a hash call with status ${status}.`);
  return status;
}

/** The length of `info`. @throws {RangeError} if it is more than the core takes. */
export function checkInfo(info: Uint8Array): number {
  const infoBytes = lengthOf("info", info);
  if (infoBytes > CHUNK_BYTES) throw new RangeError(`info has ${infoBytes} bytes: at most ${CHUNK_BYTES} are taken.`);
  return infoBytes;
}

/** @throws {RangeError} unless HKDF yields as many bytes (RFC 5869 section 2.3). */
export function checkLength(row: HashRow, lengthBytes: number): void {
  const limit = 255 * row.digestBytes;
  if (!Number.isInteger(lengthBytes) || lengthBytes < 0 || lengthBytes > limit) {
    throw new RangeError(`lengthBytes is ${lengthBytes}: HKDF with this hash yields 0 to ${limit} bytes.`);
  }
}

/** The hashes of one instance of the core. */
export class HashCalls {
  readonly core: HashExports;
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  readonly lengths: Uint32Array;

  constructor(core: HashExports, window: HashWindow) {
    this.core = core;
    this.input = window.input;
    this.output = window.output;
    this.lengths = window.lengths;
  }

  /** Leaves a digest in the window. */
  digest(row: HashRow, name: string, data: Uint8Array): void {
    const dataBytes = lengthOf(name, data);
    if (dataBytes <= CHUNK_BYTES) {
      copyInto(this.input, data, dataBytes);
      checkStatus(this.core.hashDigest(row.id, dataBytes));
      return;
    }
    checkStatus(this.core.hashBegin(row.id));
    this.absorb(name, data);
    checkStatus(this.core.hashFinish());
  }

  /** Leaves a tag in the window. */
  mac(row: HashRow, key: Uint8Array, data: Uint8Array): void {
    const keyBytes = lengthOf("key", key);
    const dataBytes = lengthOf("data", data);
    if (keyBytes + dataBytes <= CHUNK_BYTES) {
      copyInto(this.input, key, keyBytes);
      copyInto(this.input, data, dataBytes, keyBytes);
      checkStatus(this.core.hmacTag(row.id, keyBytes, dataBytes));
      return;
    }
    this.beginMac(row, "key", key);
    this.absorb("data", data);
    checkStatus(this.core.hmacFinish());
  }

  /** A key that does not fit the window counts as its digest, as for every key longer than a block (FIPS 198-1). */
  beginMac(row: HashRow, name: string, key: Uint8Array): void {
    let keyBytes = lengthOf(name, key);
    if (keyBytes <= CHUNK_BYTES) {
      copyInto(this.input, key, keyBytes);
    } else {
      this.digest(row, name, key);
      keyBytes = row.digestBytes;
      this.take(this.input, keyBytes);
    }
    checkStatus(this.core.hmacBegin(row.id, keyBytes));
  }

  /** Makes the key of a secret under a salt the current one. */
  extract(row: HashRow, secret: Uint8Array, salt: Uint8Array): void {
    this.beginMac(row, "salt", salt);
    this.absorb("secret", secret);
    checkStatus(this.core.hkdfExtract());
  }

  /** Leaves a derived key in the window: in one call of the core, if everything fits. */
  derive(
    row: HashRow,
    secret: Uint8Array,
    salt: Uint8Array,
    info: Uint8Array,
    infoBytes: number,
    lengthBytes: number,
  ): void {
    const { core, input } = this;
    const saltBytes = lengthOf("salt", salt);
    const secretBytes = lengthOf("secret", secret);
    const before = saltBytes + secretBytes;
    if (before + infoBytes <= CHUNK_BYTES) {
      copyInto(input, salt, saltBytes);
      copyInto(input, secret, secretBytes, saltBytes);
      copyInto(input, info, infoBytes, before);
      checkStatus(core.hkdfDerive(row.id, saltBytes, secretBytes, infoBytes, lengthBytes));
      return;
    }
    this.extract(row, secret, salt);
    copyInto(input, info, infoBytes);
    checkStatus(core.hkdfExpand(CURRENT, infoBytes, lengthBytes));
  }

  absorb(name: string, data: Uint8Array): void {
    const dataBytes = lengthOf(name, data);
    if (dataBytes <= CHUNK_BYTES) {
      copyInto(this.input, data, dataBytes);
      checkStatus(this.core.hashUpdate(dataBytes));
      return;
    }
    for (let at = 0; at < dataBytes; at += CHUNK_BYTES) {
      this.absorb(name, viewOf(data, at, Math.min(CHUNK_BYTES, dataBytes - at)));
    }
  }

  /** Moves the first `lengthBytes` of OUTPUT to `result`, a plain view, and returns that. */
  take(result: Uint8Array, lengthBytes: number, at = 0): Uint8Array {
    const { output } = this;
    if (lengthBytes > SHORT_BYTES) {
      result.set(output.subarray(0, lengthBytes), at);
      output.fill(0, 0, lengthBytes);
      return result;
    }
    for (let i = 0; i < lengthBytes; i++) {
      result[at + i] = output[i]!;
      output[i] = 0;
    }
    return result;
  }

  /** Wipes what a broken-off call left, and hands its error back. */
  forget(error: unknown): unknown {
    this.core.hashWipe();
    this.input.fill(0);
    this.output.fill(0);
    this.lengths.fill(0);
    return error;
  }
}
