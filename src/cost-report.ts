/** What AWS would have charged an account in a Region: the priced keys and the counted requests of one month. */
import { isPendingDeletion } from "./keys/key.ts";
import { type Cost, costOf, type PricedKey } from "./quota/cost.ts";
import type { ReadTransaction } from "./records/record-store.ts";
import type { Services } from "./services.ts";

const MONTH = /^\d{4}-(?:0[1-9]|1[0-2])$/;
const KEYS_PAGE = 1000;

/**
 * @param given as "2026-11", in UTC; the current month by default
 * @throws {TypeError} for what is no month
 */
export async function reportCost(services: Services, given: string | undefined): Promise<Cost> {
  const { records, keys, metering, clock } = services;
  const nowMs = clock.nowMs();
  const month = given ?? new Date(nowMs).toISOString().slice(0, "2026-11".length);
  if (!MONTH.test(month)) throw new TypeError(`A month is written as "2026-11"; it is ${JSON.stringify(month)}.`);
  return records.read(async (tx) => {
    const usage = await metering.ofMonth(tx, month);
    return costOf(month, usage, await pricedKeys(tx, keys), nowMs);
  });
}

/**
 * Every key that is paid for: one that is to be deleted costs nothing from now on, one that is gone is not seen, and
 * AWS managed keys are free.
 */
async function pricedKeys(tx: ReadTransaction, keys: Services["keys"]): Promise<PricedKey[]> {
  const priced: PricedKey[] = [];
  for (let after: string | undefined; ; ) {
    const ids = await keys.list(tx, after, KEYS_PAGE);
    for (const id of ids) {
      const key = await keys.find(tx, id);
      if (key === undefined || isPendingDeletion(key) || key.manager === "AWS") continue;
      const rotatedAtMs = key.materials.slice(1).map(({ createdAtMs }) => createdAtMs);
      priced.push({ createdAtMs: key.createdAtMs, rotatedAtMs });
    }
    if (ids.length < KEYS_PAGE) return priced;
    after = ids.at(-1);
  }
}
