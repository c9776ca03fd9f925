/**
 * What the Regions of a multi-Region key share, and what each has of its own. Shared: the id, the material and its
 * history, the spec, usage and origin, the schedule of rotation, and who is the primary. Everything else is a Region's
 * own. Source: AWS KMS Developer Guide, "Multi-Region keys in AWS KMS", "Shared properties".
 */
import { withState } from "./import-state.ts";
import type { Key, KeyState, MaterialEntry, MultiRegion } from "./key.ts";

export type RegionRole = "PRIMARY" | "REPLICA";

/** What a key is in this Region; a single-Region key is neither. */
export function regionRole({ multiRegion }: Key, region: string): RegionRole | undefined {
  if (multiRegion === undefined) return undefined;
  return multiRegion.primaryRegion === region ? "PRIMARY" : "REPLICA";
}

/** Of a new key, which has no replicas yet. */
export function newMultiRegion(region: string): MultiRegion {
  return { primaryRegion: region, replicaRegions: [], revision: 1 };
}

/** Every Region but this one. */
export function otherRegions({ primaryRegion, replicaRegions }: MultiRegion, region: string): readonly string[] {
  return [primaryRegion, ...replicaRegions].filter((other) => other !== region);
}

/** Whether something of it is not finished between its Regions. */
export function isUnderWay({ multiRegion, state }: Key): boolean {
  if (multiRegion === undefined) return false;
  return multiRegion.incoming !== undefined || UNFINISHED_STATES.has(state);
}

const UNFINISHED_STATES: ReadonlySet<KeyState> = new Set(["Creating", "Updating", "PendingReplicaDeletion"]);

/** Its material, the one on its way included. */
export function allMaterials({ materials, multiRegion }: Key): readonly MaterialEntry[] {
  return multiRegion?.incoming === undefined ? materials : [...materials, multiRegion.incoming];
}

/** A multi-Region key. */
export type MultiRegionKey = Key & { readonly multiRegion: MultiRegion };

export function isMultiRegion(key: Key | undefined): key is MultiRegionKey {
  return key?.multiRegion !== undefined;
}

/** The copy of a key in a Region, brought to what its source in another Region says. */
export function synchronized(own: Key, source: MultiRegionKey, region: string): Key {
  const { rotation: _, ...kept } = own;
  const taken = {
    ...kept,
    materials: mergedMaterials(own, source),
    ...(source.rotation && { rotation: source.rotation }),
    multiRegion: source.multiRegion,
    state: stateAfter(own, source.multiRegion, region),
  };
  return own.origin === "EXTERNAL" ? withState(taken) : taken;
}

/** Material that a Region alone has, because its source was restored from an old copy, goes on opening. */
function mergedMaterials(own: Key, source: Key): readonly MaterialEntry[] {
  const shared = new Set(allMaterials(source).map(({ materialId }) => materialId));
  const extra = own.materials.filter(({ materialId }) => !shared.has(materialId));
  return [...extra, ...source.materials.map((entry) => entryIn(own, entry))];
}

/** Material that was imported is imported in each Region, and expires there by itself. */
function entryIn(own: Key, entry: MaterialEntry): MaterialEntry {
  if (entry.imported === undefined) return entry;
  const held = own.state === "Creating" ? [] : own.materials;
  const imported = held.find(({ materialId }) => materialId === entry.materialId)?.imported;
  return { ...entry, imported: imported ?? { digest: entry.imported.digest, isMissing: true } };
}

function stateAfter({ state }: Key, shared: MultiRegion, region: string): KeyState {
  if (state === "Creating" && shared.replicaRegions.includes(region)) return "Enabled";
  if (state === "Enabled" && shared.nextPrimaryRegion === region) return "Updating";
  if (state === "Updating" && shared.nextPrimaryRegion === undefined) return "Enabled";
  return state;
}
