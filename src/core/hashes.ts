/**
 * SHA-2 (FIPS 180-4), HMAC (FIPS 198-1) and HKDF (RFC 5869) of the WebAssembly core, as JavaScript sees them.
 *
 * Data of any length goes through the window in chunks. Every call leaves the core's working memory and the window
 * wiped, also when it throws; results are new arrays that belong to the caller, those made from a key off the moving
 * heap, so that wiping them leaves no copy. Time depends on lengths alone.
 */

import { copyInto, lengthOf, viewOf } from "../byte-views.ts";
import { secretBytes } from "../secret-bytes.ts";

export type HashName = "SHA-256" | "SHA-384" | "SHA-512";

/** The exports of assembly/ that this file drives. Each returns a status: negative for a refusal. */
export interface HashExports {
  hashBegin(hash: number): number;
  hashUpdate(lengthBytes: number): number;
  hashFinish(): number;
  hashWipe(): void;
  hmacBegin(hash: number, keyBytes: number): number;
  hmacFinish(): number;
  hkdfExtract(): number;
  hkdfImport(hash: number, keyBytes: number): number;
  hkdfKeep(): number;
  hkdfUse(handle: number): number;
  hkdfDrop(handle: number): number;
  hkdfExpand(infoBytes: number, lengthBytes: number): number;
}

/** The parts of the core's memory through which bytes come and go, each at least 65,536 bytes long. */
export interface HashWindow {
  readonly input: Uint8Array;
  readonly output: Uint8Array;
}

/** HKDF-Expand from one pseudorandom key, which only the core's memory holds. */
export interface DerivationKey {
  /**
   * HKDF-Expand (RFC 5869 section 2.3). `info` may have up to 65,536 bytes.
   * @throws {RangeError} if `lengthBytes` is no integer from 0 to 255 hash lengths, or `info` is too long.
   * @throws {TypeError} after `destroy`.
   */
  expand(info: Uint8Array, lengthBytes: number): Uint8Array;
  /** Wipes the key and frees its slot; once is enough, twice does no harm. */
  destroy(): void;
}

/** All of these throw a TypeError for an unknown hash or for an argument that is no Uint8Array. */
export interface Hashes {
  hash(hash: HashName, data: Uint8Array): Uint8Array;
  hmac(hash: HashName, key: Uint8Array, data: Uint8Array): Uint8Array;
  /** Extract and expand in one call; the limits are those of `DerivationKey.expand`. */
  hkdf(hash: HashName, secret: Uint8Array, salt: Uint8Array, info: Uint8Array, lengthBytes: number): Uint8Array;
  /** Extracts a key and holds it in one of 1,024 slots until `destroy`. @throws {Error} if every slot is taken. */
  importDerivationKey(hash: HashName, secret: Uint8Array, salt: Uint8Array): DerivationKey;
  /**
   * Holds a key that was extracted before, which is the HMAC of the secret under the salt (RFC 5869 section 2.2), in the
   * same way and the same slots. The caller may wipe its bytes at once.
   * @throws {RangeError} if `prk` has fewer bytes than the hash (section 2.3), or more than 65,536.
   */
  importPseudorandomKey(hash: HashName, prk: Uint8Array): DerivationKey;
}

interface HashRow {
  /** The core's number for this hash. */
  readonly id: number;
  readonly digestBytes: number;
}

/** A map, so that only these three names are found. */
const HASHES: ReadonlyMap<unknown, HashRow> = new Map([
  ["SHA-256", { id: 1, digestBytes: 32 }],
  ["SHA-384", { id: 2, digestBytes: 48 }],
  ["SHA-512", { id: 3, digestBytes: 64 }],
]);

const CHUNK_BYTES = 65536;
const SLOT_COUNT = 1024;
const NO_SLOT = -3;

/** Makes the hashes over an instance of the core. */
export function createHashes(core: HashExports, window: HashWindow): Hashes {
  return new CoreHashes(core, window);
}

function findHash(name: HashName): HashRow {
  const row = HASHES.get(name);
  if (row === undefined) throw new TypeError(`Unknown hash ${String(name)}: use "SHA-256", "SHA-384" or "SHA-512".`);
  return row;
}

/** Checks the arguments of an expansion and returns the length of `info`. */
function checkExpand(row: HashRow, info: Uint8Array, lengthBytes: number): number {
  const infoBytes = lengthOf("info", info);
  if (infoBytes > CHUNK_BYTES) throw new RangeError(`info has ${infoBytes} bytes: at most ${CHUNK_BYTES} are taken.`);
  const limit = 255 * row.digestBytes;
  if (!Number.isInteger(lengthBytes) || lengthBytes < 0 || lengthBytes > limit) {
    throw new RangeError(`lengthBytes is ${lengthBytes}: HKDF with this hash yields 0 to ${limit} bytes.`);
  }
  return infoBytes;
}

function checkStatus(status: number): number {
  if (status === NO_SLOT) {
    throw new Error("All 1,024 derivation keys of this core are in use: destroy those that are no longer needed.");
  }
  if (status < 0) throw new Error(`The core refused a hash call with status ${status}.`);
  return status;
}

class CoreHashes implements Hashes {
  readonly #core: HashExports;
  readonly #input: Uint8Array;
  readonly #output: Uint8Array;
  /**
   * Slots whose keys were destroyed and that are still to be wiped, the first `#leftCount`. A slot changes hands by a
   * single write, never by a call, which can fail at the very end of the stack and would lose the slot.
   */
  readonly #left = new Uint16Array(SLOT_COUNT);
  #leftCount = 0;

  constructor(core: HashExports, window: HashWindow) {
    this.#core = core;
    this.#input = window.input;
    this.#output = window.output;
  }

  hash(hash: HashName, data: Uint8Array): Uint8Array {
    const row = findHash(hash);
    try {
      this.#digest(row, "data", data);
      return this.#take(new Uint8Array(row.digestBytes));
    } catch (error) {
      throw this.#forget(error);
    }
  }

  hmac(hash: HashName, key: Uint8Array, data: Uint8Array): Uint8Array {
    const row = findHash(hash);
    try {
      this.#beginMac(row, "key", key);
      this.#absorb("data", data);
      checkStatus(this.#core.hmacFinish());
      return this.#take(secretBytes(row.digestBytes));
    } catch (error) {
      throw this.#forget(error);
    }
  }

  hkdf(hash: HashName, secret: Uint8Array, salt: Uint8Array, info: Uint8Array, lengthBytes: number): Uint8Array {
    const row = findHash(hash);
    const infoBytes = checkExpand(row, info, lengthBytes);
    try {
      this.#extract(row, secret, salt);
      return this.#expand(info, infoBytes, lengthBytes);
    } catch (error) {
      throw this.#forget(error);
    }
  }

  importDerivationKey(hash: HashName, secret: Uint8Array, salt: Uint8Array): DerivationKey {
    const row = findHash(hash);
    try {
      this.#extract(row, secret, salt);
      return this.#keep(row);
    } catch (error) {
      throw this.#forget(error);
    }
  }

  importPseudorandomKey(hash: HashName, prk: Uint8Array): DerivationKey {
    const row = findHash(hash);
    const prkBytes = lengthOf("prk", prk);
    if (prkBytes < row.digestBytes || prkBytes > CHUNK_BYTES) {
      throw new RangeError(`prk has ${prkBytes} bytes: ${hash} takes ${row.digestBytes} to ${CHUNK_BYTES}.`);
    }
    try {
      copyInto(this.#input, prk, prkBytes);
      checkStatus(this.#core.hkdfImport(row.id, prkBytes));
      return this.#keep(row);
    } catch (error) {
      throw this.#forget(error);
    }
  }

  /** Moves the current key into a slot. */
  #keep(row: HashRow): DerivationKey {
    this.#dropLeft();
    let handle = NO_SLOT;
    const key: DerivationKey = {
      expand: (info, lengthBytes) => {
        if (handle < 0) throw new TypeError("This derivation key has been destroyed.");
        const infoBytes = checkExpand(row, info, lengthBytes);
        try {
          checkStatus(this.#core.hkdfUse(handle));
          return this.#expand(info, infoBytes, lengthBytes);
        } catch (error) {
          throw this.#forget(error);
        }
      },
      destroy: () => {
        if (handle < 0) return;
        this.#left[this.#leftCount++] = handle;
        handle = NO_SLOT;
        this.#dropLeft();
      },
    };
    handle = this.#core.hkdfKeep();
    if (handle < 0) checkStatus(handle);
    return key;
  }

  /** Wipes and frees the slots of destroyed keys. */
  #dropLeft(): void {
    while (this.#leftCount > 0) {
      const status = this.#core.hkdfDrop(this.#left[this.#leftCount - 1]!);
      this.#leftCount--;
      if (status < 0) checkStatus(status);
    }
  }

  #extract(row: HashRow, secret: Uint8Array, salt: Uint8Array): void {
    this.#beginMac(row, "salt", salt);
    this.#absorb("secret", secret);
    checkStatus(this.#core.hkdfExtract());
  }

  #expand(info: Uint8Array, infoBytes: number, lengthBytes: number): Uint8Array {
    copyInto(this.#input, info, infoBytes);
    checkStatus(this.#core.hkdfExpand(infoBytes, lengthBytes));
    return this.#take(secretBytes(lengthBytes));
  }

  /** Leaves a digest in the window. */
  #digest(row: HashRow, name: string, data: Uint8Array): void {
    checkStatus(this.#core.hashBegin(row.id));
    this.#absorb(name, data);
    checkStatus(this.#core.hashFinish());
  }

  /** A key that does not fit the window counts as its digest, as for every key longer than a block (FIPS 198-1). */
  #beginMac(row: HashRow, name: string, key: Uint8Array): void {
    let keyBytes = lengthOf(name, key);
    if (keyBytes <= CHUNK_BYTES) {
      copyInto(this.#input, key, keyBytes);
    } else {
      this.#digest(row, name, key);
      keyBytes = row.digestBytes;
      this.#input.set(this.#output.subarray(0, keyBytes));
      this.#output.fill(0, 0, keyBytes);
    }
    checkStatus(this.#core.hmacBegin(row.id, keyBytes));
  }

  #absorb(name: string, data: Uint8Array): void {
    const dataBytes = lengthOf(name, data);
    if (dataBytes <= CHUNK_BYTES) {
      copyInto(this.#input, data, dataBytes);
      checkStatus(this.#core.hashUpdate(dataBytes));
      return;
    }
    for (let at = 0; at < dataBytes; at += CHUNK_BYTES) {
      this.#absorb(name, viewOf(data, at, Math.min(CHUNK_BYTES, dataBytes - at)));
    }
  }

  /** Moves the start of OUTPUT to `result`. */
  #take(result: Uint8Array): Uint8Array {
    result.set(this.#output.subarray(0, result.length));
    this.#output.fill(0, 0, result.length);
    return result;
  }

  /** Wipes what a broken-off call left, and hands its error back. */
  #forget(error: unknown): unknown {
    this.#core.hashWipe();
    this.#input.fill(0);
    this.#output.fill(0);
    return error;
  }
}
