/**
 * A keystore in memory: for tests, for ephemeral services, and as the plainest statement of what a driver does.
 * Nothing outlives `close`, the only meaning that "durable" has here. Reads take O(1), a new path O(n) to be sorted in.
 */
import { KeystoreError } from "../errors.ts";
import {
  type Check,
  type Commit,
  type CommitOutcome,
  checkLimit,
  checkPath,
  type KeyStoreDriver,
  type StoredValue,
} from "./driver.ts";

/** Opens a new and empty keystore, of which this object is the only view. */
export function memoryKeystore(): KeyStoreDriver {
  return new MemoryKeystore();
}

class MemoryKeystore implements KeyStoreDriver {
  readonly #values = new Map<string, StoredValue>();
  /** All paths in binary order, so that a list needs no sort. */
  readonly #paths: string[] = [];
  #commits = 0;
  #closed = false;

  async get(path: string): Promise<StoredValue | undefined> {
    this.#checkOpen();
    checkPath(path);
    const stored = this.#values.get(path);
    return stored && { value: stored.value.slice(), version: stored.version };
  }

  async list(prefix: string, after: string | undefined, limit: number): Promise<readonly string[]> {
    this.#checkOpen();
    checkLimit(limit);
    const found: string[] = [];
    let i = this.#position(prefix);
    if (after !== undefined) {
      const next = this.#position(after);
      i = Math.max(i, this.#paths[next] === after ? next + 1 : next);
    }
    while (found.length < limit && this.#paths[i]?.startsWith(prefix)) found.push(this.#paths[i++]!);
    return found;
  }

  async commit({ checks, writes }: Commit): Promise<CommitOutcome> {
    this.#checkOpen();
    for (const check of checks) checkPath(check.path);
    for (const path of writes.keys()) checkPath(path);
    if (!checks.every((check) => this.#holds(check))) return "conflict";
    const version = String(++this.#commits);
    for (const [path, value] of writes) {
      const known = this.#values.has(path);
      if (value === undefined) {
        if (known) this.#paths.splice(this.#position(path), 1);
        this.#values.delete(path);
      } else {
        if (!known) this.#paths.splice(this.#position(path), 0, path);
        this.#values.set(path, { value: value.slice(), version });
      }
    }
    return { version };
  }

  foreignRevision(): number {
    return 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#values.clear();
    this.#paths.length = 0;
  }

  #holds({ path, version }: Check): boolean {
    return this.#values.get(path)?.version === version;
  }

  /** The index of the first path that does not sort before `path`. */
  #position(path: string): number {
    let low = 0;
    let high = this.#paths.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sortsBefore(this.#paths[middle]!, path)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #checkOpen(): void {
    if (this.#closed) throw new KeystoreError("This keystore in memory was closed; open a new one.");
  }
}

/**
 * Compares by code point, which is the binary order of UTF-8. The built-in `<` compares UTF-16 units and puts a
 * surrogate (a code point from U+10000) before U+E000 to U+FFFF.
 */
function sortsBefore(a: string, b: string): boolean {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const unitA = a.charCodeAt(i);
    const unitB = b.charCodeAt(i);
    if (unitA !== unitB) return codePointRank(unitA) < codePointRank(unitB);
  }
  return a.length < b.length;
}

/** Moves surrogates behind all other UTF-16 units. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
