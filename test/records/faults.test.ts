/** A driver that fails at the n-th call, for every n: after it, a store is as before or as after, never between. */
import { describe, expect, it } from "vitest";
import type { KeyStoreDriver } from "../../src/keystore/driver.ts";
import { changeRootKey } from "../../src/records/data-key.ts";
import type { Records } from "../../src/records/record-store.ts";
import { rootKeyFromBytes } from "../../src/records/root-key.ts";
import { type SharedMemory, sharedMemory } from "./shared-memory.ts";
import { crypto, note, noteType, openStore, ROOT_KEY, random, read, textOf } from "./store.ts";

const NEXT_KEY = ROOT_KEY.map((byte) => byte ^ 0x55);

class Fault extends Error {}

/** Fails at call number `failAt` (from 1): before the driver has done it, or (`late`) after it has. */
function faulty(driver: KeyStoreDriver, failAt: number, late: boolean): KeyStoreDriver & { readonly calls: number } {
  let calls = 0;
  const call = async <T>(work: () => Promise<T>): Promise<T> => {
    const fails = ++calls === failAt;
    if (fails && !late) throw new Fault("The driver failed before the call.");
    const result = await work();
    if (fails) throw new Fault("The driver failed after the call.");
    return result;
  };
  return {
    get calls() {
      return calls;
    },
    get: (path) => call(() => driver.get(path)),
    list: (prefix, after, limit) => call(() => driver.list(prefix, after, limit)),
    commit: (commit) => call(() => driver.commit(commit)),
    foreignRevision: () => driver.foreignRevision(),
    close: () => driver.close(),
  };
}

/** Four writes of two records that always agree; returns the number of the last one that was acknowledged. */
async function scenario(driver: KeyStoreDriver): Promise<{ acknowledged: number; records: Records | undefined }> {
  const { type } = noteType(1);
  let acknowledged = 0;
  let records: Records | undefined;
  try {
    records = await openStore(driver);
    for (let step = 1; step <= 4; step++) {
      await records.write(async (tx) => {
        expect(read(await tx.get(type, "a"))).toBe(step === 1 ? undefined : String(step - 1));
        tx.put(type, "a", note(String(step)));
        tx.put(type, "b", note(String(step)));
      });
      acknowledged = step;
      expect(await textOf(records, type, "b")).toBe(String(step));
    }
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
  }
  return { acknowledged, records };
}

async function stateOf(memory: SharedMemory): Promise<number> {
  const records = await openStore(memory.driver());
  const { type } = noteType();
  const pair = [await textOf(records, type, "a"), await textOf(records, type, "b")];
  expect(pair[0]).toBe(pair[1]);
  await records.close();
  return Number(pair[0] ?? "0");
}

describe.each([
  ["before", false],
  ["after", true],
] as const)("a driver that fails %s its n-th call", (_, late) => {
  it("leaves every write whole", async () => {
    let failures = 0;
    for (let n = 1; ; n++) {
      const memory = sharedMemory();
      const driver = faulty(memory.driver(), n, late);
      const { acknowledged, records } = await scenario(driver);
      await records?.close();
      const state = await stateOf(memory);
      expect([acknowledged, acknowledged + 1]).toContain(state);
      if (driver.calls < n) {
        expect(state).toBe(4);
        break;
      }
      failures++;
    }
    expect(failures).toBeGreaterThan(9);
  });

  it("is not fatal: the same service goes on, and from the true state", async () => {
    for (let n = 1; ; n++) {
      const memory = sharedMemory();
      const driver = faulty(memory.driver(), n, late);
      const { records } = await scenario(driver);
      if (driver.calls < n) break;
      if (records !== undefined) {
        const { type } = noteType();
        const fresh = { ...type, name: "pair" };
        await records.write(async (tx) => tx.put(fresh, "c", note("goes on")));
        expect(await textOf(records, fresh, "c")).toBe("goes on");
        await records.close();
      }
      await stateOf(memory);
    }
  });

  it("leaves a store with the old root key or the new one", async () => {
    for (let n = 1; ; n++) {
      const memory = sharedMemory();
      await (await scenario(memory.driver())).records?.close();
      const driver = faulty(memory.driver(), n, late);
      const [rootKey, next] = await Promise.all(
        [ROOT_KEY, NEXT_KEY].map((key) => rootKeyFromBytes(key).open({ crypto, random })),
      );
      const outcome = await changeRootKey({ driver, rootKey: rootKey!, crypto, random }, next!).catch((error) => error);
      const opened = await Promise.allSettled([openStore(memory.driver()), openStore(memory.driver(), NEXT_KEY)]);
      expect(opened.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      for (const result of opened) if (result.status === "fulfilled") await result.value.close();
      rootKey!.destroy();
      next!.destroy();
      if (outcome === undefined) {
        expect(opened[1].status).toBe("fulfilled");
        break;
      }
      expect(outcome).toBeInstanceOf(Fault);
    }
  });
});
