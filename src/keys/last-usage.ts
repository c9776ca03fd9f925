/**
 * When each key was last used for cryptography.
 *
 *   <realm>/last-usage/<key id>   Usage
 *
 * A usage is noted in memory and written later, so that no Encrypt waits for a commit: a few with each write of another
 * request, the rest when the service closes, and all of them once so many keys wait. Within one process the answer is
 * exact. What is promised beyond it is less: a process that dies loses the usages it had not written, and another
 * process sees them only then. A key's last usage may therefore be reported too early, never too late.
 */
import { KeystoreError } from "../errors.ts";
import { jsonRecord } from "../records/json-record.ts";
import type { ReadTransaction, Transaction } from "../records/record-store.ts";
import type { Keys } from "./keys.ts";

/** Keys whose usages one write takes along. */
const WRITTEN_AT_ONCE = 32;
/** Keys that may wait; then they are written. */
const MAX_WAITING = 4096;

export interface Usage {
  readonly operation: UsingOperation;
  readonly atMs: number;
  readonly requestId: string;
}

export type UsingOperation =
  | "Decrypt"
  | "DeriveSharedSecret"
  | "Encrypt"
  | "GenerateDataKey"
  | "GenerateDataKeyPair"
  | "GenerateDataKeyPairWithoutPlaintext"
  | "GenerateDataKeyWithoutPlaintext"
  | "GenerateMac"
  | "ReEncrypt"
  | "Sign"
  | "Verify"
  | "VerifyMac"
  | "Encapsulate"
  | "Decapsulate";

/** What a transaction has written, to be settled once it is committed. */
export type WrittenUsages = readonly (readonly [keyId: string, usage: Usage])[];

const usageRecord = jsonRecord<Usage>("last-usage");

export class LastUsage {
  readonly #folder: string;
  readonly #keys: Keys;
  readonly #waiting = new Map<string, Usage>();

  constructor(folder: string, keys: Keys) {
    this.#folder = folder;
    this.#keys = keys;
  }

  /** Whether so many keys wait that they should be written now. */
  get isFull(): boolean {
    return this.#waiting.size >= MAX_WAITING;
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Notes a use that has succeeded. */
  note(keyId: string, usage: Usage): void {
    // Only where they cannot be written: what is oldest goes.
    if (this.isFull && !this.#waiting.has(keyId)) this.#waiting.delete(this.#waiting.keys().next().value!);
    this.#waiting.set(keyId, usage);
  }

  async find(tx: ReadTransaction, keyId: string): Promise<Usage | undefined> {
    return later(this.#waiting.get(keyId), await tx.get(usageRecord, this.#path(keyId)));
  }

  /** Writes some of what waits, along with what else the transaction does. */
  async writeSome(tx: Transaction): Promise<WrittenUsages> {
    return this.#write(tx, [...this.#waiting].slice(0, WRITTEN_AT_ONCE));
  }

  /** Writes all that waits. */
  async writeAll(tx: Transaction): Promise<WrittenUsages> {
    return this.#write(tx, [...this.#waiting]);
  }

  /** What was written waits no longer, unless the key has been used again since. */
  settle(written: WrittenUsages): void {
    for (const [keyId, usage] of written) if (this.#waiting.get(keyId) === usage) this.#waiting.delete(keyId);
  }

  /** Forgets a key that is gone. */
  forgetKey(tx: Transaction, keyId: string): void {
    tx.remove(this.#path(keyId));
  }

  async #write(tx: Transaction, usages: WrittenUsages): Promise<WrittenUsages> {
    for (const [keyId, usage] of usages) {
      try {
        // A key that is gone leaves nothing behind.
        if ((await this.#keys.find(tx, keyId)) === undefined) continue;
        // Another process may have written a later use.
        const known = await tx.get(usageRecord, this.#path(keyId));
        if (later(usage, known) === usage) tx.put(usageRecord, this.#path(keyId), usage);
      } catch (error) {
        // A record that does not open must not stand in the way of the request that takes the usages along.
        if (!(error instanceof KeystoreError)) throw error;
      }
    }
    return usages;
  }

  #path(keyId: string): string {
    return `${this.#folder}/last-usage/${keyId}`;
  }
}

function later(a: Usage | undefined, b: Usage | undefined): Usage | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.atMs >= b.atMs ? a : b;
}
