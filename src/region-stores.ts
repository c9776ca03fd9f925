/**
 * The stores of a service: one for every Region, or some Regions in stores of their own, so that what is in one can be
 * lost, moved or opened by itself without the others. Each store has data keys of its own, wrapped under the service's
 * root key or one of its own, so that who gets hold of a Region's store and root key has that Region alone.
 */
import type { Engine } from "./crypto/engine.ts";
import type { Clock, Random } from "./env.ts";
import type { Directory } from "./identities/directory.ts";
import type { KeyStoreDriver } from "./keystore/driver.ts";
import { isRegion } from "./model/realm.ts";
import { openRecords, type ReadTransaction, type Records } from "./records/record-store.ts";
import type { RootKeySource } from "./records/root-key.ts";

/** The store of one Region. */
export interface RegionStore {
  readonly keystore: KeyStoreDriver;
  /** Absent, the root key of the service. */
  readonly rootKey?: RootKeySource;
}

/** By the name of the Region. */
export type RegionStores = Readonly<Record<string, KeyStoreDriver | RegionStore>>;

export interface OpenStores {
  /** The store of every Region that has none of its own, and of the identities. */
  readonly main: Records;
  readonly all: readonly Records[];
  of(region: string): Records;
  /** @throws what the first of them throws that does not close; the others are closed all the same */
  close(): Promise<void>;
}

interface StoreTools {
  readonly crypto: Engine;
  readonly random: Random;
  readonly clock: Clock;
}

/** @throws {TypeError} for what is no Region or no store, {KeystoreError} for a store that its root key does not open */
export async function openStores(
  main: Required<RegionStore>,
  regions: RegionStores,
  tools: StoreTools,
): Promise<OpenStores> {
  const stores = checkedStores(regions);
  const opened: Records[] = [];
  const closeAll = async (): Promise<void> => {
    const closed = await Promise.allSettled(opened.map((records) => records.close()));
    for (const result of closed) if (result.status === "rejected") throw result.reason;
  };
  const open = async ({ keystore: driver, rootKey: source = main.rootKey }: RegionStore): Promise<Records> => {
    const rootKey = await source.open(tools);
    const records = await openRecords({ driver, rootKey, ...tools });
    opened.push(records);
    return records;
  };
  try {
    const mainRecords = await open(main);
    const own = new Map<string, Records>();
    for (const [region, store] of stores) own.set(region, await open(store));
    return { main: mainRecords, all: opened, of: (region) => own.get(region) ?? mainRecords, close: closeAll };
  } catch (error) {
    await closeAll().catch(() => undefined);
    throw error;
  }
}

function checkedStores(regions: RegionStores): readonly (readonly [region: string, store: RegionStore])[] {
  return Object.entries(regions).map(([region, given]) => {
    if (!isRegion(region)) throw new TypeError(`regions names Regions, as "eu-west-1"; ${region} is none.`);
    const isStore = typeof given === "object" && given !== null && "keystore" in given;
    const store = isStore ? given : { keystore: given };
    if (typeof store.keystore?.commit === "function") return [region, store];
    throw new TypeError(`regions["${region}"] must be a driver, or { keystore, rootKey } with one.`);
  });
}

/** Identities lie in the main store alone: a Region with a store of its own asks there. */
export function directoryOver(main: Records, directory: Directory): Directory {
  const asking =
    <Q, A>(ask: (question: Q, tx: ReadTransaction) => A | Promise<A>) =>
    (question: Q) =>
      main.read((tx) => ask(question, tx));
  return {
    identify: asking((caller, tx) => directory.identify(caller, tx)),
    // Its secret is valid until that transaction ends, so only the main store's own transactions ask for it.
    accessKey: (accessKeyId, tx) => directory.accessKey(accessKeyId, tx),
    userIdOf: asking((arn, tx) => directory.userIdOf(arn, tx)),
    exists: asking((arn, tx) => directory.exists(arn, tx)),
  };
}
