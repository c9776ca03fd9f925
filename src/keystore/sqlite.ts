/**
 * A keystore in one SQLite file (libsql's synchronous API), which several processes of one machine may use at once.
 *
 * Durability: WAL journal with synchronous=FULL, so a commit has been fsynced before it resolves and a kill or a power
 * cut leaves all of it or nothing. Every commit is one BEGIN IMMEDIATE that checks versions, then writes. Versions come
 * from a counter in the file that only grows. Deleted contents are overwritten (secure_delete) when the WAL is
 * checkpointed. The file and its -wal and -shm are 0600; looser ones are refused on POSIX.
 *
 * Time: calls are synchronous inside; a commit may block this thread for the busy timeout while another process writes.
 * Opening reads the whole file once to check its structure. Format: application_id "WKMS", user_version 1,
 * record(path UTF-8, value, version), sequence(last). Each path is in the table and in its index, so that a damaged one
 * is found when the two are compared, and no record is silently lost.
 *
 * The main file is never opened through node:fs once it exists: closing any descriptor of it would drop the POSIX
 * locks that SQLite holds for this process (sqlite.org/howtocorrupt.html, section 2.2).
 */
import { closeSync, fsyncSync, lstatSync, openSync, type Stats, statSync } from "node:fs";
import { platform } from "node:os";
import { dirname, resolve } from "node:path";
import { KeystoreError } from "../errors.ts";
import {
  type Commit,
  type CommitOutcome,
  checkLimit,
  checkPath,
  type KeyStoreDriver,
  type StoredValue,
} from "./driver.ts";
import { Connection, codeOf, damaged } from "./sqlite-connection.ts";
import { makeFolders } from "./sqlite-folder.ts";

const APPLICATION_ID = 0x574b4d53;
const FORMAT_VERSION = 1;

const SCHEMA = `
  CREATE TABLE record (path BLOB NOT NULL UNIQUE, value BLOB NOT NULL, version INTEGER NOT NULL) STRICT;
  CREATE TABLE sequence (id INTEGER PRIMARY KEY CHECK (id = 1), last INTEGER NOT NULL) STRICT;
  INSERT INTO sequence VALUES (1, 0);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${FORMAT_VERSION};`;

export interface SqliteKeystoreOptions {
  /** The file; it is created, with its folder, where it does not exist. */
  readonly path: string;
  /** How long a commit waits for another process that is writing. Default: 5000. */
  readonly busyTimeoutMs?: number;
  /**
   * Whether this process alone may use the file: it is locked until `close`, and every other one is refused. Requests
   * are then faster, because nobody has to be asked whether another process has written. Default: false.
   */
  readonly exclusive?: boolean;
}

/**
 * Opens or creates a keystore file.
 * @throws {KeystoreError} if the file is another program's, of a newer format, damaged, or open to other users
 */
export function sqliteKeystore({
  path,
  busyTimeoutMs = 5000,
  exclusive = false,
}: SqliteKeystoreOptions): KeyStoreDriver {
  // An absolute path, because libsql takes "libsql://host" for a server to connect to.
  const file = resolve(path);
  prepareFile(file);
  const connection = new Connection(file, busyTimeoutMs);
  try {
    initialize(connection, exclusive);
    return new SqliteKeystore(connection, exclusive);
  } catch (error) {
    connection.abandon();
    throw error;
  }
}

class SqliteKeystore implements KeyStoreDriver {
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  readonly #select;
  readonly #selectPaths;
  readonly #selectVersion;
  readonly #advance;
  readonly #upsert;
  readonly #delete;
  readonly #dataVersion;

  constructor(
    private readonly connection: Connection,
    private readonly exclusive: boolean,
  ) {
    this.#select = connection.query<[Uint8Array, number]>("SELECT value, version FROM record WHERE path = ?");
    this.#selectPaths = connection.query<[Uint8Array]>(
      "SELECT path FROM record WHERE path >= ? AND path < ? ORDER BY path LIMIT ?",
    );
    this.#selectVersion = connection.query<[number]>("SELECT version FROM record WHERE path = ?");
    this.#advance = connection.query<[number]>("UPDATE sequence SET last = last + 1 RETURNING last");
    this.#upsert = connection.statement(
      "INSERT INTO record (path, value, version) VALUES (?, ?, ?) " +
        "ON CONFLICT (path) DO UPDATE SET value = excluded.value, version = excluded.version",
    );
    this.#delete = connection.statement("DELETE FROM record WHERE path = ?");
    this.#dataVersion = connection.query<[number]>("PRAGMA data_version");
  }

  async get(path: string): Promise<StoredValue | undefined> {
    checkPath(path);
    const row = this.#select.first(this.#encoder.encode(path));
    if (row === undefined) return undefined;
    const [value, version] = row;
    // A plain view: the slice() of the Buffer that libsql returns would share its memory.
    return { value: new Uint8Array(value.buffer, value.byteOffset, value.length), version: String(version) };
  }

  async list(prefix: string, after: string | undefined, limit: number): Promise<readonly string[]> {
    checkLimit(limit);
    const start = this.#encoder.encode(prefix);
    // The byte 0xFF is in no UTF-8, so nothing that starts with the prefix sorts behind this end.
    const end = Uint8Array.from([...start, 0xff]);
    const next = after === undefined ? start : Uint8Array.from([...this.#encoder.encode(after), 0]);
    const from = Buffer.compare(next, start) > 0 ? next : start;
    return this.#selectPaths.all(from, end, limit).map(([path]) => this.#decoder.decode(path));
  }

  async commit({ checks, writes }: Commit): Promise<CommitOutcome> {
    for (const { path } of checks) checkPath(path);
    for (const path of writes.keys()) checkPath(path);
    return this.connection.transact((): CommitOutcome => {
      for (const { path, version } of checks) {
        const current = this.#selectVersion.first(this.#encoder.encode(path))?.[0];
        if ((current === undefined ? undefined : String(current)) !== version) return "conflict";
      }
      const version = this.#advance.first()![0];
      for (const [path, value] of writes) {
        const key = this.#encoder.encode(path);
        if (value === undefined) this.#delete.run(key);
        else this.#upsert.run(key, value, version);
      }
      return { version: String(version) };
    });
  }

  foreignRevision(): number {
    return this.exclusive ? 0 : this.#dataVersion.first()![0];
  }

  async close(): Promise<void> {
    this.connection.close();
  }
}

/** Sets the connection up, and creates the tables in an empty file; a file of anybody else stays as it is. */
function initialize(connection: Connection, exclusive: boolean): void {
  checkFormat(connection);
  switchToWal(connection);
  connection.execute(
    "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;",
  );
  connection.transact(() => {
    if (checkFormat(connection) === "empty") connection.execute(SCHEMA);
  });
  checkContents(connection);
  if (!exclusive) return;
  connection.execute("PRAGMA locking_mode = EXCLUSIVE");
  // The lock of this transaction is kept from here on.
  connection.transact(() => connection.execute("UPDATE sequence SET last = last"));
}

function checkContents(connection: Connection): void {
  const finding = connection.query<[string]>("PRAGMA integrity_check(1)").first()?.[0];
  if (finding !== "ok") throw new KeystoreError(`${damaged(connection.file)} SQLite reports: ${finding}`);
  // A counter that was set back would give versions again that were given before.
  const counts = connection.query<[number]>(
    "SELECT (SELECT last FROM sequence) >= (SELECT coalesce(max(version), 0) FROM record)",
  );
  if (counts.first()?.[0] !== 1)
    throw new KeystoreError(`${damaged(connection.file)} Its counter is behind its records.`);
}

function checkFormat(connection: Connection): "empty" | "ours" {
  const { file } = connection;
  const number = (sql: string): number => connection.query<[number]>(sql).first()![0];
  const application = number("PRAGMA application_id");
  const format = number("PRAGMA user_version");
  if (application === 0 && format === 0 && number("SELECT count(*) FROM sqlite_schema") === 0) return "empty";
  if (application !== APPLICATION_ID) {
    throw new KeystoreError(`${file} is a SQLite file of another program, not a keystore; name another file.`);
  }
  if (format !== FORMAT_VERSION) {
    throw new KeystoreError(
      `The keystore ${file} has format ${format}, and this version of wasm-kms reads format ${FORMAT_VERSION}; ` +
        "open it with the version that wrote it.",
    );
  }
  return "ours";
}

/** The change of journal does not wait by itself for another process that makes the same change. */
function switchToWal(connection: Connection): void {
  const waitMs = 10;
  const mode = connection.query<[string]>("PRAGMA journal_mode = WAL");
  for (let waitedMs = 0; ; waitedMs += waitMs) {
    try {
      const journal = mode.first()?.[0];
      if (journal === "wal") return;
      throw new KeystoreError(`The keystore ${connection.file} is on a file system without WAL (SQLite: ${journal}).`);
    } catch (error) {
      if (codeOf((error as Error).cause) !== "SQLITE_BUSY" || waitedMs >= connection.busyTimeoutMs) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs);
    }
  }
}

/** Creates the file (0600) and its folder (0700), or refuses a file that other users could read or change. */
function prepareFile(file: string): void {
  const folder = dirname(file);
  try {
    if (statusOf(file) === undefined) {
      makeFolders(folder, 0o700);
      create(file);
    }
    checkFolder(folder);
    for (const part of [file, `${file}-wal`, `${file}-shm`]) checkFile(part);
  } catch (error) {
    if (error instanceof KeystoreError) throw error;
    throw new KeystoreError(`The keystore ${file} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}

function create(file: string): void {
  try {
    closeSync(openSync(file, "wx", 0o600));
  } catch (error) {
    // Another process made it in the same moment: its file is checked like any other.
    if (codeOf(error) === "EEXIST") return;
    throw error;
  }
  if (platform() === "win32") return;
  const folder = openSync(dirname(file), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function checkFile(file: string): void {
  const status = statusOf(file);
  if (status === undefined) return;
  if (!status.isFile()) {
    throw new KeystoreError(`${file} is not a regular file; a keystore is not opened through a link or a device.`);
  }
  if (platform() !== "win32" && (status.mode & 0o077) !== 0) {
    const mode = octal(status);
    throw new KeystoreError(`${file} can be read or changed by other users (mode ${mode}); run: chmod 600 ${file}`);
  }
}

function checkFolder(folder: string): void {
  const status = statSync(folder);
  // In a folder with the sticky bit, like /tmp, other users cannot replace a file of ours.
  if (platform() !== "win32" && (status.mode & 0o1002) === 0o0002) {
    throw new KeystoreError(
      `Any user can replace files in ${folder} (mode ${octal(status)}); run: chmod o-w ${folder}`,
    );
  }
}

function octal(status: Stats): string {
  return (status.mode & 0o7777).toString(8).padStart(4, "0");
}

/** The status of a file itself, not of what a link points to. */
function statusOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
