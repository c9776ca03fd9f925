/**
 * What happens to keys without anybody's request: deletion, rotation and the expiry of imported material when their time
 * has come, and the making of AWS managed keys. What is due is looked after before each write and by `Kms.upkeep`, which
 * a server calls every minute; a key's own rotation also before the key is used. Each is one transaction that decides
 * anew, so it happens once, whoever else is at it. Source of the events' names: AWS KMS Developer Guide, "Deleting KMS
 * keys that are past their waiting period", "RotateKey".
 */
import type { AuditSink } from "./audit/audit.ts";
import { DEFAULT_ALGORITHM } from "./crypto/algorithms.ts";
import type { Clock, Principal, Realm } from "./env.ts";
import { KeystoreError } from "./errors.ts";
import type { DueKey } from "./keys/due-index.ts";
import type { Key } from "./keys/key.ts";
import type { ManagedKey } from "./keys/managed-keys.ts";
import { DEFAULT_PERIOD_DAYS } from "./keys/rotation.ts";
import { keyArn } from "./model/arn.ts";
import { isAccountId, isRegion, realmOf } from "./model/realm.ts";
import type { ReadTransaction, Records, Transaction } from "./records/record-store.ts";
import type { OpenStores } from "./region-stores.ts";
import type { Services } from "./services.ts";

const SERVICE: Principal = Object.freeze({ type: "service", arn: "kms.amazonaws.com", account: "" });

export interface UpkeepOptions {
  readonly clock: Clock;
  readonly audit?: AuditSink | undefined;
  readonly nextRequestId: () => string;
}

/** What was done. */
export interface Done {
  readonly rotatedKeys: number;
  readonly deletedKeys: number;
  readonly expiredMaterials: number;
}

export class Upkeep {
  readonly #options: UpkeepOptions;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** Does a few of the things that are due in a realm; says which, so that a caller knows whether to go on. */
  async run(services: Services): Promise<Done> {
    const { rotations, imports, grants, replication } = services;
    const deletedKeys = await this.deleteDue(services);
    const rotatedKeys = await this.#doDue(services, rotations, (tx, due) => this.#rotate(tx, services, due));
    const expiredMaterials = await this.#doDue(services, imports, (tx, due) => this.#expire(tx, services, due));
    await replication.sweep();
    if (grants.mayHaveForgotten) await this.#attempt(services, (tx) => grants.sweep(tx));
    return { rotatedKeys, deletedKeys, expiredMaterials };
  }

  /** Removes a few of the keys whose deletion has come due. @returns how many */
  deleteDue(services: Services): Promise<number> {
    return this.#doDue(services, services.keys, (tx, due) => this.#remove(tx, services, due));
  }

  /** Does what is due for a few keys, each in a transaction of its own. @returns for how many it was done */
  async #doDue(
    services: Services,
    index: { listDue(tx: ReadTransaction): Promise<readonly DueKey[]> },
    act: (tx: Transaction, due: DueKey) => Promise<boolean>,
  ): Promise<number> {
    let count = 0;
    for (const due of await services.records.read((tx) => index.listDue(tx))) {
      if ((await this.#attempt(services, (tx) => act(tx, due))) === true) count++;
    }
    return count;
  }

  /** Rotates a key that is about to be used, if it is due. What cannot be written now is rotated the next time. */
  async rotate(services: Services, key: Key): Promise<void> {
    const { keyId, rotation, multiRegion } = key;
    const region = multiRegion?.primaryRegion ?? services.realm.region;
    const isHere = region === services.realm.region;
    if (!isHere && !services.replication.retries.mayTry(keyId)) return;
    const home = isHere ? services : services.inRegion(region);
    try {
      await this.#attempt(home, (tx) => this.#rotate(tx, home, { keyId, atMs: rotation!.nextAtMs }));
      if (home.replication.isDue) await home.replication.runDue();
    } catch (error) {
      // A replica goes on with the material that it has.
      if (isHere) throw error;
    }
  }

  /** Makes the key that a service has, unless it has one. It is rotated every year. */
  async makeManagedKey(services: Services, { aliasName, description, policy }: ManagedKey): Promise<void> {
    const { records, keys, rotations, aliases } = services;
    await records.write(async (tx) => {
      if ((await aliases.find(tx, aliasName)) !== undefined) return;
      const attributes = {
        keySpec: DEFAULT_ALGORITHM,
        keyUsage: "ENCRYPT_DECRYPT",
        tags: [],
        pair: undefined,
      } as const;
      const key = keys.create(tx, { ...attributes, description, policy, manager: "AWS" });
      await rotations.enable(tx, key, DEFAULT_PERIOD_DAYS);
      await aliases.create(tx, aliasName, key.keyId);
      await this.report("CreateKey", services, key.keyId);
    });
  }

  /** A record that does not open must not stand in the way of every other request. It is not deleted either. */
  async #attempt<T>({ records }: Services, work: (tx: Transaction) => Promise<T>): Promise<T | undefined> {
    try {
      return await records.write(work);
    } catch (error) {
      if (!(error instanceof KeystoreError)) throw error;
    }
  }

  async #rotate(tx: Transaction, services: Services, due: DueKey): Promise<boolean> {
    const rotated = await services.rotations.rotate(tx, due);
    if (rotated === undefined) return false;
    await this.report("RotateKey", services, due.keyId);
    return true;
  }

  async #expire(tx: Transaction, services: Services, due: DueKey): Promise<boolean> {
    if (!(await services.imports.expire(tx, due))) return false;
    await this.report("DeleteExpiredKeyMaterial", services, due.keyId);
    return true;
  }

  /** Removes a key whose deletion has come due, and all that points at it. */
  async #remove(tx: Transaction, services: Services, due: DueKey): Promise<boolean> {
    const { keys, aliases, grants, keyCount, lastUsage, replication } = services;
    const key = await keys.peek(tx, due.keyId);
    if (!(await keys.remove(tx, due))) return false;
    if (key !== undefined) await replication.farewell(tx, key);
    await aliases.forgetKey(tx, due.keyId);
    await grants.forgetKey(tx, due.keyId);
    await keyCount.subtract(tx);
    lastUsage.forgetKey(tx, due.keyId);
    await this.report("DeleteKey", services, due.keyId);
    return true;
  }

  /** Records what nobody has asked for: before it is committed, as every change is. */
  async report(operation: string, { realm }: Services, keyId: string): Promise<void> {
    const { audit, clock, nextRequestId } = this.#options;
    await audit?.({
      timeMs: clock.nowMs(),
      caller: { principal: SERVICE, requestId: nextRequestId() },
      realm,
      operation,
      isServiceEvent: true,
      readOnly: false,
      keyArns: [keyArn(realm, keyId)],
      errorCode: undefined,
    });
  }
}

/** A path after those of a folder: "0" follows "/". */
const afterFolder = (folder: string): string => `${folder}0`;

/** The accounts and Regions that have anything in their store, one look for each. */
export async function realmsIn(stores: OpenStores): Promise<Realm[]> {
  const realms: Realm[] = [];
  for (const records of stores.all) {
    // What lies in a store from before its Region had one of its own is out of use.
    realms.push(...(await realmsOf(records)).filter(({ region }) => stores.of(region) === records));
  }
  return realms;
}

async function realmsOf(records: Records): Promise<Realm[]> {
  const realms: Realm[] = [];
  for (let after: string | undefined; ; ) {
    const [path] = await records.read((tx) => tx.list("", after, 1));
    if (path === undefined) return realms;
    const [accountId, region] = path.split("/") as [string, string | undefined];
    if (region !== undefined && isAccountId(accountId) && isRegion(region)) {
      realms.push(realmOf({ region, accountId }));
      after = afterFolder(`${accountId}/${region}`);
    } else {
      after = afterFolder(accountId);
    }
  }
}
