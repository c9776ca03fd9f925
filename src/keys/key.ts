/**
 * A KMS key as it is kept: everything but its material, which has records of its own (material.ts). Values are
 * immutable; a change writes a new one.
 */
import { KEY_SPECS, type PairSpec, type SupportedKeySpec } from "../crypto/algorithms.ts";
import type { keyState, keyUsage, origin } from "../model/scalars.ts";
import type { ValueOf } from "../model/shape.ts";
import { jsonRecord } from "../records/json-record.ts";

export type KeyState = ValueOf<typeof keyState>;
export type KeyUsage = ValueOf<typeof keyUsage>;
export type Origin = ValueOf<typeof origin>;

/** One generation of key material, oldest first in `Key.materials`; the last one encrypts. */
export interface MaterialEntry {
  /** 64 lower-case hexadecimal digits; the first 32 stand in every symmetric ciphertext. */
  readonly materialId: string;
  readonly createdAtMs: number;
  /** How the material came to be current; the first one has none. */
  readonly rotationType?: "AUTOMATIC" | "ON_DEMAND";
  /** Of a key whose origin is EXTERNAL. */
  readonly imported?: ImportedMaterial;
}

export interface ImportedMaterial {
  /** Of the bytes, in hexadecimal: who imports again must bring the same (imported-materials.ts). */
  readonly digest: string;
  readonly description?: string;
  /** Absent, it does not expire. */
  readonly validToMs?: number;
  /** Deleted or expired: only the same material may be imported in its place. */
  readonly isMissing?: true;
}

/** The schedule of automatic rotation. */
export interface Rotation {
  readonly isEnabled: boolean;
  readonly periodDays: number;
  /** The next rotation is due at this moment, where it is enabled. */
  readonly nextAtMs: number;
}

/** The Regions of a multi-Region key, which share its id and material. */
export interface MultiRegion {
  readonly primaryRegion: string;
  /** In the order in which they were made. */
  readonly replicaRegions: readonly string[];
  /** Counts the changes of what the Regions share, which the primary alone makes: the higher one is the newer. */
  readonly revision: number;
  /** New material on its way to every Region: it opens, and does not encrypt before all of them have it. */
  readonly incoming?: MaterialEntry;
  /** While UpdatePrimaryRegion is under way: the replica that becomes the primary. */
  readonly nextPrimaryRegion?: string;
}

export interface Key {
  readonly keyId: string;
  readonly keySpec: SupportedKeySpec;
  readonly keyUsage: KeyUsage;
  readonly state: KeyState;
  readonly description: string;
  readonly createdAtMs: number;
  /** Only symmetric keys ever have more than one. */
  readonly materials: readonly MaterialEntry[];
  readonly tags: readonly { readonly TagKey: string; readonly TagValue: string }[];
  /** Set while the state is PendingDeletion: from this moment on the key does not exist. */
  readonly deletionAtMs?: number;
  /** Set while the state is PendingReplicaDeletion: the waiting period that begins when the last replica is gone. */
  readonly deletionWindowDays?: number;
  /** The text of its policy; absent, it has the default one. */
  readonly policy?: string;
  /** Whether the key ever had a grant: one that had none is judged without a look for any. */
  readonly hasGrants?: true;
  /** Where the material comes from; absent, AWS_KMS: it was made here. */
  readonly origin?: Exclude<Origin, "AWS_KMS">;
  /** Imported, and current only after the next rotation. */
  readonly pendingMaterial?: MaterialEntry;
  /** Absent until automatic rotation is first enabled. */
  readonly rotation?: Rotation;
  readonly multiRegion?: MultiRegion;
  /** The custom key store of a key that lies in one. */
  readonly customKeyStoreId?: string;
  /** The key's id at the external key manager. */
  readonly xksKeyId?: string;
  /** Of an unavailable key alone, and never in its record (unavailable.ts). */
  readonly stateWhenConnected?: KeyState;
  /** Who manages it; absent, the customer does. */
  readonly manager?: "AWS";
}

export const keyRecord = jsonRecord<Key>("key");

/** The material that encrypts. A key that still waits for its first import has none, and is used for nothing. */
export function currentMaterial(key: Key): MaterialEntry {
  return key.materials.at(-1)!;
}

/** A key that is a pair of a public and a private key. */
export type AsymmetricKey = Key & { readonly keySpec: PairSpec };

export function isAsymmetric(key: Key): key is AsymmetricKey {
  return KEY_SPECS[key.keySpec].material === "pair";
}

export function isSymmetric(key: Key): boolean {
  return KEY_SPECS[key.keySpec].material === "symmetric";
}

/** Whether it is to be deleted, be it only when its last replica is gone. */
export function isPendingDeletion({ state }: Key): boolean {
  return state === "PendingDeletion" || state === "PendingReplicaDeletion";
}

/** Whether the waiting period of a scheduled deletion is over: the key is gone, though its records may still stand. */
export function isDeleted(key: Key, nowMs: number): boolean {
  return key.deletionAtMs !== undefined && key.deletionAtMs <= nowMs;
}
