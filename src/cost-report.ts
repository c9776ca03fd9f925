/** What AWS would have charged an account in a Region: its keys as they are, and the requests that were counted. */
import type { Key } from "./keys/key.ts";
import type { Keys } from "./keys/keys.ts";
import { type Cost, costOf, type PricedKey } from "./quota/cost.ts";
import type { ReadTransaction } from "./records/record-store.ts";
import type { Services } from "./services.ts";

const MONTH = /^\d{4}-(?:0[1-9]|1[0-2])$/;
const KEYS_PAGE = 1000;
/** A key that is to be deleted costs nothing from now on. */
const FREE_STATES: ReadonlySet<Key["state"]> = new Set(["PendingDeletion", "PendingReplicaDeletion"]);

/** @param given as "2026-11", in UTC; this month by default @throws {TypeError} for another form */
export async function costIn({ clock, metering, keys, read }: Services, given: string | undefined): Promise<Cost> {
  const nowMs = clock.nowMs();
  const month = given ?? new Date(nowMs).toISOString().slice(0, "2026-11".length);
  if (!MONTH.test(month)) throw new TypeError(`A month is written as "2026-11"; it is ${JSON.stringify(month)}.`);
  return read(async (tx) => {
    const usage = await metering.ofMonth(tx, month);
    return costOf(month, usage, await pricedKeys(tx, keys), nowMs);
  });
}

/** Every key that there is, each replica of a multi-Region key in its Region; one that is gone is not seen. */
async function pricedKeys(tx: ReadTransaction, keys: Keys): Promise<PricedKey[]> {
  const priced: PricedKey[] = [];
  for (let after: string | undefined; ; ) {
    const ids = await keys.list(tx, after, KEYS_PAGE);
    for (const id of ids) {
      const key = await keys.find(tx, id);
      if (key === undefined || FREE_STATES.has(key.state)) continue;
      const rotatedAtMs = key.materials.slice(1).map(({ createdAtMs }) => createdAtMs);
      priced.push({ createdAtMs: key.createdAtMs, rotatedAtMs });
    }
    if (ids.length < KEYS_PAGE) return priced;
    after = ids.at(-1);
  }
}
