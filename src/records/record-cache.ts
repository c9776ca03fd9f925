/**
 * Decoded records, kept so that a request on a warm key does not unseal anything. A record is disposed of (its secrets
 * wiped) when it is neither in the cache nor pinned by a running transaction.
 *
 * Each type has a limit of its own. Over it, the oldest record that was not used since the hand last passed leaves
 * ("second chance", which costs a hit one flag, not a reordering).
 */
import type { RecordType } from "./record-type.ts";

const CACHE_LIMIT = 4096;

/** One decoded record. Made, used and let go by this folder only. */
export class DecodedRecord<T = unknown> {
  /** Up to which epoch (record-store.ts) this is known to be the newest content. */
  epoch = -1;
  /** The driver's version of this content, once it is stored. */
  version: string | undefined;
  used = false;
  #cached = false;
  #pins = 0;

  constructor(
    readonly type: RecordType<T>,
    readonly value: T,
  ) {}

  pin(): void {
    this.#pins++;
  }

  unpin(): void {
    this.#pins--;
    this.#disposeIfFree();
  }

  enterCache(): void {
    this.#cached = true;
  }

  leaveCache(): void {
    this.#cached = false;
    this.#disposeIfFree();
  }

  #disposeIfFree(): void {
    if (!this.#cached && this.#pins === 0) this.type.dispose?.(this.value);
  }
}

/** The cache of one open store. It never asks whether a record is fresh; record-store.ts does. */
export class RecordCache {
  readonly #shelves = new Map<RecordType<unknown>, Map<string, DecodedRecord>>();

  find<T>(type: RecordType<T>, path: string): DecodedRecord<T> | undefined {
    return this.#shelves.get(type as RecordType<unknown>)?.get(path) as DecodedRecord<T> | undefined;
  }

  /** Takes a record in, in place of any other one at this path. */
  insert(path: string, record: DecodedRecord): void {
    this.remove(path);
    let shelf = this.#shelves.get(record.type);
    if (shelf === undefined) {
      shelf = new Map();
      this.#shelves.set(record.type, shelf);
    }
    record.enterCache();
    shelf.set(path, record);
    if (shelf.size > (record.type.cacheLimit ?? CACHE_LIMIT)) evictOne(shelf);
  }

  remove(path: string): void {
    for (const shelf of this.#shelves.values()) {
      const record = shelf.get(path);
      if (record === undefined) continue;
      shelf.delete(path);
      record.leaveCache();
    }
  }

  clear(): void {
    for (const shelf of this.#shelves.values()) {
      for (const record of shelf.values()) record.leaveCache();
    }
    this.#shelves.clear();
  }
}

/** A Map keeps the order of insertion: its first entry is the oldest, and one that is set anew becomes the youngest. */
function evictOne(shelf: Map<string, DecodedRecord>): void {
  for (const [path, record] of shelf) {
    shelf.delete(path);
    if (!record.used) {
      record.leaveCache();
      return;
    }
    record.used = false;
    shelf.set(path, record);
  }
}
