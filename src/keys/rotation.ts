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
import type { Key, Rotation } from "./key.ts";
import type { Keys } from "./keys.ts";

const DAY_MS = 86_400_000;
export const DEFAULT_PERIOD_DAYS = 365;

const rotationRecord = jsonRecord<Record<string, never>>("rotation");

/** Whether the key should get new material before it is used. */
export function isRotationDue({ rotation, state }: Key, nowMs: number): boolean {
  return rotation?.isEnabled === true && rotation.nextAtMs <= nowMs && (state === "Enabled" || state === "Updating");
}

/** The schedule of a key, as it is shown: a key that is pending deletion has none for the time being. */
export function shownRotation({ rotation, state }: Key): Rotation | undefined {
  const isDoomed = state === "PendingDeletion" || state === "PendingReplicaDeletion";
  return rotation?.isEnabled && !isDoomed ? rotation : undefined;
}

export class Rotations {
  readonly #keys: Keys;
  readonly #clock: Clock;
  readonly #index: DueIndex;

  /** @param folder the realm's folder in the store */
  constructor(folder: string, keys: Keys, clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
    this.#index = new DueIndex(`${folder}/rotation`, rotationRecord);
  }

  /** Schedules a key. One that has this period already keeps its schedule. */
  enable(tx: Transaction, key: Key, periodDays: number): Key {
    if (key.rotation?.isEnabled && key.rotation.periodDays === periodDays) return key;
    return this.#schedule(tx, key, { isEnabled: true, periodDays, nextAtMs: this.#periodFromNow(periodDays) });
  }

  disable(tx: Transaction, key: Key): Key {
    if (!key.rotation?.isEnabled) return key;
    return this.#schedule(tx, key, { ...key.rotation, isEnabled: false });
  }

  /** Takes the schedule of a key up again that has just been enabled, and rotates it if it has missed its time. */
  resume(tx: Transaction, key: Key): Key {
    const { rotation } = key;
    if (!rotation?.isEnabled) return key;
    if (!isRotationDue(key, this.#clock.nowMs())) return this.#schedule(tx, key, rotation);
    const rotated = this.#keys.rotate(tx, key, "AUTOMATIC");
    return this.#schedule(tx, rotated, { ...rotation, nextAtMs: this.#periodFromNow(rotation.periodDays) });
  }

  /** A few keys whose rotation may have come due. */
  listDue(tx: ReadTransaction): Promise<readonly DueKey[]> {
    return this.#index.listDue(tx, this.#clock.nowMs());
  }

  /** Rotates a key if it is due, and settles its index entry in any case. @returns the key if it was rotated */
  async rotate(tx: Transaction, due: DueKey): Promise<Key | undefined> {
    // A key that may not be rotated now has its entry back when it is enabled again.
    this.#index.remove(tx, due);
    const key = await this.#keys.find(tx, due.keyId);
    const nowMs = this.#clock.nowMs();
    if (key === undefined || !isRotationDue(key, nowMs)) return undefined;
    const rotation = key.rotation!;
    const periodMs = rotation.periodDays * DAY_MS;
    const missed = Math.floor((nowMs - rotation.nextAtMs) / periodMs);
    const rotated = this.#keys.rotate(tx, key, "AUTOMATIC");
    return this.#schedule(tx, rotated, { ...rotation, nextAtMs: rotation.nextAtMs + (missed + 1) * periodMs });
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
