/**
 * The one wrapper around libsql's synchronous API, whose traps stay in here: binds are arrays and rows are raw, because
 * other forms carry extra members; statements cannot be finalized, so a closed file lives until they are collected.
 */
import Database from "libsql";
import { KeystoreError } from "../errors.ts";

const CLOSING = `
  PRAGMA journal_mode = DELETE;
  PRAGMA locking_mode = NORMAL;
  SELECT count(*) FROM sqlite_schema;`;

type Value = Uint8Array | number | string;

/** An open file. Every failure is a KeystoreError that names the file and says what to do. */
export class Connection {
  readonly #database: Database.Database;
  #state: "open" | "closed" | "broken" = "open";

  constructor(
    readonly file: string,
    readonly busyTimeoutMs: number,
  ) {
    this.#database = this.#explained(() => new Database(file, { timeout: busyTimeoutMs }));
  }

  query<Row extends readonly Value[]>(sql: string) {
    const statement = this.#explained(() => this.#database.prepare<Value[][]>(sql).raw());
    return {
      first: (...binds: Value[]): Row | undefined => this.#explained(() => statement.get(binds) as Row | undefined),
      all: (...binds: Value[]): Row[] => this.#explained(() => statement.all(binds) as Row[]),
    };
  }

  statement(sql: string) {
    const statement = this.#explained(() => this.#database.prepare<Value[][]>(sql));
    return { run: (...binds: Value[]): void => void this.#explained(() => statement.run(binds)) };
  }

  execute(sql: string): void {
    this.#explained(() => this.#database.exec(sql));
  }

  /** Runs `work` in one write transaction: all of it lands, durably, or (if it throws) nothing. */
  transact<T>(work: () => T): T {
    this.execute("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.execute("COMMIT");
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Lets go of a file that turned out not to be ours, or not to be usable, and leaves it as it is. */
  abandon(): void {
    this.#state = "closed";
    this.#database.close();
  }

  close(): void {
    if (this.#state === "closed") return;
    try {
      // libsql closes the file only when all its statements have been collected. Until then a connection that has left
      // the WAL mode holds no lock, and the file is complete without a -wal beside it.
      if (this.#state === "open") this.#database.exec(CLOSING);
    } catch {
      // Another process has the file open. What was committed is durable in the WAL; the last to close empties it.
    } finally {
      this.#state = "closed";
      this.#database.close();
    }
  }

  #rollBack(): void {
    try {
      // SQLite has already rolled back by itself after some errors (a full disk, for one).
      if (this.#database.inTransaction) this.#database.exec("ROLLBACK");
    } catch {
      // A transaction that cannot be ended would show its uncommitted writes to every later read.
      this.#state = "broken";
    }
  }

  #explained<T>(work: () => T): T {
    if (this.#state === "closed") throw new KeystoreError(`The keystore ${this.file} was closed; open it again.`);
    if (this.#state === "broken") {
      throw new KeystoreError(
        `The keystore ${this.file} failed in the middle of a commit; close it and open it again.`,
      );
    }
    try {
      return work();
    } catch (error) {
      throw new KeystoreError(explanation(this.file, this.busyTimeoutMs, error), { cause: error });
    }
  }
}

/** The code of an error of SQLite or of the system, or "". */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : "";
}

export function damaged(file: string): string {
  return `The keystore ${file} is damaged; nothing was read from it. Restore it, with its -wal file, from a backup.`;
}

/** What happened, by SQLite's result code (sqlite.org/rescode.html), and what to do. */
const EXPLANATIONS: readonly (readonly [code: RegExp, explain: (file: string, busyTimeoutMs: number) => string])[] = [
  [
    /^SQLITE_(BUSY|LOCKED)/,
    (file, ms) => `Another process held the keystore ${file} for more than ${ms} ms; try again.`,
  ],
  [
    /^SQLITE_FULL/,
    (file) => `The disk of the keystore ${file} is full; nothing was written. Free space and try again.`,
  ],
  [
    /^SQLITE_READONLY/,
    (file) => `The keystore ${file} cannot be written; give this process write access to it and its folder.`,
  ],
  [
    /^SQLITE_(CANTOPEN|PERM)/,
    (file) => `The keystore ${file} cannot be opened; check that this process may use it and its folder.`,
  ],
  [
    /^SQLITE_NOTADB/,
    (file) => `${file} is not a keystore (no SQLite file at all); name another file or restore it from a backup.`,
  ],
  [/^SQLITE_CORRUPT/, damaged],
  [
    /^SQLITE_IOERR/,
    (file) => `The disk of the keystore ${file} failed; nothing was half-written. Check the disk, then open it again.`,
  ],
];

function explanation(file: string, busyTimeoutMs: number, error: unknown): string {
  const found = EXPLANATIONS.find(([code]) => code.test(codeOf(error)));
  return found?.[1](file, busyTimeoutMs) ?? `The keystore ${file} failed: ${(error as Error).message}`;
}
