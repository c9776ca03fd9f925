/**
 * What follows for a key from the material that was imported into it and may be missing again. Source: AWS KMS
 * Developer Guide, "Importing key material".
 */
import { KmsError } from "../errors.ts";
import type { ImportedMaterial, Key, MaterialEntry } from "./key.ts";

export type ImportedEntry = MaterialEntry & { readonly imported: ImportedMaterial };

/** All of which the store may have bytes, oldest first. */
export function entriesOf({ materials, pendingMaterial }: Key): readonly ImportedEntry[] {
  return (pendingMaterial === undefined ? materials : [...materials, pendingMaterial]) as readonly ImportedEntry[];
}

/** The material that the next rotation makes current. Once it is deleted or expired, it has nothing to do with the key. */
export function pendingOf({ pendingMaterial }: Key): ImportedEntry | undefined {
  return pendingMaterial?.imported?.isMissing ? undefined : (pendingMaterial as ImportedEntry | undefined);
}

/** What belongs to a key: all that was ever current, whether or not it is there, and what is pending. */
export function associatedOf(key: Key): readonly ImportedEntry[] {
  const pending = pendingOf(key);
  return (pending === undefined ? key.materials : [...key.materials, pending]) as readonly ImportedEntry[];
}

/** Whether a key has all the material that its ciphertexts may need. */
export function isComplete({ materials }: Key): boolean {
  return materials.length > 0 && materials.every(({ imported }) => !imported?.isMissing);
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
  const isWhole = isComplete(key);
  if (key.state === "PendingImport" && isWhole) return { ...key, state: "Enabled" };
  if ((key.state === "Enabled" || key.state === "Disabled") && !isWhole) return { ...key, state: "PendingImport" };
  return key;
}

/** An entry without its bytes. One that has expired still says when that was. */
export function missing({ imported, ...entry }: ImportedEntry, hasExpired = false): ImportedEntry {
  const { validToMs, ...kept } = imported;
  const dated = hasExpired && validToMs !== undefined ? { validToMs } : {};
  return { ...entry, imported: { ...kept, ...dated, isMissing: true } };
}

/** Whether a key has a material, its bytes or only the place for them. */
export function lists(key: Key, materialId: string): boolean {
  return entriesOf(key).some((entry) => entry.materialId === materialId);
}

/** Whether a key has the bytes of a material. */
export function holds(key: Key | undefined, materialId: string): boolean {
  if (key === undefined) return false;
  return entriesOf(key).some((entry) => entry.materialId === materialId && !entry.imported.isMissing);
}

/** The refusal of a rotation to material that a Region would not have. */
export function lackingMaterial(keyId: string): KmsError {
  return new KmsError(
    "KMSInvalidStateException",
    `The new key material of ${keyId} has not been imported into all of its replica keys: import it there first.`,
  );
}
