/** Identities from a JSON document: all of it or nothing, and again without harm. */
import { describe, expect, it } from "vitest";
import { createKms, importIdentities, memoryKeystore, rootKeyFromBytes } from "../../src/index.ts";

const ACCOUNT = "111122223333";
const ALL = { Version: "2012-10-17", Statement: { Effect: "Allow", Action: "*", Resource: "*" } };
const ACCESS_KEY = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
const DOCUMENT = {
  accounts: [
    {
      id: ACCOUNT,
      serviceControlPolicies: { all: ALL },
      users: [{ name: "alice", path: "/team/", policies: { all: ALL }, tags: { team: "a" }, accessKeys: [ACCESS_KEY] }],
      roles: [{ name: "app", policies: { text: JSON.stringify(ALL) }, boundary: ALL }],
      rootAccessKeys: [{ ...ACCESS_KEY, accessKeyId: "AKIAROOTROOTROOTROOT" }],
    },
  ],
};

const start = () =>
  createKms({
    keystore: memoryKeystore(),
    rootKey: rootKeyFromBytes(new Uint8Array(32).fill(6)),
    region: "us-east-1",
    accountId: ACCOUNT,
  });

describe("an import", () => {
  it("makes what it names, and again changes only what has changed", async () => {
    const { identities, authority } = await start();
    expect(await importIdentities(identities, JSON.stringify(DOCUMENT))).toEqual({ users: 1, roles: 1, accessKeys: 2 });
    const [alice, app] = await identities.list(ACCOUNT);
    expect([alice!.arn, alice!.tags, app!.boundary]).toEqual([
      `arn:aws:iam::${ACCOUNT}:user/team/alice`,
      { team: "a" },
      JSON.stringify(ALL),
    ]);
    const holder = await authority.authenticate(ACCESS_KEY.accessKeyId, (accessKey) => accessKey?.principal.arn);
    expect(holder).toBe(alice!.arn);
    const renewed = structuredClone(DOCUMENT);
    renewed.accounts[0]!.users[0]!.tags = { team: "b" };
    await importIdentities(identities, JSON.stringify(renewed));
    const [again] = await identities.list(ACCOUNT);
    expect(again).toMatchObject({ id: alice!.id, tags: { team: "b" }, accessKeys: alice!.accessKeys });
  });

  it.each([
    ["an unknown member", { accounts: [{ id: ACCOUNT, user: [] }] }, "accounts[0] has a member user"],
    ["no array", { accounts: {} }, "accounts must be an array"],
    ["an account without an id", { accounts: [{}] }, "accounts[0].id must be a string"],
    ["a name that is none", { accounts: [{ id: ACCOUNT, users: [{ name: "a/b" }] }] }, "accounts[0].users[0]"],
    [
      "a policy that is none",
      { accounts: [{ id: ACCOUNT, roles: [{ name: "r", policies: { p: {} } }] }] },
      "accounts[0].roles[0]",
    ],
    [
      "a short secret",
      { accounts: [{ id: ACCOUNT, rootAccessKeys: [{ ...ACCESS_KEY, secretAccessKey: "x" }] }] },
      "rootAccessKeys[0].secretAccessKey",
    ],
    [
      "an access key of somebody else",
      {
        accounts: [
          {
            id: ACCOUNT,
            users: [
              { name: "a", accessKeys: [ACCESS_KEY] },
              { name: "b", accessKeys: [ACCESS_KEY] },
            ],
          },
        ],
      },
      "users[1].accessKeys[0]",
    ],
  ])("with %s makes nothing and says where", async (_what, document, place) => {
    const { identities } = await start();
    const good = { id: ACCOUNT, users: [{ name: "first" }] };
    const given = { accounts: Array.isArray(document.accounts) ? [...document.accounts, good] : document.accounts };
    await expect(importIdentities(identities, JSON.stringify(given))).rejects.toThrow(place);
    expect(await identities.list(ACCOUNT)).toEqual([]);
  });

  it("refuses what is no JSON, or names a member twice", async () => {
    const { identities } = await start();
    await expect(importIdentities(identities, "{")).rejects.toThrow("The document is not valid");
    await expect(importIdentities(identities, '{"accounts":[],"accounts":[]}')).rejects.toThrow("twice");
  });
});
