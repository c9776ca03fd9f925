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

export interface KeyStoreDriver {
  get(path: string): Promise<StoredValue | undefined>;
  /** Paths that start with `prefix` and sort after `after` (binary order of their UTF-8), at most `limit` of them. */
  list(prefix: string, after: string | undefined, limit: number): Promise<readonly string[]>;
  /** All checks hold and all writes land, or nothing does ("conflict"). Durable before it resolves. */
  commit(commit: Commit): Promise<"committed" | "conflict">;
  /**
   * A number that has changed if anybody but this driver may have committed since it was last asked; asked before
   * every request, so that decoded records can be cached and are never stale. Constant where there is nobody else.
   */
  foreignRevision(): number;
  close(): Promise<void>;
}
