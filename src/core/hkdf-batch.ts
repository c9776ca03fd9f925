/**
 * HKDF (RFC 5869) of many records at a time. Records lie packed, end to end in one array with an array of their lengths.
 * A batch that fits the core's window goes through it in one call, a larger one in several; none is too large.
 */

import {
  copyInto,
  copyLengths,
  copyLengthsInto,
  countLengths,
  lengthOf,
  mayOverlap,
  viewBytes,
  viewOut,
} from "../byte-views.ts";
import { secretBytes } from "../secret-bytes.ts";
import { CHUNK_BYTES, checkStatus, type HashCalls, type HashRow } from "./hash-calls.ts";
import { checkParts, checkSum, type Parts } from "./packed.ts";

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
  /** The infos end to end, one for each secret; without them all are empty. */
  readonly infos?: Uint8Array;
  /** How many bytes each info has: 0 to 65,536. */
  readonly infoLengths?: Uint32Array;
}

/** How many lengths the core's memory holds. */
const LENGTH_COUNT = 2048;
const NO_BYTES = new Uint8Array(0);

/** Expands the key of a slot with every info. */
export function expandMany(
  calls: HashCalls,
  slot: number,
  { infos, lengths }: PackedInfos,
  lengthBytes: number,
  out: Uint8Array | undefined,
): Uint8Array {
  const infoBytes = lengthOf("infos", infos);
  const count = countLengths("lengths", lengths);
  const resultBytes = count * lengthBytes;
  if (count > LENGTH_COUNT || infoBytes > CHUNK_BYTES || resultBytes > CHUNK_BYTES) {
    const packed = readInfos(infos, "lengths", lengths);
    return splitBatch([packed], [], lengthBytes, out, (taken, results) => {
      const part = packed.take(taken);
      expandMany(calls, slot, { infos: part.bytes, lengths: part.lengths }, lengthBytes, results);
    });
  }
  const given = viewOut(out, resultBytes);
  try {
    putLengths(calls.lengths, 0, "lengths", lengths, count, "infos", infoBytes);
    copyInto(calls.input, infos, infoBytes);
    checkStatus(calls.core.hkdfExpandMany(slot, count, lengthBytes));
    return calls.take(given ?? secretBytes(resultBytes), resultBytes);
  } catch (error) {
    throw calls.forget(error);
  }
}

/** Derives from every secret, under one salt. */
export function deriveMany(
  calls: HashCalls,
  row: HashRow,
  salt: Uint8Array,
  { secrets, lengths, infos, infoLengths }: PackedSecrets,
  lengthBytes: number,
  out: Uint8Array | undefined,
): Uint8Array {
  const secretsBytes = lengthOf("secrets", secrets);
  const count = countLengths("lengths", lengths);
  const named = infos !== undefined || infoLengths !== undefined;
  const infoBytes = named ? lengthOf("infos", infos!) : 0;
  const infoCount = named ? countLengths("infoLengths", infoLengths!) : count;
  if (infoCount !== count) {
    throw new RangeError(`There are ${count} secrets, but ${infoCount} infos: each secret needs one.`);
  }
  const resultBytes = count * lengthBytes;
  if (count > LENGTH_COUNT / 2 || secretsBytes + infoBytes > CHUNK_BYTES || resultBytes > CHUNK_BYTES) {
    const packed = new Queue("secrets", secrets, "lengths", lengths);
    const packedInfos = readInfos(infos ?? NO_BYTES, "infoLengths", infoLengths ?? new Uint32Array(count));
    return splitBatch([packed, packedInfos], [viewBytes("salt", salt)], lengthBytes, out, (taken, results) => {
      const secret = packed.take(taken);
      const info = packedInfos.take(taken);
      if (secret.bytes.length + info.bytes.length > CHUNK_BYTES) {
        deriveOne(calls, row, salt, secret.bytes, info.bytes, results);
        return;
      }
      const part = { secrets: secret.bytes, lengths: secret.lengths, infos: info.bytes, infoLengths: info.lengths };
      deriveMany(calls, row, salt, part, lengthBytes, results);
    });
  }
  const given = viewOut(out, resultBytes);
  try {
    calls.beginMac(row, "salt", salt);
    putLengths(calls.lengths, 0, "lengths", lengths, count, "secrets", secretsBytes);
    copyInto(calls.input, secrets, secretsBytes);
    if (named) {
      putLengths(calls.lengths, count, "infoLengths", infoLengths!, count, "infos", infoBytes);
      copyInto(calls.input, infos!, infoBytes, secretsBytes);
    }
    checkStatus(calls.core.hkdfDeriveMany(count, lengthBytes));
    return calls.take(given ?? secretBytes(resultBytes), resultBytes);
  } catch (error) {
    throw calls.forget(error);
  }
}

/** A record that does not fit the window by itself. */
function deriveOne(
  calls: HashCalls,
  row: HashRow,
  salt: Uint8Array,
  secret: Uint8Array,
  info: Uint8Array,
  result: Uint8Array,
): void {
  try {
    calls.derive(row, secret, salt, info, info.length, result.length);
    calls.take(result, result.length);
  } catch (error) {
    throw calls.forget(error);
  }
}

/**
 * Copies lengths to their place in the core's memory, and sees there that they add up.
 * @throws {RangeError} if they do not.
 */
function putLengths(
  room: Uint32Array,
  at: number,
  name: string,
  lengths: Uint32Array,
  count: number,
  bytesName: string,
  bytes: number,
): void {
  copyLengthsInto(room, lengths, count, at);
  let sum = 0;
  for (let i = at; i < at + count; i++) sum += room[i]!;
  checkSum(bytesName, bytes, name, sum);
}

/** Records of a batch for several calls, taken from the front. */
class Queue {
  readonly parts: Parts;
  #taken = 0;
  #takenBytes = 0;

  constructor(name: string, bytes: Uint8Array, lengthsName: string, lengths: Uint32Array) {
    const copy = copyLengths(lengthsName, lengths);
    this.parts = checkParts(name, bytes, lengthsName, copy, copy.length);
  }

  /** The next `count` records. */
  take(count: number): Parts {
    const lengths = this.parts.lengths.subarray(this.#taken, this.#taken + count);
    const from = this.#takenBytes;
    for (const length of lengths) this.#takenBytes += length;
    this.#taken += count;
    return { bytes: this.parts.bytes.subarray(from, this.#takenBytes), lengths };
  }
}

/** @throws {RangeError} if an info has more bytes than one call takes. */
function readInfos(infos: Uint8Array, lengthsName: string, lengths: Uint32Array): Queue {
  const packed = new Queue("infos", infos, lengthsName, lengths);
  const long = packed.parts.lengths.findIndex((length) => length > CHUNK_BYTES);
  if (long < 0) return packed;
  throw new RangeError(`Info ${long} has ${packed.parts.lengths[long]} bytes: at most ${CHUNK_BYTES} are taken.`);
}

/**
 * Has `run` give results for as many records at a time as one call takes, or for one that no call takes. They come to
 * lie in `out`, but first in a new array where they could overwrite what is still to be read.
 */
function splitBatch(
  queues: readonly Queue[],
  others: readonly Uint8Array[],
  lengthBytes: number,
  out: Uint8Array | undefined,
  run: (count: number, results: Uint8Array) => void,
): Uint8Array {
  const count = queues[0]!.parts.lengths.length;
  const given = viewOut(out, count * lengthBytes);
  const sources = [...queues.map(({ parts }) => parts.bytes), ...others];
  const apart = given === undefined || sources.some((source) => mayOverlap(given, source));
  const results = apart ? secretBytes(count * lengthBytes) : given;
  for (let done = 0, taken = 0; done < count; done += taken) {
    taken = Math.max(countFitting(queues, done, lengthBytes), 1);
    run(taken, results.subarray(done * lengthBytes, (done + taken) * lengthBytes));
  }
  if (given === undefined || !apart) return results;
  given.set(results);
  results.fill(0);
  return given;
}

/** How many records from `first` on the window, the results and the lengths have room for. */
function countFitting(queues: readonly Queue[], first: number, lengthBytes: number): number {
  const left = queues[0]!.parts.lengths.length - first;
  const most = Math.min(left, LENGTH_COUNT / queues.length, Math.floor(CHUNK_BYTES / lengthBytes));
  let sum = 0;
  for (let i = 0; i < most; i++) {
    for (const { parts } of queues) sum += parts.lengths[first + i]!;
    if (sum > CHUNK_BYTES) return i;
  }
  return most;
}
