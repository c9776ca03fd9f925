/**
 * SHA-2 (FIPS 180-4), HMAC (FIPS 198-1) and HKDF (RFC 5869) of the WebAssembly core, as JavaScript sees them.
 *
 * Every call leaves the core's working memory and the window wiped, also when it throws. Results belong to the caller:
 * plain views of the start of `out` where that was given, else new arrays, those made from a key off the moving heap, so
 * that wiping them leaves no copy. Time depends on lengths alone.
 */

import { copyInto, lengthOf, viewOut } from "../byte-views.ts";
import { secretBytes } from "../secret-bytes.ts";
import type { DerivationKey, DerivationSlots } from "./derivation-key.ts";
import { CHUNK_BYTES, checkInfo, checkLength, checkStatus, type HashCalls, type HashRow } from "./hash-calls.ts";
import { deriveMany, type PackedSecrets } from "./hkdf-batch.ts";

export type { DerivationKey } from "./derivation-key.ts";
export type { PackedInfos, PackedSecrets } from "./hkdf-batch.ts";

export type HashName = "SHA-224" | "SHA-256" | "SHA-384" | "SHA-512";

/**
 * All of these throw a TypeError for an unknown hash or for an argument that is no Uint8Array, and a RangeError if `out`
 * is too short for the result.
 */
export interface Hashes {
  hash(hash: HashName, data: Uint8Array): Uint8Array;
  hmac(hash: HashName, key: Uint8Array, data: Uint8Array, out?: Uint8Array): Uint8Array;
  /** Extract and expand in one call; the limits are those of `DerivationKey.expand`. `out` may overlap the others. */
  hkdf(
    hash: HashName,
    secret: Uint8Array,
    salt: Uint8Array,
    info: Uint8Array,
    lengthBytes: number,
    out?: Uint8Array,
  ): Uint8Array;
  /**
   * HKDF of many secrets under one salt, with SHA-256 four at a time. Returns the keys end to end, `lengthBytes` of each;
   * `out` may overlap the others.
   * @throws {RangeError} as `hkdf` does, or if lengths do not add up to the bytes that they divide.
   */
  hkdfMany(hash: HashName, salt: Uint8Array, records: PackedSecrets, lengthBytes: number, out?: Uint8Array): Uint8Array;
  /** Extracts a key and holds it in one of 1,024 slots until `destroy`. @throws {Error} if every slot is taken. */
  importDerivationKey(hash: HashName, secret: Uint8Array, salt: Uint8Array): DerivationKey;
  /**
   * Holds a key that was extracted before, which is the HMAC of the secret under the salt (RFC 5869 section 2.2), in the
   * same way and the same slots. The caller may wipe its bytes at once.
   * @throws {RangeError} if `prk` has fewer bytes than the hash (section 2.3), or more than 65,536.
   */
  importPseudorandomKey(hash: HashName, prk: Uint8Array): DerivationKey;
}

/** A map, so that only these names are found. */
const HASHES: ReadonlyMap<unknown, HashRow> = new Map([
  ["SHA-256", { id: 1, digestBytes: 32 }],
  ["SHA-384", { id: 2, digestBytes: 48 }],
  ["SHA-512", { id: 3, digestBytes: 64 }],
  ["SHA-224", { id: 4, digestBytes: 28 }],
]);

/** Makes the hashes over an instance of the core, with its derivation keys in `slots`. */
export function createHashes(calls: HashCalls, slots: DerivationSlots): Hashes {
  return new CoreHashes(calls, slots);
}

function findHash(name: HashName): HashRow {
  const row = HASHES.get(name);
  if (row === undefined)
    throw new TypeError(`Unknown hash ${String(name)}: use "SHA-224", "SHA-256", "SHA-384" or "SHA-512".`);
  return row;
}

class CoreHashes implements Hashes {
  readonly #calls: HashCalls;
  readonly #slots: DerivationSlots;

  constructor(calls: HashCalls, slots: DerivationSlots) {
    this.#calls = calls;
    this.#slots = slots;
  }

  hash(hash: HashName, data: Uint8Array): Uint8Array {
    const row = findHash(hash);
    const calls = this.#calls;
    try {
      calls.digest(row, "data", data);
      return calls.take(new Uint8Array(row.digestBytes), row.digestBytes);
    } catch (error) {
      throw calls.forget(error);
    }
  }

  hmac(hash: HashName, key: Uint8Array, data: Uint8Array, out?: Uint8Array): Uint8Array {
    const row = findHash(hash);
    const given = viewOut(out, row.digestBytes);
    const calls = this.#calls;
    try {
      calls.mac(row, key, data);
      return calls.take(given ?? secretBytes(row.digestBytes), row.digestBytes);
    } catch (error) {
      throw calls.forget(error);
    }
  }

  hkdf(
    hash: HashName,
    secret: Uint8Array,
    salt: Uint8Array,
    info: Uint8Array,
    lengthBytes: number,
    out?: Uint8Array,
  ): Uint8Array {
    const row = findHash(hash);
    const infoBytes = checkInfo(info);
    checkLength(row, lengthBytes);
    const given = viewOut(out, lengthBytes);
    const calls = this.#calls;
    try {
      calls.derive(row, secret, salt, info, infoBytes, lengthBytes);
      return calls.take(given ?? secretBytes(lengthBytes), lengthBytes);
    } catch (error) {
      throw calls.forget(error);
    }
  }

  hkdfMany(
    hash: HashName,
    salt: Uint8Array,
    records: PackedSecrets,
    lengthBytes: number,
    out?: Uint8Array,
  ): Uint8Array {
    const row = findHash(hash);
    checkLength(row, lengthBytes);
    return deriveMany(this.#calls, row, salt, records, lengthBytes, out);
  }

  importDerivationKey(hash: HashName, secret: Uint8Array, salt: Uint8Array): DerivationKey {
    const row = findHash(hash);
    const calls = this.#calls;
    try {
      calls.extract(row, secret, salt);
      return this.#slots.keep(row);
    } catch (error) {
      throw calls.forget(error);
    }
  }

  importPseudorandomKey(hash: HashName, prk: Uint8Array): DerivationKey {
    const row = findHash(hash);
    const prkBytes = lengthOf("prk", prk);
    if (prkBytes < row.digestBytes || prkBytes > CHUNK_BYTES) {
      throw new RangeError(`prk has ${prkBytes} bytes: ${hash} takes ${row.digestBytes} to ${CHUNK_BYTES}.`);
    }
    const calls = this.#calls;
    try {
      copyInto(calls.input, prk, prkBytes);
      checkStatus(calls.core.hkdfImport(row.id, prkBytes));
      return this.#slots.keep(row);
    } catch (error) {
      throw calls.forget(error);
    }
  }
}
