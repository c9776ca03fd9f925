/**
 * What follows for a key from the material that was imported into it and may be missing again. Source: AWS KMS
 * Developer Guide, "Importing key material".
 */
import type { ImportedMaterial, Key, MaterialEntry } from "./key.ts";

export type ImportedEntry = MaterialEntry & { readonly imported: ImportedMaterial };

/** All that was ever imported into a key, oldest first. */
export function entriesOf({ materials, pendingMaterial }: Key): readonly ImportedEntry[] {
  return (pendingMaterial === undefined ? materials : [...materials, pendingMaterial]) as readonly ImportedEntry[];
}

/** A key as it is now: what has expired is missing, and a key that misses some of its material waits for it. */
export function asOf(key: Key, nowMs: number): Key {
  const hasExpired = ({ imported }: MaterialEntry) =>
    imported?.validToMs !== undefined && !imported.isMissing && imported.validToMs <= nowMs;
  if (!entriesOf(key).some(hasExpired)) return key;
  const expire = (entry: MaterialEntry) => (hasExpired(entry) ? missing(entry as ImportedEntry, true) : entry);
  const { materials, pendingMaterial } = key;
  return withState({
    ...key,
    materials: materials.map(expire),
    ...(pendingMaterial && { pendingMaterial: expire(pendingMaterial) }),
  });
}

/** The state that follows from what is there. What is pending its first rotation is not needed yet. */
export function withState(key: Key): Key {
  const isComplete = key.materials.length > 0 && key.materials.every(({ imported }) => !imported?.isMissing);
  if (key.state === "PendingImport" && isComplete) return { ...key, state: "Enabled" };
  if ((key.state === "Enabled" || key.state === "Disabled") && !isComplete) return { ...key, state: "PendingImport" };
  return key;
}

/** An entry without its bytes. One that has expired still says when that was. */
export function missing({ imported, ...entry }: ImportedEntry, hasExpired = false): ImportedEntry {
  const { validToMs, ...kept } = imported;
  const dated = hasExpired && validToMs !== undefined ? { validToMs } : {};
  return { ...entry, imported: { ...kept, ...dated, isMissing: true } };
}
