/** Automatic rotation of multi-Region keys: by the primary alone, for all Regions, whoever uses the key. */
import { beforeEach, describe, expect, it } from "vitest";
import { memoryKeystore } from "../../src/index.ts";
import { DAY_MS, START_MS } from "../operations/service.ts";
import { A, arnIn, B, C, openRegions, REGIONS, type Regions } from "./regions.ts";

const Plaintext = new TextEncoder().encode("secret");

describe.each([
  ["one store", false],
  ["a store for each Region", true],
] as const)("the rotation of a multi-Region key in %s", (_, isApart) => {
  let regions: Regions;
  let KeyId: string;

  beforeEach(async () => {
    const apart = { regions: { [B]: memoryKeystore(), [C]: memoryKeystore() } };
    regions = await openRegions({ keystore: memoryKeystore(), ...(isApart && apart) });
    KeyId = (await regions.in(A)("CreateKey", { MultiRegion: true })).KeyMetadata.KeyId;
    for (const ReplicaRegion of [B, C]) await regions.in(A)("ReplicateKey", { KeyId, ReplicaRegion });
  });

  const currentIn = async (region: string): Promise<string> =>
    (await regions.in(region)("DescribeKey", { KeyId })).KeyMetadata.CurrentKeyMaterialId;
  const currents = () => Promise.all(REGIONS.map(currentIn));
  const statusIn = (region: string) => regions.in(region)("GetKeyRotationStatus", { KeyId });
  const rotationsIn = async (region: string) => (await regions.in(region)("ListKeyRotations", { KeyId })).Rotations;

  it("has one schedule, which every Region shows and the primary changes", async () => {
    await regions.in(A)("EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
    const NextRotationDate = new Date(START_MS + 90 * DAY_MS);
    for (const region of REGIONS) {
      expect(await statusIn(region)).toEqual({
        KeyRotationEnabled: true,
        KeyId: arnIn(region, KeyId),
        RotationPeriodInDays: 90,
        NextRotationDate,
      });
    }
    await regions.in(A)("DisableKeyRotation", { KeyId });
    for (const region of REGIONS) expect((await statusIn(region)).KeyRotationEnabled).toBe(false);
  });

  it("comes when a replica is used, once, and for all", async () => {
    await regions.in(A)("EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
    const [old] = await currents();
    const { CiphertextBlob } = await regions.in(B)("Encrypt", { KeyId, Plaintext });
    regions.advanceDays(91);
    const sealed = await Promise.all(REGIONS.map((region) => regions.in(region)("Encrypt", { KeyId, Plaintext })));
    const after = await currents();
    expect(new Set(after).size).toBe(1);
    expect(after[0]).not.toBe(old);
    for (const region of REGIONS) {
      expect(await rotationsIn(region)).toMatchObject([{ RotationType: "AUTOMATIC" }]);
      for (const blob of [CiphertextBlob, ...sealed.map((answer) => answer.CiphertextBlob)]) {
        expect((await regions.in(region)("Decrypt", { CiphertextBlob: blob })).Plaintext).toEqual(Plaintext);
      }
      expect((await statusIn(region)).NextRotationDate).toEqual(new Date(START_MS + 180 * DAY_MS));
    }
  });

  it("comes without any request, in whichever Region the primary has come to be", async () => {
    await regions.in(A)("EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
    const [old] = await currents();
    await regions.in(A)("UpdatePrimaryRegion", { KeyId, PrimaryRegion: C });
    regions.advanceDays(91);
    expect(await regions.kms.upkeep()).toMatchObject({ rotatedKeys: 1, deletedKeys: 0 });
    expect(await regions.kms.upkeep()).toMatchObject({ rotatedKeys: 0, deletedKeys: 0 });
    const after = await currents();
    expect(new Set(after).size).toBe(1);
    expect(after[0]).not.toBe(old);
    // The old primary enables its copy again, and nothing is rotated by that.
    await regions.in(A)("DisableKey", { KeyId });
    regions.advanceDays(91);
    await regions.in(A)("EnableKey", { KeyId });
    expect(await rotationsIn(C)).toHaveLength(2);
    expect(await rotationsIn(A)).toHaveLength(2);
  });

  it("reaches a Region whose copy is disabled", async () => {
    await regions.in(B)("DisableKey", { KeyId });
    await regions.in(A)("RotateKeyOnDemand", { KeyId });
    const { CiphertextBlob } = await regions.in(A)("Encrypt", { KeyId, Plaintext });
    await regions.in(B)("EnableKey", { KeyId });
    expect((await regions.in(B)("Decrypt", { CiphertextBlob })).Plaintext).toEqual(Plaintext);
    expect(new Set(await currents()).size).toBe(1);
  });
});
