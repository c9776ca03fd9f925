/** Who is who: what is known of whoever calls, and that nobody is taken for somebody else. */
import { beforeEach, describe, expect, it } from "vitest";
import type { Principal } from "../../src/env.ts";
import { StoredDirectory } from "../../src/identities/stored-directory.ts";
import {
  ACCOUNT,
  allows,
  type Bench,
  callerOf,
  OTHER_ACCOUNT,
  openBench,
  policyOf,
  roleArn,
  START_MS,
  userArn,
} from "./bench.ts";

const ENCRYPT = { p: policyOf("kms:Encrypt") };
const ANYTHING = { all: policyOf("kms:*") };
const user = (name: string, path = "/"): Principal => ({ type: "user", arn: userArn(name, path), account: ACCOUNT });
const sessionOf = (role: string, name = "s1", path = "/"): Principal => ({
  type: "assumed-role",
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/${role}/${name}`,
  account: ACCOUNT,
  roleArn: roleArn(role, path),
});
let bench: Bench;

beforeEach(async () => {
  bench = await openBench();
});

async function newUser(name: string, options = {}): Promise<string> {
  await bench.admin.create("user", ACCOUNT, name, { policies: ENCRYPT, ...options });
  return (await bench.admin.createAccessKey(ACCOUNT, name)).accessKeyId;
}

async function newSession(role: string, options = {}): Promise<string> {
  return (await bench.admin.assumeRole(ACCOUNT, role, { sessionName: "s1", ...options })).accessKeyId;
}

describe("an access key", () => {
  it("is its user's, by name, path and id", async () => {
    const id = await newUser("Alice", { path: "/team/", tags: { team: "a" } });
    const found = await bench.accessKey(id);
    expect(found!.principal).toEqual(user("Alice", "/team/"));
    expect(await bench.identify(found!.principal, id)).toMatchObject({
      userId: (await bench.admin.show("user", ACCOUNT, "alice")).id,
      userName: "Alice",
      tags: { team: "a" },
    });
    expect(await bench.may(id, "kms:Encrypt")).toBe(true);
    expect(await bench.may(id, "kms:Decrypt")).toBe(false);
  });

  it("is its root's, where it was made by that name", async () => {
    const { accessKeyId } = await bench.admin.createAccessKey(ACCOUNT, "root");
    const { principal } = (await bench.accessKey(accessKeyId))!;
    expect(principal).toEqual({ type: "root", arn: `arn:aws:iam::${ACCOUNT}:root`, account: ACCOUNT });
    expect(await bench.identify(principal, accessKeyId)).toEqual({ identityPolicies: [] });
    await bench.admin.deleteAccessKey(accessKeyId);
    expect(await bench.accessKey(accessKeyId)).toBeUndefined();
  });

  it("is nobody's where there is none", async () => {
    expect(await bench.accessKey("AKIAAAAAAAAAAAAAAAAA")).toBeUndefined();
    expect(await bench.identify(user("alice"), "AKIAAAAAAAAAAAAAAAAA")).toBeUndefined();
  });

  it("does not lend its policies to another principal", async () => {
    const admins = await newUser("admin", { policies: ANYTHING });
    const weak = await newUser("weak", { policies: {} });
    await bench.admin.create("role", ACCOUNT, "app", { policies: ANYTHING });
    const session = await newSession("app");
    const root: Principal = { type: "root", arn: `arn:aws:iam::${ACCOUNT}:root`, account: ACCOUNT };
    for (const [principal, id] of [
      [user("weak"), admins],
      [user("admin"), weak],
      [user("app"), session],
      [sessionOf("app", "s2"), session],
      [sessionOf("other"), session],
      [sessionOf("app", "s1", "/other/"), session],
      [sessionOf("app"), admins],
    ] as const) {
      expect(await bench.identify(principal, id)).toBeUndefined();
    }
    expect(await bench.identify(root, admins)).toEqual({ identityPolicies: [] });
    expect(await bench.identify(sessionOf("app"), session)).toBeDefined();
  });

  it("is another's of the same name no more than that one has its policies", async () => {
    const id = await newUser("alice", { policies: ANYTHING });
    const { principal } = (await bench.accessKey(id))!;
    const { id: userId } = await bench.admin.show("user", ACCOUNT, "alice");
    await bench.admin.remove("user", ACCOUNT, "alice");
    expect(await bench.identify(principal, id)).toBeUndefined();
    await bench.admin.create("user", ACCOUNT, "alice", { policies: ANYTHING });
    expect(await bench.accessKey(id)).toBeUndefined();
    // Between the signature and the decision.
    expect(await bench.identify(principal, id)).toBeUndefined();
    expect((await bench.admin.show("user", ACCOUNT, "alice")).id).not.toBe(userId);
  });
});

describe("a session", () => {
  it("acts for its role, under its own name", async () => {
    await bench.admin.create("role", ACCOUNT, "App", { path: "/svc/", policies: ENCRYPT });
    const id = await newSession("app");
    const { principal } = (await bench.accessKey(id))!;
    expect(principal).toEqual(sessionOf("App", "s1", "/svc/"));
    expect(await bench.identify(principal, id)).toMatchObject({
      userId: `${(await bench.admin.show("role", ACCOUNT, "app")).id}:s1`,
      tokenIssuedAtMs: START_MS,
      mfaPresent: false,
    });
    expect((await bench.identify(principal, id))!.userName).toBeUndefined();
  });

  it("stays within its session policy and its role's boundary", async () => {
    await bench.admin.create("role", ACCOUNT, "app", { policies: ANYTHING });
    const whole = await newSession("app");
    const within = await newSession("app", { policy: policyOf("kms:Encrypt") });
    expect(await bench.may(whole, "kms:Decrypt")).toBe(true);
    expect(await bench.may(within, "kms:Encrypt")).toBe(true);
    expect(await bench.may(within, "kms:Decrypt")).toBe(false);
    await bench.admin.putBoundary("role", ACCOUNT, "app", policyOf("kms:Decrypt"));
    expect(await bench.may(whole, "kms:Decrypt")).toBe(true);
    expect(await bench.may(whole, "kms:Encrypt")).toBe(false);
    expect(await bench.may(within, "kms:Encrypt")).toBe(false);
  });

  it("changes with its role, and ends with it, also where one of the same name comes", async () => {
    await bench.admin.create("role", ACCOUNT, "app", { policies: ENCRYPT });
    const id = await newSession("app");
    expect(await bench.may(id, "kms:Encrypt")).toBe(true);
    await bench.admin.putPolicy("role", ACCOUNT, "app", "p", policyOf("kms:Decrypt"));
    expect(await bench.may(id, "kms:Encrypt")).toBe(false);
    expect(await bench.may(id, "kms:Decrypt")).toBe(true);
    const { principal } = (await bench.accessKey(id))!;
    await bench.admin.remove("role", ACCOUNT, "app");
    expect(await bench.accessKey(id)).toBeUndefined();
    await bench.admin.create("role", ACCOUNT, "app", { policies: ANYTHING });
    expect(await bench.accessKey(id)).toBeUndefined();
    expect(await bench.identify(principal, id)).toBeUndefined();
  });

  it("follows its role to another path", async () => {
    await bench.admin.create("role", ACCOUNT, "app", { policies: ENCRYPT });
    const id = await newSession("app");
    expect((await bench.accessKey(id))!.principal.roleArn).toBe(roleArn("app"));
    await bench.admin.inOneStep((tx) =>
      bench.admin.upsert(tx, "role", ACCOUNT, "app", { path: "/b/", policies: ENCRYPT }),
    );
    expect((await bench.accessKey(id))!.principal.roleArn).toBe(roleArn("app", "/b/"));
    expect(await bench.may(id, "kms:Encrypt")).toBe(true);
  });

  it("has its own tags before those of its role, in whatever case", async () => {
    await bench.admin.create("role", ACCOUNT, "app", { tags: { Team: "a", stage: "test" } });
    const id = await newSession("app", { tags: { TEAM: "b", extra: "x" } });
    const found = await bench.identify((await bench.accessKey(id))!.principal, id);
    expect(found!.tags).toEqual({ stage: "test", TEAM: "b", extra: "x" });
  });
});

describe("a principal that the embedding program vouches for", () => {
  it("has the policies of the user or role that its ARN names, to the letter", async () => {
    await bench.admin.create("user", ACCOUNT, "Alice", { path: "/team/", policies: ENCRYPT });
    await bench.admin.create("role", ACCOUNT, "app", { path: "/svc/", policies: ENCRYPT });
    const may = async (principal: Principal) => allows(await bench.identify(principal), principal, "kms:Encrypt");
    expect(await may(user("Alice", "/team/"))).toBe(true);
    expect(await may(sessionOf("app", "s1", "/svc/"))).toBe(true);
    for (const other of [
      user("alice", "/team/"),
      user("Alice"),
      user("Alice", "/TEAM/"),
      user("bob"),
      sessionOf("app"),
      // A session's name is the caller's to choose.
      { ...sessionOf("x", "app"), roleArn: roleArn("x") },
      { ...user("Alice", "/team/"), arn: userArn("Alice", "/team/", OTHER_ACCOUNT) },
      { ...user("Alice", "/team/"), arn: userArn("Alice", "/team/").replace("arn:aws:", "arn:aws-cn:") },
      { ...user("Alice", "/team/"), arn: roleArn("app", "/svc/") },
    ]) {
      expect({ other, may: await may(other as Principal) }).toEqual({ other, may: false });
    }
  });

  it("has none as root, service or federated user", async () => {
    await bench.admin.create("user", ACCOUNT, "alice", { policies: ENCRYPT });
    for (const principal of [
      { type: "root", arn: `arn:aws:iam::${ACCOUNT}:root`, account: ACCOUNT },
      { type: "service", arn: "s3.amazonaws.com", account: "" },
      { type: "federated-user", arn: `arn:aws:sts::${ACCOUNT}:federated-user/alice`, account: ACCOUNT },
    ] as const) {
      expect(await bench.identify(principal)).toEqual({ identityPolicies: [] });
    }
  });

  it.each(["/a:b/", "/a/b:c:d/", "/!\"#$%&'()*+,-.:;<=>?@[]^_`{|}~/"])("may have the path %s", async (path) => {
    const id = await newUser("alice", { path });
    expect((await bench.accessKey(id))!.principal.arn).toBe(userArn("alice", path));
    expect(allows(await bench.identify(user("alice", path)), user("alice", path), "kms:Encrypt")).toBe(true);
    expect(await bench.records.read(async (tx) => bench.directory.exists(userArn("alice", path), tx))).toBe(true);
  });
});

describe("service control policies", () => {
  it("limit everybody in the account, its root too, and nobody elsewhere", async () => {
    const alice = await newUser("alice");
    const root = (await bench.admin.createAccessKey(ACCOUNT, "root")).accessKeyId;
    await bench.admin.create("role", ACCOUNT, "app", { policies: ENCRYPT });
    const session = await newSession("app");
    await bench.admin.create("user", OTHER_ACCOUNT, "bob", { policies: ENCRYPT });
    const bob = (await bench.admin.createAccessKey(OTHER_ACCOUNT, "bob")).accessKeyId;
    const all = async () => Promise.all([alice, root, session, bob].map((id) => bench.may(id, "kms:Encrypt")));
    expect(await all()).toEqual([true, true, true, true]);
    await bench.admin.putServiceControlPolicy(ACCOUNT, "only", policyOf("kms:Decrypt"));
    expect(await all()).toEqual([false, false, false, true]);
    await bench.admin.putServiceControlPolicy(ACCOUNT, "more", policyOf("kms:*"));
    expect(await all()).toEqual([true, true, true, true]);
    await bench.admin.putServiceControlPolicy(ACCOUNT, "never", policyOf("kms:Encrypt", "Deny"));
    expect(await all()).toEqual([false, false, false, true]);
    for (const name of ["only", "more", "never"]) await bench.admin.putServiceControlPolicy(ACCOUNT, name, undefined);
    expect(await all()).toEqual([true, true, true, true]);
  });
});

describe("the directory", () => {
  it("answers at once, with the same objects, as long as nothing changes", async () => {
    const id = await newUser("alice");
    await bench.admin.create("role", ACCOUNT, "app", { policies: ENCRYPT });
    const session = await newSession("app");
    await bench.admin.putServiceControlPolicy(ACCOUNT, "scp", policyOf("kms:*"));
    for (const accessKeyId of [id, session]) {
      const { principal } = (await bench.accessKey(accessKeyId))!;
      const before = await bench.identify(principal, accessKeyId);
      const again = bench.records.read((tx) => bench.directory.identify(callerOf(principal, accessKeyId), tx));
      expect(again).toBe(before);
      const key = bench.records.read((tx) => bench.directory.accessKey(accessKeyId, tx));
      expect(key).not.toBeInstanceOf(Promise);
      expect(bench.records.read((tx) => bench.directory.accessKey(accessKeyId, tx))).toBe(key);
    }
  });

  it("knows of ids, and of who is there in the accounts that it has", async () => {
    await bench.admin.create("user", ACCOUNT, "alice");
    const { id } = await bench.admin.show("user", ACCOUNT, "alice");
    const ask = (arn: string) =>
      bench.records.read(async (tx) => [
        await bench.directory.userIdOf(arn, tx),
        await bench.directory.exists(arn, tx),
      ]);
    expect(await ask(userArn("alice"))).toEqual([id, true]);
    expect(await ask(userArn("Alice"))).toEqual([undefined, false]);
    expect(await ask(roleArn("alice"))).toEqual([undefined, false]);
    expect(await ask(userArn("alice", "/", OTHER_ACCOUNT))).toEqual([undefined, undefined]);
  });

  it("is of one partition", async () => {
    await bench.admin.create("user", ACCOUNT, "alice", { policies: ENCRYPT });
    const china = new StoredDirectory("aws-cn");
    const arn = userArn("alice").replace("arn:aws:", "arn:aws-cn:");
    expect(await bench.records.read(async (tx) => china.userIdOf(arn, tx))).toBeDefined();
    expect(await bench.records.read(async (tx) => china.userIdOf(userArn("alice"), tx))).toBeUndefined();
  });

  it.each([
    "",
    "arn",
    "arn:aws:iam::",
    `arn:aws:iam::${ACCOUNT}:user/`,
    `arn:aws:iam::${ACCOUNT}:user`,
    "x".repeat(5000),
    userArn("x".repeat(2000)),
    userArn("a", "/", "1".repeat(2000)),
    `arn:aws:iam::${ACCOUNT}:user/\ud800`,
  ])("knows nobody of a name that nobody can have: %s", async (arn) => {
    await bench.admin.create("user", ACCOUNT, "alice");
    const ask = () => bench.records.read(async (tx) => bench.directory.userIdOf(arn, tx));
    expect(await ask()).toBeUndefined();
    expect(await bench.records.read(async (tx) => bench.directory.exists(arn, tx))).not.toBe(true);
    expect(allows(await bench.identify({ type: "user", arn, account: ACCOUNT }), user("x"), "kms:Encrypt")).toBe(false);
  });
});
