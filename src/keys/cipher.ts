/**
 * Encryption under a key: picks the material, makes or opens the blob (blob.ts).
 */
import type { Engine } from "../crypto/engine.ts";
import type { Random } from "../env.ts";
import { type Ready, whenReady } from "../records/ready.ts";
import type { ReadTransaction } from "../records/record-store.ts";
import { namesMaterial, openBlob, readBlobKeyId, sealBlob } from "./blob.ts";
import { encodeContext } from "./context.ts";
import { currentMaterial, type Key } from "./key.ts";
import type { Keys } from "./keys.ts";

type Context = Readonly<Record<string, string>> | undefined;

/** Answers at once where the material is cached. */
export interface Cipher {
  encrypt(
    tx: ReadTransaction,
    key: Key,
    plaintext: Uint8Array,
    context: Context,
  ): Ready<{ blob: Uint8Array; materialId: string }>;
  /** The plaintext, or `undefined` if this key and context did not make the blob. */
  decrypt(
    tx: ReadTransaction,
    key: Key,
    blob: Uint8Array,
    context: Context,
  ): Ready<{ plaintext: Uint8Array; materialId: string } | undefined>;
}

export function cipherOver(keys: Keys, crypto: Engine, random: Random): Cipher {
  return {
    encrypt(tx, key, plaintext, context) {
      const { materialId } = currentMaterial(key);
      return whenReady(keys.material(tx, key, materialId), (material) => ({
        blob: sealBlob(crypto, random, key.keyId, material, plaintext, encodeContext(context)),
        materialId,
      }));
    },

    decrypt(tx, key, blob, context) {
      if (readBlobKeyId(blob) !== key.keyId) return undefined;
      const entry = key.materials.find(({ materialId }) => namesMaterial(blob, materialId));
      if (entry === undefined) return undefined;
      return whenReady(keys.material(tx, key, entry.materialId), (material) => {
        const plaintext = openBlob(crypto, material, blob, encodeContext(context));
        return plaintext && { plaintext, materialId: entry.materialId };
      });
    },
  };
}
