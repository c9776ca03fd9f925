/** Multi-Region keys, in one store for all Regions and in a store for each. */
import { afterEach, describe, expect, it } from "vitest";
import { type AuditEvent, memoryKeystore } from "../../src/index.ts";
import { failureOf } from "../operations/service.ts";
import { A, ACCOUNT, arnIn, B, C, openRegions, type Regions } from "./regions.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const Plaintext = bytes("secret");

describe.each([
  ["one store", false],
  ["a store for each Region", true],
] as const)("a multi-Region key in %s", (_, isApart) => {
  let regions: Regions;
  let events: AuditEvent[];
  afterEach(() => regions.kms.close());

  async function open(): Promise<void> {
    events = [];
    const apart = { regions: { [B]: memoryKeystore(), [C]: memoryKeystore() } };
    const audit = (event: AuditEvent) => events.push(event);
    regions = await openRegions({ keystore: memoryKeystore(), audit, ...(isApart && apart) });
  }

  async function keyIn(...replicas: string[]): Promise<string> {
    await open();
    const { KeyMetadata } = await regions.in(A)("CreateKey", { MultiRegion: true });
    for (const ReplicaRegion of replicas)
      await regions.in(A)("ReplicateKey", { KeyId: KeyMetadata.KeyId, ReplicaRegion });
    return KeyMetadata.KeyId;
  }

  const describeIn = async (region: string, KeyId: string) =>
    (await regions.in(region)("DescribeKey", { KeyId })).KeyMetadata;
  const regionOf = (region: string, KeyId: string) => ({ Arn: arnIn(region, KeyId), Region: region });

  it("is made as a primary without replicas", async () => {
    const KeyId = await keyIn();
    expect(KeyId).toMatch(/^mrk-[0-9a-f]{32}$/);
    expect(await describeIn(A, KeyId)).toMatchObject({
      MultiRegion: true,
      MultiRegionConfiguration: {
        MultiRegionKeyType: "PRIMARY",
        PrimaryKey: regionOf(A, KeyId),
        ReplicaKeys: [],
      },
    });
    expect((await failureOf(describeIn(B, KeyId))).name).toBe("NotFoundException");
  });

  it("is replicated with properties of its own, and told everywhere", async () => {
    const KeyId = await keyIn();
    const Tags = [{ TagKey: "a", TagValue: "b" }];
    const answer = await regions.in(A)("ReplicateKey", { KeyId, ReplicaRegion: B, Description: "replica", Tags });
    expect(answer.ReplicaKeyMetadata).toMatchObject({ KeyState: "Creating", Arn: arnIn(B, KeyId), Enabled: false });
    expect(answer.ReplicaTags).toEqual(Tags);
    expect(JSON.parse(answer.ReplicaPolicy).Statement[0].Principal.AWS).toContain(ACCOUNT);
    const there = await describeIn(B, KeyId);
    expect(there).toEqual({ ...answer.ReplicaKeyMetadata, KeyState: "Enabled", Enabled: true });
    expect(there.MultiRegionConfiguration).toEqual({
      MultiRegionKeyType: "REPLICA",
      PrimaryKey: regionOf(A, KeyId),
      ReplicaKeys: [regionOf(B, KeyId)],
    });
    await regions.in(A)("ReplicateKey", { KeyId, ReplicaRegion: C });
    for (const region of [A, B, C]) {
      const { MultiRegionConfiguration } = await describeIn(region, KeyId);
      expect(MultiRegionConfiguration.ReplicaKeys).toEqual([regionOf(B, KeyId), regionOf(C, KeyId)]);
    }
    expect((await regions.in(B)("ListResourceTags", { KeyId })).Tags).toEqual(Tags);
    expect((await regions.in(C)("ListResourceTags", { KeyId })).Tags).toEqual([]);
    expect((await regions.in(A)("ListResourceTags", { KeyId })).Tags).toEqual([]);
    expect(events.filter(({ operation }) => operation === "SynchronizeMultiRegionKey").length).toBeGreaterThan(2);
  });

  it("opens in every Region what another one sealed, and names the key there", async () => {
    const KeyId = await keyIn(B, C);
    for (const from of [A, B, C]) {
      const EncryptionContext = { from };
      const { CiphertextBlob } = await regions.in(from)("Encrypt", { KeyId, Plaintext, EncryptionContext });
      for (const to of [A, B, C]) {
        const opened = await regions.in(to)("Decrypt", { CiphertextBlob, EncryptionContext });
        expect(opened).toMatchObject({ Plaintext, KeyId: arnIn(to, KeyId) });
        const confirmed = await regions.in(to)("Decrypt", {
          CiphertextBlob,
          EncryptionContext,
          KeyId: arnIn(to, KeyId),
        });
        expect(confirmed.Plaintext).toEqual(Plaintext);
        const wrong = regions.in(to)("Decrypt", { CiphertextBlob, EncryptionContext: { from: `${from}!` } });
        expect((await failureOf(wrong)).name).toBe("InvalidCiphertextException");
      }
    }
    const foreign = regions.in(B)("DescribeKey", { KeyId: arnIn(A, KeyId) });
    expect(await failureOf(foreign)).toEqual({ name: "NotFoundException", message: `Invalid arn ${A}` });
  });

  it("shares pairs and MAC keys of every kind", async () => {
    await open();
    for (const [KeySpec, SigningAlgorithm] of [
      ["RSA_2048", "RSASSA_PSS_SHA_256"],
      ["ECC_NIST_P256", "ECDSA_SHA_256"],
      ["ECC_SECG_P256K1", "ECDSA_SHA_256"],
      ["ECC_NIST_EDWARDS25519", "ED25519_SHA_512"],
      ["ML_DSA_44", "ML_DSA_SHAKE_256"],
    ]) {
      const KeyId = await replicated({ KeySpec, KeyUsage: "SIGN_VERIFY" });
      const signed = await regions.in(A)("Sign", { KeyId, Message: Plaintext, SigningAlgorithm });
      const members = { KeyId, Message: Plaintext, SigningAlgorithm, Signature: signed.Signature };
      expect((await regions.in(B)("Verify", members)).SignatureValid).toBe(true);
      const keys = [await regions.in(A)("GetPublicKey", { KeyId }), await regions.in(B)("GetPublicKey", { KeyId })];
      expect(keys[0].PublicKey).toEqual(keys[1].PublicKey);
      expect((await describeIn(B, KeyId)).CurrentKeyMaterialId).toBeUndefined();
    }
    const hmac = await replicated({ KeySpec: "HMAC_384", KeyUsage: "GENERATE_VERIFY_MAC" });
    const mac = { KeyId: hmac, Message: Plaintext, MacAlgorithm: "HMAC_SHA_384" };
    const { Mac } = await regions.in(B)("GenerateMac", mac);
    expect((await regions.in(A)("VerifyMac", { ...mac, Mac })).MacValid).toBe(true);
    const rsa = await replicated({ KeySpec: "RSA_2048", KeyUsage: "ENCRYPT_DECRYPT" });
    const EncryptionAlgorithm = "RSAES_OAEP_SHA_256";
    const { CiphertextBlob } = await regions.in(B)("Encrypt", { KeyId: rsa, Plaintext, EncryptionAlgorithm });
    const opened = await regions.in(A)("Decrypt", { KeyId: rsa, CiphertextBlob, EncryptionAlgorithm });
    expect(opened.Plaintext).toEqual(Plaintext);
  });

  async function replicated(input: object): Promise<string> {
    const { KeyMetadata } = await regions.in(A)("CreateKey", { MultiRegion: true, ...input });
    await regions.in(A)("ReplicateKey", { KeyId: KeyMetadata.KeyId, ReplicaRegion: B });
    return KeyMetadata.KeyId;
  }

  it("has a policy, grants, tags, aliases, description and state of its own in each Region", async () => {
    const KeyId = await keyIn(B);
    const there = regions.in(B);
    await there("CreateAlias", { AliasName: "alias/there", TargetKeyId: KeyId });
    await there("TagResource", { KeyId, Tags: [{ TagKey: "t", TagValue: "there" }] });
    await there("UpdateKeyDescription", { KeyId, Description: "there" });
    const user = `arn:aws:iam::${ACCOUNT}:root`;
    await there("CreateGrant", { KeyId, GranteePrincipal: user, Operations: ["Decrypt"] });
    const policy = {
      Version: "2012-10-17",
      Statement: { Effect: "Allow", Principal: "*", Action: "kms:*", Resource: "*" },
    };
    await there("PutKeyPolicy", { KeyId, Policy: JSON.stringify(policy) });
    await there("DisableKey", { KeyId });
    const here = regions.in(A);
    expect((await here("ListAliases", { KeyId })).Aliases).toEqual([]);
    expect((await here("ListResourceTags", { KeyId })).Tags).toEqual([]);
    expect((await here("ListGrants", { KeyId })).Grants).toEqual([]);
    expect((await here("GetKeyPolicy", { KeyId })).Policy).toContain("key-default-1");
    expect(await describeIn(A, KeyId)).toMatchObject({ KeyState: "Enabled", Description: "" });
    await here("RotateKeyOnDemand", { KeyId });
    // What is shared has come, and what is its own has stayed.
    const metadata = await describeIn(B, KeyId);
    expect(metadata).toMatchObject({ KeyState: "Disabled", Description: "there" });
    expect(metadata.CurrentKeyMaterialId).toBe((await describeIn(A, KeyId)).CurrentKeyMaterialId);
    expect((await there("ListGrants", { KeyId })).Grants).toHaveLength(1);
    expect((await there("ListKeyRotations", { KeyId })).Rotations).toHaveLength(1);
    await there("EnableKey", { KeyId });
    const { CiphertextBlob } = await here("Encrypt", { KeyId: KeyId, Plaintext });
    expect((await there("Decrypt", { CiphertextBlob, KeyId: "alias/there" })).Plaintext).toEqual(Plaintext);
  });

  it("is promoted, and rotated by its new primary alone", async () => {
    const KeyId = await keyIn(B, C);
    await regions.in(A)("UpdatePrimaryRegion", { KeyId, PrimaryRegion: C });
    for (const region of [A, B, C]) {
      const { KeyState, MultiRegionConfiguration } = await describeIn(region, KeyId);
      expect(KeyState).toBe("Enabled");
      expect(MultiRegionConfiguration).toEqual({
        MultiRegionKeyType: region === C ? "PRIMARY" : "REPLICA",
        PrimaryKey: regionOf(C, KeyId),
        ReplicaKeys: [regionOf(B, KeyId), regionOf(A, KeyId)],
      });
    }
    expect(await failureOf(regions.in(A)("RotateKeyOnDemand", { KeyId }))).toEqual({
      name: "UnsupportedOperationException",
      message: `${arnIn(A, KeyId)} is not a multi-region primary key.`,
    });
    await regions.in(C)("RotateKeyOnDemand", { KeyId });
    const { CiphertextBlob } = await regions.in(C)("Encrypt", { KeyId, Plaintext });
    for (const region of [A, B])
      expect((await regions.in(region)("Decrypt", { CiphertextBlob })).Plaintext).toEqual(Plaintext);
    const current = await Promise.all(
      [A, B, C].map(async (region) => (await describeIn(region, KeyId)).CurrentKeyMaterialId),
    );
    expect(new Set(current).size).toBe(1);
  });

  it("waits with the deletion of its primary until the last replica is gone", async () => {
    const KeyId = await keyIn(B, C);
    const scheduled = await regions.in(A)("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 10 });
    expect(scheduled).toEqual({ KeyId: arnIn(A, KeyId), KeyState: "PendingReplicaDeletion", PendingWindowInDays: 10 });
    const waiting = await describeIn(A, KeyId);
    expect(waiting).toMatchObject({ KeyState: "PendingReplicaDeletion", PendingDeletionWindowInDays: 10 });
    expect(waiting.DeletionDate).toBeUndefined();
    for (const operation of ["Encrypt", "RotateKeyOnDemand", "ScheduleKeyDeletion"]) {
      const failure = await failureOf(
        regions.in(A)(operation, { KeyId, ...(operation === "Encrypt" && { Plaintext }) }),
      );
      expect(failure).toEqual({ name: "KMSInvalidStateException", message: `${arnIn(A, KeyId)} is pending deletion.` });
    }
    // The replicas go on working.
    const { CiphertextBlob } = await regions.in(B)("Encrypt", { KeyId, Plaintext });
    expect((await regions.in(C)("Decrypt", { CiphertextBlob })).Plaintext).toEqual(Plaintext);
    await regions.in(B)("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 });
    await regions.in(C)("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 8 });
    expect((await describeIn(C, KeyId)).DeletionDate).toBeInstanceOf(Date);
    regions.advanceDays(7);
    await regions.in(A)("CreateKey", {});
    expect((await describeIn(A, KeyId)).MultiRegionConfiguration.ReplicaKeys).toEqual([regionOf(C, KeyId)]);
    expect((await failureOf(describeIn(B, KeyId))).name).toBe("NotFoundException");
    regions.advanceDays(1);
    // Nobody writes: it is noticed when the key is looked at, and told at the next look.
    await describeIn(A, KeyId);
    const doomed = await describeIn(A, KeyId);
    expect(doomed.KeyState).toBe("PendingDeletion");
    expect(doomed.PendingDeletionWindowInDays).toBeUndefined();
    expect(doomed.DeletionDate.getTime()).toBe(Date.UTC(2026, 0, 1 + 7 + 1 + 10));
    regions.advanceDays(10);
    for (const region of [A, B, C]) expect((await failureOf(describeIn(region, KeyId))).name).toBe("NotFoundException");
    for (const region of [A, B, C]) await regions.in(region)("CreateKey", {});
    for (const region of [A, B, C]) {
      const { Keys } = await regions.in(region)("ListKeys", {});
      expect(Keys.map((key: { KeyId: string }) => key.KeyId)).not.toContain(KeyId);
    }
  });

  it("is saved from deletion while replicas are there, and can be replicated again to a Region that lost it", async () => {
    const KeyId = await keyIn(B);
    await regions.in(A)("ScheduleKeyDeletion", { KeyId });
    await regions.in(A)("CancelKeyDeletion", { KeyId });
    const kept = await describeIn(A, KeyId);
    expect(kept).toMatchObject({ KeyState: "Disabled" });
    expect(kept.PendingDeletionWindowInDays).toBeUndefined();
    await regions.in(A)("EnableKey", { KeyId });
    await regions.in(B)("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 });
    const { CiphertextBlob } = await regions.in(A)("Encrypt", { KeyId, Plaintext });
    const again = { KeyId, ReplicaRegion: B };
    expect((await failureOf(regions.in(A)("ReplicateKey", again))).name).toBe("AlreadyExistsException");
    regions.advanceDays(7);
    await regions.in(A)("ReplicateKey", again);
    expect((await describeIn(B, KeyId)).KeyState).toBe("Enabled");
    expect((await describeIn(A, KeyId)).MultiRegionConfiguration.ReplicaKeys).toEqual([regionOf(B, KeyId)]);
    expect((await regions.in(B)("Decrypt", { CiphertextBlob })).Plaintext).toEqual(Plaintext);
    regions.advanceDays(30);
    await regions.in(B)("CreateKey", {});
    expect((await describeIn(B, KeyId)).KeyState).toBe("Enabled");
  });

  it("costs as a key in each Region", async () => {
    const KeyId = await keyIn(B);
    regions.advanceDays(15);
    const monthsIn = async (region: string) =>
      (await regions.kms.inRealm({ region, accountId: ACCOUNT }).cost()).lines.find(
        ({ label }) => label === "months of keys",
      )?.quantity ?? 0;
    const [here, there] = [await monthsIn(A), await monthsIn(B)];
    expect(there).toBeGreaterThan(0);
    expect(here).toBe(there);
    await regions.in(A)("ScheduleKeyDeletion", { KeyId });
    expect(await monthsIn(A)).toBeLessThan(here);
  });
});
