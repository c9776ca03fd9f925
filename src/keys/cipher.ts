/**
 * Encryption under a key: picks the material, makes or opens the blob (blob.ts).
 */
import type { Engine } from "../crypto/engine.ts";
import type { Random } from "../env.ts";
import type { ReadTransaction } from "../records/record-store.ts";
import { openBlob, readBlobHeader, sealBlob } from "./blob.ts";
import { encodeContext } from "./context.ts";
import { currentMaterial, type Key } from "./key.ts";
import type { Keys } from "./keys.ts";
import { materialIdOf } from "./material.ts";

type Context = Readonly<Record<string, string>> | undefined;

export interface Cipher {
  encrypt(
    tx: ReadTransaction,
    key: Key,
    plaintext: Uint8Array,
    context: Context,
  ): Promise<{ blob: Uint8Array; materialId: string }>;
  /** The plaintext, or `undefined` if this key and context did not make the blob. */
  decrypt(
    tx: ReadTransaction,
    key: Key,
    blob: Uint8Array,
    context: Context,
  ): Promise<{ plaintext: Uint8Array; materialId: string } | undefined>;
}

export function cipherOver(keys: Keys, crypto: Engine, random: Random): Cipher {
  return {
    async encrypt(tx, key, plaintext, context) {
      const material = await keys.currentMaterial(tx, key);
      const blob = sealBlob(crypto, random, key.keyId, material, plaintext, encodeContext(context));
      return { blob, materialId: currentMaterial(key).materialId };
    },

    async decrypt(tx, key, blob, context) {
      const header = readBlobHeader(blob);
      if (header === undefined || header.keyId !== key.keyId) return undefined;
      const material = await keys.material(tx, key, header.shortMaterialId);
      if (material === undefined) return undefined;
      const plaintext = openBlob(crypto, material, blob, encodeContext(context));
      return plaintext && { plaintext, materialId: materialIdOf(material) };
    },
  };
}
