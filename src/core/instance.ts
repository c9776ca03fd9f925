/** Puts the capabilities of one instance of the core together. */
import type { Abi } from "./abi.ts";
import { createHashes, type Hashes } from "./hashes.ts";
import { type Aead, KeySlots } from "./key.ts";

/** What the core computes. Everything is synchronous, and lies in 2 MiB of memory of its own. */
export interface Core extends Hashes {
  /**
   * Expands an AES key of 16, 24 or 32 bytes once and holds it in one of 256 slots until its `destroy`.
   * @throws {RangeError} for a key of another length. @throws {Error} if every slot is taken.
   */
  importKey(bytes: Uint8Array): Aead;
}

/** The core over an instance that is already there. */
export function assembleCore(abi: Abi): Core {
  const keys = new KeySlots(abi);
  const hashes = createHashes(abi.exports, abi);
  return {
    importKey: (bytes) => keys.importKey(bytes),
    hash: (hash, data) => hashes.hash(hash, data),
    hmac: (hash, key, data, out) => hashes.hmac(hash, key, data, out),
    hkdf: (hash, secret, salt, info, lengthBytes, out) => hashes.hkdf(hash, secret, salt, info, lengthBytes, out),
    hkdfMany: (hash, salt, records, lengthBytes, out) => hashes.hkdfMany(hash, salt, records, lengthBytes, out),
    importDerivationKey: (hash, secret, salt) => hashes.importDerivationKey(hash, secret, salt),
    importPseudorandomKey: (hash, prk) => hashes.importPseudorandomKey(hash, prk),
  };
}
