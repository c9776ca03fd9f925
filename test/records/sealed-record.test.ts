/** The sealed form of records, headers and wrapped keys: every change is refused. */
import { describe, expect, it } from "vitest";
import { KeystoreError } from "../../src/errors.ts";
import { memoryKeystore } from "../../src/keystore/memory.ts";
import { changeRootKey } from "../../src/records/data-key.ts";
import { rootKeyFromBytes } from "../../src/records/root-key.ts";
import { type SharedMemory, sharedMemory } from "./shared-memory.ts";
import { crypto, note, noteType, openStore, ROOT_KEY, random, textOf } from "./store.ts";

const OTHER_KEY = ROOT_KEY.map((byte) => byte ^ 0x80);

/** A closed store that holds "one" at `a` and "two" at `b`. */
async function filled(): Promise<SharedMemory> {
  const memory = sharedMemory();
  const records = await openStore(memory.driver());
  const { type } = noteType();
  await records.write(async (tx) => {
    tx.put(type, "a", note("one"));
    tx.put(type, "b", note("two"));
  });
  await records.close();
  return memory;
}

/** Every way to flip one bit of `bytes`, and to cut or lengthen it. */
function* damages(bytes: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    yield flipped;
  }
  for (let length = 0; length < bytes.length; length++) yield bytes.slice(0, length);
  yield Uint8Array.from([...bytes, 0]);
}

describe("a sealed record", () => {
  it("is refused after every flip of a bit and at every length", async () => {
    const memory = await filled();
    const records = await openStore(memory.driver());
    const sealed = memory.peek("record/a");
    expect(sealed.length).toBe(85 + 3);
    let refusals = 0;
    for (const damaged of damages(sealed)) {
      memory.poke("record/a", damaged);
      const failure = await textOf(records, noteTypeOf(records), "a").catch((error) => error);
      expect(failure).toBeInstanceOf(KeystoreError);
      expect(failure.message).toMatch(/^The record "a" of this keystore does not open/);
      refusals++;
    }
    expect(refusals).toBe(sealed.length * 9 + 1);
    expect(await textOf(records, noteTypeOf(records), "b")).toBe("two");
  });

  it("opens only at its path and in its store", async () => {
    const memory = await filled();
    const other = await filled();
    const refused = async (value: Uint8Array): Promise<void> => {
      memory.poke("record/a", value);
      const records = await openStore(memory.driver());
      await expect(textOf(records, noteType().type, "a")).rejects.toThrow(KeystoreError);
      await records.close();
    };
    const own = memory.peek("record/a");
    await refused(memory.peek("record/b"));
    await refused(other.peek("record/a"));
    memory.poke("record/a", own);
    expect(await textOf(await openStore(memory.driver()), noteType().type, "a")).toBe("one");
  });

  it("never looks the same twice, and shows nothing of its content", async () => {
    const memory = sharedMemory();
    const records = await openStore(memory.driver());
    const { type } = noteType();
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) {
      await records.write(async (tx) => tx.put(type, "a", note("plainly visible")));
      const sealed = Buffer.from(memory.peek("record/a"));
      expect(sealed.includes("plainly visible")).toBe(false);
      seen.add(sealed.subarray(5, 37).toString("hex"));
    }
    expect(seen.size).toBe(20);
  });

  it("says so if it is authentic but not readable", async () => {
    const records = await openStore(memoryKeystore());
    const { type } = noteType(1);
    let readable = true;
    const strict = {
      ...type,
      decode(bytes: Uint8Array) {
        if (!readable) throw new RangeError("unknown form");
        return type.decode(bytes);
      },
    };
    await records.write(async (tx) => tx.put(strict, "a", note("one")));
    await records.write(async (tx) => tx.put(strict, "b", note("two")));
    readable = false;
    const failure = await textOf(records, strict, "a").catch((error) => error);
    expect(failure).toBeInstanceOf(KeystoreError);
    expect(failure.message).toMatch(/"a" .* authentic/);
    expect(failure.cause).toBeInstanceOf(RangeError);
  });
});

const types = new WeakMap<object, ReturnType<typeof noteType>["type"]>();

function noteTypeOf(records: object): ReturnType<typeof noteType>["type"] {
  if (!types.has(records)) types.set(records, noteType().type);
  return types.get(records)!;
}

describe("the header of a store", () => {
  it("is refused after every flip of a bit and at every length", async () => {
    const memory = await filled();
    const header = memory.peek("header");
    let refusals = 0;
    for (const damaged of damages(header)) {
      memory.poke("header", damaged);
      const failure = await openStore(memory.driver()).catch((error) => error);
      expect(failure).toBeInstanceOf(KeystoreError);
      refusals++;
    }
    expect(refusals).toBe(header.length * 9 + 1);
    memory.poke("header", header);
    expect(await textOf(await openStore(memory.driver()), noteType().type, "a")).toBe("one");
  });

  it("of another store with the same root key opens none of the records", async () => {
    const memory = await filled();
    memory.poke("header", (await filled()).peek("header"));
    const records = await openStore(memory.driver());
    await expect(textOf(records, noteType().type, "a")).rejects.toThrow(KeystoreError);
  });

  it("has to be there if records are", async () => {
    const memory = await filled();
    memory.poke("header", undefined);
    await expect(openStore(memory.driver())).rejects.toThrow(/records but no header/);
  });

  it("tells a wrong root key from the right one by their ids", async () => {
    const memory = await filled();
    const ids = await Promise.all(
      [ROOT_KEY, OTHER_KEY].map(async (key) => (await rootKeyFromBytes(key).open({ crypto, random })).id),
    );
    const failure = await openStore(memory.driver(), OTHER_KEY).catch((error) => error);
    expect(failure).toBeInstanceOf(KeystoreError);
    expect(failure.message).toMatch(/^This root key does not open this keystore/);
    for (const id of ids) expect(failure.message).toContain(id);
  });

  it("is made once by many that open an empty store at the same time", async () => {
    const memory = sharedMemory();
    const stores = await Promise.all(Array.from({ length: 8 }, () => openStore(memory.driver())));
    for (const [i, store] of stores.entries()) {
      await store.write(async (tx) => tx.put(noteTypeOf(store), `from ${i}`, note(String(i))));
    }
    for (const store of stores) {
      for (const i of stores.keys()) expect(await textOf(store, noteTypeOf(store), `from ${i}`)).toBe(String(i));
    }
  });

  it("cannot serve two services over one driver", async () => {
    const driver = sharedMemory().driver();
    const records = await openStore(driver);
    await expect(openStore(driver)).rejects.toThrow(/in use already/);
    await records.close();
    await (await openStore(driver)).close();
  });
});

describe("a change of the root key", () => {
  it("lets the new key in and the old one out", async () => {
    const memory = await filled();
    const running = await openStore(memory.driver());
    const [rootKey, next] = await Promise.all(
      [ROOT_KEY, OTHER_KEY].map((key) => rootKeyFromBytes(key).open({ crypto, random })),
    );
    await changeRootKey({ driver: memory.driver(), rootKey: rootKey!, crypto, random }, next!);
    await expect(openStore(memory.driver())).rejects.toThrow(/does not open this keystore/);
    expect(await textOf(await openStore(memory.driver(), OTHER_KEY), noteType().type, "a")).toBe("one");
    expect(await textOf(running, noteType().type, "b")).toBe("two");
    const again = changeRootKey({ driver: memory.driver(), rootKey: rootKey!, crypto, random }, next!);
    await expect(again).rejects.toThrow(KeystoreError);
    const empty = changeRootKey({ driver: memoryKeystore(), rootKey: rootKey!, crypto, random }, next!);
    await expect(empty).rejects.toThrow(/empty/);
  });
});

describe("a root key", () => {
  it("has exactly 32 bytes, not all of them zero", () => {
    for (const length of [0, 1, 16, 31, 33, 64]) {
      expect(() => rootKeyFromBytes(new Uint8Array(length).fill(7))).toThrow(/exactly 32 bytes/);
    }
    expect(() => rootKeyFromBytes(new Uint8Array(32))).toThrow(/all zero/);
  });

  it("is copied, and opens until it is wiped", async () => {
    const bytes = ROOT_KEY.slice();
    const source = rootKeyFromBytes(bytes);
    bytes.fill(9);
    const { id } = await source.open({ crypto, random });
    expect(id).toBe((await rootKeyFromBytes(ROOT_KEY).open({ crypto, random })).id);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    source.wipe();
    await expect(source.open({ crypto, random })).rejects.toThrow(TypeError);
  });

  it("unwraps what it wrapped, for the same context only", async () => {
    const rootKey = await rootKeyFromBytes(ROOT_KEY).open({ crypto, random });
    const other = await rootKeyFromBytes(OTHER_KEY).open({ crypto, random });
    const dk = Uint8Array.from({ length: 32 }, (_, i) => 200 - i);
    const aad = Uint8Array.of(1, 2, 3);
    const blob = await rootKey.wrap(dk, aad);
    expect(await rootKey.unwrap(blob, aad)).toEqual(dk);
    expect(await other.unwrap(blob, aad)).toBeUndefined();
    expect(await rootKey.unwrap(blob, Uint8Array.of(1, 2))).toBeUndefined();
    for (const damaged of damages(blob)) expect(await rootKey.unwrap(damaged, aad)).toBeUndefined();
  });
});
