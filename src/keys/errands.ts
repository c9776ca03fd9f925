/**
 * Errands: what a Region of a multi-Region key still has to tell another one (replication.ts), and what follows from
 * their outcomes.
 */
import { jsonRecord } from "../records/json-record.ts";
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

/** What became of an errand. */
export type Outcome = "told" | "created" | "gone" | "unfit" | "waits" | "again";

export const errandRecord = jsonRecord<Errand>("replication");

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
    if (outcome === "created" && !isListed) replicaRegions = [...replicaRegions, region];
    else if (outcome === "gone" && isListed) replicaRegions = replicaRegions.filter((other) => other !== region);
    else if (outcome !== "unfit") continue;
    if (outcome !== "created" && nextPrimaryRegion === region) nextPrimaryRegion = undefined;
    isChanged = true;
  }
  if (!isChanged) return key;
  return { ...key, multiRegion: { ...shared, replicaRegions, ...(nextPrimaryRegion && { nextPrimaryRegion }) } };
}
