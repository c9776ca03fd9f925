/** Who may do what, through the whole pipeline: what each operation asks for, and what a caller cannot say of itself. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Kms, PrincipalOptions } from "../../src/index.ts";
import { OPERATIONS } from "../../src/operations/index.ts";
import type { AnyOperation } from "../../src/operations/operation.ts";
import { ALICE, allow, codeOf, DELEGATION, keyPolicy, policyOf, ROOT } from "./callers.ts";
import { CLOUDHSM_SETTINGS } from "./refusal-case.ts";
import { ACCOUNT, ARN_PREFIX, failureOf, type Service, startService } from "./service.ts";
import { STATE_REQUESTS } from "./state-requests.ts";

const Plaintext = new Uint8Array(8);
let service: Service;
let root: Kms;

beforeAll(async () => {
  service = await startService();
  root = service.kms;
});

const userWith = (...statements: object[]) =>
  root.as({ type: "user", arn: ALICE, identityPolicies: [policyOf(...statements)] });
const newKey = async (input: object = {}) => (await root.execute("CreateKey", input)).KeyMetadata!.KeyId;

describe("a caller", () => {
  it("is nobody unless it is named, and nobody may do anything", async () => {
    const nobody = root.inRealm({ region: root.realm.region, accountId: "444455556666" });
    for (const name of Object.keys(OPERATIONS)) {
      expect(await codeOf(nobody.execute(name as never, {} as never)), name).toBe("AccessDeniedException");
    }
  });

  it.each<[string, string | PrincipalOptions]>([
    ["a word", "alice"],
    ["an ARN of another service", "arn:aws:s3:::bucket"],
    ["an ARN with a path only", `arn:aws:iam::${ACCOUNT}:user/`],
    ["a type that the ARN is not of", { type: "root", arn: ALICE }],
    ["an account that the ARN is not of", { type: "user", arn: ALICE, account: "999999999999" }],
    ["a session without its role", `arn:aws:sts::${ACCOUNT}:assumed-role/Admin/alice`],
    [
      "a session with a role of another account",
      {
        type: "assumed-role",
        arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Admin/x`,
        roleArn: "arn:aws:iam::999999999999:role/Admin",
      },
    ],
    ["a service with an ARN", { type: "service", arn: ALICE }],
  ])("is not %s", (_what, principal) => {
    expect(() => root.as(principal)).toThrow(TypeError);
  });

  it("has the role of its credentials, whatever the session is called", async () => {
    const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
    const KeyId = await newKey({
      Policy: keyPolicy(DELEGATION, { ...allow("kms:Encrypt"), Principal: { AWS: role("Admin") } }),
    });
    const session = (named: string, roleArn: string) =>
      root.as({ type: "assumed-role", arn: `arn:aws:sts::${ACCOUNT}:assumed-role/${named}`, roleArn });
    const encrypt = (kms: Kms) => codeOf(kms.execute("Encrypt", { KeyId, Plaintext }));
    expect(await encrypt(session("Admin/x", role("Admin")))).toBe("success");
    expect(await encrypt(session("Admin/Admin", role("team/Admin")))).toBe("AccessDeniedException");
    expect(await encrypt(session("Guest/Admin", role("Guest")))).toBe("AccessDeniedException");
  });

  it("does not act across partitions", async () => {
    const KeyId = `${ARN_PREFIX}:key/${await newKey()}`;
    const chinese = {
      principal: { type: "root", arn: ROOT.replace(":aws:", ":aws-cn:"), account: ACCOUNT },
      requestId: "r",
    } as const;
    expect(await codeOf(root.execute("Encrypt", { KeyId, Plaintext }, chinese))).toBe("AccessDeniedException");
  });
});

describe("every operation", () => {
  const KEYLESS = Object.values<AnyOperation>(OPERATIONS).filter(({ slots }) => slots.length === 0);

  it("on a key is denied to a user without policies, also in a dry run, and changes nothing", async () => {
    const keyId = await newKey();
    const other = await newKey();
    await root.execute("CreateAlias", { AliasName: "alias/denied", TargetKeyId: keyId });
    const { CiphertextBlob: blob } = await root.execute("Encrypt", { KeyId: keyId, Plaintext });
    const before = JSON.stringify([
      await root.execute("DescribeKey", { KeyId: keyId }),
      await root.execute("ListAliases", {}),
    ]);
    const alice = root.as(ALICE);
    for (const [row, { input }] of Object.entries(STATE_REQUESTS)) {
      const name = row.split(" ")[0]!;
      const members = input({ keyId, aliasName: "alias/denied", blob, other, otherBlob: blob! });
      const hasDryRun = Object.hasOwn(OPERATIONS[name as keyof typeof OPERATIONS].input.members, "DryRun");
      for (const DryRun of hasDryRun ? [undefined, true] : [undefined]) {
        const code = await codeOf(alice.execute(name as never, { ...members, DryRun } as never));
        // A grant that is not there has no rule for who may retire it.
        const expected = name === "RetireGrant" ? "InvalidGrantIdException" : "AccessDeniedException";
        expect(code, `${row} ${DryRun}`).toBe(expected);
      }
    }
    expect(
      JSON.stringify([await root.execute("DescribeKey", { KeyId: keyId }), await root.execute("ListAliases", {})]),
    ).toBe(before);
  });

  it.each(KEYLESS.map(({ name, action }) => [name, action!]))("%s needs %s on everything", async (name, action) => {
    const inputs: Record<string, object> = {
      CreateCustomKeyStore: { CustomKeyStoreName: "s", ...CLOUDHSM_SETTINGS },
      GenerateRandom: { NumberOfBytes: 8 },
      ListRetirableGrants: { RetiringPrincipal: ALICE },
    };
    const input = { ...(name.endsWith("CustomKeyStore") && { CustomKeyStoreId: "cks-1" }), ...inputs[name] };
    const asked = name === "CreateCustomKeyStore" ? inputs[name]! : input;
    expect(await codeOf(userWith(allow("kms:Nothing")).execute(name as never, asked as never))).toBe(
      "AccessDeniedException",
    );
    expect(await codeOf(userWith(allow(action)).execute(name as never, asked as never))).not.toBe(
      "AccessDeniedException",
    );
    const denied = userWith(allow("*"), { ...allow(action), Effect: "Deny" });
    expect(await codeOf(denied.execute(name as never, asked as never))).toBe("AccessDeniedException");
  });
});

describe("what an operation asks for", () => {
  it("is the key policy first: IAM alone gives nothing on a key that does not trust the account", async () => {
    const KeyId = await newKey({
      Policy: keyPolicy({ ...DELEGATION, Principal: { AWS: ALICE } }),
      BypassPolicyLockoutSafetyCheck: true,
    });
    expect(await codeOf(userWith(allow("*")).execute("Encrypt", { KeyId, Plaintext }))).toBe("success");
    const bob = root.as({ type: "user", arn: ALICE.replace("alice", "bob"), identityPolicies: [policyOf(allow("*"))] });
    expect(await codeOf(bob.execute("Encrypt", { KeyId, Plaintext }))).toBe("AccessDeniedException");
    expect(await codeOf(root.execute("Encrypt", { KeyId, Plaintext }))).toBe("AccessDeniedException");
  });

  it("of ReEncrypt is judged on each side with its own context", async () => {
    const KeyId = await newKey();
    const blobOf = async (tenant: string) =>
      (await root.execute("Encrypt", { KeyId, Plaintext, EncryptionContext: { tenant } })).CiphertextBlob!;
    const tenant = (value: string) => ({ Condition: { StringEquals: { "kms:EncryptionContext:tenant": value } } });
    const kms = userWith(allow("kms:ReEncryptFrom", tenant("a")), allow("kms:ReEncryptTo", tenant("b")));
    const move = async (from: string, to: string) =>
      codeOf(
        kms.execute("ReEncrypt", {
          CiphertextBlob: await blobOf(from),
          SourceEncryptionContext: { tenant: from },
          DestinationKeyId: KeyId,
          DestinationEncryptionContext: { tenant: to },
        }),
      );
    expect([await move("a", "b"), await move("b", "a"), await move("a", "a"), await move("b", "b")]).toEqual([
      "success",
      "AccessDeniedException",
      "AccessDeniedException",
      "AccessDeniedException",
    ]);
    const onSame = userWith(
      allow(["kms:ReEncryptFrom", "kms:ReEncryptTo"], { Condition: { Bool: { "kms:ReEncryptOnSameKey": "false" } } }),
    );
    const input = { CiphertextBlob: await blobOf("a"), SourceEncryptionContext: { tenant: "a" } };
    expect(await codeOf(onSame.execute("ReEncrypt", { ...input, DestinationKeyId: KeyId }))).toBe(
      "AccessDeniedException",
    );
    expect(await codeOf(onSame.execute("ReEncrypt", { ...input, DestinationKeyId: await newKey() }))).toBe("success");
  });

  it("of CreateKey with tags is kms:TagResource, too", async () => {
    const Tags = [{ TagKey: "team", TagValue: "a" }];
    const creator = userWith(allow("kms:CreateKey"));
    expect([
      await codeOf(creator.execute("CreateKey", {})),
      await codeOf(creator.execute("CreateKey", { Tags })),
    ]).toEqual(["success", "AccessDeniedException"]);
    const tagger = userWith(
      allow(["kms:CreateKey", "kms:TagResource"], { Condition: { StringEquals: { "aws:RequestTag/team": "a" } } }),
    );
    expect(await codeOf(tagger.execute("CreateKey", { Tags }))).toBe("success");
    expect(await codeOf(tagger.execute("CreateKey", { Tags: [{ TagKey: "team", TagValue: "b" }] }))).toBe(
      "AccessDeniedException",
    );
  });

  it("by tags is gained by tagging, which is a permission of its own", async () => {
    const KeyId = await newKey();
    const byTag = allow("kms:Encrypt", { Condition: { StringEquals: { "aws:ResourceTag/open": "yes" } } });
    const Tags = [{ TagKey: "open", TagValue: "yes" }];
    const encrypt = () => codeOf(userWith(byTag).execute("Encrypt", { KeyId, Plaintext }));
    expect(await encrypt()).toBe("AccessDeniedException");
    expect(await codeOf(userWith(byTag).execute("TagResource", { KeyId, Tags }))).toBe("AccessDeniedException");
    await userWith(byTag, allow("kms:TagResource")).execute("TagResource", { KeyId, Tags });
    expect(await encrypt()).toBe("success");
  });

  it("of an alias is on the alias and on the key, and of an update on both keys", async () => {
    const [first, second] = [await newKey(), await newKey()];
    const on = (...resources: string[]) => ({ Resource: resources });
    const alias = `${ARN_PREFIX}:alias/both`;
    const [one, two] = [`${ARN_PREFIX}:key/${first}`, `${ARN_PREFIX}:key/${second}`];
    const create = (...resources: string[]) =>
      codeOf(
        userWith(allow("kms:CreateAlias", on(...resources))).execute("CreateAlias", {
          AliasName: "alias/both",
          TargetKeyId: first,
        }),
      );
    expect([await create(alias), await create(one), await create(alias, one)]).toEqual([
      "AccessDeniedException",
      "AccessDeniedException",
      "success",
    ]);
    const update = (...resources: string[]) =>
      codeOf(
        userWith(allow("kms:UpdateAlias", on(...resources))).execute("UpdateAlias", {
          AliasName: "alias/both",
          TargetKeyId: second,
        }),
      );
    expect([
      await update(alias, one),
      await update(alias, two),
      await update(one, two),
      await update(alias, one, two),
    ]).toEqual(["AccessDeniedException", "AccessDeniedException", "AccessDeniedException", "success"]);
  });

  it("by alias is the alias that was asked for, or those that the key has", async () => {
    const KeyId = await newKey();
    await root.execute("CreateAlias", { AliasName: "alias/asked", TargetKeyId: KeyId });
    const byRequest = userWith(
      allow("kms:Encrypt", { Condition: { StringEquals: { "kms:RequestAlias": "alias/asked" } } }),
    );
    const encrypt = (kms: Kms, name: string) => codeOf(kms.execute("Encrypt", { KeyId: name, Plaintext }));
    expect(await encrypt(byRequest, "alias/asked")).toBe("success");
    expect(await encrypt(byRequest, `${ARN_PREFIX}:alias/asked`)).toBe("success");
    expect(await encrypt(byRequest, KeyId)).toBe("AccessDeniedException");
    const byResource = userWith(
      allow("kms:Encrypt", { Condition: { "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/asked" } } }),
    );
    expect(await encrypt(byResource, KeyId)).toBe("success");
    expect(await encrypt(byResource, await newKey())).toBe("AccessDeniedException");
  });
});

describe("a lockout", () => {
  const onlyBob = keyPolicy({ ...DELEGATION, Principal: { AWS: ALICE.replace("alice", "bob") } });

  it("is refused, for a key that is made and for one that is there", async () => {
    const refused = {
      name: "MalformedPolicyDocumentException",
      message: "The new key policy will not allow you to update the key policy in the future.",
    };
    expect(await failureOf(root.execute("CreateKey", { Policy: onlyBob }))).toMatchObject(refused);
    const KeyId = await newKey();
    expect(await failureOf(root.execute("PutKeyPolicy", { KeyId, Policy: onlyBob }))).toMatchObject(refused);
    expect((await root.execute("GetKeyPolicy", { KeyId })).Policy).toContain(ROOT);
  });

  it("passes where the check is waived, which a condition can forbid", async () => {
    const waived = { Policy: onlyBob, BypassPolicyLockoutSafetyCheck: true };
    expect(await codeOf(root.execute("CreateKey", waived))).toBe("success");
    const strict = userWith(
      allow("kms:CreateKey", { Condition: { Null: { "kms:BypassPolicyLockoutSafetyCheck": "true" } } }),
      allow("kms:PutKeyPolicy"),
    );
    expect(await codeOf(strict.execute("CreateKey", waived))).toBe("AccessDeniedException");
    expect(await codeOf(strict.execute("CreateKey", {}))).toBe("success");
  });
});

describe("facts", () => {
  it("come from the request as it was admitted, never from what a caller says of itself", async () => {
    const KeyId = await newKey();
    const lies = {
      "aws:PrincipalArn": ROOT,
      "kms:ViaService": "s3.us-west-2.amazonaws.com",
      "aws:SourceIp": "10.0.0.1",
      "aws:SecureTransport": "true",
    };
    const wanted: object[] = Object.entries(lies).map(([key, value]) => ({ StringEquals: { [key]: value } }));
    for (const Condition of wanted) {
      const kms = userWith(allow("kms:Encrypt", { Condition }));
      const input = { KeyId, Plaintext, EncryptionContext: lies, ...lies };
      expect(await codeOf(kms.execute("Encrypt", input as never))).toBe("AccessDeniedException");
    }
    const condition = { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } };
    const options = {
      type: "user",
      arn: ALICE,
      identityPolicies: [policyOf(allow("kms:Encrypt", { Condition: condition }))],
    } as const;
    const from = (sourceIp: string) => codeOf(root.as(options, { sourceIp }).execute("Encrypt", { KeyId, Plaintext }));
    expect([await from("10.1.2.3"), await from("::ffff:10.1.2.3"), await from("11.1.2.3")]).toEqual([
      "success",
      "success",
      "AccessDeniedException",
    ]);
  });

  it("of an own prototype are nobody's", async () => {
    const polluted = { GrantTokens: ["x"], BypassPolicyLockoutSafetyCheck: true, KeyId: await newKey(), DryRun: true };
    Object.assign(Object.prototype, polluted);
    try {
      expect(
        await codeOf(root.execute("CreateKey", { Policy: keyPolicy({ ...DELEGATION, Principal: { AWS: ALICE } }) })),
      ).toBe("MalformedPolicyDocumentException");
      expect(await codeOf(root.execute("DescribeKey", {} as never))).toBe("ValidationException");
      expect(await codeOf(root.execute("Encrypt", { KeyId: polluted.KeyId, Plaintext }))).toBe("success");
    } finally {
      for (const name of Object.keys(polluted)) delete (Object.prototype as Record<string, unknown>)[name];
    }
  });

  it("are the same from the check to the use: a policy that changes meanwhile counts for the next request", async () => {
    const KeyId = await newKey();
    const requests = Array.from({ length: 40 }, (_, i) =>
      i === 20
        ? root.execute("PutKeyPolicy", {
            KeyId,
            Policy: keyPolicy(DELEGATION, { ...allow("kms:Encrypt"), Effect: "Deny", Principal: "*" }),
          })
        : root.execute("Encrypt", { KeyId, Plaintext }),
    );
    const outcomes = await Promise.all(requests.map((request) => codeOf(request)));
    expect(new Set(outcomes.filter((_, i) => i !== 20))).toEqual(new Set(["success"]));
    expect(await codeOf(root.execute("Encrypt", { KeyId, Plaintext }))).toBe("AccessDeniedException");
  });
});
