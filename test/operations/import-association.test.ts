/** Which material belongs to a key, and what is left of it in the store: lost, pending, expired and given again. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { memoryKeystore } from "../../src/index.ts";
import { arnOf, FOREVER, Owner, pkcs8Of } from "./owner.ts";
import { type Call, DAY_MS, failureOf, type Service, START_MS, startService, unclosable } from "./service.ts";

const NEW = { ...FOREVER, ImportType: "NEW_KEY_MATERIAL" };
const inDays = (days: number) => ({ ValidTo: new Date(START_MS + days * DAY_MS) });

let keystore: ReturnType<typeof memoryKeystore>;
/** Whether upkeep is busy with other keys: it looks at a few at a time. */
let isBusy = false;
let service: Service;
let owner: Owner;
let call: Call;

beforeEach(async () => {
  keystore = memoryKeystore();
  isBusy = false;
  const list: typeof keystore.list = async (prefix, after, limit) =>
    isBusy && prefix.endsWith("/expiry/") ? [] : keystore.list(prefix, after, limit);
  service = await startService({ ...unclosable(keystore), list });
  owner = new Owner(service.kms.execute as unknown as Call);
  call = owner.call;
});

/** The ids of the materials of which the store has bytes. */
async function inStore(): Promise<string[]> {
  const paths = await keystore.list("record/", undefined, 1000);
  return paths.filter((path) => path.includes("/material/")).map((path) => path.slice(path.lastIndexOf("/") + 1));
}

const dueEntries = async () =>
  (await keystore.list("record/", undefined, 1000)).filter((path) => path.includes("/expiry/")).length;

const listAll = async (KeyId: string) =>
  (await call("ListKeyRotations", { KeyId, IncludeKeyMaterial: "ALL_KEY_MATERIAL" })).Rotations;

describe("material that is pending its rotation", () => {
  it("does not belong to the key yet: deleted, it makes room for other material", async () => {
    const KeyId = await owner.newKey();
    const { KeyMaterialId: first } = await owner.importInto(KeyId, randomBytes(32));
    const bytes = randomBytes(32);
    const { KeyMaterialId: pending } = await owner.importInto(KeyId, bytes, NEW);
    expect(await call("DeleteImportedKeyMaterial", { KeyId, KeyMaterialId: pending })).toMatchObject({
      KeyMaterialId: pending,
    });
    expect(await owner.stateOf(KeyId)).toBe("Enabled");
    expect(await inStore()).toEqual([first]);
    expect(await listAll(KeyId)).toMatchObject([{ KeyMaterialId: first, KeyMaterialState: "CURRENT" }]);
    expect((await failureOf(call("RotateKeyOnDemand", { KeyId }))).message).toBe(
      `No available key material pending rotation for the key: ${arnOf(KeyId)}.`,
    );
    const again = { KeyId, KeyMaterialId: pending };
    expect((await failureOf(call("DeleteImportedKeyMaterial", again))).name).toBe("NotFoundException");
    // It is not what was imported before any more.
    expect((await failureOf(owner.importInto(KeyId, bytes))).name).toBe("IncorrectKeyMaterialException");
    const { KeyMaterialId: other } = await owner.importInto(KeyId, randomBytes(32), NEW);
    await call("RotateKeyOnDemand", { KeyId });
    expect((await owner.metadata(KeyId)).CurrentKeyMaterialId).toBe(other);
  });

  it("expires without the key, and makes room for other material, whether or not anybody has cleared it away", async () => {
    for (const [i, isCleared] of [true, false].entries()) {
      const soon = { ...inDays(5 * i + 5), ImportType: "NEW_KEY_MATERIAL" };
      const KeyId = await owner.newKey();
      const { KeyMaterialId: first } = await owner.importInto(KeyId, randomBytes(32));
      const bytes = randomBytes(32);
      const { KeyMaterialId: pending } = await owner.importInto(KeyId, bytes, soon);
      expect(await inStore()).toContain(pending);
      isBusy = !isCleared;
      service.advance(5 * DAY_MS);
      expect(await owner.stateOf(KeyId)).toBe("Enabled");
      expect(await listAll(KeyId)).toMatchObject([{ KeyMaterialId: first }]);
      if (isCleared) {
        expect(await service.kms.upkeep()).toMatchObject({ expiredMaterials: 1 });
        expect(await inStore()).not.toContain(pending);
      }
      expect((await failureOf(call("RotateKeyOnDemand", { KeyId }))).name).toBe("KMSInvalidStateException");
      expect((await failureOf(owner.importInto(KeyId, bytes))).name).toBe("IncorrectKeyMaterialException");
      expect((await inStore()).includes(pending)).toBe(!isCleared);
      const { KeyMaterialId: other } = await owner.importInto(KeyId, bytes, NEW);
      await call("RotateKeyOnDemand", { KeyId });
      expect(await inStore()).not.toContain(pending);
      expect(await inStore()).toEqual(expect.arrayContaining([first, other]));
      isBusy = false;
      await service.kms.upkeep();
      expect((await owner.metadata(KeyId)).CurrentKeyMaterialId).toBe(other);
    }
    expect(await dueEntries()).toBe(0);
  });

  it("goes with its key when that is deleted", async () => {
    const KeyId = await owner.newKey();
    await owner.importInto(KeyId, randomBytes(32));
    await owner.importInto(KeyId, randomBytes(32), { ...inDays(3), ImportType: "NEW_KEY_MATERIAL" });
    await call("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 });
    service.advance(7 * DAY_MS);
    await service.kms.upkeep();
    expect(await inStore()).toEqual([]);
    expect(await dueEntries()).toBe(0);
  });
});

describe("materials that expire at one moment", () => {
  const bytes = [randomBytes(32), randomBytes(32)];

  async function keyOfTwo(): Promise<{ KeyId: string; ids: string[] }> {
    const KeyId = await owner.newKey();
    const ids = [(await owner.importInto(KeyId, bytes[0]!, inDays(10))).KeyMaterialId];
    ids.push(
      (await owner.importInto(KeyId, bytes[1]!, { ...inDays(10), ImportType: "NEW_KEY_MATERIAL" })).KeyMaterialId,
    );
    await call("RotateKeyOnDemand", { KeyId });
    return { KeyId, ids };
  }

  it("all go, and the key is back with the last of them", async () => {
    const { KeyId } = await keyOfTwo();
    service.advance(10 * DAY_MS);
    expect(await service.kms.upkeep()).toMatchObject({ expiredMaterials: 1 });
    expect(await inStore()).toEqual([]);
    await owner.importInto(KeyId, bytes[1]!);
    expect(await owner.stateOf(KeyId)).toBe("PendingImport");
    await owner.importInto(KeyId, bytes[0]!);
    expect(await owner.stateOf(KeyId)).toBe("Enabled");
  });

  it("do not keep each other: one that is imported again for longer leaves the other to go", async () => {
    const { KeyId, ids } = await keyOfTwo();
    await owner.importInto(KeyId, bytes[0]!, inDays(20));
    service.advance(10 * DAY_MS);
    expect(await service.kms.upkeep()).toMatchObject({ expiredMaterials: 1 });
    expect(await inStore()).toEqual([ids[0]]);
    expect(await owner.stateOf(KeyId)).toBe("PendingImport");
  });

  it("leave nothing, though one comes back before they have been cleared away", async () => {
    const { KeyId, ids } = await keyOfTwo();
    isBusy = true;
    service.advance(10 * DAY_MS);
    await owner.importInto(KeyId, bytes[0]!);
    expect(await inStore()).toHaveLength(2);
    isBusy = false;
    expect(await service.kms.upkeep()).toMatchObject({ expiredMaterials: 1 });
    expect(await inStore()).toEqual([ids[0]]);
    expect(await dueEntries()).toBe(0);
    expect(await owner.stateOf(KeyId)).toBe("PendingImport");
  });

  it("can be deleted when they have expired, and have not been cleared away", async () => {
    const { KeyId, ids } = await keyOfTwo();
    isBusy = true;
    service.advance(10 * DAY_MS);
    for (const KeyMaterialId of ids) await call("DeleteImportedKeyMaterial", { KeyId, KeyMaterialId });
    expect(await inStore()).toEqual([]);
  });
});

it("the id of new material cannot be chosen, the first one's no more than later ones'", async () => {
  const KeyId = await owner.newKey();
  const chosen = { KeyMaterialId: "7".repeat(64) };
  for (const members of [
    { ...FOREVER, ...chosen },
    { ...NEW, ...chosen },
  ]) {
    expect((await failureOf(owner.importInto(KeyId, randomBytes(32), members))).name).toBe("ValidationException");
  }
  expect(await owner.stateOf(KeyId)).toBe("PendingImport");
});

it.each(["ImportType", "KeyMaterialDescription", "KeyMaterialId"])("%s is for symmetric keys alone", async (member) => {
  const value = { ImportType: "EXISTING_KEY_MATERIAL", KeyMaterialDescription: "x", KeyMaterialId: "7".repeat(64) };
  const KeyId = await owner.newKey({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" });
  const members = { ...FOREVER, [member]: value[member as keyof typeof value] };
  expect(await failureOf(owner.importInto(KeyId, randomBytes(32), members))).toEqual({
    name: "UnsupportedOperationException",
    message: `${member} is valid only for symmetric encryption keys, and ${arnOf(KeyId)} is a key of HMAC_256: leave it out.`,
  });
});

it.each(["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"])("%s with RSA_2048 has no room for P-521", async (algorithm) => {
  const KeyId = await owner.newKey({ KeySpec: "ECC_NIST_P521", KeyUsage: "SIGN_VERIFY" });
  expect((await failureOf(owner.parametersFor(KeyId, algorithm))).name).toBe("UnsupportedOperationException");
  const { PublicKey } = await owner.parametersFor(KeyId, algorithm, "RSA_3072");
  expect(PublicKey.length).toBeGreaterThan(400);
  const bytes = pkcs8Of(generateKeyPairSync("ec", { namedCurve: "secp521r1" }).privateKey);
  await owner.importInto(KeyId, bytes, FOREVER, "RSA_AES_KEY_WRAP_SHA_256");
  expect(await owner.stateOf(KeyId)).toBe("Enabled");
});

it("a key that is pending deletion without its material does not say how it expires", async () => {
  const KeyId = await owner.newKey();
  await owner.importInto(KeyId, randomBytes(32), inDays(3));
  await call("ScheduleKeyDeletion", { KeyId });
  expect(await owner.metadata(KeyId)).toMatchObject({ ExpirationModel: "KEY_MATERIAL_EXPIRES", ...inDays(3) });
  service.advance(3 * DAY_MS);
  expect(await owner.metadata(KeyId)).not.toHaveProperty("ExpirationModel");
  expect(await owner.metadata(KeyId)).not.toHaveProperty("ValidTo");
});
