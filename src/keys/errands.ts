/**
 * Errands: what a Region of a multi-Region key still has to tell another one (replication.ts), and what follows from
 * their outcomes.
 *
 *   <realm>/replication/<key id>/<Region>   Errand: what is still to be told there; written with what caused it
 */
import { jsonRecord } from "../records/json-record.ts";
import type { ReadTransaction, Transaction } from "../records/record-store.ts";
import type { Key, MaterialEntry } from "./key.ts";
import type { MultiRegionKey } from "./multi-region.ts";

/** What a new replica has of its own. */
export type ReplicaAttributes = Pick<Key, "description" | "tags" | "policy" | "createdAtMs">;

/** Something to be told to another Region. Empty, it is that what the Regions share has changed. */
export interface Errand {
  /** The replica that is to be made there. */
  readonly create?: ReplicaAttributes;
  /** The replica there was removed. */
  readonly isGone?: true;
  /** The replica here was removed, which its primary there has to learn. */
  readonly isFarewell?: true;
}

/** A key and its errands as they were when these were run. */
export interface Seen {
  readonly key: Key | undefined;
  readonly errands: ReadonlyMap<string, Errand>;
}

/** What became of an errand. */
export type Outcome = "told" | "created" | "gone" | "unfit" | "waits" | "again";

const errandRecord = jsonRecord<Errand>("replication");

/** Errands that are looked at in one sweep; the next one looks at the ones after them. */
const SWEEP_LIMIT = 32;
const ERRANDS_PER_KEY = 256;

/** The errands of one realm. */
export class ErrandBox {
  readonly #prefix: string;

  /** @param folder the realm's folder in its store */
  constructor(folder: string) {
    this.#prefix = `${folder}/replication/`;
  }

  /** The errands of a key, by the Region that is to be told. */
  async of(tx: ReadTransaction, keyId: string): Promise<Map<string, Errand>> {
    const prefix = this.#path(keyId, "");
    const errands = new Map<string, Errand>();
    for (const path of await tx.list(prefix, undefined, ERRANDS_PER_KEY)) {
      const errand = await tx.get(errandRecord, path);
      if (errand !== undefined) errands.set(path.slice(prefix.length), errand);
    }
    return errands;
  }

  /** Whether a replica was removed here and its primary has not been told yet. */
  async hasFarewell(tx: ReadTransaction, keyId: string): Promise<boolean> {
    return [...(await this.of(tx, keyId)).values()].some(({ isFarewell }) => isFarewell === true);
  }

  /** Some keys that have errands, and where to go on; from the start again where that is absent. */
  async keys(
    tx: ReadTransaction,
    after: string | undefined,
  ): Promise<{ keyIds: Set<string>; last: string | undefined }> {
    const paths = await tx.list(this.#prefix, after, SWEEP_LIMIT);
    const keyIds = new Set(paths.map((path) => path.slice(this.#prefix.length).split("/", 1)[0]!));
    return { keyIds, last: paths.length < SWEEP_LIMIT ? undefined : paths.at(-1) };
  }

  put(tx: Transaction, keyId: string, region: string, errand: Errand): void {
    tx.put(errandRecord, this.#path(keyId, region), errand);
  }

  remove(tx: Transaction, keyId: string, region: string): void {
    tx.remove(this.#path(keyId, region));
  }

  async clear(tx: Transaction, keyId: string): Promise<void> {
    for (const region of (await this.of(tx, keyId)).keys()) this.remove(tx, keyId, region);
  }

  #path(keyId: string, region: string): string {
    return `${this.#prefix}${keyId}/${region}`;
  }
}

export function kindOf({ create, isGone, isFarewell }: Errand): "create" | "gone" | "farewell" | "change" {
  if (create !== undefined) return "create";
  if (isGone) return "gone";
  return isFarewell ? "farewell" : "change";
}

export function isCreation({ create }: Errand): boolean {
  return create !== undefined;
}

export function isSame(now: Errand | undefined, then: Errand | undefined): boolean {
  return now !== undefined && then !== undefined && kindOf(now) === kindOf(then);
}

export function revisedKey(key: MultiRegionKey): MultiRegionKey {
  return { ...key, multiRegion: { ...key.multiRegion, revision: key.multiRegion.revision + 1 } };
}

/** The key whose new material has come to all Regions: it encrypts from now on. */
export function withIncoming(key: MultiRegionKey, incoming: MaterialEntry): MultiRegionKey {
  const { incoming: _, ...multiRegion } = key.multiRegion;
  return revisedKey({ ...key, materials: [...key.materials, incoming], multiRegion });
}

/** The key with another primary, in whose place among the replicas the old one comes. */
export function withPrimary(key: MultiRegionKey, region: string): MultiRegionKey {
  const { nextPrimaryRegion: _, primaryRegion, replicaRegions, ...shared } = key.multiRegion;
  const replicas = replicaRegions.map((other) => (other === region ? primaryRegion : other));
  return revisedKey({ ...key, multiRegion: { ...shared, primaryRegion: region, replicaRegions: replicas } });
}

/** The primary with the replicas that there are, and without a promotion of one that cannot be promoted. */
export function withReplicas(key: MultiRegionKey, outcomes: ReadonlyMap<string, Outcome>): MultiRegionKey {
  let { replicaRegions, nextPrimaryRegion, ...shared } = key.multiRegion;
  let isChanged = false;
  for (const [region, outcome] of outcomes) {
    const isListed = replicaRegions.includes(region);
    // One that is made again is a change as well, so that who has just seen the old one go does not strike this one out.
    if (outcome === "created") replicaRegions = isListed ? replicaRegions : [...replicaRegions, region];
    else if (outcome === "gone" && isListed) replicaRegions = replicaRegions.filter((other) => other !== region);
    else if (outcome !== "unfit") continue;
    if (outcome !== "created" && nextPrimaryRegion === region) nextPrimaryRegion = undefined;
    isChanged = true;
  }
  if (!isChanged) return key;
  return { ...key, multiRegion: { ...shared, replicaRegions, ...(nextPrimaryRegion && { nextPrimaryRegion }) } };
}
