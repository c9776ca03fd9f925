/** The convenient form of packed.ts: records that lie apart are packed, sealed or opened, and the results cut up again. */
import { copyInto, copyView, lengthOf } from "../byte-views.ts";
import { secretBytes } from "../secret-bytes.ts";
import type {
  Apart,
  Packed,
  PackedPlaintexts,
  PackedRecords,
  PackedSealed,
  PlainRecord,
  SealedRecord,
} from "./batch.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NO_BYTES = new Uint8Array(0);

/** What works on records that lie end to end. */
interface PackedAead {
  sealPacked(records: PackedPlaintexts): Uint8Array;
  openPacked(records: PackedSealed): PackedRecords;
}

export function sealMany(aead: PackedAead, records: readonly PlainRecord[]): Uint8Array[] {
  const plaintexts = records.map(({ plaintext }) => plaintext);
  const lengths = lengthsOf("plaintext", plaintexts);
  const packed = pack("plaintext", plaintexts, lengths);
  try {
    return unpack(aead.sealPacked({ ...packApart(records), lengths, plaintexts: packed }), lengths, TAG_BYTES);
  } finally {
    packed.fill(0);
  }
}

export function openMany(aead: PackedAead, records: readonly SealedRecord[]): (Uint8Array | undefined)[] {
  const whole = records.map(({ sealed }) => sealed);
  // One that is too short for a tag cannot be packed; it is refused, as alone.
  const long = records.filter(({ sealed }) => lengthOf("sealed", sealed) >= TAG_BYTES);
  const sealedLengths = lengthsOf("sealed", whole).filter((lengthBytes) => lengthBytes >= TAG_BYTES);
  const sealed = pack(
    "sealed",
    long.map(({ sealed: bytes }) => bytes),
    sealedLengths,
  );
  const lengths = sealedLengths.map((lengthBytes) => lengthBytes - TAG_BYTES);
  const { plaintexts, failed } = aead.openPacked({ ...packApart(long), lengths, sealed });
  // Each plaintext has a buffer of its own, so that whoever is given one is not given the others.
  const opened: (Uint8Array | undefined)[] = unpack(plaintexts, lengths, 0).map(copyView);
  plaintexts.fill(0);
  for (const record of failed) opened[record] = undefined;
  if (long.length === records.length) return opened;
  let next = 0;
  return records.map((record) => (record === long[next] ? opened[next++] : undefined));
}

function lengthsOf(name: string, arrays: readonly Uint8Array[]): Uint32Array {
  return Uint32Array.from(arrays, (bytes) => lengthOf(name, bytes));
}

/** The arrays, whose lengths were found to be these, end to end. */
function pack(name: string, arrays: readonly Uint8Array[], lengths: Uint32Array): Uint8Array {
  const packed = secretBytes(lengths.reduce((total, lengthBytes) => total + lengthBytes, 0));
  let at = 0;
  for (const [i, bytes] of arrays.entries()) {
    lengthOf(name, bytes);
    copyInto(packed.subarray(at, at + lengths[i]!), bytes, lengths[i]!);
    at += lengths[i]!;
  }
  return packed;
}

function packApart(records: readonly Apart[]): Pick<Packed, "nonces" | "aads" | "aadLengths"> {
  const nonces = records.map(({ nonce }) => nonce);
  const nonceLengths = lengthsOf("nonce", nonces);
  if (nonceLengths.some((lengthBytes) => lengthBytes !== NONCE_BYTES)) {
    throw new RangeError(`Every nonce must have ${NONCE_BYTES} bytes.`);
  }
  const aads = records.map(({ aad }) => aad ?? NO_BYTES);
  const aadLengths = lengthsOf("aad", aads);
  return { nonces: pack("nonce", nonces, nonceLengths), aads: pack("aad", aads, aadLengths), aadLengths };
}

function unpack(packed: Uint8Array, lengths: Uint32Array, extraBytes: number): Uint8Array[] {
  let at = 0;
  return Array.from(lengths, (lengthBytes) => packed.subarray(at, (at += lengthBytes + extraBytes)));
}
