/**
 * Records that lie end to end, sealed and opened in calls of the core that take as many of them as the window holds. Their
 * lengths are copied first, so that nobody changes them between the check and the work; the bytes of a record are read
 * once.
 */
import { copyLengths, copyView, mayOverlap, viewBytes, viewOf } from "../byte-views.ts";
import { secretBytes } from "../secret-bytes.ts";
import { type Abi, BATCH_COUNT, CHUNK_BYTES, checkStatus } from "./abi.ts";
import type { Aead } from "./aead.ts";
import type { Packed, PackedRecords } from "./batch.ts";
import { startOf } from "./results.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NO_PARTS = { bytes: new Uint8Array(0), lengths: undefined } as const;

/** What each record has beside its data, end to end: a plain view, and lengths of our own. */
export interface Parts {
  readonly bytes: Uint8Array;
  readonly lengths: Uint32Array;
}

/** The same, without lengths where no record has any. */
type MaybeParts = Parts | typeof NO_PARTS;

/** Checked records. */
export interface Batch {
  readonly nonces: Uint8Array;
  readonly lengths: Uint32Array;
  readonly dataBytes: number;
  readonly aads: MaybeParts;
  /** From which each record's key is derived; empty for records under one key. */
  readonly infos: MaybeParts;
}

/** A part of a run: where it begins, and its bytes. */
interface Extent {
  readonly at: number;
  readonly bytes: number;
}

/** Records that fit the window together, or one that does not fit it. */
export interface Run {
  readonly first: number;
  readonly count: number;
  readonly fits: boolean;
  readonly data: Extent;
  readonly aads: Extent;
  readonly infos: Extent;
}

/** @throws {RangeError} if the lengths do not add up. @throws {TypeError} for anything but arrays. */
export function checkBatch({ lengths: givenLengths, nonces: givenNonces, aads, aadLengths }: Packed): Batch {
  const lengths = copyLengths("lengths", givenLengths);
  const nonces = viewBytes("nonces", givenNonces);
  if (nonces.length !== lengths.length * NONCE_BYTES) {
    throw new RangeError(`nonces has ${nonces.length} bytes: ${lengths.length} records need ${NONCE_BYTES} each.`);
  }
  if ((aads === undefined) !== (aadLengths === undefined)) {
    throw new TypeError("aads and aadLengths go together: give both, or neither.");
  }
  const parts =
    aads === undefined
      ? NO_PARTS
      : checkParts("aads", aads, "aadLengths", copyLengths("aadLengths", aadLengths!), lengths.length);
  return { nonces, lengths, dataBytes: sum(lengths), aads: parts, infos: NO_PARTS };
}

export function checkParts(
  name: string,
  bytes: Uint8Array,
  lengthsName: string,
  lengths: Uint32Array,
  count: number,
): Parts {
  if (lengths.length !== count) {
    throw new RangeError(`${lengthsName} has ${lengths.length} entries for ${count} records.`);
  }
  const view = viewBytes(name, bytes);
  checkSum(name, view.length, lengthsName, sum(lengths));
  return { bytes: view, lengths };
}

export function checkSum(name: string, lengthBytes: number, lengthsName: string, expected: number): void {
  if (lengthBytes === expected) return;
  throw new RangeError(`${name} has ${lengthBytes} bytes, but ${lengthsName} add up to ${expected}.`);
}

function sum(lengths: Uint32Array | undefined, first = 0, end: number = lengths?.length ?? 0): number {
  if (lengths === undefined) return 0;
  let total = 0;
  for (let i = first; i < end; i++) total += lengths[i]!;
  return total;
}

/** The runs of a batch, in order. */
function* runsOf({ lengths, aads, infos }: Batch): Generator<Run> {
  let [dataAt, aadAt, infoAt] = [0, 0, 0];
  for (let first = 0; first < lengths.length; ) {
    let end = Math.min(lengths.length, first + BATCH_COUNT);
    end = fitting(lengths, first, end, TAG_BYTES);
    end = fitting(aads.lengths, first, end, 0);
    end = fitting(infos.lengths, first, end, 0);
    const fits = end > first;
    if (!fits) end = first + 1;
    const data = { at: dataAt, bytes: sum(lengths, first, end) };
    const aad = { at: aadAt, bytes: sum(aads.lengths, first, end) };
    const info = { at: infoAt, bytes: sum(infos.lengths, first, end) };
    yield { first, count: end - first, fits, data, aads: aad, infos: info };
    first = end;
    dataAt += data.bytes;
    aadAt += aad.bytes;
    infoAt += info.bytes;
  }
}

/** Up to which record, `end` at the most, the records from `first` on fit the window with `extraBytes` for each. */
function fitting(lengths: Uint32Array | undefined, first: number, end: number, extraBytes: number): number {
  if (lengths === undefined) return end;
  let room = CHUNK_BYTES;
  for (let i = first; i < end; i++) {
    room -= lengths[i]! + extraBytes;
    if (room < 0) return i;
  }
  return end;
}

function cut(bytes: Uint8Array, { at, bytes: lengthBytes }: Extent): Uint8Array {
  return bytes.subarray(at, at + lengthBytes);
}

/** Copies what a run has beside its data into the window. */
function fillWindow(abi: Abi, batch: Batch, { first, count, aads, infos }: Run): void {
  const end = first + count;
  abi.nonces.set(whole(batch.nonces.subarray(first * NONCE_BYTES, end * NONCE_BYTES), count * NONCE_BYTES));
  abi.dataLengths.set(batch.lengths.subarray(first, end));
  fillLengths(abi.aadLengths, batch.aads, first, end);
  abi.output.set(whole(cut(batch.aads.bytes, aads), aads.bytes));
  fillLengths(abi.infoLengths, batch.infos, first, end);
  abi.infos.set(whole(cut(batch.infos.bytes, infos), infos.bytes));
}

/** The view, which must still have all of its bytes: a resizable buffer may have shrunk since they were counted. */
function whole(view: Uint8Array, lengthBytes: number): Uint8Array {
  if (view.length !== lengthBytes) throw new RangeError("The bytes shrank while they were read.");
  return view;
}

function fillLengths(table: Uint32Array, { lengths }: MaybeParts, first: number, end: number): void {
  if (lengths === undefined) table.fill(0, 0, end - first);
  else table.set(lengths.subarray(first, end));
}

/** How the records of a batch are sealed or opened. */
export interface Batcher {
  /** One call of the core for `count` records in the window; returns its status. */
  many(count: number): number;
  /** Lends the key of a record that fits no window. */
  lendKey<T>(info: Uint8Array, use: (key: Aead) => T): T;
}

/** Seals a batch: of each record the ciphertext and its tag, end to end. */
export function sealBatch(abi: Abi, batcher: Batcher, batch: Batch, bytes: Uint8Array, out?: Uint8Array): Uint8Array {
  const plaintexts = viewBytes("plaintexts", bytes);
  checkSum("plaintexts", plaintexts.length, "lengths", batch.dataBytes);
  const sealedBytes = batch.dataBytes + batch.lengths.length * TAG_BYTES;
  const result = out === undefined ? new Uint8Array(sealedBytes) : viewOf(startOf(out, sealedBytes), 0, sealedBytes);
  // Results grow into what is still to be read.
  const source = mayOverlap(result, plaintexts) ? copyView(plaintexts) : plaintexts;
  try {
    for (const run of runsOf(batch)) {
      const { first, count } = run;
      const data = whole(cut(source, run.data), run.data.bytes);
      const to = run.data.at + first * TAG_BYTES;
      if (run.fits) {
        fillWindow(abi, batch, run);
        abi.input.set(data);
        checkStatus(batcher.many(count));
        result.set(abi.input.subarray(0, data.length + count * TAG_BYTES), to);
      } else {
        const target = viewOf(result, to, data.length + TAG_BYTES);
        batcher.lendKey(cut(batch.infos.bytes, run.infos), (key) => {
          key.seal(nonceOf(batch, first), data, cut(batch.aads.bytes, run.aads), target);
        });
      }
    }
    return result;
  } catch (error) {
    forget(abi);
    throw error;
  } finally {
    if (source !== plaintexts) source.fill(0);
  }
}

/** Opens a batch. */
export function openBatch(
  abi: Abi,
  batcher: Batcher,
  batch: Batch,
  bytes: Uint8Array,
  out?: Uint8Array,
): PackedRecords {
  const sealed = viewBytes("sealed", bytes);
  const sealedBytes = batch.dataBytes + batch.lengths.length * TAG_BYTES;
  checkSum("sealed", sealed.length, "lengths and a tag of 16 bytes for each", sealedBytes);
  const room = out === undefined ? secretBytes(batch.dataBytes) : startOf(out, batch.dataBytes);
  const plaintexts = viewOf(room, 0, batch.dataBytes);
  const source = mayOverlap(plaintexts, sealed) ? copyView(sealed) : sealed;
  const failed: number[] = [];
  try {
    for (const run of runsOf(batch)) {
      const { first, count } = run;
      const from = run.data.at + first * TAG_BYTES;
      const sealedRunBytes = run.data.bytes + count * TAG_BYTES;
      const data = whole(source.subarray(from, from + sealedRunBytes), sealedRunBytes);
      const target = viewOf(plaintexts, run.data.at, run.data.bytes);
      if (run.fits) {
        fillWindow(abi, batch, run);
        abi.input.set(data);
        const refused = batcher.many(count);
        if (refused < 0) checkStatus(refused);
        for (let i = 0; refused > 0 && i < count; i++) if (abi.refusals[i] === 1) failed.push(first + i);
        target.set(abi.input.subarray(0, target.length));
        abi.input.fill(0, 0, target.length);
      } else {
        batcher.lendKey(cut(batch.infos.bytes, run.infos), (key) => {
          if (key.open(nonceOf(batch, first), data, cut(batch.aads.bytes, run.aads), target) !== undefined) return;
          failed.push(first);
          target.fill(0);
        });
      }
    }
    return { plaintexts: room, failed };
  } catch (error) {
    // The call as a whole has failed: it hands out nothing.
    plaintexts.fill(0);
    forget(abi);
    throw error;
  }
}

function nonceOf({ nonces }: Batch, record: number): Uint8Array {
  return nonces.subarray(record * NONCE_BYTES, (record + 1) * NONCE_BYTES);
}

/** Wipes what a batch that broke off may have left. */
function forget({ exports, input, infos }: Abi): void {
  input.fill(0);
  infos.fill(0);
  exports.gcmWipe();
}
