/**
 * Material that a key's owner has made and imported. It may expire or be deleted, and then the key waits for the very
 * same bytes; a symmetric key may get new ones, which become current with the next rotation, and belong to the key only
 * from then on: if they are lost before, others may be imported. In a replica only the primary's material is expected.
 * Source: AWS KMS Developer Guide, "Importing key material"; ImportKeyMaterial and DeleteImportedKeyMaterial in the API
 * reference.
 *
 *   <realm>/expiry/<time>/<key id>   an empty record: the index of expiries to come
 *
 * The digest that tells the same bytes from others is HMAC-SHA-256 under the bytes themselves, bound to the material's
 * id, and lies in the key's sealed record. From the moment of its expiry material is not used, whenever its record is
 * removed.
 */
import { KEY_SPECS, type PairSpec, type SupportedKeySpec } from "../crypto/algorithms.ts";
import { type Engine, equalBytes } from "../crypto/engine.ts";
import { fromHex } from "../crypto/key-encodings.ts";
import type { KeyPairs } from "../crypto/key-pairs.ts";
import type { Clock } from "../env.ts";
import { KmsError } from "../errors.ts";
import { toHex } from "../model/arn.ts";
import { jsonRecord } from "../records/json-record.ts";
import type { ReadTransaction, Transaction } from "../records/record-store.ts";
import { secretBytes } from "../secret-bytes.ts";
import { DueIndex, type DueKey } from "./due-index.ts";
import { associatedOf, entriesOf, type ImportedEntry, missing, pendingOf, withState } from "./import-state.ts";
import { currentMaterial, type ImportedMaterial, type Key, type MaterialEntry } from "./key.ts";
import type { Keys } from "./keys.ts";
import { KEY_BYTES } from "./material.ts";
import type { Replication } from "./replication.ts";

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

/** Material that has been judged, in the form in which it is kept. */
export interface ReadMaterial {
  /** Secret, and the holder's to wipe. Of a pair the PKCS#8. */
  readonly bytes: Uint8Array;
  readonly publicKey?: Uint8Array;
}

export interface ImportedMaterialsOptions {
  /** The realm's folder in the store. */
  readonly folder: string;
  readonly keys: Keys;
  readonly crypto: Engine;
  readonly keyPairs: KeyPairs;
  readonly clock: Clock;
  readonly replication: Replication;
}

export class ImportedMaterials {
  readonly #keys: Keys;
  readonly #crypto: Engine;
  readonly #keyPairs: KeyPairs;
  readonly #clock: Clock;
  readonly #replication: Replication;
  readonly #index: DueIndex;

  constructor({ folder, keys, crypto, keyPairs, clock, replication }: ImportedMaterialsOptions) {
    this.#keys = keys;
    this.#crypto = crypto;
    this.#keyPairs = keyPairs;
    this.#clock = clock;
    this.#replication = replication;
    this.#index = new DueIndex(`${folder}/expiry`, expiryRecord);
  }

  /** What belongs to a key, oldest first, pending material at the end: in a replica also what it lacks of its primary's. */
  associated(key: Key): readonly ImportedEntry[] {
    return this.#replication.isReplica(key) ? entriesOf(key) : associatedOf(key);
  }

  /**
   * Reads bytes that are to be imported into a key of that spec; they stay the caller's to wipe, and so does what is
   * returned. Takes long for RSA, so that it has no place in a transaction.
   * @throws {KmsError} IncorrectKeyMaterialException for what is no sound material of the spec
   */
  async read(keySpec: SupportedKeySpec, bytes: Uint8Array): Promise<ReadMaterial> {
    const { material, keyBytes } = KEY_SPECS[keySpec];
    if (material === "pair") {
      const pair = await this.#keyPairs.read(keySpec as PairSpec, bytes);
      if (pair === undefined) throw incorrect(`It is no sound private key of ${keySpec}, as PKCS#8 in DER.`);
      // A pair can be written in several forms; ours tells whether it is the same.
      return { bytes: pair.privateKey, publicKey: pair.publicKey };
    }
    const wantedBytes = material === "symmetric" ? KEY_BYTES : keyBytes!;
    if (bytes.length !== wantedBytes) throw incorrect(`A key of ${keySpec} has ${wantedBytes} bytes.`);
    if (equalBytes(bytes, new Uint8Array(wantedBytes))) throw incorrect("It is all zeros.");
    const own = secretBytes(wantedBytes);
    own.set(bytes);
    return { bytes: own };
  }

  /**
   * Imports material, which stays the caller's to wipe, and returns its id. New material begins at the primary of a
   * multi-Region key, whose replicas expect it from then on.
   * @throws {KmsError} IncorrectKeyMaterialException, KMSInvalidStateException, ValidationException
   */
  async put(tx: Transaction, key: Key, arn: string, material: ReadMaterial, options: ImportOptions): Promise<string> {
    const associated = this.associated(key);
    const { importType = associated.length === 0 ? "NEW_KEY_MATERIAL" : "EXISTING_KEY_MATERIAL" } = options;
    if (importType === "NEW_KEY_MATERIAL" && options.materialId !== undefined) {
      throw new KmsError("ValidationException", "New key material has no KeyMaterialId yet: leave it out.");
    }
    const known = associated.find((entry) => this.#isOf(entry, material.bytes));
    const isExpected = known !== undefined && known === key.pendingMaterial && known.imported.isMissing === true;
    if (importType === "NEW_KEY_MATERIAL" && !isExpected) {
      if (known !== undefined) throw incorrect("It is associated with the key already.");
      if (this.#replication.isReplica(key)) throw incorrect("New material is imported into the primary key first.");
      return this.#putNew(tx, key, arn, material, options);
    }
    if (known === undefined) throw incorrect("It is not the material that was imported into the key before.");
    if (options.materialId !== undefined && options.materialId !== known.materialId) {
      throw incorrect("It is not the material that KeyMaterialId names.");
    }
    this.#keys.putMaterial(tx, key, known.materialId, material.bytes, material.publicKey);
    const description = options.description ?? known.imported.description;
    const imported = importedOf({ ...options, description }, known.imported.digest);
    await this.#update(tx, key, key, { ...known, imported });
    return known.materialId;
  }

  /**
   * Deletes the bytes of one material, by default the current one's.
   * @returns the id of the material; `undefined` where the key has none
   * @throws {KmsError} NotFoundException
   */
  async delete(tx: Transaction, key: Key, arn: string, materialId: string | undefined): Promise<string | undefined> {
    if (materialId === undefined && key.materials.length === 0) return undefined;
    const wanted = materialId ?? currentMaterial(key).materialId;
    const entry = this.associated(key).find((each) => each.materialId === wanted);
    if (entry === undefined) {
      throw new KmsError("NotFoundException", `The key ${arn} has no key material ${wanted}.`);
    }
    // Of what has just expired the bytes may still be there.
    this.#keys.removeMaterial(tx, key, wanted);
    if (!entry.imported.isMissing) await this.#update(tx, key, key, missing(entry));
    return wanted;
  }

  /** Makes the material current that waits for it. @throws {KmsError} KMSInvalidStateException */
  rotate(tx: Transaction, key: Key, arn: string): Key {
    const pending = pendingOf(key);
    if (pending === undefined) {
      throw new KmsError("KMSInvalidStateException", `No available key material pending rotation for the key: ${arn}.`);
    }
    const { pendingMaterial, ...rest } = key;
    const entry = { ...pending, createdAtMs: this.#clock.nowMs(), rotationType: "ON_DEMAND" as const };
    return this.#keys.update(tx, { ...rest, materials: [...key.materials, entry] });
  }

  /** A few keys of which some material may have expired. */
  listDue(tx: ReadTransaction): Promise<readonly DueKey[]> {
    return this.#index.listDue(tx, this.#clock.nowMs());
  }

  /** Removes the material of a key that has expired, and its index entry; says whether there was any. */
  async expire(tx: Transaction, due: DueKey): Promise<boolean> {
    if (due.atMs > this.#clock.nowMs()) return false;
    this.#index.remove(tx, due);
    // As it is found, what has expired is missing already.
    const key = await this.#keys.find(tx, due.keyId);
    if (key === undefined) return false;
    const expired = entriesOf(key).filter(({ imported: { validToMs } }) => validToMs === due.atMs);
    if (expired.length === 0) return false;
    for (const { materialId } of expired) this.#keys.removeMaterial(tx, key, materialId);
    await this.#write(tx, key, this.#forgetLost(tx, key));
    return true;
  }

  async #putNew(
    tx: Transaction,
    key: Key,
    arn: string,
    material: ReadMaterial,
    options: ImportOptions,
  ): Promise<string> {
    const materialId = this.#keys.newMaterialId();
    const pending = pendingOf(key);
    if (pending !== undefined) {
      throw new KmsError(
        "KMSInvalidStateException",
        `New key material (id: ${materialId}) cannot be imported into KMS key ${arn}, ` +
          `because another key material (id: ${pending.materialId}) is pending rotation.`,
      );
    }
    this.#keys.putMaterial(tx, key, materialId, material.bytes, material.publicKey);
    const imported = importedOf(options, this.#digestOf(materialId, material.bytes));
    const entry = { materialId, createdAtMs: this.#clock.nowMs(), imported };
    const isFirst = key.materials.length === 0;
    const kept = this.#forgetLost(tx, key);
    const extended = isFirst ? { ...kept, materials: [entry] } : { ...kept, pendingMaterial: entry };
    await this.#update(tx, key, extended, entry);
    return materialId;
  }

  /** Puts an entry in the place of the one with its id, and what follows for the key's state and the index. */
  async #update(tx: Transaction, found: Key, key: Key, entry: ImportedEntry): Promise<void> {
    const { keyId } = key;
    const before = entriesOf(key).find(({ materialId }) => materialId === entry.materialId)?.imported.validToMs;
    const after = entry.imported.validToMs;
    // What is due stays in the index until it has been seen to: other material may have expired at that moment too.
    if (before !== undefined && before > this.#clock.nowMs()) this.#index.remove(tx, { keyId, atMs: before });
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
    await this.#write(tx, found, withState(this.#forgetLost(tx, changed)));
  }

  /** Replicas learn which material is pending. @param found the key as it was */
  async #write(tx: Transaction, found: Key, key: Key): Promise<void> {
    this.#keys.update(tx, key);
    const isSame = found.pendingMaterial?.materialId === key.pendingMaterial?.materialId;
    if (!isSame && !this.#replication.isReplica(key)) await this.#replication.spread(tx, found, key);
  }

  /** Of material that never was current, and is not there any more, nothing is kept, but in a replica that expects it. */
  #forgetLost(tx: Transaction, key: Key): Key {
    const { pendingMaterial: lost, ...kept } = key;
    if (!lost?.imported?.isMissing || this.#replication.isReplica(key)) return key;
    this.#keys.removeMaterial(tx, key, lost.materialId);
    return kept;
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
