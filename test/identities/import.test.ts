/** Identities from a document: all of it or nothing, and again without harm. */
import { beforeEach, describe, expect, it } from "vitest";
import { importIdentities } from "../../src/identities/import.ts";
import { ACCOUNT, type Bench, OTHER_ACCOUNT, openBench, policyOf, refusalOf, roleArn, userArn } from "./bench.ts";

const ENCRYPT = JSON.parse(policyOf("kms:Encrypt")) as object;
const DECRYPT = JSON.parse(policyOf("kms:Decrypt")) as object;
const key = (n: number) => ({ accessKeyId: `AKIAIOSFODNN7EXAMPL${n}`, secretAccessKey: `${n}`.repeat(40) });
const WHOLE = {
  accounts: [
    {
      id: ACCOUNT,
      serviceControlPolicies: { all: JSON.parse(policyOf("*")) as object },
      users: [
        {
          name: "alice",
          path: "/team/",
          policies: { enc: ENCRYPT },
          boundary: policyOf("kms:*"),
          tags: { team: "a" },
          accessKeys: [key(1)],
        },
        { name: "bob" },
      ],
      roles: [{ name: "app", policies: { dec: policyOf("kms:Decrypt") } }],
      rootAccessKeys: [key(2)],
    },
    { id: OTHER_ACCOUNT },
  ],
};
let bench: Bench;
const load = (document: unknown) => importIdentities(bench.admin, JSON.stringify(document));
const inAccount = (account: object) => load({ accounts: [{ id: ACCOUNT, ...account }] });
const everything = async () => ({
  all: await bench.admin.list(ACCOUNT),
  account: await bench.admin.showAccount(ACCOUNT),
});

beforeEach(async () => {
  bench = await openBench();
});

describe("an import", () => {
  it("makes accounts, users, roles and access keys", async () => {
    expect(await load(WHOLE)).toEqual({ users: 2, roles: 1, accessKeys: 2 });
    const [alice, bob, app] = await bench.admin.list(ACCOUNT);
    expect(alice).toMatchObject({ arn: userArn("alice", "/team/"), tags: { team: "a" }, boundary: policyOf("kms:*") });
    expect(bob).toMatchObject({ arn: userArn("bob"), policies: {}, tags: {} });
    expect(app).toMatchObject({ arn: roleArn("app"), policies: { dec: policyOf("kms:Decrypt") } });
    expect(await bench.accessKey(key(1).accessKeyId)).toMatchObject({ secret: key(1).secretAccessKey });
    expect((await bench.accessKey(key(2).accessKeyId))!.principal.type).toBe("root");
    expect(await bench.may(key(1).accessKeyId, "kms:Encrypt")).toBe(true);
    expect(await bench.may(key(1).accessKeyId, "kms:Decrypt")).toBe(false);
    expect((await bench.admin.showAccount(ACCOUNT)).serviceControlPolicies).toEqual({ all: policyOf("*") });
  });

  it("once more changes nothing", async () => {
    await load(WHOLE);
    await bench.admin.setAccessKeyActive(key(1).accessKeyId, false);
    const before = await everything();
    bench.clock.ms += 5000;
    await load(WHOLE);
    expect(await everything()).toEqual(before);
    expect((await bench.accessKey(key(1).accessKeyId))!.isActive).toBe(false);
  });

  it("replaces who is there, keeps ids and keys, and leaves who is not named", async () => {
    await load(WHOLE);
    const { id } = await bench.admin.show("user", ACCOUNT, "alice");
    const again = { accessKeyId: key(1).accessKeyId, secretAccessKey: "another-secret-access-key" };
    await inAccount({ users: [{ name: "ALICE", policies: { dec: DECRYPT }, accessKeys: [again] }] });
    const alice = await bench.admin.show("user", ACCOUNT, "alice");
    expect(alice).toMatchObject({ id, name: "ALICE", arn: userArn("ALICE"), tags: {} });
    expect(alice.policies).toEqual({ dec: policyOf("kms:Decrypt") });
    expect(alice).not.toHaveProperty("boundary");
    const found = await bench.accessKey(key(1).accessKeyId);
    expect(found).toMatchObject({ secret: again.secretAccessKey, principal: { arn: userArn("ALICE") } });
    expect(await bench.may(key(1).accessKeyId, "kms:Encrypt")).toBe(false);
    expect(await bench.may(key(1).accessKeyId, "kms:Decrypt")).toBe(true);
    expect((await bench.admin.list(ACCOUNT)).map(({ name }) => name)).toEqual(["ALICE", "bob", "app"]);
    expect((await bench.admin.showAccount(ACCOUNT)).serviceControlPolicies).toEqual({ all: policyOf("*") });
  });

  it("takes names that are special to JavaScript for what they are", async () => {
    const text = `{"accounts":[{"id":"${ACCOUNT}","users":[{"name":"__proto__","tags":{"__proto__":"x","constructor":"y"},
      "policies":{"__proto__":${policyOf("kms:Encrypt")}},"accessKeys":[${JSON.stringify(key(1))}]}]}]}`;
    await importIdentities(bench.admin, text);
    expect(await bench.may(key(1).accessKeyId, "kms:Encrypt")).toBe(true);
    const { tags } = await bench.admin.show("user", ACCOUNT, "__proto__");
    expect(Object.entries(tags)).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
  });
});

describe("an access key", () => {
  it("is not taken from its owner", async () => {
    await load(WHOLE);
    await bench.admin.create("role", ACCOUNT, "r");
    const session = await bench.admin.assumeRole(ACCOUNT, "r", { sessionName: "s1" });
    const temporary = { accessKeyId: session.accessKeyId, secretAccessKey: "x".repeat(40) };
    const before = await everything();
    for (const account of [
      { users: [{ name: "bob", accessKeys: [key(1)] }] },
      { users: [{ name: "bob", accessKeys: [key(2)] }] },
      { rootAccessKeys: [key(1)] },
      { rootAccessKeys: [temporary] },
      { users: [{ name: "session", accessKeys: [temporary] }] },
      { id: OTHER_ACCOUNT, rootAccessKeys: [key(2)] },
      { id: OTHER_ACCOUNT, users: [{ name: "alice", accessKeys: [key(1)] }] },
    ]) {
      expect(await refusalOf(inAccount(account))).toMatch(/accounts\[0\]\.\S+: The access key A\S+ is somebody else's/);
    }
    expect(await everything()).toEqual(before);
    expect((await bench.accessKey(session.accessKeyId))!.secret).toBe(session.secretAccessKey);
  });

  it("of a user called root would be the account's, so there is no such user", async () => {
    for (const name of ["root", "Root"]) {
      expect(await refusalOf(inAccount({ users: [{ name, accessKeys: [key(1)] }] }))).toContain(
        `accounts[0].users[0]: A user cannot be named ${name}`,
      );
    }
    expect(await bench.accessKey(key(1).accessKeyId)).toBeUndefined();
  });

  it("is one of two at most", async () => {
    const keys = [key(1), key(2), key(3)];
    expect(await refusalOf(inAccount({ users: [{ name: "a", accessKeys: keys }] }))).toContain(
      "accounts[0].users[0].accessKeys[2]: a has 2 access keys already",
    );
    expect(await bench.pathsOf("")).toEqual([]);
  });
});

describe("a document that is wrong", () => {
  const user = (members: object) => ({ users: [{ name: "ok" }, { name: "alice", ...members }] });
  const access = (members: object) => user({ accessKeys: [{ ...key(1), ...members }] });
  it.each<[string, unknown, string]>([
    ["is no object", [], "the document must be an object."],
    ["has no accounts", {}, "must have the member accounts"],
    ["has another member", { accounts: [], extra: 1 }, "the document has a member extra; it takes accounts."],
    ["has accounts of another kind", { accounts: {} }, "accounts must be an array."],
    ["has an account of another kind", { accounts: [1] }, "accounts[0] must be an object."],
    ["has an account without an id", { accounts: [{}] }, "accounts[0].id must be a string."],
    ["has a wrong id", { accounts: [{ id: "1" }] }, 'accounts[0]: An account id has twelve digits; it is "1".'],
    [
      "has an account twice",
      { accounts: [{ id: ACCOUNT }, { id: ACCOUNT }] },
      "accounts[1].id: the document has the same",
    ],
    [
      "has a user twice",
      { users: [{ name: "a" }, { name: "A" }] },
      "accounts[0].users[1].name: the document has the same",
    ],
    [
      "has a key twice",
      { ...user({ accessKeys: [key(1), key(1)] }) },
      "users[1].accessKeys[1].accessKeyId: the document",
    ],
    ["misspells a member", user({ policy: {} }), "accounts[0].users[1] has a member policy; it takes name, path,"],
    [
      "gives a role access keys",
      { roles: [{ name: "r", accessKeys: [] }] },
      "accounts[0].roles[0] has a member accessKeys",
    ],
    ["has a user without a name", { users: [{}] }, "accounts[0].users[0].name must be a string."],
    ["has a wrong name", { users: [{ name: "a b" }] }, "accounts[0].users[0]: A user name has 1 to 64"],
    ["has a wrong path", user({ path: "x" }), "accounts[0].users[1]: A path has"],
    ["has a path of another kind", user({ path: 1 }), "IdentityError: accounts[0].users[1].path must be a string."],
    ["has policies in a list", user({ policies: [] }), "accounts[0].users[1].policies must be an object of policies"],
    ["has a policy of another kind", user({ policies: { p: 1 } }), "accounts[0].users[1].policies.p must be a policy"],
    [
      "has a wrong policy",
      user({ policies: { p: {} } }),
      "MalformedPolicyDocumentException: accounts[0].users[1]: The policy p:",
    ],
    ["has a wrong boundary", user({ boundary: "{}" }), "accounts[0].users[1]: The permissions boundary:"],
    ["has a wrong control", { serviceControlPolicies: { s: {} } }, "accounts[0]: The policy s:"],
    ["has tags in a list", user({ tags: [] }), "accounts[0].users[1].tags must be an object of strings."],
    ["has a tag of another kind", user({ tags: { a: 1 } }), "accounts[0].users[1].tags.a must be a string."],
    ["has a reserved tag", user({ tags: { "aws:a": "" } }), "accounts[0].users[1]: A tag's key has"],
    [
      "has a wrong access key id",
      access({ accessKeyId: "akia" }),
      "accounts[0].users[1].accessKeys[0]: An access key id has",
    ],
    ["has the secret for an id", access({ accessKeyId: "hunter2".repeat(5) }), "An access key id has"],
    ["has a short secret", access({ secretAccessKey: "hunter2" }), "accessKeys[0].secretAccessKey must have 16 to 128"],
    [
      "has a secret with a line",
      access({ secretAccessKey: `${"s".repeat(40)}\n` }),
      "secretAccessKey must have 16 to 128",
    ],
    ["has a secret of another kind", access({ secretAccessKey: 12345678 }), "secretAccessKey must be a string."],
  ])("%s: the place is named, no secret is, and nothing is written", async (_what, given, message) => {
    const isWhole =
      Array.isArray(given) || "accounts" in (given as object) || Object.keys(given as object).length === 0;
    const refused = await refusalOf(isWhole ? load(given) : inAccount(given as object));
    expect(refused).toContain(message);
    for (const secret of [key(1).secretAccessKey, "hunter2", "sss", "12345678"]) expect(refused).not.toContain(secret);
    expect(await bench.pathsOf("")).toEqual([]);
  });

  it.each(["", "{", '{"accounts":[],"accounts":[]}', "[".repeat(100), "nul"])("is not JSON: %s", async (text) => {
    expect(await refusalOf(importIdentities(bench.admin, text))).toContain("IdentityError: The document is not valid:");
  });

  it("leaves what was there as it was", async () => {
    await load(WHOLE);
    const before = await everything();
    const last = {
      accounts: [...WHOLE.accounts.slice(0, 1), { id: OTHER_ACCOUNT, users: [{ name: "x", path: "bad" }] }],
    };
    last.accounts[0] = { ...WHOLE.accounts[0]!, users: [{ name: "alice" }, { name: "mallory" }] } as never;
    expect(await refusalOf(load(last))).toContain("accounts[1].users[0]: A path has");
    expect(await everything()).toEqual(before);
  });
});
