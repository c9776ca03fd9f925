/** Puts the capabilities of one instance of the core together. */
import type { Abi, Simd } from "./abi.ts";
import type { CoreAead } from "./aead.ts";
import type { PackedRecords } from "./batch.ts";
import { type DerivationKey, DerivationSlots } from "./derivation-key.ts";
import { DerivedBatches, type DerivedPlaintexts, type DerivedSealed } from "./derived.ts";
import { HashCalls } from "./hash-calls.ts";
import { createHashes, type Hashes } from "./hashes.ts";
import { KeySlots } from "./key.ts";
import { unwrapKey, wrapKey } from "./key-wrap.ts";

/** What the core computes. Everything is synchronous, and lies in 2 MiB of memory of its own. */
export interface Core extends Hashes {
  /** Which build this is. */
  readonly simd: Simd;
  /**
   * Expands an AES key of 16, 24 or 32 bytes once and holds it in one of 256 slots until its `destroy`.
   * @throws {RangeError} for a key of another length. @throws {Error} if every slot is taken.
   */
  importKey(bytes: Uint8Array): CoreAead;
  /**
   * Seals n records that lie end to end, each under an AES-256 key of its own: `master.expand(info, 32)`, which leaves the
   * core for records of more than 64 KiB alone. Otherwise as `sealPacked` of a key.
   * @throws {TypeError} if `master` is no key of this core, or has been destroyed
   */
  deriveAndSealMany(master: DerivationKey, records: DerivedPlaintexts, out?: Uint8Array): Uint8Array;
  /** Opens what `deriveAndSealMany` has sealed, as `openPacked` of a key does. */
  deriveAndOpenMany(master: DerivationKey, records: DerivedSealed, out?: Uint8Array): PackedRecords;
  /**
   * AES key wrap with padding (RFC 5649): `key`, of 1 to 65,480 bytes, under `kek` of 16, 24 or 32.
   * @throws {RangeError} for other lengths
   */
  wrapKey(kek: Uint8Array, key: Uint8Array): Uint8Array;
  /**
   * The key that was wrapped, which is the caller's to wipe; `undefined` for whatever this KEK has not wrapped.
   * @throws {RangeError} for a KEK of another length
   */
  unwrapKey(kek: Uint8Array, wrapped: Uint8Array): Uint8Array | undefined;
}

/** The core over an instance that is already there. */
export function assembleCore(abi: Abi): Core {
  const keys = new KeySlots(abi);
  const calls = new HashCalls(abi.exports, abi);
  const slots = new DerivationSlots(calls);
  const hashes = createHashes(calls, slots);
  const derived = new DerivedBatches(abi, slots, (bytes) => keys.importKey(bytes));
  return {
    simd: abi.simd,
    importKey: (bytes) => keys.importKey(bytes),
    hash: (hash, data) => hashes.hash(hash, data),
    hmac: (hash, key, data, out) => hashes.hmac(hash, key, data, out),
    hkdf: (hash, secret, salt, info, lengthBytes, out) => hashes.hkdf(hash, secret, salt, info, lengthBytes, out),
    hkdfMany: (hash, salt, records, lengthBytes, out) => hashes.hkdfMany(hash, salt, records, lengthBytes, out),
    importDerivationKey: (hash, secret, salt) => hashes.importDerivationKey(hash, secret, salt),
    importPseudorandomKey: (hash, prk) => hashes.importPseudorandomKey(hash, prk),
    deriveAndSealMany: (master, records, out) => derived.seal(master, records, out),
    deriveAndOpenMany: (master, records, out) => derived.open(master, records, out),
    wrapKey: (kek, key) => wrapKey(abi, kek, key),
    unwrapKey: (kek, wrapped) => unwrapKey(abi, kek, wrapped),
  };
}
