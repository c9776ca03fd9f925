/** The cache of decoded records: limits, pins, and wiping what nobody holds. */
import { describe, expect, it } from "vitest";
import type { KeyStoreDriver } from "../../src/keystore/driver.ts";
import { memoryKeystore } from "../../src/keystore/memory.ts";
import { sharedMemory } from "./shared-memory.ts";
import { note, noteType, openStore, read, textOf } from "./store.ts";

describe("the cache", () => {
  it("unseals a record once and asks the driver no more", async () => {
    const memory = memoryKeystore();
    let gets = 0;
    const driver = Object.assign(memory, {
      get: (path: string) => {
        gets++;
        return Object.getPrototypeOf(memory).get.call(memory, path);
      },
    }) as KeyStoreDriver;
    const first = await openStore(driver);
    const { type, counts } = noteType();
    await first.write(async (tx) => tx.put(type, "a", note("one")));
    gets = 0;
    for (let i = 0; i < 10; i++) expect(await textOf(first, type, "a")).toBe("one");
    expect(counts.decoded).toBe(1);
    expect(gets).toBe(0);
  });

  it("is never stale, and does not unseal what another process left as it was", async () => {
    const memory = sharedMemory();
    const mine = await openStore(memory.driver());
    const theirs = await openStore(memory.driver());
    const { type, counts } = noteType();
    const other = noteType().type;
    await theirs.write(async (tx) => {
      tx.put(other, "same", note("same"));
      tx.put(other, "changed", note("old"));
      tx.put(other, "removed", note("here"));
    });
    for (const path of ["same", "changed", "removed", "born"]) await textOf(mine, type, path);
    expect(counts.decoded).toBe(3);
    await theirs.write(async (tx) => {
      tx.put(other, "changed", note("new"));
      tx.remove("removed");
      tx.put(other, "born", note("born"));
    });
    expect(await textOf(mine, type, "same")).toBe("same");
    expect(counts.decoded).toBe(3);
    expect(await textOf(mine, type, "changed")).toBe("new");
    expect(await textOf(mine, type, "removed")).toBeUndefined();
    expect(await textOf(mine, type, "born")).toBe("born");
    expect(counts).toEqual({ decoded: 5, disposed: 2 });
  });

  it("does not keep what was loaded while a local commit replaced it", async () => {
    const memory = memoryKeystore();
    const stored = memory.get.bind(memory);
    let hold: Promise<void> | undefined;
    let held: (() => void) | undefined;
    memory.get = async (path) => {
      const value = await stored(path);
      if (path.endsWith("a")) {
        held?.();
        await hold;
      }
      return value;
    };
    const { type } = noteType(1);
    const records = await openStore(memory);
    await records.write(async (tx) => tx.put(type, "a", note("old")));
    await records.write(async (tx) => tx.put(type, "b", note("pushes a out")));
    let release = (): void => undefined;
    hold = new Promise((resolve) => {
      release = resolve;
    });
    const reached = new Promise<void>((resolve) => {
      held = resolve;
    });
    const slow = textOf(records, type, "a");
    await reached;
    await records.write(async (tx) => tx.put(type, "a", note("new")));
    release();
    expect(await slow).toBe("old");
    expect(await textOf(records, type, "a")).toBe("new");
  });

  it("takes nothing from the cache that a failed commit may have changed", async () => {
    const memory = memoryKeystore();
    const { type } = noteType();
    const records = await openStore(memory);
    await records.write(async (tx) => tx.put(type, "a", note("old")));
    const commit = memory.commit.bind(memory);
    memory.commit = async (given) => {
      await commit(given);
      throw new Error("The answer was lost.");
    };
    await expect(records.write(async (tx) => tx.put(type, "a", note("new")))).rejects.toThrow("The answer was lost.");
    expect(await textOf(records, type, "a")).toBe("new");
  });
});

describe("disposal", () => {
  it("waits for the transactions that hold a value", async () => {
    const records = await openStore(memoryKeystore());
    const { type, counts } = noteType();
    await records.write(async (tx) => tx.put(type, "a", note("old")));
    await records.write(async (tx) => tx.put(type, "gone", note("gone")));
    await records.read(async (tx) => {
      const [old, gone] = [await tx.get(type, "a"), await tx.get(type, "gone")];
      await records.write(async (writer) => {
        writer.put(type, "a", note("new"));
        writer.remove("gone");
      });
      expect(counts.disposed).toBe(0);
      expect([read(old), read(gone), read(await tx.get(type, "a"))]).toEqual(["old", "gone", "new"]);
    });
    expect(counts.disposed).toBe(2);
    expect(await textOf(records, type, "a")).toBe("new");
  });

  it("follows each value that was pushed out, put twice, or given up", async () => {
    const records = await openStore(memoryKeystore());
    const { type, counts } = noteType(3);
    for (const path of ["a", "b", "c"]) await records.write(async (tx) => tx.put(type, path, note(path)));
    expect(counts.disposed).toBe(0);
    await records.read(async (tx) => {
      const held = await tx.get(type, "a");
      for (const path of ["d", "e", "f", "g"]) await records.write(async (w) => w.put(type, path, note(path)));
      expect(read(held)).toBe("a");
    });
    expect(counts.decoded - counts.disposed).toBe(3);
    const failing = records.write(async (tx) => {
      tx.put(type, "x", note("first"));
      tx.put(type, "x", note("second"));
      throw new Error("given up");
    });
    await expect(failing).rejects.toThrow("given up");
    expect(counts.decoded - counts.disposed).toBe(3);
    expect(await textOf(records, type, "a")).toBe("a");
    await records.close();
    expect(counts.decoded).toBe(counts.disposed);
  });

  it("keeps what was used, rather than what is new", async () => {
    const records = await openStore(memoryKeystore());
    const { type, counts } = noteType(4);
    await records.write(async (tx) => tx.put(type, "hot", note("hot")));
    for (let i = 0; i < 50; i++) {
      await records.write(async (tx) => tx.put(type, `cold ${i}`, note("cold")));
      await textOf(records, type, "hot");
    }
    expect(counts.decoded).toBe(51);
  });

  it("wipes the plaintext that decode and encode saw", async () => {
    const records = await openStore(memoryKeystore());
    const seen: Uint8Array[] = [];
    const { type } = noteType();
    const spy = {
      ...type,
      encode: (value: { text: Uint8Array }) => seen[seen.push(value.text.slice()) - 1]!,
      decode: (bytes: Uint8Array) => type.decode(seen[seen.push(bytes) - 1]!),
    };
    await records.write(async (tx) => tx.put(spy, "a", note("secret")));
    await records.write(async (tx) => tx.remove("a"));
    await records.write(async (tx) => tx.put(spy, "a", note("secret")));
    expect(seen).toHaveLength(4);
    for (const bytes of seen) expect(bytes).toEqual(new Uint8Array(6));
  });
});

describe("close", () => {
  it("waits for running work, refuses new work, and disposes of everything", async () => {
    const records = await openStore(memoryKeystore());
    const { type, counts } = noteType();
    await records.write(async (tx) => tx.put(type, "a", note("one")));
    let finish = (): void => undefined;
    const reading = records.read(async (tx) => {
      const value = await tx.get(type, "a");
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return read(value);
    });
    const writing = records.write(async (tx) => tx.put(type, "b", note("two")));
    const closing = records.close();
    await expect(records.read(async () => 1)).rejects.toThrow(/closed/);
    await expect(records.write(async () => 1)).rejects.toThrow(/closed/);
    await writing;
    finish();
    expect(await reading).toBe("one");
    await closing;
    await records.close();
    expect(counts.disposed).toBe(counts.decoded);
  });
});
