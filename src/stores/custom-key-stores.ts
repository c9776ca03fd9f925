/**
 * The custom key stores of one account and Region. Only external key stores are made: there is no CloudHSM cluster here.
 * Source: AWS KMS Developer Guide, "External key stores"; AWS KMS API reference.
 *
 *   <realm>/custom-key-stores                    their ids and names, so that limits and names hold in one commit
 *   <realm>/custom-key-store/<id>                CustomKeyStore
 *   <realm>/custom-key-store-keys/<id>           how many keys lie in it, likewise
 *   <realm>/custom-key-store-key/<id>/<key>      which KMS key an external key belongs to
 *   xks-proxy/<region>/<host and path>           whose proxy it is: no two stores in a Region have one, in any account
 */
import type { Clock, Random, Realm } from "../env.ts";
import { KmsError } from "../errors.ts";
import { toHex } from "../model/arn.ts";
import { jsonRecord } from "../records/json-record.ts";
import { type Ready, whenReady } from "../records/ready.ts";
import type { ReadTransaction, Transaction } from "../records/record-store.ts";
import { type CustomKeyStore, customKeyStoreRecord } from "./custom-key-store.ts";
import { hostOf } from "./xks-client.ts";

const MAX_STORES = 10;
export const STORE_ID = /^cks-[0-9a-f]{17}$/;
const ID_BYTES = 9;
const ID_DIGITS = 17;

interface StoreName {
  readonly id: string;
  readonly name: string;
}

const namesRecord = jsonRecord<{ readonly stores: readonly StoreName[] }>("custom-key-stores");
const keyCountRecord = jsonRecord<{ readonly keys: number }>("custom-key-store-keys");
const storedKeyRecord = jsonRecord<{ readonly keyId: string }>("custom-key-store-key");
const proxyRecord = jsonRecord<{ readonly accountId: string; readonly storeId: string }>("xks-proxy");

export type NewCustomKeyStore = Pick<CustomKeyStore, "name" | "uriEndpoint" | "uriPath" | "accessKeyId" | "secret">;

/** A key in a custom key store. */
export interface StoredKey {
  readonly keyId: string;
  readonly customKeyStoreId?: string;
  readonly xksKeyId?: string;
}

export class CustomKeyStores {
  readonly #folder: string;
  readonly #realm: Realm;
  readonly #clock: Clock;
  readonly #random: Random;

  /** @param folder the realm's folder in the store */
  constructor(folder: string, realm: Realm, clock: Clock, random: Random) {
    this.#folder = folder;
    this.#realm = realm;
    this.#clock = clock;
    this.#random = random;
  }

  find(tx: ReadTransaction, id: string): Ready<CustomKeyStore | undefined> {
    // What a caller writes becomes no path before it has the form of an id.
    return STORE_ID.test(id) ? tx.get(customKeyStoreRecord, this.#path(id)) : undefined;
  }

  /** @throws {KmsError} CustomKeyStoreNotFoundException */
  get(tx: ReadTransaction, id: string): Ready<CustomKeyStore> {
    return whenReady(this.find(tx, id), (store) => {
      if (store === undefined) throw storeNotFound(id);
      return store;
    });
  }

  /** In the order in which they were made. */
  async list(tx: ReadTransaction): Promise<readonly CustomKeyStore[]> {
    const stores: CustomKeyStore[] = [];
    for (const { id } of await this.#names(tx)) stores.push(await this.get(tx, id));
    return stores;
  }

  /** Whether keys in the store can be used. */
  isConnected(tx: ReadTransaction, id: string): Ready<boolean> {
    return whenReady(this.find(tx, id), (store) => store?.connection === "CONNECTED");
  }

  /** @throws {KmsError} LimitExceededException, and what `checkFree` throws */
  async create(tx: Transaction, made: NewCustomKeyStore): Promise<CustomKeyStore> {
    await this.checkFree(tx, undefined, made);
    const names = await this.#names(tx);
    if (names.length >= MAX_STORES) {
      throw new KmsError(
        "LimitExceededException",
        `An account can have at most ${MAX_STORES} custom key stores in a Region.`,
      );
    }
    const draw = new Uint8Array(ID_BYTES);
    this.#random.fill(draw);
    const id = `cks-${toHex(draw).slice(0, ID_DIGITS)}`;
    const store = { ...made, id, createdAtMs: this.#clock.nowMs(), connection: "DISCONNECTED" as const };
    tx.put(namesRecord, this.#namesPath, { stores: [...names, { id, name: made.name }] });
    this.#claim(tx, store);
    tx.put(customKeyStoreRecord, this.#path(id), store);
    return store;
  }

  /** @throws {KmsError} what `checkFree` throws */
  async update(tx: Transaction, store: CustomKeyStore, changed: CustomKeyStore): Promise<void> {
    await this.checkFree(tx, store.id, changed);
    if (changed.name !== store.name) {
      const names = await this.#names(tx);
      const stores = names.map((known) => (known.id === store.id ? { id: known.id, name: changed.name } : known));
      tx.put(namesRecord, this.#namesPath, { stores });
    }
    if (this.#proxyPath(changed) !== this.#proxyPath(store)) {
      tx.remove(this.#proxyPath(store));
      this.#claim(tx, changed);
    }
    tx.put(customKeyStoreRecord, this.#path(store.id), changed);
  }

  /** @throws {KmsError} CustomKeyStoreHasCMKsException */
  async remove(tx: Transaction, store: CustomKeyStore): Promise<void> {
    if ((await this.#keyCount(tx, store.id)) > 0) {
      throw new KmsError(
        "CustomKeyStoreHasCMKsException",
        `The custom key store ${store.id} contains KMS keys. After verifying that you do not need to use them, ` +
          "schedule their deletion; when they are deleted, you can delete the custom key store.",
      );
    }
    const stores = (await this.#names(tx)).filter(({ id }) => id !== store.id);
    tx.put(namesRecord, this.#namesPath, { stores });
    tx.remove(this.#proxyPath(store));
    tx.remove(this.#keyCountPath(store.id));
    tx.remove(this.#path(store.id));
  }

  /**
   * Whether a store can have this name and this proxy.
   * @param id of the store itself, which is not in its own way
   * @throws {KmsError} CustomKeyStoreNameInUseException, XksProxyUriInUseException
   */
  async checkFree(
    tx: ReadTransaction,
    id: string | undefined,
    wanted: Pick<CustomKeyStore, "name" | "uriEndpoint" | "uriPath">,
  ): Promise<void> {
    const { name, uriEndpoint, uriPath } = wanted;
    if ((await this.#names(tx)).some((known) => known.name === name && known.id !== id)) {
      throw new KmsError(
        "CustomKeyStoreNameInUseException",
        `The custom key store name '${name}' is already assigned to another custom key store in the account. Try again ` +
          "with a name that is unique in the account.",
      );
    }
    const owner = await tx.get(proxyRecord, this.#proxyPath(wanted));
    if (owner === undefined || (owner.storeId === id && owner.accountId === this.#realm.accountId)) return;
    throw new KmsError(
      "XksProxyUriInUseException",
      `The proxy URI ${uriEndpoint}${uriPath} is already associated with another external key store in this Region. ` +
        "Each external key store in a Region must use a unique external key store proxy API address.",
    );
  }

  /** Notes that a new key has an external key for its own. @throws {KmsError} XksKeyAlreadyInUseException */
  async addKey(tx: Transaction, storeId: string, xksKeyId: string, keyId: string): Promise<void> {
    const path = this.#storedKeyPath(storeId, xksKeyId);
    if ((await tx.get(storedKeyRecord, path)) !== undefined) throw keyInUse(xksKeyId);
    tx.put(storedKeyRecord, path, { keyId });
    tx.put(keyCountRecord, this.#keyCountPath(storeId), { keys: (await this.#keyCount(tx, storeId)) + 1 });
  }

  /**
   * @param exists whether there is such a key: one whose deletion has come due may not have been removed yet
   * @throws {KmsError} XksKeyAlreadyInUseException
   */
  async checkKeyFree(
    tx: ReadTransaction,
    storeId: string,
    xksKeyId: string,
    exists: (keyId: string) => Promise<boolean>,
  ): Promise<void> {
    const held = await tx.get(storedKeyRecord, this.#storedKeyPath(storeId, xksKeyId));
    if (held !== undefined && (await exists(held.keyId))) throw keyInUse(xksKeyId);
  }

  /** Gives the external key of a key free that is gone. */
  async forgetKey(tx: Transaction, { customKeyStoreId: storeId, xksKeyId }: StoredKey): Promise<void> {
    if (storeId === undefined || xksKeyId === undefined) return;
    tx.remove(this.#storedKeyPath(storeId, xksKeyId));
    tx.put(keyCountRecord, this.#keyCountPath(storeId), { keys: (await this.#keyCount(tx, storeId)) - 1 });
  }

  async #names(tx: ReadTransaction): Promise<readonly StoreName[]> {
    return (await tx.get(namesRecord, this.#namesPath))?.stores ?? [];
  }

  async #keyCount(tx: ReadTransaction, id: string): Promise<number> {
    return (await tx.get(keyCountRecord, this.#keyCountPath(id)))?.keys ?? 0;
  }

  #claim(tx: Transaction, store: CustomKeyStore): void {
    tx.put(proxyRecord, this.#proxyPath(store), { accountId: this.#realm.accountId, storeId: store.id });
  }

  get #namesPath(): string {
    return `${this.#folder}/custom-key-stores`;
  }

  #path(id: string): string {
    return `${this.#folder}/custom-key-store/${id}`;
  }

  #keyCountPath(id: string): string {
    return `${this.#folder}/custom-key-store-keys/${id}`;
  }

  #storedKeyPath(id: string, xksKeyId: string): string {
    return `${this.#folder}/custom-key-store-key/${id}/${xksKeyId}`;
  }

  #proxyPath({ uriEndpoint, uriPath }: Pick<CustomKeyStore, "uriEndpoint" | "uriPath">): string {
    return `xks-proxy/${this.#realm.region}/${hostOf(uriEndpoint)}${uriPath}`;
  }
}

/** @param named the id or name of a store */
export function storeNotFound(named: string): KmsError {
  return new KmsError("CustomKeyStoreNotFoundException", `There is no custom key store '${named}'.`);
}

function keyInUse(xksKeyId: string): KmsError {
  return new KmsError(
    "XksKeyAlreadyInUseException",
    `The external key '${xksKeyId}' is already associated with another KMS key in this external key store. Each KMS key ` +
      "in an external key store must be associated with a different external key.",
  );
}
