/** The operations on grants, through the kernel. Who may use them is tested with the policies. */
import { describe, expect, it } from "vitest";
import { type Kms, memoryKeystore } from "../../src/index.ts";
import { UNKNOWN } from "./refusal-case.ts";
import { ACCOUNT, ARN_PREFIX, DAY_MS, failureOf, REGION, START_MS, startService, unclosable } from "./service.ts";

const user = (name: string) => `arn:aws:iam::${ACCOUNT}:user/${name}`;
const ALICE = user("alice");
const BOB = user("bob");
const SOURCE_ARN = `arn:aws:s3:${REGION}:${ACCOUNT}:bucket`;
const Plaintext = new Uint8Array(16);

async function newKey(kms: Kms, input: object = {}): Promise<string> {
  return (await kms.execute("CreateKey", input as never)).KeyMetadata!.KeyId;
}

const wanted = (KeyId: string, members: object = {}) => ({
  KeyId,
  GranteePrincipal: ALICE,
  Operations: ["Decrypt" as const],
  ...members,
});

const create = (kms: Kms, KeyId: string, members: object = {}) =>
  kms.execute("CreateGrant", wanted(KeyId, members)) as Promise<{ GrantId: string; GrantToken: string }>;

const list = async (kms: Kms, KeyId: string, members: object = {}) =>
  (await kms.execute("ListGrants", { KeyId, ...members })).Grants!;

const retirable = async (kms: Kms, RetiringPrincipal: string) =>
  (await kms.execute("ListRetirableGrants", { RetiringPrincipal })).Grants!;

const codeOf = async (work: Promise<unknown>) => (await failureOf(work)).name;

describe("CreateGrant", () => {
  it("makes a grant that is shown as AWS shows it", async () => {
    const { kms } = await startService();
    const KeyId = await newKey(kms);
    const { GrantId, GrantToken } = await create(kms, KeyId, {
      RetiringPrincipal: BOB,
      Operations: ["Decrypt", "Encrypt", "Decrypt"],
      Constraints: { EncryptionContextSubset: { Department: "IT" } },
    });
    expect(GrantId).toMatch(/^[0-9a-f]{64}$/);
    expect(GrantToken).toMatch(/^[A-Za-z0-9+/]+=*$/);
    const entry = {
      KeyId: `${ARN_PREFIX}:key/${KeyId}`,
      GrantId,
      Name: "",
      CreationDate: new Date(START_MS),
      GranteePrincipal: ALICE,
      RetiringPrincipal: BOB,
      IssuingAccount: `arn:aws:iam::${ACCOUNT}:root`,
      Operations: ["Decrypt", "Encrypt"],
      Constraints: { EncryptionContextSubset: { Department: "IT" } },
    };
    expect(await list(kms, KeyId)).toEqual([entry]);
    expect(await retirable(kms, BOB)).toEqual([entry]);
  });

  it("makes a grant for a service, with its source and who retires it", async () => {
    const { kms } = await startService();
    const KeyId = await newKey(kms, { KeyUsage: "SIGN_VERIFY", KeySpec: "ECC_NIST_P256" });
    const members = {
      GranteePrincipal: undefined,
      GranteeServicePrincipal: "s3.amazonaws.com",
      RetiringServicePrincipal: "s3.amazonaws.com",
      Operations: ["Sign"],
      Constraints: { SourceArn: SOURCE_ARN },
    };
    const { GrantId } = await create(kms, KeyId, members);
    const [entry, ...others] = await list(kms, KeyId, { GranteeServicePrincipal: "s3.amazonaws.com" });
    expect(others).toEqual([]);
    expect(entry).toMatchObject({
      GrantId,
      GranteeServicePrincipal: "s3.amazonaws.com",
      Constraints: { SourceArn: SOURCE_ARN },
    });
    expect(entry).not.toHaveProperty("GranteePrincipal");
    const found = await kms.execute("ListRetirableGrants", { RetiringServicePrincipal: "s3.amazonaws.com" });
    expect(found.Grants).toEqual([entry]);
  });

  it("returns the same grant and another token for the same name and parameters", async () => {
    const { kms } = await startService();
    const KeyId = await newKey(kms);
    const first = await create(kms, KeyId, { Name: "n" });
    const second = await create(kms, KeyId, { Name: "n" });
    expect(second.GrantId).toBe(first.GrantId);
    expect(second.GrantToken).not.toBe(first.GrantToken);
    const other = await create(kms, KeyId, { Name: "n", Operations: ["Encrypt"] });
    expect(other.GrantId).not.toBe(first.GrantId);
    for (const GrantToken of [first.GrantToken, second.GrantToken, other.GrantToken]) {
      await kms.execute("Encrypt", { KeyId, Plaintext, GrantTokens: [GrantToken] });
    }
    await kms.execute("RetireGrant", { GrantToken: first.GrantToken });
    expect(await codeOf(kms.execute("RetireGrant", { GrantToken: second.GrantToken }))).toBe(
      "InvalidGrantTokenException",
    );
    expect((await list(kms, KeyId)).map(({ GrantId }) => GrantId)).toEqual([other.GrantId]);
  });

  it("changes nothing in a dry run, nor does a dry run that retires or revokes", async () => {
    const { kms } = await startService();
    const KeyId = await newKey(kms);
    expect(await codeOf(create(kms, KeyId, { DryRun: true }))).toBe("DryRunOperationException");
    expect(await list(kms, KeyId)).toEqual([]);
    const { GrantId, GrantToken } = await create(kms, KeyId);
    const dryRuns = [
      kms.execute("RetireGrant", { GrantToken, DryRun: true }),
      kms.execute("RetireGrant", { KeyId: `${ARN_PREFIX}:key/${KeyId}`, GrantId, DryRun: true }),
      kms.execute("RevokeGrant", { KeyId, GrantId, DryRun: true }),
    ];
    for (const run of dryRuns) expect(await codeOf(run)).toBe("DryRunOperationException");
    expect(await list(kms, KeyId)).toHaveLength(1);
  });

  it("takes an account by its number, and every other principal by its ARN", async () => {
    const { kms } = await startService();
    const KeyId = await newKey(kms);
    const principals = [
      `arn:aws:iam::${ACCOUNT}:root`,
      user("team/alice"),
      `arn:aws:iam::${ACCOUNT}:role/service-role/Admin`,
      `arn:aws:sts::${ACCOUNT}:assumed-role/Admin/session@1`,
      `arn:aws:sts::${ACCOUNT}:federated-user/bob`,
      "arn:aws:iam::444455556666:user/eve",
    ];
    for (const GranteePrincipal of principals) {
      await create(kms, KeyId, { GranteePrincipal });
      expect(await list(kms, KeyId, { GranteePrincipal })).toHaveLength(1);
    }
    await create(kms, KeyId, { GranteePrincipal: ACCOUNT, RetiringPrincipal: ACCOUNT });
    expect(await list(kms, KeyId, { GranteePrincipal: ACCOUNT })).toHaveLength(2);
    expect(await retirable(kms, principals[0]!)).toHaveLength(1);
  });

  it.each([
    "alice",
    "s3.amazonaws.com",
    "1111222233334",
    `arn:aws:iam::${ACCOUNT}:group/admins`,
    `arn:aws:iam::${ACCOUNT}:user`,
    `arn:aws:iam::${ACCOUNT}:user/`,
    `arn:aws:iam::${ACCOUNT}:user//alice`,
    `arn:aws:iam::${ACCOUNT}:role/`,
    `arn:aws:iam::${ACCOUNT}:root/x`,
    `arn:aws:iam::${ACCOUNT}:assumed-role/Admin/s`,
    `arn:aws:sts::${ACCOUNT}:assumed-role/Admin`,
    `arn:aws:sts::${ACCOUNT}:assumed-role/path/Admin/s`,
    `arn:aws:sts::${ACCOUNT}:user/alice`,
    "arn:aws:iam::11112222333:user/alice",
    "arn:aws:iam:::user/alice",
    `arn:aws-cn:iam::${ACCOUNT}:user/alice`,
    `arn:aws:iam:${REGION}:${ACCOUNT}:user/alice`,
    `arn:aws:s3::${ACCOUNT}:user/alice`,
    `${ALICE}:more`,
    `x${ALICE}`,
  ])("refuses %s as a principal", async (principal) => {
    const { kms } = await startService();
    const KeyId = await newKey(kms);
    for (const members of [{ GranteePrincipal: principal }, { RetiringPrincipal: principal }]) {
      expect(await codeOf(create(kms, KeyId, members))).toBe("InvalidArnException");
    }
    expect(await list(kms, KeyId)).toEqual([]);
  });

  const pairs = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, "v"]));
  const subset = (EncryptionContextSubset: object) => ({ Constraints: { EncryptionContextSubset } });
  const service = { GranteePrincipal: undefined, GranteeServicePrincipal: "s3.amazonaws.com" };
  it.each<[string, object]>([
    ["a wildcard", { GranteePrincipal: `arn:aws:iam::${ACCOUNT}:user/*` }],
    ["no operation", { Operations: [] }],
    ["CreateGrant alone", { Operations: ["CreateGrant"] }],
    ["an operation of other keys", { Operations: ["Decrypt", "Sign"] }],
    ["a public key of a symmetric key", { Operations: ["GetPublicKey"] }],
    ["no grantee", { GranteePrincipal: undefined }],
    [
      "two grantees",
      { GranteeServicePrincipal: "s3.amazonaws.com", Constraints: { SourceArn: SOURCE_ARN }, RetiringPrincipal: BOB },
    ],
    ["a service without a source", { ...service, RetiringPrincipal: BOB }],
    ["a service without who retires", { ...service, Constraints: { SourceArn: SOURCE_ARN } }],
    ["two that retire", { RetiringPrincipal: BOB, RetiringServicePrincipal: "s3.amazonaws.com" }],
    [
      "both context constraints",
      { Constraints: { EncryptionContextEquals: { a: "1" }, EncryptionContextSubset: { a: "1" } } },
    ],
    ["nine pairs", subset(pairs(9))],
    ["a value of 385 characters", subset({ a: "x".repeat(385) })],
    ["keys that fold together", subset({ Team: "a", tEAM: "b" })],
    ["keys that fold together beyond ASCII", { Constraints: { EncryptionContextEquals: { k: "a", "\u212a": "b" } } }],
    ["a source that is no ARN", { Constraints: { SourceArn: "bucket-with-a-long-name" } }],
    ["eleven tokens", { GrantTokens: Array(11).fill("t") }],
  ])("refuses %s", async (_, members) => {
    const { kms } = await startService();
    const KeyId = await newKey(kms);
    expect(await codeOf(create(kms, KeyId, members))).toBe("ValidationException");
    expect(await list(kms, KeyId)).toEqual([]);
  });

  it("takes eight pairs, and a value of 384 characters", async () => {
    const { kms } = await startService();
    const KeyId = await newKey(kms);
    await create(kms, KeyId, subset(pairs(8)));
    await create(kms, KeyId, subset({ a: "x".repeat(384) }));
  });

  it.each<[object, string[]]>([
    [{ KeyUsage: "SIGN_VERIFY", KeySpec: "ECC_NIST_P256" }, ["Sign", "Verify", "GetPublicKey"]],
    [{ KeyUsage: "KEY_AGREEMENT", KeySpec: "ECC_NIST_P256" }, ["DeriveSharedSecret", "GetPublicKey"]],
    [{ KeyUsage: "GENERATE_VERIFY_MAC", KeySpec: "HMAC_256" }, ["GenerateMac", "VerifyMac"]],
    [{ KeyUsage: "ENCAPSULATE_DECAPSULATE", KeySpec: "ML_KEM_512" }, ["Encapsulate", "Decapsulate", "GetPublicKey"]],
    [
      {},
      [
        ...["Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"],
        ...["GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"],
      ],
    ],
  ])("knows what a key of %j can do", async (spec, own) => {
    const { kms } = await startService();
    const KeyId = await newKey(kms, spec);
    const all = [
      ...["Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"],
      ...["Sign", "Verify", "GetPublicKey", "CreateGrant", "RetireGrant", "DescribeKey", "GenerateDataKeyPair"],
      ...["GenerateDataKeyPairWithoutPlaintext", "GenerateMac", "VerifyMac", "DeriveSharedSecret", "Encapsulate"],
      "Decapsulate",
    ];
    const expected = [...own, "CreateGrant", "RetireGrant", "DescribeKey"].sort();
    const taken: string[] = [];
    for (const operation of all) {
      const Operations = operation === "CreateGrant" ? ["CreateGrant", "DescribeKey"] : [operation];
      const code = await codeOf(create(kms, KeyId, { Operations, DryRun: true }));
      if (code === "DryRunOperationException") taken.push(operation);
      else expect(code).toBe("ValidationException");
    }
    expect(taken.sort()).toEqual(expected);
    const context = { Operations: ["DescribeKey"], Constraints: { EncryptionContextEquals: { a: "1" } } };
    const isSymmetric = Object.keys(spec).length === 0;
    expect(await codeOf(create(kms, KeyId, { ...context, DryRun: true }))).toBe(
      isSymmetric ? "DryRunOperationException" : "ValidationException",
    );
  });
});

describe("ListGrants", () => {
  it("goes through pages in order of id, whatever is revoked between them", async () => {
    const { kms } = await startService();
    const KeyId = await newKey(kms);
    const ids: string[] = [];
    for (let i = 0; i < 53; i++) ids.push((await create(kms, KeyId, { RetiringPrincipal: BOB })).GrantId);
    ids.sort();
    const first = await kms.execute("ListGrants", { KeyId });
    expect(first.Grants!.map(({ GrantId }) => GrantId)).toEqual(ids.slice(0, 50));
    await kms.execute("RevokeGrant", { KeyId, GrantId: ids[49]! });
    const second = await kms.execute("ListGrants", { KeyId, Marker: first.NextMarker });
    expect(second).toEqual({ Grants: expect.any(Array), Truncated: false });
    expect(second.Grants!.map(({ GrantId }) => GrantId)).toEqual(ids.slice(50));
    const page = await kms.execute("ListGrants", { KeyId, Limit: 3, GranteePrincipal: ALICE });
    expect(page.Grants!.map(({ GrantId }) => GrantId)).toEqual(ids.slice(0, 3));
    const next = await kms.execute("ListGrants", { KeyId, Limit: 1, GranteePrincipal: ALICE, Marker: page.NextMarker });
    expect(next.Grants!.map(({ GrantId }) => GrantId)).toEqual([ids[3]]);
    const some = await kms.execute("ListRetirableGrants", { RetiringPrincipal: BOB, Limit: 2 });
    const rest = await kms.execute("ListRetirableGrants", {
      RetiringPrincipal: BOB,
      Marker: some.NextMarker,
      Limit: 2,
    });
    expect([...some.Grants!, ...rest.Grants!].map(({ GrantId }) => GrantId)).toEqual(ids.slice(0, 4));
  });

  it("finds by id and by grantee, and refuses what is neither id nor marker", async () => {
    const { kms } = await startService();
    const KeyId = await newKey(kms);
    const { GrantId } = await create(kms, KeyId);
    await create(kms, KeyId, { GranteePrincipal: BOB });
    expect(await list(kms, KeyId, { GrantId })).toHaveLength(1);
    expect(await list(kms, KeyId, { GrantId, GranteePrincipal: ALICE })).toHaveLength(1);
    expect(await list(kms, KeyId, { GrantId, GranteePrincipal: BOB })).toEqual([]);
    expect(await list(kms, KeyId, { GranteePrincipal: ALICE, GranteeServicePrincipal: "s3.amazonaws.com" })).toEqual(
      [],
    );
    expect(await list(kms, await newKey(kms), { GrantId })).toEqual([]);
    for (const wrong of ["g", `${GrantId}/`, "../key", GrantId.toUpperCase()]) {
      expect(await codeOf(list(kms, KeyId, { GrantId: wrong }))).toBe("InvalidGrantIdException");
    }
    for (const Marker of ["!", btoa("g"), btoa(`${GrantId}/../key`)]) {
      expect(await codeOf(list(kms, KeyId, { Marker }))).toBe("InvalidMarkerException");
    }
  });

  it("hands out copies", async () => {
    const { kms } = await startService();
    const KeyId = await newKey(kms);
    await create(kms, KeyId, { Constraints: { EncryptionContextEquals: { a: "1" } } });
    const [entry] = await list(kms, KeyId);
    entry!.Operations!.push("Encrypt");
    entry!.Constraints!.EncryptionContextEquals!.a = "2";
    const [again] = await list(kms, KeyId);
    expect(again).toMatchObject({ Operations: ["Decrypt"], Constraints: { EncryptionContextEquals: { a: "1" } } });
  });
});

describe("RetireGrant and RevokeGrant", () => {
  it("remove a grant once, by token or by key and id", async () => {
    const { kms } = await startService();
    const KeyId = await newKey(kms);
    const made = [await create(kms, KeyId), await create(kms, KeyId), await create(kms, KeyId)];
    const [byToken, byId, revoked] = made as [(typeof made)[0], (typeof made)[0], (typeof made)[0]];
    await kms.execute("RetireGrant", { GrantToken: byToken.GrantToken });
    await kms.execute("RetireGrant", { KeyId, GrantId: byId.GrantId });
    await kms.execute("RevokeGrant", { KeyId, GrantId: revoked.GrantId });
    expect(await list(kms, KeyId)).toEqual([]);
    expect(await retirable(kms, BOB)).toEqual([]);
    for (const { GrantId, GrantToken } of made) {
      expect(await failureOf(kms.execute("RevokeGrant", { KeyId, GrantId }))).toEqual({
        name: "NotFoundException",
        message: `Grant ID ${GrantId} not found`,
      });
      expect(await codeOf(kms.execute("RetireGrant", { KeyId, GrantId }))).toBe("NotFoundException");
      expect(await codeOf(kms.execute("RetireGrant", { GrantToken }))).toBe("InvalidGrantTokenException");
      const used = kms.execute("Encrypt", { KeyId, Plaintext, GrantTokens: [GrantToken] });
      expect(await codeOf(used)).toBe("InvalidGrantTokenException");
    }
  });

  it("leave the grant of another key alone", async () => {
    const { kms } = await startService();
    const KeyId = await newKey(kms);
    const { GrantId } = await create(kms, KeyId);
    const other = await newKey(kms);
    expect(await codeOf(kms.execute("RevokeGrant", { KeyId: other, GrantId }))).toBe("NotFoundException");
    expect(await codeOf(kms.execute("RetireGrant", { KeyId: UNKNOWN, GrantId }))).toBe("NotFoundException");
    expect(await list(kms, KeyId)).toHaveLength(1);
  });

  it("refuse a token of another Region", async () => {
    const { kms } = await startService();
    const elsewhere = kms.inRealm({ region: "us-east-1", accountId: ACCOUNT });
    const { GrantToken } = await create(elsewhere, await newKey(elsewhere));
    expect(await codeOf(kms.execute("RetireGrant", { GrantToken }))).toBe("InvalidGrantTokenException");
  });
});

describe("the grants of a key", () => {
  it("stay away when they were retired and the key's deletion is cancelled, and wait while it is disabled", async () => {
    const { kms } = await startService();
    const KeyId = await newKey(kms);
    const kept = await create(kms, KeyId);
    const retired = await create(kms, KeyId);
    await kms.execute("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 });
    expect(await codeOf(create(kms, KeyId))).toBe("KMSInvalidStateException");
    await kms.execute("RetireGrant", { GrantToken: retired.GrantToken });
    await kms.execute("CancelKeyDeletion", { KeyId });
    expect((await list(kms, KeyId)).map(({ GrantId }) => GrantId)).toEqual([kept.GrantId]);
    const use = (GrantTokens: string[]) => kms.execute("Encrypt", { KeyId, Plaintext, GrantTokens });
    expect(await codeOf(use([kept.GrantToken]))).toBe("DisabledException");
    expect(await codeOf(use([retired.GrantToken]))).toBe("InvalidGrantTokenException");
    expect(await codeOf(create(kms, KeyId))).toBe("DisabledException");
  });

  it("go with it, from the moment on when its deletion is due, down to their records", async () => {
    const keystore = memoryKeystore();
    const { kms, advance } = await startService(unclosable(keystore));
    const KeyId = await newKey(kms);
    const { GrantToken } = await create(kms, KeyId, { RetiringPrincipal: BOB, Name: "n" });
    await kms.execute("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 });
    expect(await retirable(kms, BOB)).toHaveLength(1);
    advance(8 * DAY_MS);
    expect(await retirable(kms, BOB)).toEqual([]);
    expect(await codeOf(list(kms, KeyId))).toBe("NotFoundException");
    expect(await codeOf(kms.execute("RetireGrant", { GrantToken }))).toBe("NotFoundException");
    for (let i = 0; i < 4; i++) await newKey(kms);
    const paths = await keystore.list("record/", undefined, 1000);
    expect(paths.filter((path) => /grant|retirable/.test(path))).toEqual([]);
  });

  it("do not come from a record that was moved from another key", async () => {
    const keystore = memoryKeystore();
    const { kms } = await startService(unclosable(keystore));
    const [mine, theirs] = [await newKey(kms), await newKey(kms)];
    await create(kms, theirs);
    const from = `record/${ACCOUNT}/${REGION}/key-grants/${theirs}`;
    const { value } = (await keystore.get(from))!;
    await keystore.commit({ checks: [], writes: new Map([[from.replace(theirs, mine), value]]) });
    await kms.close();
    const again = await startService(keystore);
    expect(await codeOf(list(again.kms, mine))).toBe("KMSInternalException");
    expect(await list(again.kms, theirs)).toHaveLength(1);
  });
});
