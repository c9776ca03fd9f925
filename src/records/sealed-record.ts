/**
 * A record as it lies in the store: sealed for one store, one type and one path, so that a record that was moved,
 * taken from another store, changed or cut does not open.
 *
 *   offset  length  field
 *   0       1       format, 1
 *   1       4       term of the data key, big endian
 *   5       32      salt, random
 *   37      32      commitment
 *   69      n       ciphertext
 *   69 + n  16      tag
 *
 * This is the form of committing-seal.ts (key derivation and AAD are described there) with
 *   prefix  = bytes 0 to 4
 *   context = "kms-rec/v1\0" | store id (16) | type name (u16 length, UTF-8) | path (u16 length, UTF-8)
 * and the PRK of the data key of that term (data-key.ts).
 *
 * Not promised: that a record is the newest one. Who can write to the store can put an older copy of the same record
 * back; only an anchor outside of the store could tell.
 */
import type { Random } from "../env.ts";
import { type SealKey, seal, unseal } from "./committing-seal.ts";
import { concatBytes, textBytes, uintBytes } from "./encoding.ts";

const FORMAT = 1;
const PREFIX_BYTES = 5;
const LABEL = new TextEncoder().encode("kms-rec/v1\0");

/** Where a record belongs. */
export interface RecordPlace {
  readonly storeId: Uint8Array;
  readonly type: string;
  readonly path: string;
}

/** A data key made ready for use. */
export interface DataKey extends SealKey {
  /** Counts the data keys of a store, from 1. */
  readonly term: number;
}

/** Returns the sealed record. The caller wipes the plaintext. */
export function sealRecord(key: DataKey, place: RecordPlace, plaintext: Uint8Array, random: Random): Uint8Array {
  const prefix = concatBytes(Uint8Array.of(FORMAT), uintBytes(key.term, 4));
  return seal(key, random, prefix, contextOf(place), plaintext);
}

/** The term of the data key that opens this record, or `undefined` if it has no form that is known here. */
export function termOf(sealed: Uint8Array): number | undefined {
  if (sealed.length < PREFIX_BYTES || sealed[0] !== FORMAT) return undefined;
  return new DataView(sealed.buffer, sealed.byteOffset).getUint32(1);
}

/** Returns the plaintext, which the caller wipes, or `undefined` if the record does not belong to this key and place. */
export function unsealRecord(key: DataKey, place: RecordPlace, sealed: Uint8Array): Uint8Array | undefined {
  if (termOf(sealed) !== key.term) return undefined;
  return unseal(key, PREFIX_BYTES, contextOf(place), sealed);
}

function contextOf({ storeId, type, path }: RecordPlace): Uint8Array {
  return concatBytes(LABEL, storeId, textBytes(type), textBytes(path));
}
