/**
 * Automatic rotation: when a key gets new material by itself. Source: AWS KMS Developer Guide, "Rotate AWS KMS keys".
 *
 *   <realm>/rotation/<time>/<key id>   an empty record: the index of rotations to come
 *
 * - Enabled, or enabled again with another period, a key is rotated one period after that moment, and then each period.
 * - A rotation on demand does not move that schedule.
 * - A key that is disabled or pending deletion is not rotated. If it missed a rotation meanwhile, it is rotated at the
 *   moment when it is enabled again, and one period after that; otherwise its schedule goes on.
 * - Where nobody was there at the time, a key is rotated once when somebody comes, and the schedule goes on as it was.
 *
 * The index only says where to look; the key itself decides, in the transaction that rotates it.
 */
import type { Clock } from "../env.ts";
import { jsonRecord } from "../records/json-record.ts";
import type { ReadTransaction, Transaction } from "../records/record-store.ts";
import { DueIndex, type DueKey } from "./due-index.ts";
import { isPendingDeletion, type Key, type Rotation } from "./key.ts";
import type { Keys } from "./keys.ts";
import type { Replication } from "./replication.ts";

const DAY_MS = 86_400_000;
export const DEFAULT_PERIOD_DAYS = 365;

const rotationRecord = jsonRecord<Record<string, never>>("rotation");

/** Whether the key should get new material before it is used. */
export function isRotationDue({ rotation, state, multiRegion }: Key, nowMs: number): boolean {
  if (rotation?.isEnabled !== true || rotation.nextAtMs > nowMs) return false;
  // Of a multi-Region key one rotation after the other.
  return (state === "Enabled" || state === "Updating") && multiRegion?.incoming === undefined;
}

/** The schedule of a key, as it is shown: a key that is pending deletion has none for the time being. */
export function shownRotation(key: Key): Rotation | undefined {
  return key.rotation?.isEnabled && !isPendingDeletion(key) ? key.rotation : undefined;
}

export class Rotations {
  readonly #keys: Keys;
  readonly #clock: Clock;
  readonly #index: DueIndex;

  readonly #replication: Replication;

  /** @param folder the realm's folder in the store */
  constructor(folder: string, keys: Keys, clock: Clock, replication: Replication) {
    this.#keys = keys;
    this.#clock = clock;
    this.#replication = replication;
    this.#index = new DueIndex(`${folder}/rotation`, rotationRecord);
  }

  /** Schedules a key. One that has this period already keeps its schedule. */
  async enable(tx: Transaction, key: Key, periodDays: number): Promise<Key> {
    if (key.rotation?.isEnabled && key.rotation.periodDays === periodDays) return key;
    const rotation = { isEnabled: true, periodDays, nextAtMs: this.#periodFromNow(periodDays) };
    return this.#replication.spread(tx, key, this.#schedule(tx, key, rotation));
  }

  async disable(tx: Transaction, key: Key): Promise<Key> {
    if (!key.rotation?.isEnabled) return key;
    return this.#replication.spread(tx, key, this.#schedule(tx, key, { ...key.rotation, isEnabled: false }));
  }

  /** Looks after the schedule of a key that was a replica and has become the primary. */
  takeOver(tx: Transaction, { keyId, rotation }: Key): void {
    if (rotation?.isEnabled) this.#index.add(tx, { keyId, atMs: rotation.nextAtMs });
  }

  /** Takes the schedule of a key up again that has just been enabled, and rotates it if it has missed its time. */
  async resume(tx: Transaction, key: Key): Promise<Key> {
    const { rotation } = key;
    if (!rotation?.isEnabled || this.#replication.isReplica(key)) return key;
    if (!isRotationDue(key, this.#clock.nowMs())) return this.#schedule(tx, key, rotation);
    const rotated = this.#keys.rotate(tx, key, "AUTOMATIC");
    const nextAtMs = this.#periodFromNow(rotation.periodDays);
    return this.#replication.spread(tx, key, this.#schedule(tx, rotated, { ...rotation, nextAtMs }));
  }

  /** A few keys whose rotation may have come due. */
  listDue(tx: ReadTransaction): Promise<readonly DueKey[]> {
    return this.#index.listDue(tx, this.#clock.nowMs());
  }

  /** Rotates a key if it is due, and settles its index entry in any case. @returns the key if it was rotated */
  async rotate(tx: Transaction, due: DueKey): Promise<Key | undefined> {
    const key = await this.#keys.find(tx, due.keyId);
    // It waits for the rotation that is on its way to other Regions.
    if (key?.multiRegion?.incoming !== undefined && !this.#replication.isReplica(key)) return undefined;
    // A key that may not be rotated now has its entry back when it is enabled again, or becomes the primary.
    this.#index.remove(tx, due);
    const nowMs = this.#clock.nowMs();
    if (key === undefined || this.#replication.isReplica(key) || !isRotationDue(key, nowMs)) return undefined;
    const rotation = key.rotation!;
    const periodMs = rotation.periodDays * DAY_MS;
    const missed = Math.floor((nowMs - rotation.nextAtMs) / periodMs);
    const rotated = this.#keys.rotate(tx, key, "AUTOMATIC");
    const nextAtMs = rotation.nextAtMs + (missed + 1) * periodMs;
    return this.#replication.spread(tx, key, this.#schedule(tx, rotated, { ...rotation, nextAtMs }));
  }

  #schedule(tx: Transaction, key: Key, rotation: Rotation): Key {
    if (key.rotation !== undefined) this.#index.remove(tx, { keyId: key.keyId, atMs: key.rotation.nextAtMs });
    if (rotation.isEnabled) this.#index.add(tx, { keyId: key.keyId, atMs: rotation.nextAtMs });
    return this.#keys.update(tx, { ...key, rotation });
  }

  #periodFromNow(periodDays: number): number {
    return Math.trunc(this.#clock.nowMs()) + periodDays * DAY_MS;
  }
}
