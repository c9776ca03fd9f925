/** Imported material of multi-Region keys: tokens, expiry and loss in each Region, and what becomes of pending material. */
import { randomBytes } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { memoryKeystore } from "../../src/index.ts";
import { FOREVER, Owner, oaep } from "../operations/owner.ts";
import { DAY_MS, failureOf, START_MS } from "../operations/service.ts";
import { A, arnIn, B, openRegions, type Regions } from "./regions.ts";

const NEW = { ...FOREVER, ImportType: "NEW_KEY_MATERIAL" };
const inDays = (days: number) => ({ ValidTo: new Date(START_MS + days * DAY_MS) });

let elsewhere: ReturnType<typeof memoryKeystore>;
let regions: Regions;
let [primary, replica]: [Owner, Owner] = [] as never;

beforeEach(async () => {
  elsewhere = memoryKeystore();
  regions = await openRegions({ keystore: memoryKeystore(), regions: { [B]: elsewhere } });
  primary = new Owner(regions.in(A));
  replica = new Owner(regions.in(B));
});

/** The ids of the materials of which the other Region's store has bytes. */
async function inReplica(): Promise<string[]> {
  const paths = await elsewhere.list("record/", undefined, 1000);
  return paths.filter((path) => path.includes("/material/")).map((path) => path.slice(path.lastIndexOf("/") + 1));
}

const materialsOf = async (owner: Owner, KeyId: string) =>
  (await owner.call("ListKeyRotations", { KeyId, IncludeKeyMaterial: "ALL_KEY_MATERIAL" })).Rotations;

/** A key that both Regions have with its material. */
async function newKey(bytes = randomBytes(32)): Promise<{ KeyId: string; first: string }> {
  const KeyId = await primary.newKey({ MultiRegion: true });
  const { KeyMaterialId: first } = await primary.importInto(KeyId, bytes);
  await primary.call("ReplicateKey", { KeyId, ReplicaRegion: B });
  await replica.importInto(KeyId, bytes);
  return { KeyId, first };
}

it("expires in each Region by itself", async () => {
  const bytes = randomBytes(32);
  const { KeyId } = await newKey(bytes);
  await replica.importInto(KeyId, bytes, inDays(1));
  regions.advanceDays(1);
  expect(await replica.stateOf(KeyId)).toBe("PendingImport");
  expect(await primary.stateOf(KeyId)).toBe("Enabled");
  await regions.kms.upkeep();
  expect(await inReplica()).toEqual([]);
});

it("does not come with a token of the other Region", async () => {
  const bytes = randomBytes(32);
  const { KeyId } = await newKey(bytes);
  const { PublicKey, ImportToken } = await primary.parametersFor(KeyId);
  const input = { KeyId, ImportToken, EncryptedKeyMaterial: oaep(PublicKey, bytes, "sha256"), ...FOREVER };
  expect((await failureOf(replica.call("ImportKeyMaterial", input))).name).toBe("InvalidImportTokenException");
});

describe("pending material", () => {
  const bytes = randomBytes(32);

  async function newPending(members: object = NEW): Promise<{ KeyId: string; first: string; pending: string }> {
    const { KeyId, first } = await newKey();
    const { KeyMaterialId: pending } = await primary.importInto(KeyId, bytes, { ...NEW, ...members });
    expect((await replica.importInto(KeyId, bytes)).KeyMaterialId).toBe(pending);
    expect((await inReplica()).sort()).toEqual([first, pending].sort());
    return { KeyId, first, pending };
  }

  it("that is deleted in the primary is deleted in the replicas, and makes room there too", async () => {
    const { KeyId, first, pending } = await newPending();
    await primary.call("DeleteImportedKeyMaterial", { KeyId, KeyMaterialId: pending });
    expect(await inReplica()).toEqual([first]);
    for (const owner of [primary, replica]) expect(await materialsOf(owner, KeyId)).toHaveLength(1);
    expect((await failureOf(replica.importInto(KeyId, bytes))).name).toBe("IncorrectKeyMaterialException");
    const other = randomBytes(32);
    const { KeyMaterialId } = await primary.importInto(KeyId, other, NEW);
    await replica.importInto(KeyId, other);
    await primary.call("RotateKeyOnDemand", { KeyId });
    expect((await replica.metadata(KeyId)).CurrentKeyMaterialId).toBe(KeyMaterialId);
    expect(await replica.unseal(await primary.seal(KeyId, "other"))).toBe("other");
  });

  it("that expires in the primary is forgotten in the replicas", async () => {
    const { KeyId, first } = await newPending({ ...inDays(2), ExpirationModel: "KEY_MATERIAL_EXPIRES" });
    regions.advanceDays(2);
    await regions.kms.upkeep();
    expect(await inReplica()).toEqual([first]);
    for (const owner of [primary, replica]) {
      expect(await owner.stateOf(KeyId)).toBe("Enabled");
      expect(await materialsOf(owner, KeyId)).toHaveLength(1);
    }
  });

  it("that a replica loses is expected there again", async () => {
    const { KeyId, pending } = await newPending();
    await replica.importInto(KeyId, bytes, inDays(1));
    for (const isDeleted of [false, true]) {
      if (isDeleted) await replica.call("DeleteImportedKeyMaterial", { KeyId, KeyMaterialId: pending });
      else regions.advanceDays(1);
      await regions.kms.upkeep();
      expect(await inReplica()).not.toContain(pending);
      expect(await materialsOf(replica, KeyId)).toMatchObject([{}, { ImportState: "PENDING_IMPORT" }]);
      expect((await failureOf(primary.call("RotateKeyOnDemand", { KeyId }))).name).toBe("KMSInvalidStateException");
      expect((await replica.importInto(KeyId, bytes)).KeyMaterialId).toBe(pending);
    }
    await primary.call("RotateKeyOnDemand", { KeyId });
    expect(await replica.unseal(await primary.seal(KeyId, "renewed"))).toBe("renewed");
  });

  it("that a replica lacks is no material of it when it becomes the primary", async () => {
    const { KeyId } = await newKey();
    await primary.importInto(KeyId, bytes, NEW);
    await primary.call("UpdatePrimaryRegion", { KeyId, PrimaryRegion: B });
    await regions.kms.upkeep();
    expect((await replica.metadata(KeyId)).MultiRegionConfiguration.MultiRegionKeyType).toBe("PRIMARY");
    expect(await materialsOf(replica, KeyId)).toHaveLength(1);
    expect(await failureOf(replica.call("RotateKeyOnDemand", { KeyId }))).toEqual({
      name: "KMSInvalidStateException",
      message: `No available key material pending rotation for the key: ${arnIn(B, KeyId)}.`,
    });
    const { KeyMaterialId } = await replica.importInto(KeyId, bytes, NEW);
    expect((await primary.importInto(KeyId, bytes)).KeyMaterialId).toBe(KeyMaterialId);
    await replica.call("RotateKeyOnDemand", { KeyId });
    expect(await primary.unseal(await replica.seal(KeyId, "promoted"))).toBe("promoted");
  });
});
