/** What is refused of multi-Region keys, and who may do what in which Region. */
import { beforeEach, describe, expect, it } from "vitest";
import { memoryKeystore } from "../../src/index.ts";
import { ALICE, allow, codeOf, DELEGATION, keyPolicy, policyOf } from "../operations/callers.ts";
import { failureOf } from "../operations/service.ts";
import { A, ACCOUNT, arnIn, B, C, openRegions, type Regions } from "./regions.ts";

const Plaintext = new TextEncoder().encode("secret");
const inlinePolicy = (...statements: object[]) => JSON.stringify(policyOf(...statements));
const denied = "AccessDeniedException";

describe.each([
  ["one store", false],
  ["a store for each Region", true],
] as const)("in %s", (_, isApart) => {
  let regions: Regions;
  let KeyId: string;

  beforeEach(async () => {
    const apart = { regions: { [B]: memoryKeystore(), [C]: memoryKeystore() } };
    regions = await openRegions({ keystore: memoryKeystore(), ...(isApart && apart) });
    KeyId = (await regions.in(A)("CreateKey", { MultiRegion: true })).KeyMetadata.KeyId;
  });

  const replicate = (members: object = {}, from: string = A, caller?: Parameters<Regions["in"]>[1]) =>
    regions.in(from, caller)("ReplicateKey", { KeyId, ReplicaRegion: B, ...members });
  const promote = (PrimaryRegion: string, from: string = A, caller?: Parameters<Regions["in"]>[1]) =>
    regions.in(from, caller)("UpdatePrimaryRegion", { KeyId, PrimaryRegion });
  const notPrimary = (region: string, keyId = KeyId) => ({
    name: "UnsupportedOperationException",
    message: `${arnIn(region, keyId)} is not a multi-region primary key.`,
  });

  it("a key of one Region is not replicated, promoted, or made one of several", async () => {
    const single = (await regions.in(A)("CreateKey", {})).KeyMetadata.KeyId;
    expect(await failureOf(replicate({ KeyId: single }))).toEqual(notPrimary(A, single));
    const promoting = regions.in(A)("UpdatePrimaryRegion", { KeyId: single, PrimaryRegion: B });
    expect(await failureOf(promoting)).toEqual(notPrimary(A, single));
  });

  it("a replica is not replicated, promoted or rotated", async () => {
    await replicate();
    expect(await failureOf(replicate({ ReplicaRegion: C }, B))).toEqual(notPrimary(B));
    expect(await failureOf(promote(A, B))).toEqual(notPrimary(B));
    for (const operation of ["EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"]) {
      expect(await failureOf(regions.in(B)(operation, { KeyId }))).toEqual(notPrimary(B));
    }
    expect((await regions.in(B)("GetKeyRotationStatus", { KeyId })).KeyId).toBe(arnIn(B, KeyId));
  });

  it("a Region has one replica, and the primary's has none", async () => {
    await replicate();
    expect(await failureOf(replicate())).toEqual({
      name: "AlreadyExistsException",
      message: `The key ${KeyId} already exists in the Region ${B}.`,
    });
    expect((await failureOf(replicate({ ReplicaRegion: A }))).name).toBe("AlreadyExistsException");
    expect((await regions.in(B)("ListKeys", {})).Keys).toHaveLength(1);
  });

  it("of several requests at once one makes the replica", async () => {
    const codes = await Promise.all(Array.from({ length: 8 }, () => codeOf(replicate())));
    expect(codes.sort()).toEqual([...Array(7).fill("AlreadyExistsException"), "success"]);
    expect((await regions.in(B)("ListKeys", {})).Keys).toHaveLength(1);
  });

  it("there are no replicas in Regions that cannot be", async () => {
    for (const ReplicaRegion of ["cn-north-1", "us-gov-west-1"]) {
      expect((await failureOf(replicate({ ReplicaRegion }))).name).toBe("UnsupportedOperationException");
      expect((await failureOf(promote(ReplicaRegion))).name).toBe("UnsupportedOperationException");
    }
    for (const ReplicaRegion of ["", "nowhere", "../eu-west-1", "eu-west-1/x", "EU-WEST-1"]) {
      expect((await failureOf(replicate({ ReplicaRegion }))).name).toBe("ValidationException");
    }
  });

  it("only an enabled primary is replicated, and one enabled replica promoted", async () => {
    await replicate();
    await regions.in(A)("DisableKey", { KeyId });
    const isDisabled = (region: string) => ({
      name: "DisabledException",
      message: `${arnIn(region, KeyId)} is disabled.`,
    });
    expect(await failureOf(replicate({ ReplicaRegion: C }))).toEqual(isDisabled(A));
    expect(await failureOf(promote(B))).toEqual(isDisabled(A));
    await regions.in(A)("EnableKey", { KeyId });
    await regions.in(B)("DisableKey", { KeyId });
    expect(await failureOf(promote(B))).toEqual(isDisabled(B));
    await regions.in(B)("ScheduleKeyDeletion", { KeyId });
    expect(await failureOf(promote(B))).toEqual({
      name: "KMSInvalidStateException",
      message: `${arnIn(B, KeyId)} is pending deletion.`,
    });
    expect(await failureOf(promote(C))).toEqual({
      name: "NotFoundException",
      message: `Key '${arnIn(C, KeyId)}' does not exist`,
    });
    expect((await failureOf(promote(A))).name).toBe("UnsupportedOperationException");
  });

  it("a key is not named by an alias", async () => {
    await regions.in(A)("CreateAlias", { AliasName: "alias/a", TargetKeyId: KeyId });
    expect((await failureOf(replicate({ KeyId: "alias/a" }))).name).toBe("InvalidArnException");
  });

  it("a replica's policy and tags are checked as a new key's are", async () => {
    const lockout = keyPolicy({ ...allow("kms:Decrypt"), Principal: "*" });
    expect(await failureOf(replicate({ Policy: lockout }))).toEqual({
      name: "MalformedPolicyDocumentException",
      message: "The new key policy will not allow you to update the key policy in the future.",
    });
    expect((await failureOf(replicate({ Policy: "{" }))).name).toBe("MalformedPolicyDocumentException");
    const twice = [
      { TagKey: "a", TagValue: "b" },
      { TagKey: "a", TagValue: "c" },
    ];
    expect((await failureOf(replicate({ Tags: twice }))).name).toBe("TagException");
    expect((await regions.in(B)("ListKeys", {})).Keys).toEqual([]);
    await replicate({ Policy: lockout, BypassPolicyLockoutSafetyCheck: true });
    expect((await failureOf(regions.in(B)("GetKeyPolicy", { KeyId }))).name).toBe(denied);
    // A condition on the Region is judged where the replica will be.
    const only = (region: string) =>
      keyPolicy({ ...allow("kms:*"), Principal: "*", Condition: { StringEquals: { "aws:RequestedRegion": region } } });
    expect((await failureOf(replicate({ ReplicaRegion: C, Policy: only(A) }))).name).toBe(
      "MalformedPolicyDocumentException",
    );
    await replicate({ ReplicaRegion: C, Policy: only(C) });
  });

  const alice = (...statements: object[]) => ({
    type: "user" as const,
    arn: ALICE,
    identityPolicies: [policyOf(...statements)],
  });
  const inRegion = (region: string) => ({ Condition: { StringEquals: { "aws:RequestedRegion": region } } });
  const when = (key: string, value: string) => ({ Condition: { StringEquals: { [key]: value } } });

  it("who replicates may replicate the primary here and create a key there", async () => {
    const here = allow("kms:ReplicateKey", inRegion(A));
    const there = allow("kms:CreateKey", inRegion(B));
    const Tags = [{ TagKey: "a", TagValue: "b" }];
    const by = (statements: object[], members = {}) => codeOf(replicate(members, A, alice(...statements)));
    expect(await by([here])).toBe(denied);
    expect(await by([there])).toBe(denied);
    expect(await by([here, allow("kms:CreateKey", inRegion(A))])).toBe(denied);
    expect(await by([here, there], { Tags })).toBe(denied);
    expect(await by([here, there, allow("kms:TagResource", inRegion(A))], { Tags })).toBe(denied);
    expect((await regions.in(B)("ListKeys", {})).Keys).toEqual([]);
    expect(await by([here, there, allow("kms:TagResource", inRegion(B))], { Tags })).toBe("success");
  });

  it("conditions see the replica's Region and what is made there", async () => {
    const by = (here: object, there: object) =>
      codeOf(replicate({}, A, alice(allow("kms:ReplicateKey", here), allow("kms:CreateKey", there))));
    expect(await by(when("kms:ReplicaRegion", C), {})).toBe(denied);
    expect(await by(when("kms:MultiRegionKeyType", "REPLICA"), {})).toBe(denied);
    expect(await by({}, when("kms:MultiRegionKeyType", "PRIMARY"))).toBe(denied);
    expect(await by({}, { Condition: { Bool: { "kms:MultiRegion": "false" } } })).toBe(denied);
    expect(await by({}, when("kms:KeySpec", "RSA_2048"))).toBe(denied);
    const here = { Condition: { StringEquals: { "kms:ReplicaRegion": B, "kms:MultiRegionKeyType": "PRIMARY" } } };
    const there = {
      Condition: { StringEquals: { "kms:MultiRegionKeyType": "REPLICA" }, Bool: { "kms:MultiRegion": "true" } },
    };
    expect(await by(here, there)).toBe("success");
    const reader = (type: string) => alice(allow("kms:DescribeKey", when("kms:MultiRegionKeyType", type)));
    const reads = (region: string, type: string) => codeOf(regions.in(region, reader(type))("DescribeKey", { KeyId }));
    expect([await reads(A, "PRIMARY"), await reads(B, "PRIMARY")]).toEqual(["success", denied]);
    expect([await reads(A, "REPLICA"), await reads(B, "REPLICA")]).toEqual([denied, "success"]);
  });

  it("a single-Region key has no type, and CreateKey makes a primary", async () => {
    const creates = (condition: object, input: object) =>
      codeOf(regions.in(A, alice(allow("kms:CreateKey", condition)))("CreateKey", input));
    const primary = when("kms:MultiRegionKeyType", "PRIMARY");
    expect(await creates(primary, { MultiRegion: true })).toBe("success");
    expect(await creates(primary, {})).toBe(denied);
    expect(
      await creates(when("kms:MultiRegionKeyType", "REPLICA"), { MultiRegion: true, MultiRegionKeyType: "REPLICA" }),
    ).not.toBe("success");
    expect(await creates({ Condition: { Bool: { "kms:MultiRegion": "true" } } }, {})).toBe(denied);
  });

  it("who promotes may do so in both Regions, by each key's own policy", async () => {
    await replicate();
    const by = (...statements: object[]) => codeOf(promote(B, A, alice(...statements)));
    expect(await by(allow("kms:UpdatePrimaryRegion", inRegion(A)))).toBe(denied);
    expect(await by(allow("kms:UpdatePrimaryRegion", inRegion(B)))).toBe(denied);
    expect(await by(allow("kms:UpdatePrimaryRegion", when("kms:PrimaryRegion", C)))).toBe(denied);
    const noPromotion = { Effect: "Deny", Principal: { AWS: ALICE }, Action: "kms:UpdatePrimaryRegion", Resource: "*" };
    await regions.in(B)("PutKeyPolicy", { KeyId, Policy: keyPolicy(DELEGATION, noPromotion) });
    expect(await by(allow("kms:UpdatePrimaryRegion"))).toBe(denied);
    await regions.in(B)("PutKeyPolicy", { KeyId, Policy: keyPolicy(DELEGATION) });
    expect(await by(allow("kms:UpdatePrimaryRegion", when("kms:PrimaryRegion", B)))).toBe("success");
    expect(
      (await regions.in(B)("DescribeKey", { KeyId })).KeyMetadata.MultiRegionConfiguration.MultiRegionKeyType,
    ).toBe("PRIMARY");
  });

  it("identities of the account count in every Region", async () => {
    await replicate();
    const { kms } = regions;
    await kms.identities.create("user", ACCOUNT, "bob", {
      policies: { inline: inlinePolicy(allow("kms:Encrypt"), allow("kms:Decrypt", inRegion(B))) },
    });
    const bob = `arn:aws:iam::${ACCOUNT}:user/bob`;
    const { CiphertextBlob } = await regions.in(A, bob)("Encrypt", { KeyId, Plaintext });
    expect(await codeOf(regions.in(A, bob)("Decrypt", { CiphertextBlob }))).toBe(denied);
    expect(await codeOf(regions.in(B, bob)("Decrypt", { CiphertextBlob }))).toBe("success");
  });

  it("a grant of one Region says nothing in another", async () => {
    await replicate();
    await regions.in(A)("CreateGrant", { KeyId, GranteePrincipal: ALICE, Operations: ["Encrypt", "Decrypt"] });
    const { CiphertextBlob } = await regions.in(A, ALICE)("Encrypt", { KeyId, Plaintext });
    expect(await codeOf(regions.in(A, ALICE)("Decrypt", { CiphertextBlob }))).toBe("success");
    expect(await codeOf(regions.in(B, ALICE)("Decrypt", { CiphertextBlob }))).toBe(denied);
  });

  it("nothing is left of a request that was denied", async () => {
    expect(await codeOf(replicate({}, A, alice(allow("kms:ReplicateKey"))))).toBe(denied);
    expect((await regions.in(B)("ListKeys", {})).Keys).toEqual([]);
    expect(await codeOf(replicate())).toBe("success");
  });
});
