/**
 * Typed records over a keystore: sealed on their way in, unsealed and cached on their way out, written one transaction
 * at a time.
 *
 * Promises. A write lands whole or not at all, and only if everything that it read is still so. A read never sees
 * content that is older than its own start, whoever wrote it: before each transaction the driver is asked for its
 * foreign revision, and after a change every cached record is checked by version before it is used again. A read is
 * not a snapshot: each `get` sees the newest committed content; and what a `list` saw is not checked at commit.
 * Plaintext bytes are wiped as soon as they are decoded or sealed. A decoded value is disposed of when it has left the
 * cache and no running transaction holds it. A `get` of a cached record, and of a path that is known to be empty, costs a few map lookups and waits for nothing.
 */
import type { Engine } from "../crypto/engine.ts";
import type { Clock, Random } from "../env.ts";
import { KeystoreError } from "../errors.ts";
import { type CommitOutcome, checkPath, type KeyStoreDriver } from "../keystore/driver.ts";
import { type Keyring, openKeyring } from "./data-key.ts";
import type { Ready } from "./ready.ts";
import { DecodedRecord, RecordCache } from "./record-cache.ts";
import type { RecordType } from "./record-type.ts";
import type { RootKey } from "./root-key.ts";
import { sealRecord, termOf, unsealRecord } from "./sealed-record.ts";
import {
  type CopySource,
  ReadingTransaction,
  type ReadTransaction,
  type RecordSource,
  type SealedWrite,
  type Transaction,
  WritingTransaction,
} from "./transaction.ts";

export type { RecordType } from "./record-type.ts";
export type { ReadTransaction, Transaction } from "./transaction.ts";

export interface Records extends CopySource {
  /** Answers at once where `work` does. Never throws: a failure is a rejected promise. */
  read<T>(work: (tx: ReadTransaction) => Ready<T>): Ready<T>;
  /**
   * Runs `work`, then commits what it wrote, one transaction at a time. If another process was faster, `work` runs
   * again on fresh records, so it must have no effect outside of `tx`. If it throws, nothing is written. It must not
   * wait for another `write` of the same store, which would wait for this one.
   * @throws {KeystoreError} if another process was faster every time, or the keystore failed
   */
  write<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Lets running transactions end, refuses new ones, wipes everything and closes the driver. Idempotent. */
  close(): Promise<void>;
}

export interface RecordsOptions {
  /** Used by nobody else until `close`, which closes it; a failure to open leaves it open. */
  readonly driver: KeyStoreDriver;
  /** Destroyed by `close`, and by a failure to open. */
  readonly rootKey: RootKey;
  readonly crypto: Engine;
  readonly random: Random;
  /** Dates the data keys. */
  readonly clock?: Clock;
}

/** Keeps records apart from the header of the store, whatever their paths. */
const RECORD_PREFIX = "record/";

/** Paths that are known to be empty; when there are more, all of them are forgotten. */
const MAX_ABSENT_PATHS = 8192;
const WRITE_TRIES = 64;
/** From here on a write that lost to another process waits a moment, so that not the faster one wins every time. */
const EAGER_TRIES = 4;
const PAUSE_MAX_MS = 32;

const driversInUse = new WeakSet<KeyStoreDriver>();

/**
 * Opens a store, and makes it if the keystore is empty.
 * @throws {KeystoreError} if the root key is not the store's, or the header is missing or damaged
 */
export async function openRecords(options: RecordsOptions): Promise<Records> {
  const { driver, rootKey } = options;
  if (driversInUse.has(driver)) {
    rootKey.destroy();
    // To its driver a commit of the one is not foreign to the other, so their caches would go stale.
    throw new KeystoreError("This keystore object is in use already; give every service one of its own.");
  }
  driversInUse.add(driver);
  try {
    return new SealedRecords(options, await openKeyring(options));
  } catch (error) {
    driversInUse.delete(driver);
    rootKey.destroy();
    throw error;
  }
}

class SealedRecords implements Records, RecordSource {
  readonly #driver: KeyStoreDriver;
  readonly #rootKey: RootKey;
  readonly #random: Random;
  readonly #keyring: Keyring;
  readonly #cache = new RecordCache();
  readonly #types = new Map<string, RecordType<unknown>>();
  /** Paths at which nothing was found, each with the epoch up to which that is known. */
  readonly #absent = new Map<string, number>();
  /** Advances when cached records have to be checked by version before they are used again. */
  #epoch = 0;
  #foreignRevision: number;
  /** Counts local commits, so that what was loaded across one of them is not cached. */
  #commits = 0;
  #queue: Promise<unknown> = Promise.resolve();
  #running = 0;
  #closed: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor({ driver, rootKey, random }: RecordsOptions, keyring: Keyring) {
    this.#driver = driver;
    this.#rootKey = rootKey;
    this.#random = random;
    this.#keyring = keyring;
    this.#foreignRevision = driver.foreignRevision();
  }

  read<T>(work: (tx: ReadTransaction) => Ready<T>): Ready<T> {
    if (this.#closed !== undefined) return Promise.reject(isClosed());
    this.#running++;
    const tx = new ReadingTransaction(this);
    let result: Ready<T>;
    try {
      this.#noticeForeignCommits();
      result = work(tx);
    } catch (error) {
      this.#end(tx);
      return Promise.reject(error);
    }
    if (result instanceof Promise) return this.#endLater(tx, result);
    this.#end(tx);
    return result;
  }

  async write<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    if (this.#closed !== undefined) throw isClosed();
    this.#running++;
    const turn = this.#queue.then(() => this.#writeInTurn(work));
    this.#queue = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#leave();
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeWhenIdle();
    return this.#closed;
  }

  cached<T>(type: RecordType<T>, path: string): DecodedRecord<T> | undefined {
    const record = this.#cache.find(type, path);
    if (record === undefined || record.epoch !== this.#epoch) return undefined;
    record.used = true;
    record.pin();
    return record;
  }

  isAbsent(path: string): boolean {
    return this.#absent.get(path) === this.#epoch;
  }

  async load<T>(type: RecordType<T>, path: string): Promise<DecodedRecord<T> | undefined> {
    this.#register(type);
    this.checkPath(path);
    const epoch = this.#epoch;
    const commits = this.#commits;
    const stored = await this.#driver.get(RECORD_PREFIX + path);
    const held = this.#cache.find(type, path);
    if (stored !== undefined && held?.version === stored.version) {
      held.epoch = Math.max(held.epoch, epoch);
      held.pin();
      return held;
    }
    const latest = commits === this.#commits && (held === undefined || held.epoch < epoch);
    if (stored === undefined) {
      if (latest) this.#cache.remove(path);
      if (commits === this.#commits) this.#rememberAbsence(path, epoch);
      return undefined;
    }
    const record = this.#unseal(type, path, stored.value);
    record.version = stored.version;
    record.epoch = epoch;
    record.pin();
    if (latest) this.#cache.insert(path, record);
    return record;
  }

  seal<T>(type: RecordType<T>, path: string, value: T): SealedWrite<T> {
    const plaintext = type.encode(value);
    try {
      return this.sealBytes(type, path, plaintext);
    } finally {
      plaintext.fill(0);
    }
  }

  sealBytes<T>(type: RecordType<T>, path: string, plaintext: Uint8Array): SealedWrite<T> {
    this.#register(type);
    this.checkPath(path);
    const place = { storeId: this.#keyring.storeId, type: type.name, path };
    const sealed = sealRecord(this.#keyring.newest, place, plaintext, this.#random);
    // A copy of our own, because the caller may wipe its value, and a `get` must see what a restart would see.
    const record = new DecodedRecord(type, type.decode(plaintext));
    record.pin();
    return { sealed, record };
  }

  async expose<T>(type: string, path: string, use: (plaintext: Uint8Array) => T): Promise<T | undefined> {
    if (this.#closed !== undefined) throw isClosed();
    this.#running++;
    try {
      this.checkPath(path);
      const stored = await this.#driver.get(RECORD_PREFIX + path);
      if (stored === undefined) return undefined;
      const plaintext = this.#plaintextOf(type, path, stored.value);
      try {
        return use(plaintext);
      } finally {
        plaintext.fill(0);
      }
    } finally {
      this.#leave();
    }
  }

  async list(prefix: string, after: string | undefined, limit: number): Promise<readonly string[]> {
    const afterPath = after === undefined ? undefined : RECORD_PREFIX + after;
    const paths = await this.#driver.list(RECORD_PREFIX + prefix, afterPath, limit);
    return paths.map((path) => path.slice(RECORD_PREFIX.length));
  }

  checkPath(path: string): void {
    if (path === "") throw new TypeError("The path of a record is not empty.");
    checkPath(RECORD_PREFIX + path);
  }

  async #writeInTurn<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    for (let tries = 1; tries <= WRITE_TRIES; tries++) {
      const tx = new WritingTransaction(this);
      try {
        this.#noticeForeignCommits();
        const result = await work(tx);
        if (tx.written.size === 0 || (await this.#commit(tx))) return result;
      } finally {
        tx.end();
      }
      this.#epoch++;
      if (tries >= EAGER_TRIES) await this.#pause(tries);
    }
    throw new KeystoreError(
      `Other processes changed the same records ${WRITE_TRIES} times in a row, each time just before this write; ` +
        "nothing was written. Try again when they are less busy.",
    );
  }

  async #commit(tx: WritingTransaction): Promise<boolean> {
    const epoch = this.#epoch;
    let outcome: CommitOutcome;
    try {
      outcome = await this.#driver.commit(tx.commit((path) => RECORD_PREFIX + path));
    } catch (error) {
      // Whether it landed is not known, so nothing that it wrote is taken from the cache any more.
      this.#commits++;
      for (const path of tx.written.keys()) this.#forget(path);
      throw error;
    }
    if (outcome === "conflict") return false;
    this.#commits++;
    for (const [path, { record }] of tx.written) {
      this.#forget(path);
      if (record === undefined) continue;
      record.version = outcome.version;
      record.epoch = epoch;
      this.#cache.insert(path, record);
    }
    return true;
  }

  #forget(path: string): void {
    this.#cache.remove(path);
    this.#absent.delete(path);
  }

  #rememberAbsence(path: string, epoch: number): void {
    if (this.#absent.size >= MAX_ABSENT_PATHS) this.#absent.clear();
    this.#absent.set(path, epoch);
  }

  #unseal<T>(type: RecordType<T>, path: string, sealed: Uint8Array): DecodedRecord<T> {
    const plaintext = this.#plaintextOf(type.name, path, sealed);
    try {
      return new DecodedRecord(type, type.decode(plaintext));
    } catch (error) {
      throw new KeystoreError(
        `The record "${path}" of this keystore is authentic, but this version of wasm-kms cannot read it; open it ` +
          "with the version that wrote it.",
        { cause: error },
      );
    } finally {
      plaintext.fill(0);
    }
  }

  #plaintextOf(type: string, path: string, sealed: Uint8Array): Uint8Array {
    const key = this.#keyring.get(termOf(sealed) ?? 0);
    const plaintext = key && unsealRecord(key, { storeId: this.#keyring.storeId, type, path }, sealed);
    if (plaintext !== undefined) return plaintext;
    throw new KeystoreError(
      `The record "${path}" of this keystore does not open: it was changed, damaged, or moved here from another ` +
        "place or keystore. Restore the keystore from a backup.",
    );
  }

  #register<T>(type: RecordType<T>): void {
    const known = this.#types.get(type.name);
    if (known === undefined) this.#types.set(type.name, type as RecordType<unknown>);
    else if (known !== type) throw new TypeError(`Two record types are named "${type.name}"; rename one.`);
  }

  #noticeForeignCommits(): void {
    const revision = this.#driver.foreignRevision();
    if (revision === this.#foreignRevision) return;
    this.#foreignRevision = revision;
    this.#epoch++;
  }

  async #pause(tries: number): Promise<void> {
    const draw = new Uint8Array(1);
    this.#random.fill(draw);
    const pauseMs = (draw[0]! / 256) * Math.min(2 ** tries, PAUSE_MAX_MS);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }

  async #endLater<T>(tx: ReadingTransaction, result: Promise<T>): Promise<T> {
    try {
      return await result;
    } finally {
      this.#end(tx);
    }
  }

  #end(tx: ReadingTransaction): void {
    tx.end();
    this.#leave();
  }

  #leave(): void {
    this.#running--;
    if (this.#running === 0) this.#onIdle?.();
  }

  async #closeWhenIdle(): Promise<void> {
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    this.#cache.clear();
    this.#absent.clear();
    this.#keyring.destroy();
    this.#rootKey.destroy();
    driversInUse.delete(this.#driver);
    await this.#driver.close();
  }
}

function isClosed(): KeystoreError {
  return new KeystoreError("This keystore was closed; open it again.");
}
