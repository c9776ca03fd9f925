/** The keys that services have: made on first use, usable through their service alone, and nobody's to change. */
import { beforeEach, describe, expect, it } from "vitest";
import { auditTo } from "../../src/audit/source.ts";
import { createKms, memoryKeystore, rootKeyFromBytes } from "../../src/index.ts";
import {
  ACCOUNT,
  ARN_PREFIX,
  type Call,
  DAY_MS,
  failureOf,
  REGION,
  ROOT_KEY,
  type Service,
  startService,
} from "./service.ts";

const S3 = { viaService: `s3.${REGION}.amazonaws.com` };
const ALICE = `arn:aws:iam::${ACCOUNT}:user/alice`;
const EVERYTHING = {
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Action: "*", Resource: "*" },
};
const alice = { type: "user", arn: ALICE, identityPolicies: [EVERYTHING] } as const;
const plaintext = new TextEncoder().encode("an object");

describe("the key of a service", () => {
  let service: Service;
  let throughS3: Call;
  let direct: Call;

  const callAs = (...who: Parameters<Service["kms"]["as"]>) => service.kms.as(...who).execute as unknown as Call;
  const describeKey = async () => (await direct("DescribeKey", { KeyId: "alias/aws/s3" })).KeyMetadata;

  beforeEach(async () => {
    service = await startService();
    throughS3 = callAs(alice, S3);
    direct = callAs(alice);
  });

  it("is made when the service first uses it, and opens what was sealed with it through the service", async () => {
    expect((await direct("ListAliases", {})).Aliases).toEqual([]);
    const { CiphertextBlob, KeyId } = await throughS3("Encrypt", { KeyId: "alias/aws/s3", Plaintext: plaintext });
    expect((await throughS3("Decrypt", { CiphertextBlob })).Plaintext).toEqual(plaintext);
    const { CiphertextBlob: dataKey } = await throughS3("GenerateDataKey", {
      KeyId: "alias/aws/s3",
      KeySpec: "AES_256",
    });
    expect(dataKey).toHaveLength(32 + 115);
    expect((await direct("ListAliases", {})).Aliases).toMatchObject([
      { AliasName: "alias/aws/s3", TargetKeyId: KeyId.split("/")[1] },
    ]);
    expect((await direct("ListKeys", {})).Keys).toHaveLength(1);
  });

  it("is made when somebody asks for it, as DescribeKey says", async () => {
    expect(await describeKey()).toMatchObject({
      KeyManager: "AWS",
      KeyState: "Enabled",
      Origin: "AWS_KMS",
      Description: "Default key that protects my S3 objects when no other key is defined",
    });
    expect((await describeKey()).KeyId).toBe((await describeKey()).KeyId);
    expect(service.events.filter(({ isServiceEvent }) => isServiceEvent)).toMatchObject([{ operation: "CreateKey" }]);
  });

  it("is made once by many at the same time", async () => {
    const made = await Promise.all(
      Array.from({ length: 20 }, () => throughS3("GenerateDataKey", { KeyId: "alias/aws/s3", KeySpec: "AES_256" })),
    );
    expect(new Set(made.map(({ KeyId }) => KeyId)).size).toBe(1);
  });

  it("is not made for who may not use it, nor for a service that there is not, nor in another account", async () => {
    const nobody = callAs(`arn:aws:iam::${ACCOUNT}:user/nobody`);
    const encrypt = (KeyId: string) => ({ KeyId, Plaintext: plaintext });
    const missing = {
      name: "NotFoundException",
      message: `Alias ${ARN_PREFIX}:alias/aws/s3 is not found.`,
    };
    expect(await failureOf(nobody("DescribeKey", { KeyId: "alias/aws/s3" }))).toEqual(missing);
    expect(await failureOf(direct("Encrypt", encrypt("alias/aws/s3")))).toEqual(missing);
    expect(await failureOf(callAs("root")("Encrypt", encrypt("alias/aws/s3")))).toEqual(missing);
    const throughSqs = callAs(alice, { viaService: `sqs.${REGION}.amazonaws.com` });
    expect(await failureOf(throughSqs("Encrypt", encrypt("alias/aws/s3")))).toEqual(missing);
    const elsewhere = callAs(alice, { viaService: "s3.eu-west-1.amazonaws.com" });
    expect(await failureOf(elsewhere("Encrypt", encrypt("alias/aws/s3")))).toEqual(missing);
    for (const name of ["alias/aws/none", "alias/aws/toString", "alias/aws/"]) {
      expect((await failureOf(direct("DescribeKey", { KeyId: name }))).name).toBe("NotFoundException");
    }
    const foreign = `arn:aws:kms:${REGION}:444455556666:alias/aws/s3`;
    expect((await failureOf(throughS3("Encrypt", encrypt(foreign)))).name).toBe("AccessDeniedException");
    expect((await direct("ListKeys", {})).Keys).toEqual([]);
  });

  it.each(["root", "alice"])("is of no use to %s without the service", async (who) => {
    const { CiphertextBlob, KeyId } = await throughS3("Encrypt", { KeyId: "alias/aws/s3", Plaintext: plaintext });
    const call = who === "root" ? callAs("root") : direct;
    for (const [operation, input] of [
      ["Encrypt", { KeyId, Plaintext: plaintext }],
      ["Decrypt", { CiphertextBlob }],
      ["Decrypt", { CiphertextBlob, KeyId: "alias/aws/s3" }],
      ["GenerateDataKey", { KeyId, KeySpec: "AES_256" }],
    ] as const) {
      expect((await failureOf(call(operation, input))).name).toBe("AccessDeniedException");
    }
  });

  it.each([
    ["through it", true],
    ["directly", false],
  ])("cannot be changed, deleted or shared %s", async (_, viaService) => {
    const { KeyId } = await describeKey();
    const call = viaService ? throughS3 : callAs("root");
    for (const [operation, members] of [
      ["ScheduleKeyDeletion", {}],
      ["DisableKey", {}],
      ["EnableKey", {}],
      ["PutKeyPolicy", { Policy: JSON.stringify(EVERYTHING) }],
      ["UpdateKeyDescription", { Description: "mine" }],
      ["EnableKeyRotation", {}],
      ["DisableKeyRotation", {}],
      ["RotateKeyOnDemand", {}],
      ["TagResource", { Tags: [{ TagKey: "a", TagValue: "b" }] }],
      ["CreateGrant", { GranteePrincipal: ALICE, Operations: ["Decrypt"] }],
    ] as const) {
      expect((await failureOf(call(operation, { KeyId, ...members }))).name, operation).toBe("AccessDeniedException");
    }
    const alias = { AliasName: "alias/mine", TargetKeyId: KeyId };
    expect((await failureOf(call("CreateAlias", alias))).name).toBe("AccessDeniedException");
    for (const operation of ["DeleteAlias", "UpdateAlias"]) {
      const failure = await failureOf(call(operation, { AliasName: "alias/aws/s3", TargetKeyId: KeyId }));
      expect(failure.name).toBe(
        operation === "DeleteAlias" ? "InvalidAliasNameException" : "InvalidAliasNameException",
      );
    }
    expect(await describeKey()).toMatchObject({ KeyState: "Enabled", KeyManager: "AWS" });
  });

  it("is rotated every year, which its status always says", async () => {
    const { KeyId, CurrentKeyMaterialId } = await describeKey();
    const { CiphertextBlob } = await throughS3("Encrypt", { KeyId, Plaintext: plaintext });
    expect(await direct("GetKeyRotationStatus", { KeyId })).toMatchObject({
      KeyRotationEnabled: true,
      RotationPeriodInDays: 365,
    });
    for (let year = 1; year <= 3; year++) {
      service.advance(365 * DAY_MS);
      expect(await service.kms.upkeep()).toMatchObject({ rotatedKeys: 1, deletedKeys: 0 });
    }
    expect((await describeKey()).CurrentKeyMaterialId).not.toBe(CurrentKeyMaterialId);
    expect((await throughS3("Decrypt", { CiphertextBlob })).Plaintext).toEqual(plaintext);
  });

  it("shows its policy, may be shared by a service that works with grants, and costs nothing", async () => {
    const { KeyId } = await describeKey();
    const { Policy } = await direct("GetKeyPolicy", { KeyId });
    expect(JSON.parse(Policy)).toMatchObject({
      Id: "auto-s3-1",
      Statement: [
        { Condition: { StringEquals: { "kms:CallerAccount": ACCOUNT, "kms:ViaService": S3.viaService } } },
        { Action: ["kms:Describe*", "kms:Get*", "kms:List*"] },
      ],
    });
    const throughEc2 = callAs(alice, { viaService: `ec2.${REGION}.amazonaws.com` });
    const { KeyMetadata: volume } = await throughEc2("DescribeKey", { KeyId: "alias/aws/ebs" });
    const grant = { KeyId: volume.KeyId, GranteePrincipal: ALICE, Operations: ["Decrypt"] };
    expect((await throughEc2("CreateGrant", grant)).GrantId).toHaveLength(64);
    service.advance(10 * DAY_MS);
    const { lines } = await service.kms.cost();
    expect(lines.find(({ label }) => label === "months of keys")).toMatchObject({ quantity: 0, dollars: 0 });
  });
});

it("AWS owned keys, which the system has for itself, are in no listing", async () => {
  const lines: string[] = [];
  const kms = await createKms({
    keystore: memoryKeystore(),
    rootKey: rootKeyFromBytes(ROOT_KEY),
    region: REGION,
    accountId: ACCOUNT,
    audit: auditTo((text) => void lines.push(text)),
  });
  const call = kms.as("root").execute as unknown as Call;
  expect((await call("ListKeys", {})).Keys).toEqual([]);
  expect((await call("ListAliases", {})).Aliases).toEqual([]);
  expect((await kms.cost()).lines.find(({ label }) => label === "months of keys")).toMatchObject({ quantity: 0 });
  await kms.close();
  // There was one: it has signed the trail.
  expect(lines.join("")).toMatch(/"publicKey":"[^"]+".*"signature":"[^"]+"/s);
});
