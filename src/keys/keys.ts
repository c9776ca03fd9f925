/**
 * The keys of one account and Region in the record store: where they lie, and what happens to them.
 *
 *   <realm>/key/<key id>                     Key
 *   <realm>/material/<key id>/<material id>  Material, PairMaterial or the Secret of a MAC key
 *   <realm>/deletion/<time>/<key id>         an empty record: the index of scheduled deletions
 */
import { KEY_SPECS, type PairSpec } from "../crypto/algorithms.ts";
import type { Engine } from "../crypto/engine.ts";
import { fromHex } from "../crypto/key-encodings.ts";
import type { KeyPairs, PairBytes } from "../crypto/key-pairs.ts";
import { Secret } from "../crypto/secret.ts";
import type { Clock, Random } from "../env.ts";
import { keyIdOf, toHex, uuidOf } from "../model/arn.ts";
import { remember } from "../model/remember.ts";
import { jsonRecord } from "../records/json-record.ts";
import { type Ready, whenReady } from "../records/ready.ts";
import type { ReadTransaction, Records, RecordType, Transaction } from "../records/record-store.ts";
import { DueIndex, type DueKey } from "./due-index.ts";
import { asOf, entriesOf, withState } from "./import-state.ts";
import { currentMaterial, isDeleted, type Key, keyRecord, type MaterialEntry } from "./key.ts";
import { generateMacKey, macRecord } from "./mac-material.ts";
import { generateMaterial, type Material, materialFrom, materialIdOf, materialRecord } from "./material.ts";
import { newPairMaterial, type PairMaterial, pairRecord } from "./pair-material.ts";
import { asStored, asUnavailable, type StoresOfKeys } from "./unavailable.ts";

const DAY_MS = 86_400_000;
/** Whose paths are not built anew for each request. */
const REMEMBERED_KEYS = 1024;
const MATERIAL_ID_BYTES = 32;

const deletionRecord = jsonRecord<Record<string, never>>("deletion");

export interface KeysOptions {
  /** The realm's folder in the store. */
  readonly folder: string;
  readonly crypto: Engine;
  readonly keyPairs: KeyPairs;
  /** Of the whole store: a record has one type, whichever realm it belongs to. */
  readonly types: MaterialTypes;
  readonly random: Random;
  readonly clock: Clock;
  readonly stores: StoresOfKeys;
}

export interface MaterialTypes {
  readonly symmetric: RecordType<Material>;
  readonly pair: RecordType<PairMaterial>;
}

export function materialTypes(crypto: Engine, keyPairs: KeyPairs): MaterialTypes {
  return { symmetric: materialRecord(crypto), pair: pairRecord(keyPairs) };
}

/** What a new key is made from. */
export interface NewKey
  extends Pick<Key, "keySpec" | "keyUsage" | "description" | "tags" | "policy" | "manager" | "origin" | "multiRegion">,
    Pick<Key, "customKeyStoreId" | "xksKeyId"> {
  /** The pair of an asymmetric key that is made here, which its maker wipes. */
  readonly pair: PairBytes | undefined;
}

/** Where a key's records lie. */
interface KeyPaths {
  readonly key: string;
  /** By material id, as they are needed; a key has few. */
  readonly materials: Map<string, string>;
}

export class Keys {
  readonly #folder: string;
  readonly #paths: (keyId: string) => KeyPaths;
  readonly #types: MaterialTypes;
  readonly #crypto: Engine;
  readonly #keyPairs: KeyPairs;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #deletions: DueIndex;
  readonly #stores: StoresOfKeys;

  constructor({ folder, crypto, keyPairs, types, random, clock, stores }: KeysOptions) {
    this.#folder = folder;
    this.#paths = remember(REMEMBERED_KEYS, (keyId) => ({ key: this.#keyPath(keyId), materials: new Map() }));
    this.#types = types;
    this.#crypto = crypto;
    this.#keyPairs = keyPairs;
    this.#random = random;
    this.#clock = clock;
    this.#stores = stores;
    this.#deletions = new DueIndex(`${folder}/deletion`, deletionRecord);
  }

  /** The key, unless there is none or its deletion has come due. */
  find(tx: ReadTransaction, keyId: string): Ready<Key | undefined> {
    const key = tx.get(keyRecord, this.#paths(keyId).key);
    return key instanceof Promise ? key.then((loaded) => this.#shown(tx, loaded)) : this.#shown(tx, key);
  }

  /** The key's record, whether or not its deletion has come due. */
  async peek(tx: ReadTransaction, keyId: string): Promise<Key | undefined> {
    return tx.get(keyRecord, this.#keyPath(keyId));
  }

  /** Copies material of the same key from another Region, whose store may be another one. */
  async copyMaterial(
    tx: Transaction,
    key: Key,
    materialId: string,
    from: { readonly keys: Keys; readonly records: Records },
  ): Promise<void> {
    const { material } = KEY_SPECS[key.keySpec];
    const { symmetric, pair } = this.#types;
    const type = material === "symmetric" ? symmetric : material === "pair" ? pair : macRecord;
    const fromPath = from.keys.#materialPath(key.keyId, materialId);
    await tx.copy(type as RecordType<unknown>, this.#materialPath(key.keyId, materialId), from.records, fromPath);
  }

  /** Key ids after `after`, in order, at most `limit`. */
  async list(tx: ReadTransaction, after: string | undefined, limit: number): Promise<readonly string[]> {
    const prefix = this.#keyPath("");
    const paths = await tx.list(prefix, after === undefined ? undefined : this.#keyPath(after), limit);
    return paths.map((path) => path.slice(prefix.length));
  }

  create(tx: Transaction, { pair, ...attributes }: NewKey): Key {
    const idBytes = new Uint8Array(16);
    this.#random.fill(idBytes);
    const keyId = attributes.multiRegion === undefined ? uuidOf(idBytes) : keyIdOf(idBytes, true);
    const createdAtMs = this.#clock.nowMs();
    if (attributes.origin === "EXTERNAL") {
      return this.update(tx, { ...attributes, keyId, state: "PendingImport", createdAtMs, materials: [] });
    }
    const materialId = this.#addMaterial(tx, keyId, attributes.keySpec, pair);
    const materials = [{ materialId, createdAtMs }];
    return this.update(tx, { ...attributes, keyId, state: "Enabled", createdAtMs, materials });
  }

  update(tx: Transaction, key: Key): Key {
    tx.put(keyRecord, this.#keyPath(key.keyId), asStored(key));
    return key;
  }

  /** Adds material and makes it current. */
  rotate(tx: Transaction, key: Key, rotationType: NonNullable<MaterialEntry["rotationType"]>): Key {
    const materialId = this.#addMaterial(tx, key.keyId, key.keySpec, undefined);
    const entry = { materialId, createdAtMs: this.#clock.nowMs(), rotationType };
    return this.update(tx, { ...key, materials: [...key.materials, entry] });
  }

  scheduleDeletion(tx: Transaction, key: Key, windowDays: number): Key & { readonly deletionAtMs: number } {
    const deletionAtMs = Math.trunc(this.#clock.nowMs()) + windowDays * DAY_MS;
    const { deletionWindowDays: _, ...kept } = key;
    const doomed = { ...kept, state: "PendingDeletion" as const, deletionAtMs };
    this.#deletions.add(tx, { keyId: key.keyId, atMs: deletionAtMs });
    this.update(tx, doomed);
    return doomed;
  }

  cancelDeletion(tx: Transaction, key: Key): Key {
    const { deletionAtMs, deletionWindowDays: _, ...kept } = key;
    if (deletionAtMs !== undefined) this.#deletions.remove(tx, { keyId: key.keyId, atMs: deletionAtMs });
    return this.update(tx, withState({ ...kept, state: "Disabled" }));
  }

  /** Stores bytes that were imported, which stay the caller's to wipe. @param publicKey of a pair, whose PKCS#8 they are */
  putMaterial(
    tx: Transaction,
    { keyId, keySpec }: Key,
    materialId: string,
    bytes: Uint8Array,
    publicKey: Uint8Array | undefined,
  ): void {
    const { material } = KEY_SPECS[keySpec];
    if (material === "symmetric") {
      const made = materialFrom(this.#crypto, fromHex(materialId), bytes);
      this.#store(tx, this.#types.symmetric, keyId, materialId, made);
    } else if (material === "pair") {
      const made = newPairMaterial(this.#keyPairs, keySpec as PairSpec, { publicKey: publicKey!, privateKey: bytes });
      this.#store(tx, this.#types.pair, keyId, materialId, made);
    } else {
      this.#store(tx, macRecord, keyId, materialId, Secret.copy(bytes));
    }
  }

  removeMaterial(tx: Transaction, { keyId }: Key, materialId: string): void {
    tx.remove(this.#materialPath(keyId, materialId));
  }

  /** The material of that id, which is one of the symmetric key's. */
  material(tx: ReadTransaction, key: Key, materialId: string): Ready<Material> {
    return this.#load(tx, this.#types.symmetric, key, materialId);
  }

  /** The pair of an asymmetric key. */
  pair(tx: ReadTransaction, key: Key): Ready<PairMaterial> {
    return this.#load(tx, this.#types.pair, key, currentMaterial(key).materialId);
  }

  /** The key of a MAC. */
  macKey(tx: ReadTransaction, key: Key): Ready<Secret> {
    return this.#load(tx, macRecord, key, currentMaterial(key).materialId);
  }

  /** A few keys whose deletion may have come due; `remove` decides by the key itself. */
  listDue(tx: ReadTransaction): Promise<readonly DueKey[]> {
    return this.#deletions.listDue(tx, this.#clock.nowMs());
  }

  /** Removes a key if its deletion has come due, and its index entry in any case; says whether the key is gone. */
  async remove(tx: Transaction, due: DueKey): Promise<boolean> {
    const { keyId } = due;
    this.#deletions.remove(tx, due);
    const key = await tx.get(keyRecord, this.#keyPath(keyId));
    if (key === undefined) return true;
    if (!isDeleted(key, this.#clock.nowMs())) return false;
    const entries = [...entriesOf(key), ...(key.multiRegion?.incoming ? [key.multiRegion.incoming] : [])];
    for (const { materialId } of entries) tx.remove(this.#materialPath(keyId, materialId));
    await this.#stores.forgetKey(tx, key);
    tx.remove(this.#keyPath(keyId));
    return true;
  }

  #load<T>(tx: ReadTransaction, type: RecordType<T>, { keyId }: Key, materialId: string): Ready<T> {
    return whenReady(tx.get(type, this.#materialPath(keyId, materialId)), (found) => {
      if (found === undefined) throw new TypeError(`The key ${keyId} has lost its material ${materialId}.`);
      return found;
    });
  }

  /** Makes material, stores it and returns its id. */
  #addMaterial(tx: Transaction, keyId: string, keySpec: Key["keySpec"], pair: PairBytes | undefined): string {
    const { material, keyBytes } = KEY_SPECS[keySpec];
    if (material === "symmetric") {
      const made = generateMaterial(this.#crypto, this.#random);
      return this.#store(tx, this.#types.symmetric, keyId, materialIdOf(made), made);
    }
    const materialId = this.newMaterialId();
    if (material === "pair") {
      const made = newPairMaterial(this.#keyPairs, keySpec as PairSpec, pair!);
      return this.#store(tx, this.#types.pair, keyId, materialId, made);
    }
    return this.#store(tx, macRecord, keyId, materialId, generateMacKey(this.#random, keyBytes!));
  }

  /** The store has sealed what it is given and keeps a copy of its own: ours is wiped. */
  #store<T>(tx: Transaction, type: RecordType<T>, keyId: string, materialId: string, made: T): string {
    try {
      tx.put(type, this.#materialPath(keyId, materialId), made);
      return materialId;
    } finally {
      type.dispose?.(made);
    }
  }

  newMaterialId(): string {
    const id = new Uint8Array(MATERIAL_ID_BYTES);
    this.#random.fill(id);
    return toHex(id);
  }

  #shown(tx: ReadTransaction, key: Key | undefined): Ready<Key | undefined> {
    const found = this.#asOf(key);
    if (found?.customKeyStoreId === undefined) return found;
    const connected = this.#stores.isConnected(tx, found.customKeyStoreId);
    return whenReady(connected, (isConnected) => (isConnected ? found : asUnavailable(found)));
  }

  /** The key as it is now. */
  #asOf(key: Key | undefined): Key | undefined {
    if (key === undefined || (key.deletionAtMs === undefined && key.origin === undefined)) return key;
    const nowMs = this.#clock.nowMs();
    if (isDeleted(key, nowMs)) return undefined;
    return key.origin === "EXTERNAL" ? asOf(key, nowMs) : key;
  }

  #keyPath(keyId: string): string {
    return `${this.#folder}/key/${keyId}`;
  }

  #materialPath(keyId: string, materialId: string): string {
    const { materials } = this.#paths(keyId);
    let path = materials.get(materialId);
    if (path === undefined) {
      path = `${this.#folder}/material/${keyId}/${materialId}`;
      materials.set(materialId, path);
    }
    return path;
  }
}
