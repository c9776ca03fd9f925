/**
 * The data folder: one keystore and its root key, made on first use. It is, in this order: `--home`, WASM_KMS_HOME,
 * $XDG_DATA_HOME/wasm-kms, ~/.local/share/wasm-kms. The folder is 0700 and its files are 0600; where WASM_KMS_ROOT_KEY
 * holds the root key (base64 of 32 bytes) no root.key is made.
 */
import { lstatSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { KMS } from "../client/client.ts";
import { healthChecked } from "../env.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { KeystoreError } from "../errors.ts";
import { createKms } from "../index.ts";
import { sqliteKeystore } from "../keystore/sqlite.ts";
import { type CreateEnvelopeOptions, createEnvelope } from "../messages.ts";
import { platform } from "../node.ts";
import type { RootKeySource } from "../records/root-key.ts";
import { rootKeyFromEnv, rootKeyFromFile } from "../root-key-node.ts";

export const ROOT_KEY_VARIABLE = "WASM_KMS_ROOT_KEY";

export interface HomeOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string | undefined;
  readonly region: string;
  readonly account: string;
}

/** An open keystore. */
export interface Home {
  readonly folder: string;
  /** Whether this run has made the keystore. */
  readonly isNew: boolean;
  /** Where the root key is: a path, or the name of the environment variable. */
  readonly rootKeyPlace: string;
  readonly kms: KMS;
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
 * Opens the keystore, and makes it where `create` allows.
 * @throws {KeystoreError} where there is none, or it cannot be opened
 */
export async function openHome(options: HomeOptions & { readonly create: boolean }): Promise<Home> {
  const folder = homeFolder(options);
  const path = join(folder, "keystore.sqlite");
  const isNew = lstatSync(path, { throwIfNoEntry: false }) === undefined;
  if (isNew && !options.create) {
    throw new KeystoreError(
      `There is no keystore in ${folder} yet. The first "wasm-kms seal" or "wasm-kms keys create" makes it; ` +
        "if yours is elsewhere, name its folder with --home.",
    );
  }
  const rootKey = await prepareRootKey(folder, options, isNew);
  const keystore = sqliteKeystore({ path });
  try {
    const kms = await createKms({
      keystore,
      rootKey: rootKey.source,
      region: options.region,
      accountId: options.account,
    });
    return {
      folder,
      isNew,
      rootKeyPlace: rootKey.place,
      kms: new KMS({ kms }),
      envelope: (envelopeOptions) => createEnvelope({ ...envelopeOptions, kms }),
      close: () => kms.close(),
    };
  } catch (error) {
    await keystore.close();
    throw error;
  }
}

async function prepareRootKey(
  folder: string,
  { env }: HomeOptions,
  isNew: boolean,
): Promise<{ source: RootKeySource; place: string }> {
  if (env[ROOT_KEY_VARIABLE]) return { source: rootKeyFromEnv(ROOT_KEY_VARIABLE), place: ROOT_KEY_VARIABLE };
  const place = join(folder, "root.key");
  if (!isNew) {
    if (lstatSync(place, { throwIfNoEntry: false }) !== undefined) return { source: rootKeyFromFile(place), place };
    throw new KeystoreError(
      `The keystore in ${folder} is there, but its root key ${place} is not: restore it from your backup, or set ` +
        `${ROOT_KEY_VARIABLE} to the base64 of its 32 bytes. Nothing in the keystore can be used without it.`,
    );
  }
  makeFolder(folder);
  const source = rootKeyFromFile(place, { create: true });
  // Before the keystore exists: killed in between, this leaves a root key without a keystore, which is nothing lost.
  (await source.open({ crypto: platform.crypto(), random: healthChecked(platform.random) })).destroy();
  return { source, place };
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
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
