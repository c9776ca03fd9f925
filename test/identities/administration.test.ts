/** Managing identities: names, ids, policies, access keys and sessions, with IAM's rules. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { sqliteKeystore } from "../../src/keystore/sqlite.ts";
import { temporaryFolder } from "../keystore/folder.ts";
import { sharedMemory } from "../records/shared-memory.ts";
import {
  ACCOUNT,
  type Bench,
  OTHER_ACCOUNT,
  openBench,
  policyOf,
  refusalOf,
  roleArn,
  START_MS,
  userArn,
} from "./bench.ts";

const ENCRYPT = policyOf("kms:Encrypt");
const session = { sessionName: "s1" };
let bench: Bench;

beforeEach(async () => {
  bench = await openBench();
});

describe("users and roles", () => {
  it("have ARNs with their paths, and ids of their own", async () => {
    expect(await bench.admin.create("user", ACCOUNT, "alice", { path: "/team/a/" })).toBe(userArn("alice", "/team/a/"));
    expect(await bench.admin.create("role", ACCOUNT, "alice")).toBe(roleArn("alice"));
    const [user, role] = await bench.admin.list(ACCOUNT);
    expect(user).toMatchObject({
      kind: "user",
      name: "alice",
      createdAtMs: START_MS,
      arn: userArn("alice", "/team/a/"),
    });
    expect(user!.id).toMatch(/^AIDA[A-Z2-7]{17}$/);
    expect(role!.id).toMatch(/^AROA[A-Z2-7]{17}$/);
  });

  it("are one, however its name is written, in one account", async () => {
    await bench.admin.create("user", ACCOUNT, "Alice");
    expect(await refusalOf(bench.admin.create("user", ACCOUNT, "aLICE"))).toContain("There is a user Alice in account");
    expect(await bench.admin.create("user", OTHER_ACCOUNT, "alice")).toBe(userArn("alice", "/", OTHER_ACCOUNT));
    expect((await bench.admin.show("user", ACCOUNT, "ALICE")).name).toBe("Alice");
    await bench.admin.remove("user", ACCOUNT, "alicE");
    expect(await bench.admin.list(ACCOUNT)).toEqual([]);
    expect(await bench.admin.list(OTHER_ACCOUNT)).toHaveLength(1);
  });

  it.each(["", "a b", "a/b", "a:b", "a*", "ü", "a\n", "../role/x", "a".repeat(65), "root", "ROOT"])(
    "are not named %j",
    async (name) => {
      expect(await refusalOf(bench.admin.create("user", ACCOUNT, name))).toMatch(
        /^IdentityError: A user (name|cannot)/,
      );
      expect(await bench.admin.list(ACCOUNT)).toEqual([]);
    },
  );

  it.each(["a", "_+=,.@-", "a".repeat(64), "__proto__", "constructor"])("may be named %j", async (name) => {
    await bench.admin.create("user", ACCOUNT, name, { policies: { [name]: ENCRYPT } });
    expect(Object.keys((await bench.admin.show("user", ACCOUNT, name)).policies)).toEqual([name]);
  });

  it.each(["", "team", "/team", "team/", "/a b/", "/ü/", `/${"a".repeat(511)}/`])("have no path %j", async (path) => {
    expect(await refusalOf(bench.admin.create("role", ACCOUNT, "r", { path }))).toContain(
      "A path has / or /some/path/",
    );
  });

  it.each(["", "1", "11112222333x", "1111222233334", "../1111222233", "١١١١٢٢٢٢٣٣٣٣"])(
    "are in no account %j",
    async (account) => {
      expect(await refusalOf(bench.admin.create("user", account, "a"))).toContain("An account id has twelve digits");
      expect(await refusalOf(bench.admin.show("user", account, "a"))).toContain("An account id has twelve digits");
      expect(await refusalOf(bench.admin.list(account))).toContain("An account id has twelve digits");
      expect(await refusalOf(bench.admin.showAccount(account))).toContain("An account id has twelve digits");
    },
  );

  it.each([
    [{ "": "x" }, "A tag's key has"],
    [{ ["k".repeat(129)]: "x" }, "A tag's key has"],
    [{ "aws:x": "x" }, "A tag's key has"],
    [{ "AWS:x": "x" }, "A tag's key has"],
    [{ "a\u0000": "x" }, "A tag's key has"],
    [{ a: "v".repeat(257) }, "The value of the tag a has"],
    [{ a: "\n" }, "The value of the tag a has"],
    [{ a: 1 as unknown as string }, "The value of the tag a has"],
    [{ Team: "a", team: "b" }, "The tag team is there twice"],
    [Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, "v"])), "at most 50 tags; there are 51"],
  ])("have no tags %j", async (tags, message) => {
    expect(await refusalOf(bench.admin.create("user", ACCOUNT, "a", { tags }))).toContain(message);
    await bench.admin.create("role", ACCOUNT, "r");
    expect(await refusalOf(bench.admin.assumeRole(ACCOUNT, "r", { ...session, tags }))).toContain(message);
  });

  it("are listed beyond one page, in order, and each account by itself", async () => {
    const names = Array.from({ length: 1003 }, (_, i) => `u${String(i).padStart(4, "0")}`);
    await bench.admin.inOneStep(async (tx) => {
      for (const name of names) await bench.admin.upsert(tx, "user", ACCOUNT, name, {});
    });
    expect((await bench.admin.list(ACCOUNT)).map(({ name }) => name)).toEqual(names);
    expect(await bench.admin.list(OTHER_ACCOUNT)).toEqual([]);
  });

  it("that are not there are named, with what to do", async () => {
    for (const work of [
      bench.admin.remove("user", ACCOUNT, "bob"),
      bench.admin.show("user", ACCOUNT, "bob"),
      bench.admin.putPolicy("user", ACCOUNT, "bob", "p", ENCRYPT),
      bench.admin.putBoundary("user", ACCOUNT, "bob", ENCRYPT),
      bench.admin.createAccessKey(ACCOUNT, "bob"),
    ]) {
      expect(await refusalOf(work)).toBe(
        `IdentityError: There is no user bob in account ${ACCOUNT}. "wasm-kms identity list" shows all of them.`,
      );
    }
    // Nor did that make the account.
    expect(await bench.pathsOf("")).toEqual([]);
  });
});

describe("policies", () => {
  beforeEach(() => bench.admin.create("user", ACCOUNT, "alice").then(() => undefined));

  it.each(["not json", "{}", "[]", '{"Version":"2012-10-17","Statement":[]}', '{"Version":"1","Statement":[]}'])(
    "that cannot be read are refused by name, and nothing changes: %s",
    async (text) => {
      const { admin } = bench;
      const code = "MalformedPolicyDocumentException";
      const refused = await refusalOf(admin.putPolicy("user", ACCOUNT, "alice", "mine", text));
      expect(refused).toContain(`${code}: The policy mine: `);
      expect(await refusalOf(admin.create("role", ACCOUNT, "r", { policies: { a: ENCRYPT, b: text } }))).toContain(
        `${code}: The policy b: `,
      );
      expect(await refusalOf(admin.putBoundary("user", ACCOUNT, "alice", text))).toContain(
        `${code}: The permissions boundary: `,
      );
      expect(await refusalOf(admin.putServiceControlPolicy(ACCOUNT, "scp", text))).toContain(
        `${code}: The policy scp: `,
      );
      await admin.create("role", ACCOUNT, "app");
      expect(await refusalOf(admin.assumeRole(ACCOUNT, "app", { ...session, policy: text }))).toContain(
        `${code}: The session policy: `,
      );
      const { policies, boundary } = await admin.show("user", ACCOUNT, "alice");
      expect({ policies, boundary }).toEqual({ policies: {}, boundary: undefined });
      expect((await admin.showAccount(ACCOUNT)).serviceControlPolicies).toEqual({});
    },
  );

  it("are put, replaced and removed by name", async () => {
    const policies = async () => (await bench.admin.show("user", ACCOUNT, "alice")).policies;
    await bench.admin.putPolicy("user", ACCOUNT, "alice", "__proto__", ENCRYPT);
    await bench.admin.putPolicy("user", ACCOUNT, "alice", "p", ENCRYPT);
    await bench.admin.putPolicy("user", ACCOUNT, "alice", "p", policyOf("kms:Decrypt"));
    expect(Object.entries(await policies())).toEqual([
      ["__proto__", ENCRYPT],
      ["p", policyOf("kms:Decrypt")],
    ]);
    expect(await refusalOf(bench.admin.putPolicy("user", ACCOUNT, "alice", "q", undefined))).toContain(
      "The user alice has no policy q.",
    );
    for (const name of ["__proto__", "p"]) await bench.admin.putPolicy("user", ACCOUNT, "alice", name, undefined);
    expect(Object.keys(await policies())).toEqual([]);
  });

  it.each(["", "a b", "a/b", "p".repeat(129)])("are not named %j", async (name) => {
    const message = "A policy name has 1 to 128";
    expect(await refusalOf(bench.admin.putPolicy("user", ACCOUNT, "alice", name, ENCRYPT))).toContain(message);
    expect(await refusalOf(bench.admin.putServiceControlPolicy(ACCOUNT, name, ENCRYPT))).toContain(message);
    expect(await refusalOf(bench.admin.create("role", ACCOUNT, "r", { policies: { [name]: ENCRYPT } }))).toContain(
      message,
    );
  });

  it("are at most 20, of at most 10,240 characters", async () => {
    for (let i = 0; i < 20; i++) await bench.admin.putPolicy("user", ACCOUNT, "alice", `p${i}`, ENCRYPT);
    expect(await refusalOf(bench.admin.putPolicy("user", ACCOUNT, "alice", "p20", ENCRYPT))).toContain(
      "at most 20 policies",
    );
    await bench.admin.putPolicy("user", ACCOUNT, "alice", "p19", policyOf("kms:Decrypt"));
    const long = policyOf(`kms:${"a".repeat(10_240)}`);
    expect(await refusalOf(bench.admin.putPolicy("user", ACCOUNT, "alice", "p1", long))).toContain("10240 characters");
  });

  it("of an account are shown and removed, and one that is not there makes no account", async () => {
    await bench.admin.putServiceControlPolicy(ACCOUNT, "scp", ENCRYPT);
    expect(await bench.admin.showAccount(ACCOUNT)).toEqual({
      account: ACCOUNT,
      arn: `arn:aws:iam::${ACCOUNT}:root`,
      serviceControlPolicies: { scp: ENCRYPT },
      accessKeys: [],
    });
    await bench.admin.putServiceControlPolicy(ACCOUNT, "scp", undefined);
    expect((await bench.admin.showAccount(ACCOUNT)).serviceControlPolicies).toEqual({});
    expect(await refusalOf(bench.admin.putServiceControlPolicy(OTHER_ACCOUNT, "scp", undefined))).toContain(
      `The account ${OTHER_ACCOUNT} has no service control policy scp.`,
    );
    expect(await bench.pathsOf(`identity/${OTHER_ACCOUNT}/`)).toEqual([]);
  });

  it("set a boundary and take it away", async () => {
    await bench.admin.putBoundary("user", ACCOUNT, "alice", ENCRYPT);
    expect((await bench.admin.show("user", ACCOUNT, "alice")).boundary).toBe(ENCRYPT);
    await bench.admin.putBoundary("user", ACCOUNT, "alice", undefined);
    expect(await bench.admin.show("user", ACCOUNT, "alice")).not.toHaveProperty("boundary");
  });
});

describe("access keys", () => {
  beforeEach(() => bench.admin.create("user", ACCOUNT, "alice").then(() => undefined));

  it("look like AWS's, and no two are alike", async () => {
    const first = await bench.admin.createAccessKey(ACCOUNT, "alice");
    const second = await bench.admin.createAccessKey(ACCOUNT, "ALICE");
    for (const { accessKeyId, secretAccessKey } of [first, second]) {
      expect(accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
      expect(secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/);
    }
    expect(first.accessKeyId).not.toBe(second.accessKeyId);
    expect(first.secretAccessKey).not.toBe(second.secretAccessKey);
    expect(Object.keys(first)).toEqual(["accessKeyId", "secretAccessKey"]);
    expect((await bench.accessKey(first.accessKeyId))!.secret).toBe(first.secretAccessKey);
  });

  it.each(["alice", "root"])("are two for %s, until one is deleted", async (name) => {
    const { accessKeyId } = await bench.admin.createAccessKey(ACCOUNT, name);
    await bench.admin.createAccessKey(ACCOUNT, name);
    expect(await refusalOf(bench.admin.createAccessKey(ACCOUNT, name))).toContain(`${name} has 2 access keys already`);
    await bench.admin.deleteAccessKey(accessKeyId);
    expect(await bench.accessKey(accessKeyId)).toBeUndefined();
    await bench.admin.createAccessKey(ACCOUNT, name);
    const shown =
      name === "root" ? await bench.admin.showAccount(ACCOUNT) : await bench.admin.show("user", ACCOUNT, name);
    expect(shown.accessKeys.map(({ isActive, createdAtMs }) => [isActive, createdAtMs])).toEqual([
      [true, START_MS],
      [true, START_MS],
    ]);
  });

  it("go with their user, and leave nothing behind", async () => {
    const { accessKeyId } = await bench.admin.createAccessKey(ACCOUNT, "alice");
    await bench.admin.remove("user", ACCOUNT, "alice");
    expect(await bench.accessKey(accessKeyId)).toBeUndefined();
    expect(await bench.pathsOf("access-key/")).toEqual([]);
  });

  it.each(["AKIAAAAAAAAAAAAAAAAA", "", "x", "a".repeat(2000), "../identity/x"])(
    "that are not there: %j",
    async (id) => {
      const message = /^IdentityError: (There is no access key|An? access key id has)/;
      expect(await refusalOf(bench.admin.deleteAccessKey(id))).toMatch(message);
      expect(await refusalOf(bench.admin.setAccessKeyActive(id, false))).toMatch(message);
    },
  );

  it("are never shown with a secret, nor is one written to the disk", async () => {
    const folder = temporaryFolder();
    const onDisk = await openBench(sqliteKeystore({ path: join(folder, "keystore.sqlite") }));
    await onDisk.admin.create("user", ACCOUNT, "alice", { policies: { p: ENCRYPT } });
    await onDisk.admin.create("role", ACCOUNT, "app");
    const key = await onDisk.admin.createAccessKey(ACCOUNT, "alice");
    const root = await onDisk.admin.createAccessKey(ACCOUNT, "root");
    const temporary = await onDisk.admin.assumeRole(ACCOUNT, "app", session);
    const secrets = [key.secretAccessKey, root.secretAccessKey, temporary.secretAccessKey, temporary.sessionToken!];
    const shown = JSON.stringify([await onDisk.admin.list(ACCOUNT), await onDisk.admin.showAccount(ACCOUNT)]);
    expect(shown).toContain(key.accessKeyId);
    for (const secret of secrets) expect(shown).not.toContain(secret);
    const found = await onDisk.records.read(async (tx) => onDisk.directory.accessKey(key.accessKeyId, tx));
    expect(JSON.stringify(found)).not.toContain(key.secretAccessKey);
    // A record that nobody holds any more has been wiped.
    await onDisk.records.close();
    expect(() => found!.secret.expose(() => undefined)).toThrow("wiped");
    const files = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
    expect(Buffer.concat(files).includes(key.accessKeyId)).toBe(true);
    for (const secret of [...secrets, ENCRYPT]) expect(Buffer.concat(files).includes(secret)).toBe(false);
  });
});

describe("sessions", () => {
  beforeEach(() => bench.admin.create("role", ACCOUNT, "app").then(() => undefined));

  it("have temporary credentials with an end", async () => {
    const made = await bench.admin.assumeRole(ACCOUNT, "APP", { ...session, durationSeconds: 900 });
    expect(made.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(made.secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/);
    expect(made.sessionToken).toMatch(/^[A-Za-z0-9+/]{96}$/);
    expect(made.expiration).toEqual(new Date(START_MS + 900_000));
    expect(await bench.accessKey(made.accessKeyId)).toMatchObject({
      secret: made.secretAccessKey,
      sessionToken: made.sessionToken,
      expiresAtMs: START_MS + 900_000,
      isActive: true,
    });
    expect((await bench.admin.assumeRole(ACCOUNT, "app", session)).expiration).toEqual(new Date(START_MS + 3_600_000));
  });

  it.each([899, 43_201, 900.5, Number.NaN, Number.POSITIVE_INFINITY, -1])("do not last %d seconds", async (seconds) => {
    const refused = refusalOf(bench.admin.assumeRole(ACCOUNT, "app", { ...session, durationSeconds: seconds }));
    expect(await refused).toContain(`A session lasts 900 to 43200 seconds; it is ${seconds}.`);
  });

  it.each(["", "a", "a/b", "a:b", "a b", "s".repeat(65)])("are not named %j", async (sessionName) => {
    const refused = refusalOf(bench.admin.assumeRole(ACCOUNT, "app", { sessionName }));
    expect(await refused).toContain("A session name has 2 to 64");
  });

  it("are of roles that are there", async () => {
    await bench.admin.create("user", ACCOUNT, "alice");
    expect(await refusalOf(bench.admin.assumeRole(ACCOUNT, "alice", session))).toContain("There is no role alice");
    expect(await refusalOf(bench.admin.assumeRole(OTHER_ACCOUNT, "app", session))).toContain("There is no role app");
  });

  it("that have ended are removed by whatever is written next, and the others stay", async () => {
    const { admin, clock } = bench;
    const short = await admin.assumeRole(ACCOUNT, "app", { ...session, durationSeconds: 900 });
    const long = await admin.assumeRole(ACCOUNT, "app", { ...session, durationSeconds: 43_200 });
    clock.ms += 899_999;
    await admin.create("user", ACCOUNT, "alice");
    expect(await bench.accessKey(short.accessKeyId)).toBeDefined();
    clock.ms++;
    await admin.remove("user", ACCOUNT, "alice");
    expect(await bench.accessKey(short.accessKeyId)).toBeUndefined();
    expect(await bench.accessKey(long.accessKeyId)).toBeDefined();
    expect(await bench.pathsOf("session-end/")).toHaveLength(1);
    await admin.deleteAccessKey(long.accessKeyId);
    expect(await bench.pathsOf("session-end/")).toEqual([]);
    expect(await bench.pathsOf("access-key/")).toEqual([]);
  });

  it("that end in thousands are removed some at a time", async () => {
    const { admin, clock } = bench;
    for (let i = 0; i < 40; i++) await admin.assumeRole(ACCOUNT, "app", { ...session, durationSeconds: 900 });
    clock.ms += 900_000;
    await admin.create("user", ACCOUNT, "u1");
    expect(await bench.pathsOf("session-end/")).toHaveLength(8);
    await admin.create("user", ACCOUNT, "u2");
    expect(await bench.pathsOf("session-end/")).toEqual([]);
  });
});

describe("two processes", () => {
  it("make one user of one name, and two access keys between them", async () => {
    const memory = sharedMemory();
    const [a, b] = [await openBench(memory.driver()), await openBench(memory.driver())];
    const made = await Promise.allSettled([a, b].map(({ admin }) => admin.create("user", ACCOUNT, "alice")));
    expect(made.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const keys = await Promise.allSettled([a, b, a, b].map(({ admin }) => admin.createAccessKey(ACCOUNT, "alice")));
    expect(keys.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
    expect(await a.pathsOf("access-key/")).toHaveLength(2);
    expect((await b.admin.show("user", ACCOUNT, "alice")).accessKeys).toHaveLength(2);
  });

  it("see at once what the other has stopped", async () => {
    const memory = sharedMemory();
    const [a, b] = [await openBench(memory.driver()), await openBench(memory.driver())];
    await a.admin.create("user", ACCOUNT, "alice", { policies: { p: ENCRYPT } });
    const { accessKeyId } = await a.admin.createAccessKey(ACCOUNT, "alice");
    expect(await b.may(accessKeyId, "kms:Encrypt")).toBe(true);
    await a.admin.setAccessKeyActive(accessKeyId, false);
    expect((await b.accessKey(accessKeyId))!.isActive).toBe(false);
    await a.admin.putPolicy("user", ACCOUNT, "alice", "p", undefined);
    expect(await b.may(accessKeyId, "kms:Encrypt")).toBe(false);
    await a.admin.remove("user", ACCOUNT, "alice");
    expect(await b.accessKey(accessKeyId)).toBeUndefined();
  });
});
