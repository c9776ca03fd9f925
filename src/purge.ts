/** Removes keys whose deletion has come due, with everything that belongs to them. */
import { KeystoreError } from "./errors.ts";
import type { Records } from "./records/record-store.ts";
import type { Services } from "./services.ts";

export async function purgeDueKeys(records: Records, services: Services): Promise<void> {
  const { keys, keyCount, aliases, grants, lastUsage, replication } = services;
  for (const due of await records.read((tx) => keys.listDue(tx))) {
    try {
      await records.write(async (tx) => {
        const key = await keys.peek(tx, due.keyId);
        if (!(await keys.remove(tx, due))) return;
        if (key !== undefined) await replication.farewell(tx, key);
        await aliases.forgetKey(tx, due.keyId);
        await grants.forgetKey(tx, due.keyId);
        await keyCount.subtract(tx);
        lastUsage.forgetKey(tx, due.keyId);
      });
    } catch (error) {
      // A record that does not open must not stand in the way of every other request. It is not deleted either.
      if (!(error instanceof KeystoreError)) throw error;
    }
  }
}
