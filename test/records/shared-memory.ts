/** One memory under any number of drivers, each of them a process of its own, with a door for whoever tampers. */
import type { KeyStoreDriver } from "../../src/keystore/driver.ts";
import { memoryKeystore } from "../../src/keystore/memory.ts";

export interface SharedMemory {
  /** A new driver, to which every commit of the others, and every poke, is foreign. */
  driver(): KeyStoreDriver;
  /** The raw value at a path. */
  peek(path: string): Uint8Array;
  /** Replaces or removes a raw value. */
  poke(path: string, value: Uint8Array | undefined): void;
}

export function sharedMemory(): SharedMemory {
  const memory = memoryKeystore();
  const values = new Map<string, Uint8Array>();
  let commits = 0;
  const apply = (writes: ReadonlyMap<string, Uint8Array | undefined>): void => {
    commits++;
    for (const [path, value] of writes) {
      if (value === undefined) values.delete(path);
      else values.set(path, value.slice());
    }
  };
  return {
    driver(): KeyStoreDriver {
      let own = 0;
      return {
        get: (path) => memory.get(path),
        list: (prefix, after, limit) => memory.list(prefix, after, limit),
        async commit(commit) {
          const outcome = await memory.commit(commit);
          if (outcome !== "conflict") {
            own++;
            apply(commit.writes);
          }
          return outcome;
        },
        foreignRevision: () => commits - own,
        close: async () => undefined,
      };
    },
    peek: (path) => values.get(path)!.slice(),
    poke(path, value) {
      const writes = new Map([[path, value]]);
      // The memory commits before its first await, so the change is there when this returns.
      void memory.commit({ checks: [], writes });
      apply(writes);
    },
  };
}
