/**
 * Material that a key's owner has made and imported. It may expire or be deleted, and then the key waits for the very
 * same bytes; a symmetric key may get new ones, which become current with the next rotation. Source: AWS KMS Developer
 * Guide, "Importing key material"; ImportKeyMaterial and DeleteImportedKeyMaterial in the API reference.
 *
 *   <realm>/expiry/<time>/<key id>   an empty record: the index of expiries to come
 *
 * The digest that tells the same bytes from others is HMAC-SHA-256 under the bytes themselves, bound to the material's
 * id, and lies in the key's sealed record. From the moment of its expiry material is not used, whenever its record is
 * removed.
 */
import { KEY_SPECS, type PairSpec } from "../crypto/algorithms.ts";
import { type Engine, equalBytes } from "../crypto/engine.ts";
import { fromHex } from "../crypto/key-encodings.ts";
import type { KeyPairs } from "../crypto/key-pairs.ts";
import type { Clock } from "../env.ts";
import { KmsError } from "../errors.ts";
import { toHex } from "../model/arn.ts";
import { jsonRecord } from "../records/json-record.ts";
import type { ReadTransaction, Transaction } from "../records/record-store.ts";
import { DueIndex, type DueKey } from "./due-index.ts";
import { entriesOf, type ImportedEntry, missing, withState } from "./import-state.ts";
import { currentMaterial, type ImportedMaterial, type Key, type MaterialEntry } from "./key.ts";
import type { Keys } from "./keys.ts";
import { KEY_BYTES } from "./material.ts";

const DIGEST_LABEL = "wasm-kms import v1\0";
const expiryRecord = jsonRecord<Record<string, never>>("expiry");

export type ImportType = "NEW_KEY_MATERIAL" | "EXISTING_KEY_MATERIAL";

/** How material is imported. */
export interface ImportOptions {
  readonly importType?: ImportType | undefined;
  readonly materialId?: string | undefined;
  readonly description?: string | undefined;
  /** Absent, it does not expire. */
  readonly validToMs?: number | undefined;
}

export interface ImportedMaterialsOptions {
  /** The realm's folder in the store. */
  readonly folder: string;
  readonly keys: Keys;
  readonly crypto: Engine;
  readonly keyPairs: KeyPairs;
  readonly clock: Clock;
}

export class ImportedMaterials {
  readonly #keys: Keys;
  readonly #crypto: Engine;
  readonly #keyPairs: KeyPairs;
  readonly #clock: Clock;
  readonly #index: DueIndex;

  constructor({ folder, keys, crypto, keyPairs, clock }: ImportedMaterialsOptions) {
    this.#keys = keys;
    this.#crypto = crypto;
    this.#keyPairs = keyPairs;
    this.#clock = clock;
    this.#index = new DueIndex(`${folder}/expiry`, expiryRecord);
  }

  /**
   * Imports the bytes, which stay the caller's to wipe, and returns the id of the material that they are.
   * @throws {KmsError} IncorrectKeyMaterialException, KMSInvalidStateException
   */
  async put(tx: Transaction, key: Key, arn: string, bytes: Uint8Array, options: ImportOptions): Promise<string> {
    const { importType = entriesOf(key).length === 0 ? "NEW_KEY_MATERIAL" : "EXISTING_KEY_MATERIAL" } = options;
    const pair = await this.#checkForm(key, bytes);
    try {
      // A pair can be written in several forms; ours tells whether it is the same.
      const material = pair?.privateKey ?? bytes;
      const known = entriesOf(key).find((entry) => this.#isOf(entry, material));
      if (importType === "NEW_KEY_MATERIAL") {
        if (known !== undefined) throw incorrect("It is associated with the key already.");
        return this.#putNew(tx, key, arn, material, pair?.publicKey, options);
      }
      if (known === undefined) throw incorrect("It is not the material that was imported into the key before.");
      if (options.materialId !== undefined && options.materialId !== known.materialId) {
        throw incorrect("It is not the material that KeyMaterialId names.");
      }
      this.#keys.putMaterial(tx, key, known.materialId, material, pair?.publicKey);
      const description = options.description ?? known.imported.description;
      const imported = importedOf({ ...options, description }, known.imported.digest);
      this.#update(tx, key, { ...known, imported });
      return known.materialId;
    } finally {
      pair?.privateKey.fill(0);
    }
  }

  /**
   * Deletes the bytes of one material, by default the current one's.
   * @returns the id of the material; `undefined` where the key has none
   * @throws {KmsError} NotFoundException
   */
  delete(tx: Transaction, key: Key, arn: string, materialId: string | undefined): string | undefined {
    if (materialId === undefined && key.materials.length === 0) return undefined;
    const wanted = materialId ?? currentMaterial(key).materialId;
    const entry = entriesOf(key).find((each) => each.materialId === wanted);
    if (entry === undefined) {
      throw new KmsError("NotFoundException", `The key ${arn} has no key material ${wanted}.`);
    }
    if (entry.imported.isMissing) return wanted;
    this.#keys.removeMaterial(tx, key, wanted);
    this.#update(tx, key, missing(entry));
    return wanted;
  }

  /** Makes the material current that waits for it. @throws {KmsError} KMSInvalidStateException */
  rotate(tx: Transaction, key: Key, arn: string): Key {
    const { pendingMaterial, ...rest } = key;
    if (pendingMaterial === undefined || pendingMaterial.imported?.isMissing) {
      throw new KmsError("KMSInvalidStateException", `No available key material pending rotation for the key: ${arn}.`);
    }
    const entry = { ...pendingMaterial, createdAtMs: this.#clock.nowMs(), rotationType: "ON_DEMAND" as const };
    return this.#keys.update(tx, { ...rest, materials: [...key.materials, entry] });
  }

  /** A few keys of which some material may have expired. */
  listDue(tx: ReadTransaction): Promise<readonly DueKey[]> {
    return this.#index.listDue(tx, this.#clock.nowMs());
  }

  /** Removes the material of a key that has expired, and its index entry in any case; says whether there was any. */
  async expire(tx: Transaction, due: DueKey): Promise<boolean> {
    this.#index.remove(tx, due);
    // As it is found, what has expired is missing already.
    const key = await this.#keys.find(tx, due.keyId);
    if (key === undefined) return false;
    const expired = entriesOf(key).filter(({ imported: { validToMs } }) => validToMs === due.atMs);
    if (expired.length === 0 || due.atMs > this.#clock.nowMs()) return false;
    for (const { materialId } of expired) this.#keys.removeMaterial(tx, key, materialId);
    this.#keys.update(tx, key);
    return true;
  }

  #putNew(
    tx: Transaction,
    key: Key,
    arn: string,
    material: Uint8Array,
    publicKey: Uint8Array | undefined,
    options: ImportOptions,
  ): string {
    const materialId = this.#keys.newMaterialId();
    const { pendingMaterial, materials } = key;
    const isFirst = materials.length === 0;
    if (!isFirst && KEY_SPECS[key.keySpec].material !== "symmetric") {
      throw incorrect("Only symmetric keys take new material; any other key takes the material that it had.");
    }
    if (pendingMaterial !== undefined) {
      throw new KmsError(
        "KMSInvalidStateException",
        `New key material (id: ${materialId}) cannot be imported into KMS key ${arn}, ` +
          `because another key material (id: ${pendingMaterial.materialId}) is pending rotation.`,
      );
    }
    this.#keys.putMaterial(tx, key, materialId, material, publicKey);
    const imported = importedOf(options, this.#digestOf(materialId, material));
    const entry = { materialId, createdAtMs: this.#clock.nowMs(), imported };
    const extended = isFirst ? { ...key, materials: [entry] } : { ...key, pendingMaterial: entry };
    this.#update(tx, extended, entry);
    return materialId;
  }

  /** Puts an entry in the place of the one with its id, and what follows for the key's state and the index. */
  #update(tx: Transaction, key: Key, entry: ImportedEntry): void {
    const { keyId } = key;
    const before = entriesOf(key).find(({ materialId }) => materialId === entry.materialId)?.imported.validToMs;
    const after = entry.imported.validToMs;
    if (before !== undefined) this.#index.remove(tx, { keyId, atMs: before });
    const replace = (each: MaterialEntry): MaterialEntry => (each.materialId === entry.materialId ? entry : each);
    const { pendingMaterial } = key;
    const changed = {
      ...key,
      materials: key.materials.map(replace),
      ...(pendingMaterial && { pendingMaterial: replace(pendingMaterial) }),
    };
    // Of several materials that expire at one moment each needs the entry.
    for (const { imported } of entriesOf(changed)) {
      const { validToMs, isMissing } = imported;
      if (validToMs !== undefined && !isMissing && (validToMs === before || validToMs === after)) {
        this.#index.add(tx, { keyId, atMs: validToMs });
      }
    }
    this.#keys.update(tx, withState(changed));
  }

  /** The pair of an asymmetric key. @throws {KmsError} IncorrectKeyMaterialException for what is no material of the spec */
  async #checkForm({ keySpec }: Key, bytes: Uint8Array) {
    const { material, keyBytes } = KEY_SPECS[keySpec];
    if (material === "pair") {
      const pair = await this.#keyPairs.read(keySpec as PairSpec, bytes);
      if (pair === undefined) throw incorrect(`It is no sound private key of ${keySpec}, as PKCS#8 in DER.`);
      return pair;
    }
    const wantedBytes = material === "symmetric" ? KEY_BYTES : keyBytes!;
    if (bytes.length !== wantedBytes) throw incorrect(`A key of ${keySpec} has ${wantedBytes} bytes.`);
    if (equalBytes(bytes, new Uint8Array(wantedBytes))) throw incorrect("It is all zeros.");
    return undefined;
  }

  #isOf({ materialId, imported }: ImportedEntry, bytes: Uint8Array): boolean {
    return equalBytes(fromHex(this.#digestOf(materialId, bytes)), fromHex(imported.digest));
  }

  #digestOf(materialId: string, bytes: Uint8Array): string {
    return toHex(this.#crypto.hmac("SHA-256", bytes, new TextEncoder().encode(DIGEST_LABEL + materialId)));
  }
}

function importedOf({ description, validToMs }: ImportOptions, digest: string): ImportedMaterial {
  return { digest, ...(description !== undefined && { description }), ...(validToMs !== undefined && { validToMs }) };
}

function incorrect(why: string): KmsError {
  return new KmsError("IncorrectKeyMaterialException", `The key material is not what was expected. ${why}`);
}
