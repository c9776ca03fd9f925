/** Puts the capabilities of one instance of the core together. */
import type { Abi, Simd } from "./abi.ts";
import type { CoreAead } from "./aead.ts";
import { createHashes, type Hashes } from "./hashes.ts";
import { KeySlots } from "./key.ts";

/** What the core computes. Everything is synchronous, and lies in 2 MiB of memory of its own. */
export interface Core extends Hashes {
  /** Which build this is. */
  readonly simd: Simd;
  /**
   * Expands an AES key of 16, 24 or 32 bytes once and holds it in one of 256 slots until its `destroy`.
   * @throws {RangeError} for a key of another length. @throws {Error} if every slot is taken.
   */
  importKey(bytes: Uint8Array): CoreAead;
}

/** The core over an instance that is already there. */
export function assembleCore(abi: Abi): Core {
  const keys = new KeySlots(abi);
  const hashes = createHashes(abi.exports, abi);
  return {
    simd: abi.simd,
    importKey: (bytes) => keys.importKey(bytes),
    hash: (hash, data) => hashes.hash(hash, data),
    hmac: (hash, key, data) => hashes.hmac(hash, key, data),
    hkdf: (hash, secret, salt, info, lengthBytes) => hashes.hkdf(hash, secret, salt, info, lengthBytes),
    importDerivationKey: (hash, secret, salt) => hashes.importDerivationKey(hash, secret, salt),
    importPseudorandomKey: (hash, prk) => hashes.importPseudorandomKey(hash, prk),
  };
}
