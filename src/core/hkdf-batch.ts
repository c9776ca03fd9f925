/**
 * HKDF (RFC 5869) of many records at a time. Records lie packed, end to end in one array with an array of their lengths,
 * and go through the core's window in as few calls as it holds; no batch is too large.
 */

import { copyLengths, mayOverlap, viewBytes, viewOut } from "../byte-views.ts";
import { secretBytes } from "../secret-bytes.ts";
import { CHUNK_BYTES, checkStatus, type HashCalls, type HashRow } from "./hash-calls.ts";

/** What many keys are derived for, from one secret. */
export interface PackedInfos {
  /** The infos end to end. */
  readonly infos: Uint8Array;
  /** How many bytes each of them has: 0 to 65,536. */
  readonly lengths: Uint32Array;
}

/** Many secrets, and what a key is derived from each of them for. */
export interface PackedSecrets {
  /** The secrets end to end. */
  readonly secrets: Uint8Array;
  /** How many bytes each of them has. */
  readonly lengths: Uint32Array;
  /** The infos end to end, with one for each secret; none are empty infos. */
  readonly infos?: Uint8Array;
  /** How many bytes each info has: 0 to 65,536. */
  readonly infoLengths?: Uint32Array;
}

/** Records that one call takes at the most, with one length each. */
const LENGTH_COUNT = 2048;

/** Bytes of records, end to end, and how many each record has; taken from the front. */
class Packed {
  readonly bytes: Uint8Array;
  readonly lengths: Uint32Array;
  #record = 0;
  #at = 0;

  /** @throws {RangeError} unless the lengths add up to the bytes. */
  constructor(name: string, bytes: Uint8Array, lengthsName: string, lengths: Uint32Array) {
    this.bytes = viewBytes(name, bytes);
    this.lengths = copyLengths(lengthsName, lengths);
    let sum = 0;
    for (const length of this.lengths) sum += length;
    if (sum === this.bytes.length) return;
    throw new RangeError(`${name} has ${this.bytes.length} bytes, but ${lengthsName} adds up to ${sum}.`);
  }

  /** The bytes of the next `count` records, whose lengths are copied to `lengths` from `place` on. */
  take(count: number, lengths: Uint32Array, place = 0): Uint8Array {
    const from = this.#at;
    for (let i = 0; i < count; i++) {
      const length = this.lengths[this.#record++]!;
      lengths[place + i] = length;
      this.#at += length;
    }
    return this.bytes.subarray(from, this.#at);
  }
}

/** @throws {RangeError} if an info has more bytes than one call takes. */
function readInfos(infos: Uint8Array, lengthsName: string, lengths: Uint32Array): Packed {
  const packed = new Packed("infos", infos, lengthsName, lengths);
  const long = packed.lengths.findIndex((length) => length > CHUNK_BYTES);
  if (long < 0) return packed;
  throw new RangeError(`Info ${long} has ${packed.lengths[long]} bytes: at most ${CHUNK_BYTES} are taken.`);
}

function readSecrets({ secrets, lengths, infos, infoLengths }: PackedSecrets): [Packed, Packed] {
  const packed = new Packed("secrets", secrets, "lengths", lengths);
  const count = packed.lengths.length;
  if (infos === undefined && infoLengths === undefined) {
    return [packed, new Packed("infos", new Uint8Array(0), "infoLengths", new Uint32Array(count))];
  }
  const packedInfos = readInfos(infos!, "infoLengths", infoLengths!);
  const infoCount = packedInfos.lengths.length;
  if (infoCount === count) return [packed, packedInfos];
  throw new RangeError(`There are ${count} secrets, but ${infoCount} infos: each secret needs one.`);
}

/**
 * How many records from `first` on go into one call: as many as the window, the results and the lengths have room for, or
 * 0 if not even the first fits.
 */
function countBatch(parts: readonly Packed[], first: number, lengthBytes: number): number {
  const left = parts[0]!.lengths.length - first;
  const most = Math.min(left, LENGTH_COUNT / parts.length, Math.floor(CHUNK_BYTES / lengthBytes));
  let sum = 0;
  for (let i = 0; i < most; i++) {
    for (const { lengths } of parts) sum += lengths[first + i]!;
    if (sum > CHUNK_BYTES) return i;
  }
  return most;
}

/**
 * Has `fill` write results of `lengthBytes` to `out`, or to a new array if there is none; where writing could change what
 * is still to be read, beside it first.
 */
function giveResults(
  lengthBytes: number,
  out: Uint8Array | undefined,
  sources: readonly Uint8Array[],
  fill: (results: Uint8Array) => void,
): Uint8Array {
  const given = viewOut(out, lengthBytes);
  const apart = given === undefined || sources.some((source) => mayOverlap(given, source));
  const results = apart ? secretBytes(lengthBytes) : given;
  fill(results);
  if (given === undefined || !apart) return results;
  given.set(results);
  results.fill(0);
  return given;
}

/** Expands the key of a slot with every info. */
export function expandMany(
  calls: HashCalls,
  slot: number,
  records: PackedInfos,
  lengthBytes: number,
  out: Uint8Array | undefined,
): Uint8Array {
  const infos = readInfos(records.infos, "lengths", records.lengths);
  const count = infos.lengths.length;
  return giveResults(count * lengthBytes, out, [infos.bytes], (results) => {
    try {
      for (let done = 0, taken = 0; done < count; done += taken) {
        taken = countBatch([infos], done, lengthBytes);
        calls.input.set(infos.take(taken, calls.lengths));
        checkStatus(calls.core.hkdfExpandMany(slot, taken, lengthBytes));
        calls.take(results, taken * lengthBytes, done * lengthBytes);
      }
    } catch (error) {
      throw calls.forget(error);
    }
  });
}

/** Derives from every secret, under one salt. */
export function deriveMany(
  calls: HashCalls,
  row: HashRow,
  salt: Uint8Array,
  records: PackedSecrets,
  lengthBytes: number,
  out: Uint8Array | undefined,
): Uint8Array {
  const [secrets, infos] = readSecrets(records);
  const count = secrets.lengths.length;
  const sources = [secrets.bytes, infos.bytes, viewBytes("salt", salt)];
  return giveResults(count * lengthBytes, out, sources, (results) => {
    try {
      for (let done = 0, taken = 0; done < count; done += taken) {
        const fitting = countBatch([secrets, infos], done, lengthBytes);
        taken = Math.max(fitting, 1);
        const secret = secrets.take(taken, calls.lengths);
        const info = infos.take(taken, calls.lengths, taken);
        if (fitting === 0) calls.derive(row, secret, salt, info, info.length, lengthBytes);
        else deriveBatch(calls, row, salt, secret, info, taken, lengthBytes);
        calls.take(results, taken * lengthBytes, done * lengthBytes);
      }
    } catch (error) {
      throw calls.forget(error);
    }
  });
}

/** Leaves in the window what one call derives. */
function deriveBatch(
  calls: HashCalls,
  row: HashRow,
  salt: Uint8Array,
  secrets: Uint8Array,
  infos: Uint8Array,
  count: number,
  lengthBytes: number,
): void {
  calls.beginMac(row, "salt", salt);
  calls.input.set(secrets);
  calls.input.set(infos, secrets.length);
  checkStatus(calls.core.hkdfDeriveMany(count, lengthBytes));
}
