/** Identities in the keystore: who is who, what deleting and re-creating means, and that secrets stay inside. */
import { describe, expect, it } from "vitest";
import {
  createKms,
  IdentityError,
  type KeyStoreDriver,
  type Kms,
  memoryKeystore,
  rootKeyFromBytes,
} from "../../src/index.ts";
import { unclosable } from "../operations/service.ts";

const ACCOUNT = "111122223333";
const ALICE = `arn:aws:iam::${ACCOUNT}:user/alice`;
const policyOf = (statement: object) => JSON.stringify({ Version: "2012-10-17", Statement: statement });
const ALL = policyOf({ Effect: "Allow", Action: "*", Resource: "*" });
const LIST = policyOf({ Effect: "Allow", Action: "kms:ListKeys", Resource: "*" });
const START_MS = Date.UTC(2026, 0, 1);

async function start(keystore: KeyStoreDriver = memoryKeystore()) {
  let nowMs = START_MS;
  const kms = await createKms({
    keystore,
    rootKey: rootKeyFromBytes(new Uint8Array(32).fill(6)),
    region: "us-east-1",
    accountId: ACCOUNT,
    clock: { nowMs: () => nowMs },
  });
  return { kms, identities: kms.identities, advance: (ms: number) => (nowMs += ms) };
}

const list = (kms: Kms, arn = ALICE) =>
  kms
    .as(arn)
    .execute("ListKeys", {})
    .then(
      () => "ok",
      (error) => error.code as string,
    );
const holderOf = (kms: Kms, accessKeyId: string) =>
  kms.authority.authenticate(accessKeyId, (accessKey) => accessKey?.principal.arn);

describe("a user", () => {
  it("may do what its policies say, from the next request on, also in another process", async () => {
    const driver = memoryKeystore();
    const { kms, identities } = await start(unclosable(driver));
    await identities.create("user", ACCOUNT, "alice");
    expect(await list(kms)).toBe("AccessDeniedException");
    await identities.putPolicy("user", ACCOUNT, "alice", "list", LIST);
    expect(await list(kms)).toBe("ok");
    await identities.putBoundary(
      "user",
      ACCOUNT,
      "alice",
      policyOf({ Effect: "Allow", Action: "s3:*", Resource: "*" }),
    );
    expect(await list(kms)).toBe("AccessDeniedException");
    await identities.putBoundary("user", ACCOUNT, "alice", undefined);
    await identities.putServiceControlPolicy(
      ACCOUNT,
      "no",
      policyOf({ Effect: "Deny", Action: "kms:*", Resource: "*" }),
    );
    expect(await list(kms)).toBe("AccessDeniedException");
    expect(await list(kms, `arn:aws:iam::${ACCOUNT}:root`)).toBe("AccessDeniedException");
    await identities.putServiceControlPolicy(ACCOUNT, "no", undefined);
    expect(await list(kms)).toBe("ok");
    await identities.putPolicy("user", ACCOUNT, "alice", "list", undefined);
    expect(await list(kms)).toBe("AccessDeniedException");
  });

  it("is one by its whole ARN: another path, case or account is another principal", async () => {
    const { kms, identities } = await start();
    await identities.create("user", ACCOUNT, "alice", { path: "/team/", policies: { all: ALL } });
    expect(await list(kms, `arn:aws:iam::${ACCOUNT}:user/team/alice`)).toBe("ok");
    for (const other of [
      ALICE,
      `arn:aws:iam::${ACCOUNT}:user/team/Alice`,
      "arn:aws:iam::444455556666:user/team/alice",
    ]) {
      expect(await list(kms, other)).toBe("AccessDeniedException");
    }
    await expect(identities.create("user", ACCOUNT, "ALICE")).rejects.toThrow(IdentityError);
  });

  it("that was deleted and made again is another one, to grants and access keys", async () => {
    const { kms, identities } = await start();
    await identities.create("user", ACCOUNT, "alice");
    const { accessKeyId } = await identities.createAccessKey(ACCOUNT, "alice");
    const root = kms.as("root");
    const { KeyMetadata } = await root.execute("CreateKey", {});
    const KeyId = KeyMetadata!.KeyId;
    await root.execute("CreateGrant", { KeyId, GranteePrincipal: ALICE, Operations: ["Encrypt"] });
    const encrypt = () =>
      kms
        .as(ALICE)
        .execute("Encrypt", { KeyId, Plaintext: new Uint8Array(1) })
        .then(
          () => "ok",
          (error) => error.code,
        );
    expect([await encrypt(), await holderOf(kms, accessKeyId)]).toEqual(["ok", ALICE]);
    await identities.remove("user", ACCOUNT, "alice");
    await identities.create("user", ACCOUNT, "alice");
    expect([await encrypt(), await holderOf(kms, accessKeyId)]).toEqual(["AccessDeniedException", undefined]);
  });

  it("has two access keys at most, each shown once and sealed in the store", async () => {
    const driver = memoryKeystore();
    const { identities } = await start(driver);
    await identities.create("user", ACCOUNT, "alice");
    const keys = [
      await identities.createAccessKey(ACCOUNT, "alice"),
      await identities.createAccessKey(ACCOUNT, "alice"),
    ];
    await expect(identities.createAccessKey(ACCOUNT, "alice")).rejects.toThrow(/delete one of them first/);
    for (const { accessKeyId, secretAccessKey } of keys) {
      expect([accessKeyId, secretAccessKey]).toEqual([
        expect.stringMatching(/^AKIA[A-Z2-7]{16}$/),
        expect.stringMatching(/^[\w+/]{40}$/),
      ]);
    }
    const shown = JSON.stringify([await identities.list(ACCOUNT), await identities.show("user", ACCOUNT, "alice")]);
    const stored: string[] = [];
    for (const path of await driver.list("", undefined, 1000)) {
      stored.push(path, Buffer.from((await driver.get(path))!.value).toString("latin1"));
    }
    for (const { secretAccessKey } of keys) {
      expect(shown).not.toContain(secretAccessKey);
      expect(stored.join("\n")).not.toContain(secretAccessKey);
    }
    await identities.deleteAccessKey(keys[0]!.accessKeyId);
    await identities.createAccessKey(ACCOUNT, "alice");
  });
});

describe("a key policy", () => {
  it("names nobody who is known not to be there, in accounts that are managed here", async () => {
    const { kms, identities } = await start();
    const root = kms.as("root");
    const { KeyMetadata } = await root.execute("CreateKey", {});
    const { KeyId } = KeyMetadata!;
    const put = (arn: string) => {
      const statements = [`arn:aws:iam::${ACCOUNT}:root`, arn].map((AWS) => ({
        Effect: "Allow",
        Principal: { AWS },
        Action: "kms:*",
        Resource: "*",
      }));
      return root.execute("PutKeyPolicy", { KeyId, Policy: policyOf(statements) }).then(
        () => "ok",
        (error) => error.message as string,
      );
    };
    // An account of which nothing is known may have anybody.
    expect(await put(ALICE)).toBe("ok");
    await identities.create("user", ACCOUNT, "bob");
    expect(await put(ALICE)).toContain("invalid principals");
    expect(await put(ALICE.replace("alice", "bob"))).toBe("ok");
    expect(await put(`arn:aws:sts::${ACCOUNT}:assumed-role/app/session`)).toBe("ok");
    expect(await put("arn:aws:iam::444455556666:user/alice")).toBe("ok");
  });
});

describe("a session", () => {
  it("ends with its time and with its role, and its record goes", async () => {
    const driver = memoryKeystore();
    const { kms, identities, advance } = await start(driver);
    await identities.create("role", ACCOUNT, "app", { path: "/svc/", policies: { all: ALL } });
    const options = { sessionName: "s1", durationSeconds: 900 };
    const { accessKeyId, expiration } = await identities.assumeRole(ACCOUNT, "app", options);
    expect(expiration).toEqual(new Date(START_MS + 900_000));
    const found = await kms.authority.authenticate(
      accessKeyId,
      (accessKey) => accessKey && { ...accessKey, secret: "" },
    );
    expect(found).toMatchObject({
      principal: {
        type: "assumed-role",
        arn: `arn:aws:sts::${ACCOUNT}:assumed-role/app/s1`,
        roleArn: `arn:aws:iam::${ACCOUNT}:role/svc/app`,
      },
      expiresAtMs: START_MS + 900_000,
    });
    advance(900_001);
    await identities.assumeRole(ACCOUNT, "app", options);
    expect(await holderOf(kms, accessKeyId)).toBeUndefined();
    await identities.remove("role", ACCOUNT, "app");
    await identities.create("role", ACCOUNT, "app", { path: "/svc/", policies: { all: ALL } });
    const sessions = (await driver.list("record/access-key/", undefined, 10)).map((path) => path.split("/").at(-1)!);
    expect(sessions).toHaveLength(1);
    expect(await holderOf(kms, sessions[0]!)).toBeUndefined();
  });

  it.each([
    [{ sessionName: "x" }],
    [{ sessionName: "a b" }],
    [{ sessionName: "ok", durationSeconds: 899 }],
    [{ sessionName: "ok", durationSeconds: 43_201 }],
  ])("is refused with %j", async (options) => {
    const { identities } = await start();
    await identities.create("role", ACCOUNT, "app");
    await expect(identities.assumeRole(ACCOUNT, "app", options)).rejects.toThrow(IdentityError);
  });
});

describe("what is refused", () => {
  it.each([
    ["a name with a slash", "user", ACCOUNT, "a/b", {}],
    ["an empty name", "user", ACCOUNT, "", {}],
    ["an account of eleven digits", "user", "11112222333", "a", {}],
    ["a path that does not end", "role", ACCOUNT, "a", { path: "/x" }],
    ["a policy name with a space", "role", ACCOUNT, "a", { policies: { "a b": ALL } }],
  ] as const)("%s", async (_what, kind, account, name, options) => {
    await expect((await start()).identities.create(kind, account, name, options)).rejects.toThrow(IdentityError);
  });

  it("a policy that is none, and nothing is made", async () => {
    const { identities } = await start();
    const made = identities.create("user", ACCOUNT, "alice", { policies: { bad: "{}" } });
    await expect(made).rejects.toMatchObject({ code: "MalformedPolicyDocumentException" });
    expect(await identities.list(ACCOUNT)).toEqual([]);
  });
});
