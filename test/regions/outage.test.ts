/** The store of one Region does not answer for a while; the others go on, and nothing is encrypted that it will not open. */
import { beforeEach, describe, expect, it } from "vitest";
import { type KeyStoreDriver, memoryKeystore } from "../../src/index.ts";
import { unclosable } from "../operations/service.ts";
import { type CrashPoint, copyOf, failing } from "./failing.ts";
import { A, arnIn, B, C, openRegions, type Regions } from "./regions.ts";

const Plaintext = new TextEncoder().encode("secret");
const up = { inCalls: Number.POSITIVE_INFINITY };

describe("while a Region does not answer", () => {
  const stores = { [A]: memoryKeystore(), [B]: memoryKeystore(), [C]: memoryKeystore() };
  const points: Record<string, CrashPoint> = { [A]: { ...up }, [B]: { ...up }, [C]: { ...up } };
  let regions: Regions;
  let KeyId: string;

  const driverOf = (region: keyof typeof stores): KeyStoreDriver =>
    failing(unclosable(stores[region]), points[region]!);
  const stop = (region: string) => (points[region]!.inCalls = 0);
  const start = (region: string) => {
    Object.assign(points[region]!, up);
    // A key that waits for a Region is left alone for a second.
    regions.advanceDays(2 / 86_400);
  };
  const describeIn = async (region: string) => (await regions.in(region)("DescribeKey", { KeyId })).KeyMetadata;
  const sealIn = async (region: string) => (await regions.in(region)("Encrypt", { KeyId, Plaintext })).CiphertextBlob;
  const expectOpens = async (CiphertextBlob: Uint8Array, ...where: string[]) => {
    for (const region of where)
      expect((await regions.in(region)("Decrypt", { CiphertextBlob })).Plaintext).toEqual(Plaintext);
  };
  const currentIn = async (region: string) => (await describeIn(region)).CurrentKeyMaterialId;

  beforeEach(async () => {
    for (const region of [A, B, C]) Object.assign(points[region]!, up);
    regions = await openRegions({ keystore: driverOf(A), regions: { [B]: driverOf(B), [C]: driverOf(C) } });
    KeyId = (await regions.in(A)("CreateKey", { MultiRegion: true })).KeyMetadata.KeyId;
    for (const ReplicaRegion of [B, C]) await regions.in(A)("ReplicateKey", { KeyId, ReplicaRegion });
  });

  it("new material is not used before it is there", async () => {
    const old = await currentIn(A);
    stop(C);
    await regions.in(A)("RotateKeyOnDemand", { KeyId });
    expect([await currentIn(A), await currentIn(B)]).toEqual([old, old]);
    const blobs = [await sealIn(A), await sealIn(B)];
    const again = await regions
      .in(A)("RotateKeyOnDemand", { KeyId })
      .catch((error) => error);
    expect(again.name).toBe("ConflictException");
    expect(again.message).toContain("is in progress");
    start(C);
    for (const blob of blobs) await expectOpens(blob, A, B, C);
    // The first use of the key goes on with it.
    const now = await currentIn(A);
    expect(now).not.toBe(old);
    expect([await currentIn(B), await currentIn(C)]).toEqual([now, now]);
    await expectOpens(await sealIn(A), A, B, C);
    expect((await regions.in(C)("ListKeyRotations", { KeyId })).Rotations).toHaveLength(1);
  });

  it("another replica becomes the primary, and this one learns it afterwards", async () => {
    stop(C);
    await regions.in(A)("UpdatePrimaryRegion", { KeyId, PrimaryRegion: B });
    for (const region of [A, B]) {
      const { KeyState, MultiRegionConfiguration } = await describeIn(region);
      expect([KeyState, MultiRegionConfiguration.PrimaryKey.Region]).toEqual(["Enabled", B]);
    }
    start(C);
    await regions.in(A)("CreateKey", {});
    expect((await describeIn(C)).MultiRegionConfiguration.PrimaryKey.Region).toBe(B);
  });

  it("it becomes the primary when it is back, and there is one at every moment in between", async () => {
    stop(C);
    await regions.in(A)("UpdatePrimaryRegion", { KeyId, PrimaryRegion: C });
    expect((await describeIn(A)).KeyState).toBe("Updating");
    await expectOpens(await sealIn(A), A, B);
    const other = await regions
      .in(A)("UpdatePrimaryRegion", { KeyId, PrimaryRegion: B })
      .catch((error) => error);
    expect([other.name, other.message]).toEqual(["KMSInvalidStateException", `${arnIn(A, KeyId)} is updating.`]);
    start(C);
    await describeIn(A);
    expect((await describeIn(C)).MultiRegionConfiguration.MultiRegionKeyType).toBe("PRIMARY");
    await regions.in(C)("UpdatePrimaryRegion", { KeyId, PrimaryRegion: A });
    for (let calls = 1; calls < 60; calls++) {
      points[C]!.inCalls = calls;
      await regions
        .in(A)("UpdatePrimaryRegion", { KeyId, PrimaryRegion: C })
        .catch(() => undefined);
      // Nobody else is the primary yet, or the old one is none any more.
      const state = await describeIn(A);
      expect(["Enabled", "Updating"]).toContain(state.KeyState);
      await expectOpens(await sealIn(A), A, B);
      await expectOpens(await sealIn(B), A, B);
      start(C);
      for (const region of [A, C, A]) await describeIn(region);
      const roles = await Promise.all(
        [A, B, C].map(async (region) => (await describeIn(region)).MultiRegionConfiguration),
      );
      expect(roles.filter(({ MultiRegionKeyType }) => MultiRegionKeyType === "PRIMARY")).toHaveLength(1);
      expect(new Set(roles.map(({ PrimaryKey }) => PrimaryKey.Region)).size).toBe(1);
      for (const region of [A, C]) expect((await describeIn(region)).KeyState).toBe("Enabled");
      if (roles[0]!.MultiRegionKeyType === "REPLICA") {
        await regions.in(C)("UpdatePrimaryRegion", { KeyId, PrimaryRegion: A });
      }
    }
  });

  it("a replica that is deleted there is struck from the list afterwards", async () => {
    await regions.in(A)("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 });
    for (const region of [B, C]) await regions.in(region)("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 });
    regions.advanceDays(8);
    stop(A);
    for (const region of [B, C]) await regions.in(region)("CreateKey", {});
    start(A);
    await describeIn(A);
    const { KeyState, DeletionDate } = await describeIn(A);
    expect(KeyState).toBe("PendingDeletion");
    expect(DeletionDate.getTime()).toBe(Date.UTC(2026, 0, 1 + 8 + 7, 0, 0, 2));
    for (const region of [B, C]) await regions.in(region)("CreateKey", {});
    for (const region of [A, B, C] as const) {
      const paths = await stores[region].list("record/", undefined, 10_000);
      expect(paths.filter((path) => path.includes(`/replication/${KeyId}`))).toEqual([]);
    }
  });

  it("a store that is restored from an old copy learns what the others have done since", async () => {
    const old = await copyOf(stores[A]);
    const { CiphertextBlob: before } = await regions.in(A)("Encrypt", { KeyId, Plaintext });
    await regions.in(A)("RotateKeyOnDemand", { KeyId });
    await regions.in(A)("UpdatePrimaryRegion", { KeyId, PrimaryRegion: B });
    await regions.in(B)("RotateKeyOnDemand", { KeyId });
    const blobs = [before, await sealIn(A), await sealIn(B)];
    const current = await currentIn(B);
    const apart = { [B]: unclosable(stores[B]), [C]: unclosable(stores[C]) };
    const restored = await openRegions({ keystore: old, regions: apart });
    const describeA = async () => (await restored.in(A)("DescribeKey", { KeyId })).KeyMetadata;
    expect((await describeA()).MultiRegionConfiguration.MultiRegionKeyType).toBe("PRIMARY");
    // It takes itself for the primary; what it begins comes to nothing, and it learns why.
    await restored.in(A)("RotateKeyOnDemand", { KeyId });
    const learned = await describeA();
    expect(learned.MultiRegionConfiguration.PrimaryKey.Region).toBe(B);
    expect(learned.CurrentKeyMaterialId).toBe(current);
    const sealed = await restored.in(A)("Encrypt", { KeyId, Plaintext });
    for (const CiphertextBlob of [...blobs, sealed.CiphertextBlob]) {
      for (const region of [A, B, C]) {
        expect((await restored.in(region)("Decrypt", { CiphertextBlob })).Plaintext).toEqual(Plaintext);
      }
    }
    const roles = await Promise.all(
      [A, B, C].map(async (region) => (await restored.in(region)("DescribeKey", { KeyId })).KeyMetadata),
    );
    for (const { MultiRegionConfiguration } of roles) expect(MultiRegionConfiguration.PrimaryKey.Region).toBe(B);
  });

  it("an empty store in its place is not taken for a deleted replica", async () => {
    const empty = await openRegions({
      keystore: unclosable(stores[A]),
      regions: { [B]: unclosable(stores[B]), [C]: memoryKeystore() },
    });
    const old = await currentIn(A);
    await empty.in(A)("RotateKeyOnDemand", { KeyId });
    const there = (await empty.in(A)("DescribeKey", { KeyId })).KeyMetadata;
    expect(there.CurrentKeyMaterialId).toBe(old);
    expect(there.MultiRegionConfiguration.ReplicaKeys).toHaveLength(2);
    const { CiphertextBlob } = await empty.in(A)("Encrypt", { KeyId, Plaintext });
    await expectOpens(CiphertextBlob, C);
    // Whoever knows that it is lost makes it anew.
    await empty.in(A)("ReplicateKey", { KeyId, ReplicaRegion: C });
    expect((await empty.in(C)("Decrypt", { CiphertextBlob })).Plaintext).toEqual(Plaintext);
    expect((await empty.in(C)("DescribeKey", { KeyId })).KeyMetadata.CurrentKeyMaterialId).not.toBe(old);
  });
});
