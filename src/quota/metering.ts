/**
 * How many requests were answered, by month and price group.
 *
 *   <realm>/usage/<yyyy-mm>   Usage
 *
 * They are counted in memory and added to the record later, so that no request waits for a commit: about once a minute
 * along with another write, and when the service closes. A process that is killed loses what it had not added.
 */
import { jsonRecord } from "../records/json-record.ts";
import type { ReadTransaction, Transaction } from "../records/record-store.ts";
import type { PriceGroup } from "./prices.ts";

/** Requests by price group. */
export type Usage = Readonly<Partial<Record<PriceGroup, number>>>;

/** What a transaction has added, to be settled once it is committed. */
export type AddedUsage = readonly (readonly [month: string, group: PriceGroup, count: number])[];

const ADDED_EVERY_MS = 60_000;
const MONTH_LENGTH = "2026-11".length;

const usageRecord = jsonRecord<Usage>("usage");

export class Metering {
  readonly #folder: string;
  readonly #waiting = new Map<string, Map<PriceGroup, number>>();
  #addedAtMs = Number.NEGATIVE_INFINITY;
  #month = { name: "", startsMs: 0, endsMs: 0 };

  /** @param folder the realm's folder in the store */
  constructor(folder: string) {
    this.#folder = folder;
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Whether it is time to add what waits. */
  isDue(nowMs: number): boolean {
    return !this.isEmpty && nowMs - this.#addedAtMs >= ADDED_EVERY_MS;
  }

  /** Counts a request that has succeeded. */
  note(group: PriceGroup, atMs: number): void {
    const month = this.#monthOf(atMs);
    let counts = this.#waiting.get(month);
    if (counts === undefined) {
      counts = new Map();
      this.#waiting.set(month, counts);
    }
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }

  /** Adds what waits to its records. */
  async add(tx: Transaction): Promise<AddedUsage> {
    const added: [string, PriceGroup, number][] = [];
    for (const [month, counts] of this.#waiting) {
      const usage: Partial<Record<PriceGroup, number>> = { ...(await tx.get(usageRecord, this.#path(month))) };
      for (const [group, count] of counts) {
        usage[group] = (usage[group] ?? 0) + count;
        added.push([month, group, count]);
      }
      tx.put(usageRecord, this.#path(month), usage);
    }
    return added;
  }

  /** What was added waits no longer; what was counted meanwhile does. */
  settle(added: AddedUsage, nowMs: number): void {
    for (const [month, group, count] of added) {
      const counts = this.#waiting.get(month);
      const rest = (counts?.get(group) ?? 0) - count;
      if (rest > 0) counts?.set(group, rest);
      else counts?.delete(group);
      if (counts?.size === 0) this.#waiting.delete(month);
    }
    if (added.length > 0) this.#addedAtMs = nowMs;
  }

  /** All requests of a month, those included that wait. @param month as "2026-11" */
  async ofMonth(tx: ReadTransaction, month: string): Promise<Usage> {
    const usage: Partial<Record<PriceGroup, number>> = { ...(await tx.get(usageRecord, this.#path(month))) };
    for (const [group, count] of this.#waiting.get(month) ?? []) usage[group] = (usage[group] ?? 0) + count;
    return usage;
  }

  /** The month in UTC, which is worked out once a month. */
  #monthOf(atMs: number): string {
    if (atMs < this.#month.startsMs || atMs >= this.#month.endsMs) {
      const date = new Date(atMs);
      const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
      const name = date.toISOString().slice(0, MONTH_LENGTH);
      this.#month = { name, startsMs: Date.UTC(year, month), endsMs: Date.UTC(year, month + 1) };
    }
    return this.#month.name;
  }

  #path(month: string): string {
    return `${this.#folder}/usage/${month}`;
  }
}
