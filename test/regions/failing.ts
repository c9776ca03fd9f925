/** A driver that a crash stops: after so many calls, every further one fails; and what is left of it. */
import { type KeyStoreDriver, memoryKeystore } from "../../src/index.ts";

/** The stores of one process share the fault: with one of them, all of them stop. */
export interface CrashPoint {
  /** Calls that still succeed. */
  inCalls: number;
  /** Whether the last one that is made before the crash is lost, or only its answer. */
  isLate?: boolean;
}

export class Crash extends Error {}

export function failing(driver: KeyStoreDriver, point: CrashPoint): KeyStoreDriver {
  const call = async <T>(work: () => Promise<T>): Promise<T> => {
    if (point.inCalls <= 0) throw new Crash("The process has ended.");
    point.inCalls--;
    const result = await work();
    if (point.inCalls <= 0 && point.isLate === true) throw new Crash("The process ended before it had the answer.");
    return result;
  };
  return {
    get: (path) => call(() => driver.get(path)),
    list: (prefix, after, limit) => call(() => driver.list(prefix, after, limit)),
    commit: (commit) => call(() => driver.commit(commit)),
    foreignRevision: () => driver.foreignRevision(),
    close: () => driver.close(),
  };
}

/** The same content in another driver. */
export async function copyOf(driver: KeyStoreDriver): Promise<KeyStoreDriver> {
  const copy = memoryKeystore();
  const writes = new Map<string, Uint8Array>();
  for (const path of await driver.list("", undefined, 10_000)) writes.set(path, (await driver.get(path))!.value);
  await copy.commit({ checks: [], writes });
  return copy;
}
