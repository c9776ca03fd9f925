/** Replicas of keys whose material is imported get none with the replication: it is imported in each Region. */
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { memoryKeystore } from "../../src/index.ts";
import type { Key } from "../../src/keys/key.ts";
import { type MultiRegionKey, newMultiRegion, synchronized } from "../../src/keys/multi-region.ts";
import { FOREVER, Owner } from "../operations/owner.ts";
import { type Call, failureOf } from "../operations/service.ts";
import { A, B, openRegions } from "./regions.ts";

const storesOf = (count: number) =>
  count === 1 ? { keystore: memoryKeystore() } : { keystore: memoryKeystore(), regions: { [B]: memoryKeystore() } };

it("a replica of an imported key waits for the same material", () => {
  const materialId = "ab".repeat(32);
  const source: MultiRegionKey = {
    keyId: `mrk-${"0".repeat(32)}`,
    keySpec: "SYMMETRIC_DEFAULT",
    keyUsage: "ENCRYPT_DECRYPT",
    state: "Enabled",
    origin: "EXTERNAL",
    description: "",
    createdAtMs: 1,
    tags: [],
    materials: [{ materialId, createdAtMs: 1, imported: { digest: "d", validToMs: 5 } }],
    multiRegion: { ...newMultiRegion(A), replicaRegions: [B] },
  };
  const replica = synchronized({ ...source, state: "Creating" }, source, B);
  expect(replica.state).toBe("PendingImport");
  expect(replica.materials).toEqual([{ materialId, createdAtMs: 1, imported: { digest: "d", isMissing: true } }]);
  // What was imported there stays there, with an expiry of its own.
  const own = [{ materialId, createdAtMs: 1, imported: { digest: "d" } }];
  const imported: Key = { ...replica, state: "Enabled", materials: own };
  expect(synchronized(imported, source, B)).toMatchObject({ state: "Enabled", materials: own });
});

describe.each([1, 2])("an imported key in Regions of %i stores", (stores) => {
  const [first, second] = [randomBytes(32), randomBytes(32)];
  const materialsIn = async (call: Call, KeyId: string) =>
    (await call("ListKeyRotations", { KeyId, IncludeKeyMaterial: "ALL_KEY_MATERIAL" })).Rotations;
  const stateIn = async (call: Call, KeyId: string) => (await call("DescribeKey", { KeyId })).KeyMetadata.KeyState;

  it("takes the same material in each, and is rotated when all of them have the new one", async () => {
    const regions = await openRegions(storesOf(stores));
    const [here, there] = [regions.in(A), regions.in(B)];
    const [owner, other] = [new Owner(here), new Owner(there)];
    const KeyId = await owner.newKey({ MultiRegion: true });
    expect(KeyId).toMatch(/^mrk-/);
    expect((await failureOf(here("ReplicateKey", { KeyId, ReplicaRegion: B }))).name).toBe("KMSInvalidStateException");
    const { KeyMaterialId } = await owner.importInto(KeyId, first);
    await here("ReplicateKey", { KeyId, ReplicaRegion: B });
    expect(await stateIn(there, KeyId)).toBe("PendingImport");
    const wrong = await failureOf(other.importInto(KeyId, second));
    expect(wrong.name).toBe("IncorrectKeyMaterialException");
    expect((await other.importInto(KeyId, first)).KeyMaterialId).toBe(KeyMaterialId);
    const old = await owner.seal(KeyId, "old");
    expect(await other.unseal(old)).toBe("old");

    const renewed = { ...FOREVER, ImportType: "NEW_KEY_MATERIAL" };
    expect((await failureOf(other.importInto(KeyId, second, renewed))).name).toBe("IncorrectKeyMaterialException");
    const { KeyMaterialId: newId } = await owner.importInto(KeyId, second, renewed);
    expect(await materialsIn(here, KeyId)).toMatchObject([
      { KeyMaterialState: "CURRENT" },
      { KeyMaterialState: "PENDING_MULTI_REGION_IMPORT_AND_ROTATION", ImportState: "IMPORTED" },
    ]);
    expect(await materialsIn(there, KeyId)).toMatchObject([
      { KeyMaterialState: "CURRENT" },
      { KeyMaterialState: "PENDING_ROTATION", ImportState: "PENDING_IMPORT", KeyMaterialId: newId },
    ]);
    expect((await failureOf(here("RotateKeyOnDemand", { KeyId }))).name).toBe("KMSInvalidStateException");
    expect((await other.importInto(KeyId, second, renewed)).KeyMaterialId).toBe(newId);
    expect((await materialsIn(here, KeyId))[1]).toMatchObject({ KeyMaterialState: "PENDING_ROTATION" });
    await here("RotateKeyOnDemand", { KeyId });
    const fresh = await owner.seal(KeyId, "new");
    for (const call of [here, there]) {
      expect(await stateIn(call, KeyId)).toBe("Enabled");
      expect(
        (await materialsIn(call, KeyId)).map((each: { KeyMaterialState: string }) => each.KeyMaterialState),
      ).toEqual(["NON_CURRENT", "CURRENT"]);
    }
    for (const blob of [old, fresh]) expect(await other.unseal(blob)).toBe(await owner.unseal(blob));
    // What is lost in one Region is lost there alone.
    await there("DeleteImportedKeyMaterial", { KeyId, KeyMaterialId });
    expect([await stateIn(here, KeyId), await stateIn(there, KeyId)]).toEqual(["Enabled", "PendingImport"]);
    await regions.kms.close();
  });
});
