/** The grants of a realm over real stores: in memory and in a file. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Grant, NewGrant } from "../../src/grants/grant.ts";
import { readGrantToken } from "../../src/grants/grant-token.ts";
import { Grants, keyGrantsRecord, sameHashRecord } from "../../src/grants/grants.ts";
import type { KeyStoreDriver } from "../../src/keystore/driver.ts";
import { memoryKeystore } from "../../src/keystore/memory.ts";
import { sqliteKeystore } from "../../src/keystore/sqlite.ts";
import type { Records } from "../../src/records/record-store.ts";
import { temporaryFolder } from "../keystore/folder.ts";
import { openStore, random } from "../records/store.ts";

const REGION = "us-west-2";
const ACCOUNT = "111122223333";
const OTHER_ACCOUNT = "444455556666";
const KEY = "11111111-2222-4333-8444-555555555555";
const OTHER_KEY = "99999999-2222-4333-8444-555555555555";
const user = (name: string, account = ACCOUNT) => `arn:aws:iam::${account}:user/${name}`;
const ALICE = user("alice");
const BOB = user("bob");

const folderOf = (accountId: string) => `${accountId}/${REGION}`;

function grantsFor(accountId: string, region = REGION): Grants {
  return new Grants({ accountId, region }, { folderOf, clock: { nowMs: () => 1_700_000_000_000 }, random });
}

const wanted = (changes: Partial<NewGrant> = {}): NewGrant => ({
  KeyId: `arn:aws:kms:${REGION}:${ACCOUNT}:key/${KEY}`,
  GranteePrincipal: ALICE,
  Operations: ["Encrypt", "Decrypt"],
  IssuingAccount: `arn:aws:iam::${ACCOUNT}:root`,
  ...changes,
});

const idsOf = (grants: readonly Grant[]) => grants.map(({ GrantId }) => GrantId).sort();

/** A store with grants, and what a test asks of it. */
function benchOver(records: Records) {
  const grants = grantsFor(ACCOUNT);
  return {
    records,
    grants,
    create: (changes?: Partial<NewGrant>, keyId = KEY) =>
      records.write((tx) => grants.create(tx, keyId, wanted(changes))),
    remove: (grant: Grant) => records.write((tx) => grants.remove(tx, KEY, grant)),
    of: (...principals: string[]) => records.read((tx) => grants.ofGrantee(tx, KEY, principals)),
    list: (after?: string, limit = 1000) => records.read((tx) => grants.list(tx, KEY, after, limit)),
    find: (grantId: string) => records.read((tx) => grants.find(tx, KEY, grantId)),
    retirable: (retirer: string, after?: string, limit = 1000) =>
      records.read((tx) => grants.listRetirable(tx, retirer, after, limit)),
    async pathsOf(prefix: string) {
      return records.read((tx) => tx.list(`${folderOf(ACCOUNT)}/${prefix}`, undefined, 10_000));
    },
  };
}

const inMemory = async () => benchOver(await openStore(memoryKeystore()));

const DRIVERS: readonly (readonly [string, () => KeyStoreDriver])[] = [
  ["memory", memoryKeystore],
  ["a file", () => sqliteKeystore({ path: join(temporaryFolder(), "keys.sqlite") })],
];

describe.each(DRIVERS)("grants in %s", (_, driver) => {
  it("are found by id and by grantee, listed in order of id, and gone when they are removed", async () => {
    const bench = benchOver(await openStore(driver()));
    const made: Grant[] = [];
    for (let i = 0; i < 70; i++) made.push(await bench.create({ GranteePrincipal: i % 7 === 0 ? BOB : ALICE }));
    const ids = idsOf(made);
    expect(new Set(ids).size).toBe(70);
    expect(ids.every((id) => /^[0-9a-f]{64}$/.test(id))).toBe(true);
    expect((await bench.list()).map(({ GrantId }) => GrantId)).toEqual(ids);
    expect((await bench.list(ids[9], 5)).map(({ GrantId }) => GrantId)).toEqual(ids.slice(10, 15));
    const ofBob = made.filter(({ GranteePrincipal }) => GranteePrincipal === BOB);
    expect(idsOf(await bench.of(BOB))).toEqual(idsOf(ofBob));
    expect(idsOf(await bench.of(BOB, ALICE))).toEqual(ids);
    expect(await bench.of(user("carol"))).toEqual([]);
    expect(await bench.find(made[3]!.GrantId)).toEqual(made[3]);

    for (const grant of ofBob) await bench.remove(grant);
    expect(await bench.of(BOB)).toEqual([]);
    expect(await bench.find(ofBob[0]!.GrantId)).toBeUndefined();
    expect(await bench.list()).toHaveLength(60);
    await bench.records.close();
  });

  it("survive a restart, with all that was said of them", async () => {
    const path = driver();
    const unclosed: KeyStoreDriver = {
      get: (at) => path.get(at),
      list: (prefix, after, limit) => path.list(prefix, after, limit),
      commit: (commit) => path.commit(commit),
      foreignRevision: () => path.foreignRevision(),
      close: async () => {},
    };
    const before = benchOver(await openStore(unclosed));
    const context = JSON.parse('{"__proto__":"a","constructor":"b"}') as Record<string, string>;
    const grant = await before.create({ Constraints: { EncryptionContextEquals: context }, RetiringPrincipal: BOB });
    await before.records.close();
    const after = benchOver(await openStore(path));
    const [found] = await after.of(ALICE);
    expect(found).toEqual(grant);
    expect(Object.entries(found!.Constraints!.EncryptionContextEquals!)).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
    await after.records.close();
  });
});

describe("a request's grants", () => {
  it("come at once from cached records, and that there are none, too", async () => {
    const bench = await inMemory();
    for (let i = 0; i < 65; i++) await bench.create();
    await bench.create({ GranteePrincipal: BOB });
    await bench.of(ALICE, BOB);
    expect(bench.of(ALICE)).toHaveLength(65);
    expect(bench.of(BOB)).toHaveLength(1);
    for (let i = 0; i < 300; i++) expect(bench.of(user(`nobody-${i}`))).toEqual([]);
  });

  it("are never another key's, another account's or another grantee's with a like name", async () => {
    const bench = await inMemory();
    await bench.create({}, OTHER_KEY);
    expect(await bench.of(ALICE)).toEqual([]);
    await bench.create({ GranteePrincipal: "s3.amazonaws.com", GranteeServicePrincipal: undefined });
    for (const name of ["alic", "alice2", "Alice", "alice/", "*"]) expect(await bench.of(user(name))).toEqual([]);
    expect(await bench.of(user("alice", OTHER_ACCOUNT), "__proto__", "constructor", "")).toEqual([]);
    const other = grantsFor(OTHER_ACCOUNT);
    expect(await bench.records.read((tx) => other.ofGrantee(tx, OTHER_KEY, [ALICE]))).toEqual([]);
  });

  it("leave out those to a principal that was deleted and made again", async () => {
    const { create, records, grants } = await inMemory();
    const old = await create({ granteeId: "AIDAOLD" });
    const anybody = await create();
    const ofCaller = (id?: string) => records.read((tx) => grants.ofGrantee(tx, KEY, [ALICE], id));
    expect(idsOf(await ofCaller("AIDAOLD"))).toEqual(idsOf([old, anybody]));
    for (const id of ["AIDANEW", undefined]) expect(idsOf(await ofCaller(id))).toEqual([anybody.GrantId]);
  });

  it("fill the gaps that removed ones left", async () => {
    const bench = await inMemory();
    const made: Grant[] = [];
    for (let i = 0; i < 200; i++) made.push(await bench.create());
    const kept = made.filter((_, i) => i % 3 === 0);
    for (const grant of made.filter((_, i) => i % 3 !== 0)) await bench.remove(grant);
    expect(idsOf(await bench.of(ALICE))).toEqual(idsOf(kept));
    for (let i = 0; i < 133; i++) kept.push(await bench.create());
    expect(idsOf(await bench.of(ALICE))).toEqual(idsOf(kept));
    expect((await bench.pathsOf("grant-index/")).filter((path) => path.includes("/of/"))).toHaveLength(4);
    for (const grant of kept) await bench.remove(grant);
    expect(await bench.of(ALICE)).toEqual([]);
    expect(await bench.pathsOf("grant-index/")).toEqual([]);
  });
});

describe("a name", () => {
  it("finds the grant of the same parameters, in whatever order, and no other", async () => {
    const { create, remove, list } = await inMemory();
    const Constraints = { EncryptionContextSubset: { a: "1", b: "2" } };
    const first = await create({ Name: "n", Constraints });
    const again = { Name: "n", Operations: ["Decrypt", "Encrypt"] };
    const same = await create({ ...again, Constraints: { EncryptionContextSubset: { b: "2", a: "1" } } });
    expect(same.GrantId).toBe(first.GrantId);
    const others: Partial<NewGrant>[] = [
      { Name: "m", Constraints },
      { Name: "n" },
      { Name: "n", Constraints: { EncryptionContextEquals: { a: "1", b: "2" } } },
      { Name: "n", Constraints, GranteePrincipal: BOB },
      { Name: "n", Constraints, RetiringPrincipal: BOB },
      { Name: "n", Constraints, Operations: ["Encrypt"] },
      { Name: "n", Constraints, IssuingAccount: `arn:aws:iam::${OTHER_ACCOUNT}:root` },
      { Name: "n", Constraints, granteeId: "AIDANEW" },
    ];
    for (const changes of others) await create(changes);
    expect(await list()).toHaveLength(1 + others.length);
    await remove(first);
    expect((await create({ Name: "n", Constraints })).GrantId).not.toBe(first.GrantId);
  });

  it("is compared itself where hashes are equal", async () => {
    const { create, remove, records, pathsOf } = await inMemory();
    const other = await create({ Name: "other" });
    const named = await create({ Name: "n" });
    const names = (await pathsOf("grant-index/")).filter((path) => path.includes("/name/"));
    expect(names).toHaveLength(2);
    await records.write(async (tx) => {
      for (const path of names) tx.put(sameHashRecord, path, { grantIds: [other.GrantId, named.GrantId] });
    });
    expect((await create({ Name: "n" })).GrantId).toBe(named.GrantId);
    expect((await create({ Name: "other" })).GrantId).toBe(other.GrantId);
    await remove(other);
    await remove(named);
    expect((await create({ Name: "n" })).GrantId).not.toBe(named.GrantId);
  });

  it("leaves no record behind", async () => {
    const { create, remove, pathsOf } = await inMemory();
    await remove(await create({ Name: "n", RetiringPrincipal: BOB }));
    expect(await pathsOf("grant-index/")).toEqual([]);
    expect(await pathsOf("grant/")).toEqual([]);
    expect(await pathsOf("retirable/")).toEqual([]);
  });

  it("is needed for that: without one each grant is another", async () => {
    const { create } = await inMemory();
    expect((await create()).GrantId).not.toBe((await create()).GrantId);
  });
});

describe("the quota", () => {
  it("is 50,000 grants a key, and a retired one makes room", async () => {
    const { create, remove, records } = await inMemory();
    await create();
    await records.write(async (tx) => {
      const path = `${folderOf(ACCOUNT)}/key-grants/${KEY}`;
      tx.put(keyGrantsRecord, path, { ...(await tx.get(keyGrantsRecord, path))!, count: 49_999 });
    });
    const last = await create({ Name: "last" });
    await expect(create()).rejects.toMatchObject({ code: "LimitExceededException" });
    expect((await create({ Name: "last" })).GrantId).toBe(last.GrantId);
    await create({}, OTHER_KEY);
    await remove(last);
    await create();
    await expect(create()).rejects.toMatchObject({ code: "LimitExceededException" });
  });
});

describe("what a principal may retire", () => {
  it("is listed for that principal alone, in order of id and in pages, on keys of every account", async () => {
    const { create, records, retirable, remove } = await inMemory();
    const made: Grant[] = [];
    for (let i = 0; i < 5; i++) made.push(await create({ RetiringPrincipal: BOB }));
    const elsewhere = grantsFor(OTHER_ACCOUNT);
    made.push(await records.write((tx) => elsewhere.create(tx, OTHER_KEY, wanted({ RetiringPrincipal: BOB }))));
    await create({ RetiringPrincipal: user("bob/b") });
    await create({ RetiringPrincipal: user("bob", OTHER_ACCOUNT) });
    await create({ RetiringServicePrincipal: "s3.amazonaws.com" });
    await create();
    const ids = idsOf(made);
    expect((await retirable(BOB)).map(({ grantId }) => grantId)).toEqual(ids);
    expect((await retirable(BOB, ids[1], 3)).map(({ grant }) => grant?.GrantId)).toEqual(ids.slice(2, 5));
    expect(await retirable("s3.amazonaws.com")).toHaveLength(1);
    expect(await retirable(ALICE)).toEqual([]);
    await remove(made[0]!);
    expect((await retirable(BOB)).map(({ grantId }) => grantId)).toEqual(idsOf(made.slice(1)));
  });
});

describe("a deleted key", () => {
  it("takes its grants along at once, in few writes, and none comes back with a key of the same id", async () => {
    const { create, records, grants, of, find, list, retirable, pathsOf } = await inMemory();
    const made: Grant[] = [];
    for (let i = 0; i < 600; i++) {
      made.push(await create({ RetiringPrincipal: BOB, GranteePrincipal: user(`u${i % 30}`), Name: `name-${i}` }));
    }
    const token = grants.newToken(KEY, made[0]!.GrantId);
    await records.write((tx) => grants.forgetKey(tx, KEY));
    const gone = async () => {
      for (let i = 0; i < 30; i++) expect(await of(user(`u${i}`))).toEqual([]);
      expect(await find(made[0]!.GrantId)).toBeUndefined();
      expect((await retirable(BOB)).filter(({ grant }) => grant !== undefined)).toEqual([]);
      const check = async () => records.read((tx) => grants.checkGrantTokens(tx, [token]));
      await expect(check()).rejects.toMatchObject({ code: "InvalidGrantTokenException" });
    };
    await gone();
    expect(await list()).toEqual([]);
    const fresh = await create({ GranteePrincipal: user("u99"), RetiringPrincipal: ALICE });
    await gone();
    let sweeps = 0;
    for (; grants.mayHaveForgotten; sweeps++) await records.write((tx) => grants.sweep(tx));
    expect(sweeps).toBeLessThan(30);
    await gone();
    expect(idsOf(await list())).toEqual([fresh.GrantId]);
    expect(idsOf(await of(user("u99")))).toEqual([fresh.GrantId]);
    expect(await retirable(ALICE)).toHaveLength(1);
    expect(await pathsOf("retirable/")).toHaveLength(1);
    expect(await pathsOf("grant")).toHaveLength(3);
    expect(await pathsOf("forgotten-grants/")).toEqual([]);
  });

  it("is swept by whoever opens the store next", async () => {
    const { create, records, grants, pathsOf } = await inMemory();
    await create();
    await records.write((tx) => grants.forgetKey(tx, KEY));
    const next = grantsFor(ACCOUNT);
    while (next.mayHaveForgotten) await records.write((tx) => next.sweep(tx));
    expect(await pathsOf("")).toEqual([]);
  });
});

describe("a token", () => {
  it("names its grant, is another one each time, and holds as long as the grant lives", async () => {
    const { create, remove, records, grants } = await inMemory();
    const { GrantId, ...grant } = await create();
    const tokens = [grants.newToken(KEY, GrantId), grants.newToken(KEY, GrantId)];
    expect(tokens[0]).not.toBe(tokens[1]);
    expect(readGrantToken(tokens[0]!)).toEqual({ accountId: ACCOUNT, region: REGION, keyId: KEY, grantId: GrantId });
    const check = async (...given: string[]) => records.read((tx) => grants.checkGrantTokens(tx, given));
    await check(...tokens);
    await records.read((tx) => grantsFor(OTHER_ACCOUNT).checkGrantTokens(tx, tokens));
    const refused = { code: "InvalidGrantTokenException" };
    await expect(check(tokens[0]!, grants.newToken(OTHER_KEY, GrantId))).rejects.toMatchObject(refused);
    await expect(check(grants.newToken(KEY, "0".repeat(64)), tokens[0]!)).rejects.toMatchObject(refused);
    await expect(check(grantsFor(OTHER_ACCOUNT).newToken(KEY, GrantId))).rejects.toMatchObject(refused);
    await expect(check(grantsFor(ACCOUNT, "us-east-1").newToken(KEY, GrantId))).rejects.toMatchObject(refused);
    await remove({ GrantId, ...grant });
    for (const token of tokens) await expect(check(token)).rejects.toMatchObject(refused);
  });

  it("is no other text", async () => {
    const grants = grantsFor(ACCOUNT);
    const token = grants.newToken(KEY, "a".repeat(64));
    const text = atob(token);
    const others = [
      "",
      "t",
      ` ${token}`,
      `${token}\n`,
      token.replace(/=*$/, ""),
      `${token}AAAA`,
      "A".repeat(8192),
      btoa(`${text}:`),
      btoa(text.replace("1:", "2:")),
      btoa(text.replace(KEY, "../../key")),
      btoa(text.replace(ACCOUNT, "11112222333")),
      btoa(text.toUpperCase()),
      btoa(text.slice(0, -1)),
    ];
    const read = others.filter((other) => readGrantToken(other) !== undefined);
    // Missing padding is all that may be missing where there was none.
    expect(read).toEqual(token.endsWith("=") ? [] : [token]);
  });
});

describe("two processes on one file", () => {
  it("see each other's grants and retirements at their next request", async () => {
    const path = join(temporaryFolder(), "keys.sqlite");
    const mine = benchOver(await openStore(sqliteKeystore({ path })));
    const theirs = benchOver(await openStore(sqliteKeystore({ path })));
    const kept = await mine.create();
    for (let round = 0; round < 5; round++) {
      const grant = await theirs.create();
      for (let i = 0; i < 3; i++) expect(idsOf(await mine.of(ALICE))).toEqual(idsOf([kept, grant]));
      expect(mine.of(ALICE)).toHaveLength(2);
      await theirs.remove(grant);
      expect(idsOf(await mine.of(ALICE))).toEqual([kept.GrantId]);
      expect(idsOf(await mine.of(ALICE))).toEqual([kept.GrantId]);
    }
    await mine.records.close();
    await theirs.records.close();
  });
});
