/**
 * Encryption under keys in external key stores, twice as AWS KMS does it: first under the key's own material here, then
 * the external key encrypts that blob; decryption goes the other way. Made for one request, whose caller and operation
 * the proxy is told.
 */
import type { Engine } from "../crypto/engine.ts";
import type { Random } from "../env.ts";
import { KmsError } from "../errors.ts";
import type { ReadTransaction } from "../records/record-store.ts";
import { isExternalBlob, namesMaterial, openBlob, readBlobKeyId, sealBlob } from "./blob.ts";
import type { Cipher, Encrypted } from "./cipher.ts";
import { encodeContext } from "./context.ts";
import {
  type ExternallySealed,
  externalAdditionalData,
  joinInner,
  readExternalBlob,
  splitInner,
  writeExternalBlob,
} from "./external-blob.ts";
import { currentMaterial, type Key } from "./key.ts";
import type { Keys } from "./keys.ts";

/** The external key of one KMS key, as it is reached. What it refuses it throws as this service answers it. */
export interface ExternalKey {
  encrypt(plaintext: Uint8Array, additionalData: Uint8Array): Promise<ExternallySealed>;
  decrypt(sealed: ExternallySealed, additionalData: Uint8Array): Promise<Uint8Array>;
}

export interface ExternalCipherOptions {
  readonly keys: Keys;
  readonly crypto: Engine;
  readonly random: Random;
  /** Reaches the external key of a key; absent in a dry run, which calls nobody. */
  readonly reach?: ((tx: ReadTransaction, key: Key) => Promise<ExternalKey>) | undefined;
}

/** What a dry run has in the place of bytes, which nobody gets. */
const NOTHING = Uint8Array.of(0);

/** @param options whose `reach` is asked once for each encryption and decryption */
export function externalCipher(options: ExternalCipherOptions): Cipher {
  const { keys, crypto, random, reach } = options;
  return {
    async encrypt(tx, key, _algorithm, plaintext, context): Promise<Encrypted> {
      if (reach === undefined) return { blob: NOTHING.slice() };
      const encoded = encodeContext(context);
      const material = await keys.material(tx, key, currentMaterial(key).materialId);
      const inner = sealBlob(crypto, random, key.keyId, material, plaintext, encoded);
      const { head, rest } = splitInner(inner);
      const external = await reach(tx, key);
      const sealed = await external.encrypt(rest, externalAdditionalData(crypto, head, encoded));
      return { blob: writeExternalBlob(crypto, material, head, sealed, encoded) };
    },

    async decrypt(tx, key, _algorithm, blob, context) {
      // Under the key's own material alone nothing is opened.
      if (!isExternalBlob(blob) || readBlobKeyId(blob) !== key.keyId) return undefined;
      const entry = key.materials.find(({ materialId }) => namesMaterial(blob, materialId));
      if (entry === undefined) return undefined;
      const encoded = encodeContext(context);
      const material = await keys.material(tx, key, entry.materialId);
      const sealed = readExternalBlob(crypto, material, blob, encoded);
      if (sealed === undefined) return undefined;
      if (reach === undefined) return { plaintext: NOTHING.slice() };
      const external = await reach(tx, key);
      const rest = await external.decrypt(sealed, externalAdditionalData(crypto, blob, encoded));
      const plaintext = openBlob(crypto, material, joinInner(blob, rest), encoded);
      if (plaintext === undefined) throw wrongAnswer();
      return { plaintext };
    },
  };
}

/** The blob was ours and the answer of the proxy is not what we gave to it. Source: the proxy specification. */
function wrongAnswer(): KmsError {
  return new KmsError(
    "KMSInvalidStateException",
    "The ciphertext that the external key store proxy submitted for decryption, or the encryption context, is " +
      "corrupted, missing, or otherwise invalid.",
  );
}
