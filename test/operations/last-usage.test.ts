/** When the last usage of a key is written, and what is promised of it: src/keys/last-usage.ts. */
import { describe, expect, it } from "vitest";
import { createKms, type KeyStoreDriver, type Kms, memoryKeystore, rootKeyFromBytes } from "../../src/index.ts";
import { ACCOUNT, DAY_MS, failureOf, REGION, ROOT_KEY, startService, unclosable } from "./service.ts";

const Plaintext = Uint8Array.of(1);

const newKey = async (kms: Kms): Promise<string> => (await kms.execute("CreateKey", {})).KeyMetadata!.KeyId;
const encrypt = (kms: Kms, KeyId: string) => kms.execute("Encrypt", { KeyId, Plaintext });
const usageOf = async (kms: Kms, KeyId: string) => (await kms.execute("GetKeyLastUsage", { KeyId })).KeyLastUsage;

/** The same driver, which counts commits. */
function counted(driver: KeyStoreDriver) {
  let commits = 0;
  const counting: KeyStoreDriver = {
    ...unclosable(driver),
    commit(commit) {
      commits++;
      return driver.commit(commit);
    },
  };
  return { driver: counting, commits: () => commits };
}

describe("the last usage of a key", () => {
  it("costs no commit, however often the key is used, until another request writes", async () => {
    const { driver, commits } = counted(memoryKeystore());
    const { kms } = await startService(driver);
    const KeyId = await newKey(kms);
    const before = commits();
    for (let i = 0; i < 100; i++) await encrypt(kms, KeyId);
    expect(commits()).toBe(before);
    await newKey(kms);
    expect(commits()).toBe(before + 1);
  });

  it("is known to another process once a request of this one has written", async () => {
    const keystore = memoryKeystore();
    const { kms } = await startService(unclosable(keystore));
    const KeyId = await newKey(kms);
    await encrypt(kms, KeyId);
    const before = await startService(unclosable(keystore));
    expect(await usageOf(before.kms, KeyId)).toEqual({});
    await newKey(kms);
    const after = await startService(unclosable(keystore));
    expect(await usageOf(after.kms, KeyId)).toEqual(await usageOf(kms, KeyId));
    expect(await usageOf(after.kms, KeyId)).toMatchObject({ Operation: "Encrypt" });
  });

  it("survives a close, for more keys than one write takes along", async () => {
    const keystore = memoryKeystore();
    const { kms } = await startService(unclosable(keystore));
    const ids: string[] = [];
    for (let i = 0; i < 40; i++) ids.push(await newKey(kms));
    for (const id of ids) await encrypt(kms, id);
    await kms.close();
    const again = await startService(unclosable(keystore));
    for (const id of ids) expect(await usageOf(again.kms, id)).toMatchObject({ Operation: "Encrypt" });
  });

  it("is the later one of two processes'", async () => {
    const keystore = memoryKeystore();
    const early = await startService(unclosable(keystore));
    const KeyId = await newKey(early.kms);
    const late = await startService(unclosable(keystore));
    await encrypt(early.kms, KeyId);
    late.advance(DAY_MS);
    await late.kms.execute("GenerateDataKey", { KeyId, KeySpec: "AES_256" });
    await late.kms.close();
    await early.kms.close();
    const { kms } = await startService(unclosable(keystore));
    expect(await usageOf(kms, KeyId)).toMatchObject({ Operation: "GenerateDataKey" });
  });

  it("does not count what the audit refused", async () => {
    let refusing = false;
    const audit = () => {
      if (refusing) throw new Error("disk full");
    };
    const options = { keystore: memoryKeystore(), rootKey: rootKeyFromBytes(ROOT_KEY), audit };
    const kms = (await createKms({ ...options, region: REGION, accountId: ACCOUNT })).as("root");
    const KeyId = await newKey(kms);
    refusing = true;
    await failureOf(encrypt(kms, KeyId));
    refusing = false;
    expect(await usageOf(kms, KeyId)).toEqual({});
  });

  it("goes with its key", async () => {
    const keystore = memoryKeystore();
    const service = await startService(unclosable(keystore));
    const { kms } = service;
    const KeyId = await newKey(kms);
    await encrypt(kms, KeyId);
    await kms.execute("ScheduleKeyDeletion", { KeyId });
    const stored = () => keystore.list(`record/${ACCOUNT}/${REGION}/last-usage/`, undefined, 10);
    expect(await stored()).toHaveLength(1);
    service.advance(31 * DAY_MS);
    await newKey(kms);
    expect(await stored()).toEqual([]);
  });

  it("stands in nobody's way: a damaged record, or a store that takes nothing more", async () => {
    const keystore = memoryKeystore();
    const first = await startService(unclosable(keystore));
    const KeyId = await newKey(first.kms);
    await encrypt(first.kms, KeyId);
    await first.kms.close();
    const path = `record/${ACCOUNT}/${REGION}/last-usage/${KeyId}`;
    await keystore.commit({ checks: [], writes: new Map([[path, new Uint8Array(80).fill(3)]]) });
    let full = false;
    const driver: KeyStoreDriver = {
      ...unclosable(keystore),
      commit: (commit) => (full ? Promise.reject(new Error("disk full")) : keystore.commit(commit)),
    };
    const { kms } = await startService(driver);
    await encrypt(kms, KeyId);
    await newKey(kms);
    await encrypt(kms, KeyId);
    full = true;
    await kms.close();
  });

  it("is written when very many keys wait, and the request that finds them pays", async () => {
    const { driver, commits } = counted(memoryKeystore());
    const { kms } = await startService(driver);
    const ids: string[] = [];
    for (let i = 0; i < 4096; i++) ids.push(await newKey(kms));
    const before = commits();
    for (const id of ids.slice(1)) await encrypt(kms, id);
    expect(commits()).toBe(before);
    await encrypt(kms, ids[0]!);
    expect(commits()).toBe(before + 1);
    for (const id of ids) await encrypt(kms, id);
    expect(commits()).toBe(before + 2);
  });
});
