/**
 * The data folder: one keystore and its root key, made on first use. It is, in this order: `--home`, WASM_KMS_HOME,
 * $XDG_DATA_HOME/wasm-kms, ~/.local/share/wasm-kms. The folder is 0700 and its files are 0600; where WASM_KMS_ROOT_KEY
 * holds the root key (base64 of 32 bytes) no root.key is made.
 */
import { lstatSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import type { AuditSource } from "../audit/source.ts";
import { KMS } from "../client/client.ts";
import type { RecipientVerifier } from "../enclaves/recipient.ts";
import { healthChecked } from "../env.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { KeystoreError } from "../errors.ts";
import { createKms, type Kms } from "../index.ts";
import { sqliteKeystore } from "../keystore/sqlite.ts";
import { makeFolders } from "../keystore/sqlite-folder.ts";
import { type CreateEnvelopeOptions, createEnvelope } from "../messages.ts";
import { platform } from "../node.ts";
import type { RootKeySource } from "../records/root-key.ts";
import { rootKeyFromEnv, rootKeyFromFile } from "../root-key-node.ts";
import { explain } from "./explain.ts";
import type { Io } from "./terminal.ts";
import { printable } from "./text.ts";

const ROOT_KEY_VARIABLE = "WASM_KMS_ROOT_KEY";
export const REGION_DEFAULT = "us-east-1";
export const ACCOUNT_DEFAULT = "000000000000";
const ROOT_KEY_FILE = "root.key";
const KEYSTORE_FILE = "keystore.sqlite";
/** Where a server puts its audit trail. */
export const AUDIT_FOLDER = "audit";

export interface HomeOptions {
  readonly env: Io["env"];
  readonly home: string | undefined;
  readonly region: string;
  readonly account: string;
  /** Where the requests of this run are put on record. */
  readonly audit?: AuditSource | undefined;
  /** Whether requests are limited; not at all by default. */
  readonly quotas?: "aws" | "off";
  /** Who verifies enclaves; nobody by default. */
  readonly enclaves?: RecipientVerifier | undefined;
}

/** An open keystore. */
export interface Home {
  readonly folder: string;
  /** What to know where this run has made the keystore; empty where it was there. */
  readonly news: readonly string[];
  readonly kms: KMS;
  /** What `kms` is a client of. */
  readonly service: Kms;
  envelope(options: Omit<CreateEnvelopeOptions, "kms">): Envelope;
  close(): Promise<void>;
}

/** Where the data folder is, or will be. */
export function homeFolder({ env, home }: Pick<HomeOptions, "env" | "home">): string {
  const named = home ?? env.WASM_KMS_HOME;
  if (named) return resolve(named);
  const data = env.XDG_DATA_HOME;
  // The XDG base directory specification says to ignore a relative path.
  return join(data && isAbsolute(data) ? data : join(homedir(), ".local", "share"), "wasm-kms");
}

/**
 * Opens the keystore, or makes it; then stderr is told at once what to keep a copy of, because stdout may be a pipe, and
 * what follows may fail.
 * @throws {KeystoreError} where it cannot be opened
 */
export async function makeHome({ io, ...options }: Omit<HomeOptions, "env"> & { readonly io: Io }): Promise<Home> {
  const home = await openHome({ ...options, env: io.env, create: true });
  for (const line of home.news) io.stderr.write(`${printable(line)}\n`);
  return home;
}

/**
 * Opens the keystore, and makes it where `create` allows.
 * @throws {KeystoreError} where there is none, or it cannot be opened
 */
export async function openHome(options: HomeOptions & { readonly create: boolean }): Promise<Home> {
  const folder = homeFolder(options);
  const path = join(folder, KEYSTORE_FILE);
  // A file of no bytes is what a run that was killed in its first moment leaves.
  const isNew = !sizeBytesOf(path);
  const found = isNew && sizeBytesOf(join(folder, ROOT_KEY_FILE)) !== undefined;
  if (isNew && !options.create) throw missing(folder, found);
  const rootKey = await prepareRootKey(folder, options, isNew);
  const keystore = sqliteKeystore({ path });
  try {
    const service = await createKms({
      keystore,
      rootKey: rootKey.source,
      region: options.region,
      accountId: options.account,
      ...(options.audit && { audit: options.audit }),
      ...(options.enclaves && { enclaves: options.enclaves }),
      ...(options.quotas && { requestQuotas: options.quotas }),
    });
    // Who may read the keystore and its root key is its owner.
    const kms = service.as("root");
    return {
      folder,
      news: isNew ? newHomeLines(folder, rootKey.place, found) : [],
      kms: new KMS({ kms }),
      service,
      envelope: (envelopeOptions) => createEnvelope({ ...envelopeOptions, kms }),
      close: () => service.close(),
    };
  } catch (error) {
    await keystore.close();
    throw error;
  }
}

function missing(folder: string, hasRootKey: boolean): KeystoreError {
  if (hasRootKey) {
    return new KeystoreError(
      `In ${folder} there is a root key, but its ${KEYSTORE_FILE} is missing or empty: restore it from your backup. ` +
        "Without it nothing that was sealed can be opened.",
    );
  }
  return new KeystoreError(
    `There is no keystore in ${folder} yet. The first "wasm-kms seal" or "wasm-kms keys create" makes it; ` +
      "if yours is elsewhere, name its folder with --home.",
  );
}

/** What to know on the day a keystore is made. */
function newHomeLines(folder: string, rootKeyPlace: string, foundRootKey: boolean): string[] {
  const isFile = rootKeyPlace !== ROOT_KEY_VARIABLE;
  const made = isFile
    ? `Made a keystore in ${folder}. Keep a copy of the folder (${ROOT_KEY_FILE} and ${KEYSTORE_FILE}) in a safe ` +
      "place: without both of them nothing can be opened."
    : `Made a keystore in ${folder}, under the root key in ${ROOT_KEY_VARIABLE}. Keep a copy of ` +
      `${join(folder, KEYSTORE_FILE)} and of that root key in safe places: without both of them nothing can be opened.`;
  if (!isFile || !foundRootKey) return [made];
  const warning =
    `The root key ${rootKeyPlace} was here already, its keystore was not: it is gone, or was never made. The new one ` +
    `opens nothing that was sealed before; to open that, restore ${KEYSTORE_FILE} from your backup.`;
  return [warning, made];
}

/** The length of a file, or `undefined` where there is none. */
function sizeBytesOf(path: string): number | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.size;
  } catch (error) {
    throw new KeystoreError(`The keystore cannot be reached at ${path}: ${explain(error)}`, { cause: error });
  }
}

async function prepareRootKey(
  folder: string,
  { env }: HomeOptions,
  isNew: boolean,
): Promise<{ source: RootKeySource; place: string }> {
  if (env[ROOT_KEY_VARIABLE]) return { source: rootKeyFromEnv(ROOT_KEY_VARIABLE), place: ROOT_KEY_VARIABLE };
  const place = join(folder, ROOT_KEY_FILE);
  if (!isNew) {
    if (sizeBytesOf(place) !== undefined) return { source: rootKeyFromFile(place), place };
    throw new KeystoreError(
      `The keystore in ${folder} is there, but its root key ${place} is not: restore it from your backup, or set ` +
        `${ROOT_KEY_VARIABLE} to the base64 of its 32 bytes. Nothing in the keystore can be used without it.`,
    );
  }
  makeFolder(folder);
  const source = rootKeyFromFile(place, { create: true });
  // Before the keystore exists: killed in between, this leaves a root key without a keystore, which is nothing lost.
  (await source.open({ crypto: platform.engine("auto"), random: healthChecked(platform.random) })).destroy();
  return { source, place };
}

function makeFolder(folder: string): void {
  try {
    makeFolders(folder, 0o700);
  } catch (error) {
    throw new KeystoreError(`The data folder ${folder} cannot be made: ${(error as Error).message}`, { cause: error });
  }
}

/** Sixteen hexadecimal digits that no other run has, for the names of its drafts. */
export function newRunId(): string {
  const draw = new Uint8Array(8);
  platform.random.fill(draw);
  return Buffer.from(draw).toString("hex");
}
