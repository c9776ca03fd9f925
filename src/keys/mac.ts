/** HMAC (FIPS 198-1) under MAC keys. */
import { MAC_HASHES, type MacAlgorithm } from "../crypto/algorithms.ts";
import { type Engine, equalBytes } from "../crypto/engine.ts";
import { type Ready, whenReady } from "../records/ready.ts";
import type { ReadTransaction } from "../records/record-store.ts";
import type { Key } from "./key.ts";
import type { Keys } from "./keys.ts";

/** The algorithm is one of the key's. */
export interface Macs {
  generate(tx: ReadTransaction, key: Key, algorithm: MacAlgorithm, message: Uint8Array): Ready<Uint8Array>;
  verify(tx: ReadTransaction, key: Key, algorithm: MacAlgorithm, message: Uint8Array, mac: Uint8Array): Ready<boolean>;
}

export function macsOver(keys: Keys, crypto: Engine): Macs {
  const generate: Macs["generate"] = (tx, key, algorithm, message) =>
    whenReady(keys.macKey(tx, key), (secret) =>
      secret.expose((bytes) => crypto.hmac(MAC_HASHES[algorithm], bytes, message)),
    );
  return {
    generate,
    verify(tx, key, algorithm, message, mac) {
      return whenReady(generate(tx, key, algorithm, message), (expected) => {
        const isValid = equalBytes(expected, mac);
        // A valid MAC of a message that somebody else chose is worth a wipe.
        expected.fill(0);
        return isValid;
      });
    },
  };
}
