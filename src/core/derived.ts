/**
 * Records under a key each: AES-256 keys that HKDF-Expand derives, one an info. They do not leave the core, but
 * for that of a record that fits no window. The batch
 * is packed.ts's, with infos beside the additional data.
 */
import { copyLengths } from "../byte-views.ts";
import { secretBytes } from "../secret-bytes.ts";
import type { Abi } from "./abi.ts";
import type { Aead } from "./aead.ts";
import type { Packed, PackedRecords } from "./batch.ts";
import type { DerivationKey, DerivationSlots } from "./derivation-key.ts";
import { type Batch, checkBatch, checkParts, openBatch, sealBatch } from "./packed.ts";

const KEY_BYTES = 32;
const INFO_MAX_BYTES = 65_536;

/** What each record's key is derived from, end to end. */
export interface PackedDerivations extends Packed {
  readonly infos: Uint8Array;
  /** The bytes of each info, at most 65,536. */
  readonly infoLengths: Uint32Array;
}

export interface DerivedPlaintexts extends PackedDerivations {
  readonly plaintexts: Uint8Array;
}

export interface DerivedSealed extends PackedDerivations {
  /** Of each record the ciphertext and its tag. */
  readonly sealed: Uint8Array;
}

/** Seals and opens under keys derived from the keys of one core. */
export class DerivedBatches {
  readonly #abi: Abi;
  readonly #slots: DerivationSlots;
  readonly #importKey: (bytes: Uint8Array) => Aead;

  constructor(abi: Abi, slots: DerivationSlots, importKey: (bytes: Uint8Array) => Aead) {
    this.#abi = abi;
    this.#slots = slots;
    this.#importKey = importKey;
  }

  seal(master: DerivationKey, records: DerivedPlaintexts, out?: Uint8Array): Uint8Array {
    const batch = checkDerivations(records);
    const { plaintexts } = records;
    // Only now that no getter of the caller's can run any more, and destroy this key.
    const handle = this.#slots.handleOf(master);
    const many = (count: number): number => this.#abi.exports.deriveSealMany(handle, count);
    return sealBatch(this.#abi, this.#batcher(master, many), batch, plaintexts, out);
  }

  open(master: DerivationKey, records: DerivedSealed, out?: Uint8Array): PackedRecords {
    const batch = checkDerivations(records);
    const { sealed } = records;
    // Only now that no getter of the caller's can run any more, and destroy this key.
    const handle = this.#slots.handleOf(master);
    const many = (count: number): number => this.#abi.exports.deriveOpenMany(handle, count);
    return openBatch(this.#abi, this.#batcher(master, many), batch, sealed, out);
  }

  #batcher(master: DerivationKey, many: (count: number) => number) {
    return {
      many,
      lendKey: <T>(info: Uint8Array, use: (key: Aead) => T): T => {
        const bytes = secretBytes(KEY_BYTES);
        try {
          const key = this.#importKey(master.expand(info, KEY_BYTES, bytes));
          try {
            return use(key);
          } finally {
            key.destroy();
          }
        } finally {
          bytes.fill(0);
        }
      },
    };
  }
}

function checkDerivations(records: PackedDerivations): Batch {
  const { infos, infoLengths } = records;
  const batch = checkBatch(records);
  const lengths = copyLengths("infoLengths", infoLengths);
  const longest = lengths.reduce((most, lengthBytes) => Math.max(most, lengthBytes), 0);
  if (longest > INFO_MAX_BYTES) {
    throw new RangeError(`An info has ${longest} bytes: at most ${INFO_MAX_BYTES} are taken.`);
  }
  return { ...batch, infos: checkParts("infos", infos, "infoLengths", lengths, batch.lengths.length) };
}
