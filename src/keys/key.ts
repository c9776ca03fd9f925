/**
 * A KMS key as it is kept: everything but its material, which has records of its own (material.ts). Values are
 * immutable; a change writes a new one.
 */
import { KEY_SPECS, type PairSpec, type SupportedKeySpec } from "../crypto/algorithms.ts";
import type { keyState, keyUsage } from "../model/scalars.ts";
import type { ValueOf } from "../model/shape.ts";
import { jsonRecord } from "../records/json-record.ts";

export type KeyState = ValueOf<typeof keyState>;
export type KeyUsage = ValueOf<typeof keyUsage>;

/** One generation of key material, oldest first in `Key.materials`; the last one encrypts. */
export interface MaterialEntry {
  /** 64 lower-case hexadecimal digits; the first 32 stand in every symmetric ciphertext. */
  readonly materialId: string;
  readonly createdAtMs: number;
  /** How the material came to be current; the first one has none. */
  readonly rotationType?: "AUTOMATIC" | "ON_DEMAND";
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
  /** The text of its policy; absent, it has the default one. */
  readonly policy?: string;
  /** Whether the key ever had a grant: one that had none is judged without a look for any. */
  readonly hasGrants?: true;
}

export const keyRecord = jsonRecord<Key>("key");

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

/** Whether the waiting period of a scheduled deletion is over: the key is gone, though its records may still stand. */
export function isDeleted(key: Key, nowMs: number): boolean {
  return key.deletionAtMs !== undefined && key.deletionAtMs <= nowMs;
}
