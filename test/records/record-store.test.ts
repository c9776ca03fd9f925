/** Transactions over sealed records: what they promise one process and several. */
import { describe, expect, it } from "vitest";
import { KeystoreError } from "../../src/errors.ts";
import { memoryKeystore } from "../../src/keystore/memory.ts";
import type { ReadTransaction, Transaction } from "../../src/records/record-store.ts";
import { sharedMemory } from "./shared-memory.ts";
import { note, noteType, openStore, read, textOf } from "./store.ts";

describe("transactions", () => {
  it("writes all or nothing, and reads its own writes", async () => {
    const records = await openStore(memoryKeystore());
    const { type } = noteType();
    await records.write(async (tx) => {
      tx.put(type, "a", note("one"));
      tx.put(type, "b", note("two"));
      expect(read(await tx.get(type, "a"))).toBe("one");
      tx.remove("b");
      expect(await tx.get(type, "b")).toBeUndefined();
    });
    expect(await textOf(records, type, "a")).toBe("one");
    expect(await textOf(records, type, "b")).toBeUndefined();
    const failing = records.write(async (tx) => {
      tx.put(type, "a", note("lost"));
      tx.remove("a");
      throw new RangeError("no");
    });
    await expect(failing).rejects.toThrow(RangeError);
    expect(await textOf(records, type, "a")).toBe("one");
    await records.close();
  });

  it("takes a value at the moment of its put", async () => {
    const records = await openStore(memoryKeystore());
    const { type } = noteType();
    await records.write(async (tx) => {
      const mine = note("secret");
      tx.put(type, "a", mine);
      mine.text.fill(0);
    });
    expect(await textOf(records, type, "a")).toBe("secret");
  });

  it("lists what is stored and what this transaction has changed of it", async () => {
    const records = await openStore(memoryKeystore());
    const { type } = noteType();
    await records.write(async (tx) => {
      for (const path of ["k/1", "k/3", "k/5", "other"]) tx.put(type, path, note(path));
    });
    expect(await records.read((tx) => tx.list("k/", undefined, 9))).toEqual(["k/1", "k/3", "k/5"]);
    expect(await records.read((tx) => tx.list("", undefined, 9))).toEqual(["k/1", "k/3", "k/5", "other"]);
    await records.write(async (tx) => {
      tx.remove("k/3");
      tx.put(type, "k/4", note("4"));
      tx.put(type, "k/0", note("0"));
      expect(await tx.list("k/", undefined, 9)).toEqual(["k/0", "k/1", "k/4", "k/5"]);
      expect(await tx.list("k/", "k/1", 1)).toEqual(["k/4"]);
      expect(await tx.list("k/", "k/4", 9)).toEqual(["k/5"]);
    });
    expect(await records.read((tx) => tx.list("k/", "k/0", 2))).toEqual(["k/1", "k/4"]);
  });

  it("lists across many removed records", async () => {
    const records = await openStore(memoryKeystore());
    const { type } = noteType();
    const paths = Array.from({ length: 600 }, (_, i) => `k/${String(i).padStart(3, "0")}`);
    await records.write(async (tx) => {
      for (const path of paths) tx.put(type, path, note(path));
    });
    await records.write(async (tx) => {
      for (const path of paths.slice(0, 550)) tx.remove(path);
      expect(await tx.list("k/", undefined, 2)).toEqual(["k/550", "k/551"]);
    });
  });

  it("refuses work after its end", async () => {
    const records = await openStore(memoryKeystore());
    const { type } = noteType();
    let kept: ReadTransaction | undefined;
    await records.read(async (tx) => {
      kept = tx;
    });
    await expect(kept!.get(type, "a")).rejects.toThrow(TypeError);
    await expect(kept!.list("", undefined, 1)).rejects.toThrow(TypeError);
    const put = await records.write(async (tx) => () => tx.put(type, "a", note("late")));
    expect(put).toThrow(TypeError);
    expect(await textOf(records, type, "a")).toBeUndefined();
  });

  it("gives one path one type, and one name one type", async () => {
    const records = await openStore(memoryKeystore());
    const { type } = noteType();
    const other = { ...noteType().type, name: "other" };
    const twin = noteType().type;
    await records.write(async (tx) => tx.put(type, "a", note("one")));
    await expect(textOf(records, other, "a")).rejects.toThrow(/The record "a" .* does not open/);
    await expect(textOf(records, twin, "b")).rejects.toThrow(TypeError);
    const mixed = records.write(async (tx) => {
      await tx.get(type, "a");
      await tx.get(other, "a");
    });
    await expect(mixed).rejects.toThrow(TypeError);
  });
});

describe("writers", () => {
  const increment = (path: string, type: ReturnType<typeof noteType>["type"]) => async (tx: Transaction) => {
    const before = Number(read(await tx.get(type, path)) ?? "0");
    await Promise.resolve();
    tx.put(type, path, note(String(before + 1)));
  };

  it("lands 1000 of 1000 increments by 32 concurrent writers of one record", async () => {
    const records = await openStore(memoryKeystore());
    const { type } = noteType();
    let left = 1000;
    const writer = async (): Promise<void> => {
      while (left-- > 0) await records.write(increment("counter", type));
    };
    await Promise.all(Array.from({ length: 32 }, writer));
    expect(await textOf(records, type, "counter")).toBe("1000");
  });

  it("lands every increment of two processes", async () => {
    const memory = sharedMemory();
    const stores = [await openStore(memory.driver()), await openStore(memory.driver())];
    const types = [noteType().type, noteType().type];
    await Promise.all(Array.from({ length: 200 }, (_, i) => stores[i % 2]!.write(increment("counter", types[i % 2]!))));
    expect(await textOf(stores[0]!, types[0]!, "counter")).toBe("200");
    expect(await textOf(stores[1]!, types[1]!, "counter")).toBe("200");
  });

  it("gives up with a clear error when another process is always faster, and has written nothing", async () => {
    const memory = sharedMemory();
    const mine = await openStore(memory.driver());
    const theirs = await openStore(memory.driver());
    const types = [noteType().type, noteType().type] as const;
    let rivals = 0;
    const losing = mine.write(async (tx) => {
      await tx.get(types[0], "a");
      await theirs.write(async (rival) => rival.put(types[1], "a", note(`rival ${++rivals}`)));
      tx.put(types[0], "a", note("mine"));
    });
    await expect(losing).rejects.toThrow(KeystoreError);
    expect(rivals).toBe(64);
    expect(await textOf(mine, types[0], "a")).toBe("rival 64");
  });

  it("notices that a record which it found absent has come into being", async () => {
    const memory = sharedMemory();
    const mine = await openStore(memory.driver());
    const theirs = await openStore(memory.driver());
    const types = [noteType().type, noteType().type] as const;
    let runs = 0;
    await mine.write(async (tx) => {
      const found = read(await tx.get(types[0], "a"));
      if (runs++ === 0) await theirs.write(async (rival) => rival.put(types[1], "a", note("theirs")));
      tx.put(types[0], "b", note(`saw ${found}`));
    });
    expect(runs).toBe(2);
    expect(await textOf(theirs, types[1], "b")).toBe("saw theirs");
  });
});
