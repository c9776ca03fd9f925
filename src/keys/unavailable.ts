/**
 * Keys whose custom key store is not connected: they read as Unavailable, all of them at once, and their records keep the
 * state that they have again when it is connected. Source: AWS KMS Developer Guide, "Key states of KMS keys", notes 11 to
 * 13.
 */
import type { Ready } from "../records/ready.ts";
import type { ReadTransaction, Transaction } from "../records/record-store.ts";
import type { Key } from "./key.ts";

/** The custom key stores, as far as keys ask for them. */
export interface StoresOfKeys {
  isConnected(tx: ReadTransaction, storeId: string): Ready<boolean>;
  /** Hears of a key that is gone. */
  forgetKey(tx: Transaction, key: Key): Promise<void>;
}

const shown = new WeakMap<Key, Key>();

/** The key as it is shown while its store is not connected. One that is pending deletion stays so. */
export function asUnavailable(key: Key): Key {
  if (key.state !== "Enabled" && key.state !== "Disabled") return key;
  let unavailable = shown.get(key);
  if (unavailable === undefined) {
    unavailable = { ...key, state: "Unavailable", stateWhenConnected: key.state };
    shown.set(key, unavailable);
  }
  return unavailable;
}

/** The key as its record has it. A change of another member leaves the state as it was. */
export function asStored(key: Key): Key {
  const { stateWhenConnected, ...stored } = key;
  if (stateWhenConnected === undefined) return key;
  return stored.state === "Unavailable" ? { ...stored, state: stateWhenConnected } : stored;
}
