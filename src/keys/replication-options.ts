/** What the replication of one Region is made of, and what it may reach of the others. */
import type { Clock } from "../env.ts";
import type { Records, Transaction } from "../records/record-store.ts";
import type { Key } from "./key.ts";
import type { KeyCount } from "./key-count.ts";
import type { Keys } from "./keys.ts";

/** @typeParam Other the replication of another Region */
export interface ReplicationOptions<Other> {
  readonly region: string;
  /** The realm's folder in its store. */
  readonly folder: string;
  readonly records: Records;
  readonly keys: Keys;
  readonly keyCount: KeyCount;
  readonly clock: Clock;
  /** Records that a key was brought up to date here, before that is committed. */
  readonly record: (keyId: string) => unknown;
  /** Removes what has come due in this Region. */
  readonly purge: () => Promise<unknown>;
  /** Does what a primary has to do for a key that becomes one here. */
  readonly promoted: (tx: Transaction, key: Key) => void;
  /** The same account in another Region. */
  readonly inRegion: (region: string) => Other;
}
