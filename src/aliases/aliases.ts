/**
 * Aliases of one account and Region: a name that points at a key.
 *
 *   <realm>/alias/<name without alias/>   Alias
 *   <realm>/key-alias/<key id>            the names that point at the key, so that its limit holds in one commit
 */
import type { Clock } from "../env.ts";
import { KmsError } from "../errors.ts";
import { remember } from "../model/remember.ts";
import { jsonRecord } from "../records/json-record.ts";
import type { Ready } from "../records/ready.ts";
import type { ReadTransaction, Transaction } from "../records/record-store.ts";

const MAX_ALIASES_PER_KEY = 50;
/** No alias can be made with a longer name. */
const MAX_NAME_LENGTH = 256;
const PREFIX = "alias/";
/** Whose paths are not built anew for each request. */
const REMEMBERED_ALIASES = 1024;

export interface Alias {
  /** With its `alias/` prefix. */
  readonly aliasName: string;
  readonly targetKeyId: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

interface KeyAliases {
  readonly names: readonly string[];
}

const aliasRecord = jsonRecord<Alias>("alias");
const keyAliasesRecord = jsonRecord<KeyAliases>("key-alias");

export interface Aliases {
  find(tx: ReadTransaction, aliasName: string): Ready<Alias | undefined>;
  /** Aliases after the name `after`, in order, at most `limit`. */
  list(tx: ReadTransaction, after: string | undefined, limit: number): Promise<readonly Alias[]>;
  /** The aliases of one key, in order of name. */
  ofKey(tx: ReadTransaction, keyId: string): Promise<readonly Alias[]>;
  /** @throws {KmsError} LimitExceededException */
  create(tx: Transaction, aliasName: string, keyId: string): Promise<void>;
  /** Points the alias at another key. @throws {KmsError} LimitExceededException */
  update(tx: Transaction, alias: Alias, keyId: string): Promise<void>;
  remove(tx: Transaction, alias: Alias): Promise<void>;
  /** Removes what points at a key that is gone. */
  forgetKey(tx: Transaction, keyId: string): Promise<void>;
}

/** @param folder the realm's folder in the store */
export function aliasesIn(folder: string, clock: Clock): Aliases {
  const pathPrefix = `${folder}/${PREFIX}`;
  const path = remember(REMEMBERED_ALIASES, (aliasName) => `${folder}/${aliasName}`);
  const { namesOf, addName, removeName, forget } = keyAliasesIn(folder);

  const find = (tx: ReadTransaction, aliasName: string) =>
    aliasName.length > MAX_NAME_LENGTH ? undefined : tx.get(aliasRecord, path(aliasName));

  /** An alias that another process removed between the listing and the read is left out. */
  async function load(tx: ReadTransaction, names: readonly string[]): Promise<readonly Alias[]> {
    const aliases: Alias[] = [];
    for (const name of names) {
      const alias = await find(tx, name);
      if (alias !== undefined) aliases.push(alias);
    }
    return aliases;
  }

  return {
    find,

    async list(tx, after, limit) {
      const aliases: Alias[] = [];
      // Where some were removed meanwhile there may be more behind them.
      for (let last = after, wanted = limit; wanted > 0; wanted = limit - aliases.length) {
        const paths = await tx.list(pathPrefix, last === undefined ? undefined : path(last), wanted);
        const names = paths.map((found) => found.slice(folder.length + 1));
        aliases.push(...(await load(tx, names)));
        if (names.length < wanted) break;
        last = names.at(-1);
      }
      return aliases;
    },

    async ofKey(tx, keyId) {
      return load(tx, await namesOf(tx, keyId));
    },

    async create(tx, aliasName, keyId) {
      await addName(tx, aliasName, keyId);
      const nowMs = clock.nowMs();
      tx.put(aliasRecord, path(aliasName), { aliasName, targetKeyId: keyId, createdAtMs: nowMs, updatedAtMs: nowMs });
    },

    async update(tx, alias, keyId) {
      const { aliasName, targetKeyId } = alias;
      if (keyId !== targetKeyId) {
        await addName(tx, aliasName, keyId);
        await removeName(tx, aliasName, targetKeyId);
      }
      tx.put(aliasRecord, path(aliasName), { ...alias, targetKeyId: keyId, updatedAtMs: clock.nowMs() });
    },

    async remove(tx, { aliasName, targetKeyId }) {
      await removeName(tx, aliasName, targetKeyId);
      tx.remove(path(aliasName));
    },

    async forgetKey(tx, keyId) {
      for (const name of await namesOf(tx, keyId)) tx.remove(path(name));
      forget(tx, keyId);
    },
  };
}

/** The names that point at each key. */
function keyAliasesIn(folder: string) {
  const keyAliasesPath = (keyId: string) => `${folder}/key-alias/${keyId}`;

  async function namesOf(tx: ReadTransaction, keyId: string): Promise<readonly string[]> {
    return (await tx.get(keyAliasesRecord, keyAliasesPath(keyId)))?.names ?? [];
  }

  /** @throws {KmsError} LimitExceededException */
  async function addName(tx: Transaction, aliasName: string, keyId: string): Promise<void> {
    const names = await namesOf(tx, keyId);
    if (names.length >= MAX_ALIASES_PER_KEY) {
      throw new KmsError("LimitExceededException", `A key can have at most ${MAX_ALIASES_PER_KEY} aliases.`);
    }
    // Alias names are ASCII, so that the default order is the order of their bytes.
    tx.put(keyAliasesRecord, keyAliasesPath(keyId), { names: [...names, aliasName].sort() });
  }

  async function removeName(tx: Transaction, aliasName: string, keyId: string): Promise<void> {
    const names = (await namesOf(tx, keyId)).filter((name) => name !== aliasName);
    if (names.length > 0) tx.put(keyAliasesRecord, keyAliasesPath(keyId), { names });
    else tx.remove(keyAliasesPath(keyId));
  }

  const forget = (tx: Transaction, keyId: string) => tx.remove(keyAliasesPath(keyId));

  return { namesOf, addName, removeName, forget };
}
