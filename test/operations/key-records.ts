/** Writes into the records of keys, as nobody can who has not the root key: for states and specs that nothing makes yet. */
import type { KeyStoreDriver } from "../../src/index.ts";
import { type Key, keyRecord } from "../../src/keys/key.ts";
import { openStore } from "../records/store.ts";
import { ACCOUNT, REGION, ROOT_KEY, unclosable } from "./service.ts";

/** @param changes by key id; no service may have cached these keys */
export async function rewriteKeys(keystore: KeyStoreDriver, changes: ReadonlyMap<string, Partial<Key>>): Promise<void> {
  const records = await openStore(unclosable(keystore), ROOT_KEY);
  await records.write(async (tx) => {
    for (const [keyId, change] of changes) {
      const path = `${ACCOUNT}/${REGION}/key/${keyId}`;
      const key = (await tx.get(keyRecord, path))!;
      tx.put(keyRecord, path, { ...key, ...change });
    }
  });
  await records.close();
}
