/**
 * All that a storage backend implements. Values are sealed bytes: a driver never sees a key, only paths and
 * ciphertext. The contract test (test/keystore) is the specification.
 */

export interface StoredValue {
  readonly value: Uint8Array;
  /** Changes with every write of this path, and is never used again for another content of it. */
  readonly version: string;
}

export interface Check {
  readonly path: string;
  /** The version that the path must still have, or `undefined` if it must not exist. */
  readonly version: string | undefined;
}

export interface Commit {
  readonly checks: readonly Check[];
  /** `undefined` deletes the path. */
  readonly writes: ReadonlyMap<string, Uint8Array | undefined>;
}

/**
 * What became of a commit: nothing ("conflict": a check did not hold), or all of it. `version` is the one that every
 * path written by this commit has now. Only the driver can tell it without a race: who read it afterwards might
 * already see the next writer's.
 */
export type CommitOutcome = "conflict" | { readonly version: string };

/** Every method refuses a path that `checkPath` refuses, and rejects with a KeystoreError after `close`. */
export interface KeyStoreDriver {
  get(path: string): Promise<StoredValue | undefined>;
  /** Paths that start with `prefix` and sort after `after` (binary order of their UTF-8), at most `limit` of them. */
  list(prefix: string, after: string | undefined, limit: number): Promise<readonly string[]>;
  /** All checks hold and all writes land, or nothing does ("conflict"). Durable before it resolves. */
  commit(commit: Commit): Promise<CommitOutcome>;
  /**
   * A number that has changed if anybody but this driver may have committed since it was last asked; asked before
   * every request, so that decoded records can be cached and are never stale. Constant where there is nobody else.
   */
  foreignRevision(): number;
  /** Idempotent. */
  close(): Promise<void>;
}

const PATH_LENGTH_MAX = 1024;

/**
 * Refuses what a backend could not keep apart: the empty path, one of more than 1024 UTF-16 units, and lone
 * surrogates, which UTF-8 would map to one and the same character.
 * @throws {TypeError}
 */
export function checkPath(path: string): void {
  if (path.length === 0 || path.length > PATH_LENGTH_MAX || !path.isWellFormed()) {
    throw new TypeError(`A keystore path is 1 to ${PATH_LENGTH_MAX} characters of well-formed Unicode.`);
  }
}

/** @throws {RangeError} if `limit` is not a whole number of at least 0 */
export function checkLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 0) throw new RangeError("The limit of a list is a whole number from 0.");
}
