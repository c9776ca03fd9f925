/**
 * Which keys have something coming, in the order of its time: empty records `<folder>/<time>/<key id>`. They only say
 * where to look, because anybody who can write to the store may have put them there.
 */
import type { ReadTransaction, RecordType, Transaction } from "../records/record-store.ts";

/** Entries that are looked at together. */
const LIMIT = 32;
/** So that the order of the paths is the order of time. */
const TIME_DIGITS = 16;

/** A key, and when something comes due for it. */
export interface DueKey {
  readonly keyId: string;
  readonly atMs: number;
}

type Empty = Record<string, never>;

export class DueIndex {
  readonly #prefix: string;
  readonly #type: RecordType<Empty>;

  constructor(folder: string, type: RecordType<Empty>) {
    this.#prefix = `${folder}/`;
    this.#type = type;
  }

  add(tx: Transaction, due: DueKey): void {
    tx.put(this.#type, this.#path(due), {});
  }

  remove(tx: Transaction, due: DueKey): void {
    tx.remove(this.#path(due));
  }

  /** The first entries whose time has come, at most 32 of them. */
  async listDue(tx: ReadTransaction, nowMs: number): Promise<readonly DueKey[]> {
    const entries = (await tx.list(this.#prefix, undefined, LIMIT)).map((path) => {
      const [time, keyId] = path.slice(this.#prefix.length).split("/") as [string, string];
      return { atMs: Number(time), keyId };
    });
    return entries.filter(({ atMs }) => atMs <= nowMs);
  }

  #path({ atMs, keyId }: DueKey): string {
    return `${this.#prefix}${String(atMs).padStart(TIME_DIGITS, "0")}/${keyId}`;
  }
}
