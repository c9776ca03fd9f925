/**
 * Encryption under a key. A symmetric key makes a blob (blob.ts) under its current material; an RSA key the bare
 * ciphertext of RSAES-OAEP, as anybody who has its public key does.
 */
import { KEY_SPECS, OAEP_HASHES, type OaepAlgorithm } from "../crypto/algorithms.ts";
import type { Engine } from "../crypto/engine.ts";
import type { Random } from "../env.ts";
import { KmsError } from "../errors.ts";
import { type Ready, whenReady } from "../records/ready.ts";
import type { ReadTransaction } from "../records/record-store.ts";
import { isExternalBlob, namesMaterial, openBlob, readBlobKeyId, sealBlob } from "./blob.ts";
import { encodeContext } from "./context.ts";
import { type AsymmetricKey, currentMaterial, isAsymmetric, type Key, type MaterialEntry } from "./key.ts";
import type { Keys } from "./keys.ts";

type Context = Readonly<Record<string, string>> | undefined;

/** A ciphertext, and the material of a symmetric key. */
export interface Encrypted {
  readonly blob: Uint8Array;
  readonly materialId?: string;
}

export interface Decrypted {
  readonly plaintext: Uint8Array;
  readonly materialId?: string;
}

/** Answers at once where the material of a symmetric key is cached. The algorithm is one of the key's. */
export interface Cipher {
  /** @throws {KmsError} ValidationException if an RSA key cannot take so much */
  encrypt(tx: ReadTransaction, key: Key, algorithm: string, plaintext: Uint8Array, context: Context): Ready<Encrypted>;
  /** The plaintext, or `undefined` if this key, algorithm and context did not make the blob. */
  decrypt(
    tx: ReadTransaction,
    key: Key,
    algorithm: string,
    blob: Uint8Array,
    context: Context,
  ): Ready<Decrypted | undefined>;
}

export function cipherOver(keys: Keys, crypto: Engine, random: Random): Cipher {
  return {
    encrypt(tx, key, algorithm, plaintext, context) {
      if (key.xksKeyId !== undefined) throw needsExternalKey();
      if (isAsymmetric(key)) return encryptTo(keys, tx, key, algorithm as OaepAlgorithm, plaintext);
      const { materialId } = currentMaterial(key);
      return whenReady(keys.material(tx, key, materialId), (material) => ({
        blob: sealBlob(crypto, random, key.keyId, material, plaintext, encodeContext(context)),
        materialId,
      }));
    },

    decrypt(tx, key, algorithm, blob, context) {
      if (key.xksKeyId !== undefined) throw needsExternalKey();
      if (isAsymmetric(key)) return decryptWith(keys, tx, key, algorithm as OaepAlgorithm, blob);
      if (readBlobKeyId(blob) !== key.keyId || isExternalBlob(blob)) return undefined;
      const entry = key.materials.find(({ materialId }) => namesMaterial(blob, materialId)) ?? incomingIn(key, blob);
      if (entry === undefined) return undefined;
      return whenReady(keys.material(tx, key, entry.materialId), (material) => {
        const plaintext = openBlob(crypto, material, blob, encodeContext(context));
        return plaintext && { plaintext, materialId: entry.materialId };
      });
    },
  };
}

/** A bug of ours: the cipher of such a key is that of external-cipher.ts. */
function needsExternalKey(): TypeError {
  return new TypeError("A key in an external key store is never used without its external key.");
}

/** Another Region may have begun to encrypt with material that is only about to become current in this one. */
function incomingIn({ multiRegion }: Key, blob: Uint8Array): MaterialEntry | undefined {
  const incoming = multiRegion?.incoming;
  return incoming !== undefined && namesMaterial(blob, incoming.materialId) ? incoming : undefined;
}

async function encryptTo(
  keys: Keys,
  tx: ReadTransaction,
  key: AsymmetricKey,
  algorithm: OaepAlgorithm,
  plaintext: Uint8Array,
): Promise<Encrypted> {
  // RFC 8017 section 7.1.1, step 1.
  const maxBytes = KEY_SPECS[key.keySpec].modulusBytes! - 2 * OAEP_HASHES[algorithm].digestBytes - 2;
  if (plaintext.length > maxBytes) {
    throw new KmsError(
      "ValidationException",
      `Algorithm ${algorithm} and key spec ${key.keySpec} cannot encrypt data larger than ${maxBytes} bytes.`,
    );
  }
  const { pair } = await keys.pair(tx, key);
  return { blob: await pair.encrypt(algorithm, plaintext) };
}

async function decryptWith(
  keys: Keys,
  tx: ReadTransaction,
  key: AsymmetricKey,
  algorithm: OaepAlgorithm,
  ciphertext: Uint8Array,
): Promise<Decrypted | undefined> {
  const { pair } = await keys.pair(tx, key);
  const plaintext = await pair.decrypt(algorithm, ciphertext);
  return plaintext && { plaintext };
}
