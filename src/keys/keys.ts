/**
 * The keys of one account and Region in the record store: where they lie, and what happens to them.
 *
 *   <realm>/key/<key id>                     Key
 *   <realm>/material/<key id>/<material id>  Material
 *   <realm>/deletion/<time>/<key id>         an empty record: the index of scheduled deletions
 */
import type { CryptoProvider } from "../crypto/provider.ts";
import type { Clock, Random } from "../env.ts";
import { KmsError } from "../errors.ts";
import { uuidOf } from "../model/arn.ts";
import { jsonRecord } from "../records/json-record.ts";
import type { ReadTransaction, Transaction } from "../records/record-store.ts";
import { currentMaterial, isDeleted, type Key, keyRecord } from "./key.ts";
import { generateMaterial, type Material, materialIdOf, materialRecord } from "./material.ts";

const MAX_ON_DEMAND_ROTATIONS = 25;
const DAY_MS = 86_400_000;

const deletionRecord = jsonRecord<Record<string, never>>("deletion");

export interface Keys {
  /** The key, unless there is none or its deletion has come due. */
  find(tx: ReadTransaction, keyId: string): Promise<Key | undefined>;
  /** Key ids after `after`, in order, at most `limit`. */
  list(tx: ReadTransaction, after: string | undefined, limit: number): Promise<readonly string[]>;
  create(tx: Transaction, attributes: Pick<Key, "description" | "tags">): Key;
  update(tx: Transaction, key: Key): void;
  /** Adds material and makes it current. @throws {KmsError} LimitExceededException */
  rotate(tx: Transaction, key: Key, arn: string): Key;
  scheduleDeletion(tx: Transaction, key: Key, windowDays: number): Key;
  cancelDeletion(tx: Transaction, key: Key): Key;
  /** The material that encrypts now. */
  currentMaterial(tx: ReadTransaction, key: Key): Promise<Material>;
  /** The material whose id starts with `shortMaterialId`, or `undefined` if this key never had it. */
  material(tx: ReadTransaction, key: Key, shortMaterialId: string): Promise<Material | undefined>;
  /** Removes a few keys whose deletion has come due and returns their ids. */
  purge(tx: Transaction): Promise<readonly string[]>;
}

export interface KeysOptions {
  /** The realm's folder in the store. */
  readonly folder: string;
  readonly crypto: CryptoProvider;
  readonly random: Random;
  readonly clock: Clock;
}

export function keysIn({ folder, crypto, random, clock }: KeysOptions): Keys {
  const materials = materialRecord(crypto);
  const keyPath = (keyId: string) => `${folder}/key/${keyId}`;
  const materialPath = (keyId: string, materialId: string) => `${folder}/material/${keyId}/${materialId}`;
  const deletionPrefix = `${folder}/deletion/`;
  const deletionPath = (key: Key) => `${deletionPrefix}${padTime(key.deletionAtMs!)}/${key.keyId}`;

  function addMaterial(tx: Transaction, keyId: string): string {
    const material = generateMaterial(crypto, random);
    const materialId = materialIdOf(material);
    tx.put(materials, materialPath(keyId, materialId), material);
    return materialId;
  }

  function update<K extends Key>(tx: Transaction, key: K): K {
    tx.put(keyRecord, keyPath(key.keyId), key);
    return key;
  }

  async function loadMaterial(tx: ReadTransaction, key: Key, materialId: string): Promise<Material> {
    const material = await tx.get(materials, materialPath(key.keyId, materialId));
    if (material === undefined) throw new TypeError(`The key ${key.keyId} has lost its material ${materialId}.`);
    return material;
  }

  return {
    update,

    async find(tx, keyId) {
      const key = await tx.get(keyRecord, keyPath(keyId));
      return key === undefined || isDeleted(key, clock.nowMs()) ? undefined : key;
    },

    async list(tx, after, limit) {
      const prefix = keyPath("");
      const paths = await tx.list(prefix, after === undefined ? undefined : keyPath(after), limit);
      return paths.map((path) => path.slice(prefix.length));
    },

    create(tx, { description, tags }) {
      const idBytes = new Uint8Array(16);
      random.fill(idBytes);
      const keyId = uuidOf(idBytes);
      const createdAtMs = clock.nowMs();
      const materialId = addMaterial(tx, keyId);
      return update(tx, {
        keyId,
        keySpec: "SYMMETRIC_DEFAULT",
        keyUsage: "ENCRYPT_DECRYPT",
        state: "Enabled",
        description,
        createdAtMs,
        materials: [{ materialId, createdAtMs }],
        tags,
      });
    },

    rotate(tx, key, arn) {
      const onDemand = key.materials.filter(({ rotationType }) => rotationType === "ON_DEMAND");
      if (onDemand.length >= MAX_ON_DEMAND_ROTATIONS) {
        throw new KmsError(
          "LimitExceededException",
          "The on-demand rotations limit has been reached for the given keyId. " +
            `No more on-demand rotations can be performed for this key: ${arn}`,
        );
      }
      const materialId = addMaterial(tx, key.keyId);
      const entry = { materialId, createdAtMs: clock.nowMs(), rotationType: "ON_DEMAND" as const };
      return update(tx, { ...key, materials: [...key.materials, entry] });
    },

    scheduleDeletion(tx, key, windowDays) {
      const deletionAtMs = clock.nowMs() + windowDays * DAY_MS;
      const doomed: Key = { ...key, state: "PendingDeletion", deletionAtMs };
      tx.put(deletionRecord, deletionPath(doomed), {});
      return update(tx, doomed);
    },

    cancelDeletion(tx, key) {
      tx.remove(deletionPath(key));
      const { deletionAtMs: _, ...kept } = key;
      return update(tx, { ...kept, state: "Disabled" });
    },

    currentMaterial: (tx, key) => loadMaterial(tx, key, currentMaterial(key).materialId),

    async material(tx, key, shortMaterialId) {
      const entry = key.materials.find(({ materialId }) => materialId.startsWith(shortMaterialId));
      return entry === undefined ? undefined : loadMaterial(tx, key, entry.materialId);
    },

    async purge(tx) {
      const due: string[] = [];
      for (const path of await tx.list(deletionPrefix, undefined, PURGE_LIMIT)) {
        const [time, keyId] = path.slice(deletionPrefix.length).split("/") as [string, string];
        if (Number(time) > clock.nowMs()) break;
        const key = await tx.get(keyRecord, keyPath(keyId));
        for (const { materialId } of key?.materials ?? []) tx.remove(materialPath(keyId, materialId));
        tx.remove(keyPath(keyId));
        tx.remove(path);
        due.push(keyId);
      }
      return due;
    },
  };
}

const PURGE_LIMIT = 32;

/** Sixteen digits, so that the order of the text is the order of time. */
function padTime(timeMs: number): string {
  return String(timeMs).padStart(16, "0");
}
