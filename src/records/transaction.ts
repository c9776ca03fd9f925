/**
 * What `work` gets in its hands: a view of the records that pins each value it gives out until the transaction ends,
 * and that in a write collects what was read (to be checked) and what is to be written.
 */
import { compareBytes } from "../byte-views.ts";
import { KeystoreError } from "../errors.ts";
import { type Check, type Commit, checkLimit } from "../keystore/driver.ts";
import type { Ready } from "./ready.ts";
import type { DecodedRecord } from "./record-cache.ts";
import type { RecordType } from "./record-type.ts";

/** An open store as another one sees it that copies a record from there. */
export interface CopySource {
  /**
   * Lets `use` have the plaintext of a record, which is wiped when it returns; `undefined` if there is none.
   * @throws {KeystoreError} if the record does not open
   */
  expose<T>(type: string, path: string, use: (plaintext: Uint8Array) => T): Promise<T | undefined>;
}

export interface ReadTransaction {
  /**
   * The value belongs to the store and is valid until this transaction ends; copy what must live longer. A read of a
   * cached record is answered at once. Never throws: a failure is a rejected promise.
   */
  get<T>(type: RecordType<T>, path: string): Ready<T | undefined>;
  /** Paths that start with `prefix` and sort after `after` (binary order of their UTF-8), at most `limit` of them. */
  list(prefix: string, after: string | undefined, limit: number): Promise<readonly string[]>;
}

/** Its own puts and removes are seen by its `get` and `list`. A path that is written without a `get` is overwritten. */
export interface Transaction extends ReadTransaction {
  /** Seals the value at once: the caller may then wipe its own secrets, and a later change of it has no effect. */
  put<T>(type: RecordType<T>, path: string, value: T): void;
  /**
   * Puts a copy of a record of this store or another one, sealed anew for its place, so that secrets which nobody can
   * read out of their values are copied as well. It is not checked at commit: for records that do not change.
   * @throws {KeystoreError} if there is no such record, or it does not open
   */
  copy<T>(type: RecordType<T>, path: string, from: CopySource, fromPath: string): Promise<void>;
  remove(path: string): void;
}

/** A record on its way into the store, and the same record as a later `get` will see it. */
export interface SealedWrite<T> {
  readonly sealed: Uint8Array;
  readonly record: DecodedRecord<T>;
}

/** What transactions ask of the open store. Records come out pinned once for the asker. */
export interface RecordSource {
  /** A cached record that needs no check. */
  cached<T>(type: RecordType<T>, path: string): DecodedRecord<T> | undefined;
  /** Whether it is known that there is nothing at the path. */
  isAbsent(path: string): boolean;
  /** Asks the driver. @throws {KeystoreError} if the record does not open */
  load<T>(type: RecordType<T>, path: string): Promise<DecodedRecord<T> | undefined>;
  seal<T>(type: RecordType<T>, path: string, value: T): SealedWrite<T>;
  /** Seals what `encode` would have written. The caller wipes it. */
  sealBytes<T>(type: RecordType<T>, path: string, plaintext: Uint8Array): SealedWrite<T>;
  list(prefix: string, after: string | undefined, limit: number): Promise<readonly string[]>;
  checkPath(path: string): void;
}

export class ReadingTransaction implements ReadTransaction {
  readonly #source: RecordSource;
  readonly #pinned: DecodedRecord[] = [];
  #ended = false;

  constructor(source: RecordSource) {
    this.#source = source;
  }

  get<T>(type: RecordType<T>, path: string): Ready<T | undefined> {
    if (this.#ended) return Promise.reject(hasEnded());
    const record = this.#source.cached(type, path);
    if (record === undefined) return this.#source.isAbsent(path) ? undefined : this.#load(type, path);
    this.#pinned.push(record);
    return record.value;
  }

  async list(prefix: string, after: string | undefined, limit: number): Promise<readonly string[]> {
    if (this.#ended) throw hasEnded();
    return this.#source.list(prefix, after, limit);
  }

  end(): void {
    this.#ended = true;
    for (const record of this.#pinned) record.unpin();
    this.#pinned.length = 0;
  }

  async #load<T>(type: RecordType<T>, path: string): Promise<T | undefined> {
    const record = await this.#source.load(type, path);
    if (record === undefined) return undefined;
    if (this.#ended) {
      record.unpin();
      throw hasEnded();
    }
    this.#pinned.push(record);
    return record.value;
  }
}

/** What is at a path: the record with its version, or nothing. */
interface Seen {
  readonly record: DecodedRecord | undefined;
}

interface Written extends Seen {
  /** `undefined` removes the path. */
  readonly sealed: Uint8Array | undefined;
}

const LIST_PAGE = 256;

export class WritingTransaction implements Transaction {
  readonly #source: RecordSource;
  readonly #pinned: DecodedRecord[] = [];
  readonly #seen = new Map<string, Seen>();
  readonly #written = new Map<string, Written>();
  #ended = false;

  constructor(source: RecordSource) {
    this.#source = source;
  }

  /** What this transaction writes, by path. */
  get written(): ReadonlyMap<string, Written> {
    return this.#written;
  }

  async get<T>(type: RecordType<T>, path: string): Promise<T | undefined> {
    this.#checkRunning();
    const known = this.#written.get(path) ?? this.#seen.get(path);
    if (known !== undefined) return contentOf(type, path, known);
    const record = this.#source.cached(type, path) ?? (await this.#source.load(type, path));
    if (record !== undefined) this.#pinned.push(record);
    if (this.#ended) this.#release();
    this.#checkRunning();
    // A put or another get of the same path may have been faster; what was seen first is what gets checked.
    if (!this.#seen.has(path)) this.#seen.set(path, { record });
    return contentOf(type, path, this.#written.get(path) ?? this.#seen.get(path)!);
  }

  async list(prefix: string, after: string | undefined, limit: number): Promise<readonly string[]> {
    this.#checkRunning();
    if (this.#written.size === 0) return this.#source.list(prefix, after, limit);
    checkLimit(limit);
    const paths: string[] = [];
    let last = after;
    // Removed paths leave gaps, so the store may be asked more than once.
    for (let full = true; full && paths.length < limit; ) {
      const page = await this.#source.list(prefix, last, LIST_PAGE);
      paths.push(...page.filter((path) => !this.#written.has(path)));
      full = page.length === LIST_PAGE;
      last = page.at(-1);
    }
    const own = [...this.#written].filter(([path, { sealed }]) => sealed !== undefined && path.startsWith(prefix));
    paths.push(...own.map(([path]) => path).filter((path) => after === undefined || compareUtf8(path, after) > 0));
    return paths.sort(compareUtf8).slice(0, limit);
  }

  put<T>(type: RecordType<T>, path: string, value: T): void {
    this.#checkRunning();
    this.#add(path, this.#source.seal(type, path, value));
  }

  async copy<T>(type: RecordType<T>, path: string, from: CopySource, fromPath: string): Promise<void> {
    this.#checkRunning();
    const write = await from.expose(type.name, fromPath, (bytes) => this.#source.sealBytes(type, path, bytes));
    if (write === undefined) throw new KeystoreError(`There is no record "${fromPath}" that could be copied.`);
    this.#add(path, write);
    if (this.#ended) this.#release();
    this.#checkRunning();
  }

  #add<T>(path: string, write: SealedWrite<T>): void {
    this.#pinned.push(write.record);
    this.#written.set(path, write);
  }

  remove(path: string): void {
    this.#checkRunning();
    this.#source.checkPath(path);
    this.#written.set(path, { sealed: undefined, record: undefined });
  }

  /** Everything read is to be as it was seen, and everything written is to land, at the paths that `at` gives. */
  commit(at: (path: string) => string): Commit {
    const checks: Check[] = [];
    for (const [path, { record }] of this.#seen) checks.push({ path: at(path), version: record?.version });
    const writes = new Map<string, Uint8Array | undefined>();
    for (const [path, { sealed }] of this.#written) writes.set(at(path), sealed);
    return { checks, writes };
  }

  end(): void {
    this.#ended = true;
    this.#release();
  }

  #release(): void {
    for (const record of this.#pinned) record.unpin();
    this.#pinned.length = 0;
  }

  #checkRunning(): void {
    if (this.#ended) throw hasEnded();
  }
}

function contentOf<T>(type: RecordType<T>, path: string, { record }: Seen): T | undefined {
  if (record === undefined) return undefined;
  if (record.type !== type) throw new TypeError(`The record "${path}" is a ${record.type.name}, not a ${type.name}.`);
  return record.value as T;
}

function hasEnded(): TypeError {
  return new TypeError("This transaction has ended; use it only inside of its own work.");
}

const encoder = new TextEncoder();

function compareUtf8(a: string, b: string): number {
  return compareBytes(encoder.encode(a), encoder.encode(b));
}
