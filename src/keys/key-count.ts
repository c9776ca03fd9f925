/**
 * How many keys an account has in a Region, so that the limit holds without a listing.
 *
 *   <realm>/key-count   Count; absent until the next key is made in a store that is older than the limit
 */
import { KmsError } from "../errors.ts";
import { jsonRecord } from "../records/json-record.ts";
import type { ReadTransaction, Transaction } from "../records/record-store.ts";
import type { Keys } from "./keys.ts";

const MAX_KEYS = 100_000;
const LIST_PAGE = 1000;

interface Count {
  readonly keys: number;
}

const countRecord = jsonRecord<Count>("key-count");

export class KeyCount {
  readonly #path: string;
  readonly #keys: Keys;

  /** @param folder the realm's folder in the store */
  constructor(folder: string, keys: Keys) {
    this.#path = `${folder}/key-count`;
    this.#keys = keys;
  }

  /** Counts a key that is about to be made. @throws {KmsError} LimitExceededException */
  async add(tx: Transaction): Promise<void> {
    const keys = await this.checkRoom(tx);
    tx.put(countRecord, this.#path, { keys: keys + 1 });
  }

  /** How many keys there are, if there is room for one more. @throws {KmsError} LimitExceededException */
  async checkRoom(tx: ReadTransaction): Promise<number> {
    const keys = (await tx.get(countRecord, this.#path))?.keys ?? (await this.#countAll(tx));
    if (keys < MAX_KEYS) return keys;
    throw new KmsError("LimitExceededException", `An account can have at most ${MAX_KEYS} keys in a Region.`);
  }

  /** Counts a key no longer whose records have been removed. */
  async subtract(tx: Transaction): Promise<void> {
    const known = await tx.get(countRecord, this.#path);
    if (known !== undefined) tx.put(countRecord, this.#path, { keys: known.keys - 1 });
  }

  async #countAll(tx: ReadTransaction): Promise<number> {
    let count = 0;
    for (let after: string | undefined; ; ) {
      const page = await this.#keys.list(tx, after, LIST_PAGE);
      count += page.length;
      if (page.length < LIST_PAGE) return count;
      after = page.at(-1);
    }
  }
}
