/** Import of symmetric key material: what it is, how long it stays, and what follows for the key. */
import { createPublicKey, randomBytes } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { memoryKeystore } from "../../src/index.ts";
import { arnOf, FOREVER, Owner, oaep, WRAPS } from "./owner.ts";
import { type Call, DAY_MS, failureOf, type Service, START_MS, startService, unclosable } from "./service.ts";

let service: Service;
let owner: Owner;
let call: Call;

beforeEach(async () => {
  service = await startService();
  call = service.kms.execute as unknown as Call;
  owner = new Owner(call);
});

describe("a symmetric key", () => {
  it("waits for its material, has it, and is an ordinary key then", async () => {
    const KeyId = await owner.newKey();
    expect(await owner.metadata(KeyId)).toMatchObject({
      KeyState: "PendingImport",
      Origin: "EXTERNAL",
      Enabled: false,
    });
    expect(await owner.metadata(KeyId)).not.toHaveProperty("CurrentKeyMaterialId");
    expect(await owner.metadata(KeyId)).not.toHaveProperty("ExpirationModel");
    expect(await failureOf(owner.seal(KeyId))).toEqual({
      name: "KMSInvalidStateException",
      message: `${arnOf(KeyId)} is pending import.`,
    });
    const { KeyMaterialId, KeyId: arn } = await owner.importInto(KeyId, randomBytes(32));
    expect(arn).toBe(arnOf(KeyId));
    expect(await owner.metadata(KeyId)).toMatchObject({
      KeyState: "Enabled",
      ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE",
      CurrentKeyMaterialId: KeyMaterialId,
    });
    expect(await owner.unseal(await owner.seal(KeyId, "hello"))).toBe("hello");
  });

  it.each([
    ["RSA_2048", Object.keys(WRAPS)],
    ["RSA_3072", ["RSAES_OAEP_SHA_1"]],
    ["RSA_4096", ["RSA_AES_KEY_WRAP_SHA_256"]],
  ])("takes material wrapped to %s", async (spec, algorithms) => {
    for (const algorithm of algorithms) {
      const KeyId = await owner.newKey();
      const { PublicKey, ImportToken, ParametersValidTo } = await owner.parametersFor(KeyId, algorithm, spec);
      expect(ParametersValidTo).toEqual(new Date(START_MS + DAY_MS));
      const { modulusLength } = createPublicKey({ key: PublicKey, format: "der", type: "spki" }).asymmetricKeyDetails!;
      expect(`RSA_${modulusLength}`).toBe(spec);
      const EncryptedKeyMaterial = WRAPS[algorithm]!(PublicKey, randomBytes(32));
      await call("ImportKeyMaterial", { KeyId, ImportToken, EncryptedKeyMaterial, ...FOREVER });
      expect(await owner.unseal(await owner.seal(KeyId, algorithm))).toBe(algorithm);
    }
  });

  it("opens what it sealed before when the same material comes back, under the same id", async () => {
    const KeyId = await owner.newKey();
    const bytes = randomBytes(32);
    const first = await owner.importInto(KeyId, bytes);
    const blob = await owner.seal(KeyId, "kept");
    expect(await call("DeleteImportedKeyMaterial", { KeyId })).toMatchObject({
      KeyId: arnOf(KeyId),
      KeyMaterialId: first.KeyMaterialId,
    });
    expect(await owner.stateOf(KeyId)).toBe("PendingImport");
    expect((await failureOf(owner.unseal(blob))).name).toBe("KMSInvalidStateException");
    await call("DeleteImportedKeyMaterial", { KeyId });
    expect((await owner.importInto(KeyId, bytes)).KeyMaterialId).toBe(first.KeyMaterialId);
    expect(await owner.unseal(blob)).toBe("kept");
  });

  it("takes no other material in the place of its own", async () => {
    const KeyId = await owner.newKey();
    await owner.importInto(KeyId, randomBytes(32));
    for (const isThere of [true, false]) {
      if (!isThere) await call("DeleteImportedKeyMaterial", { KeyId });
      expect((await failureOf(owner.importInto(KeyId, randomBytes(32)))).name).toBe("IncorrectKeyMaterialException");
    }
    expect(await owner.stateOf(KeyId)).toBe("PendingImport");
  });

  it.each([
    ["of 31 bytes", new Uint8Array(31).fill(1)],
    ["of 33 bytes", new Uint8Array(33).fill(1)],
    ["of one byte", Uint8Array.of(1)],
    ["of zeros", new Uint8Array(32)],
  ])("takes no material %s", async (_, bytes) => {
    const KeyId = await owner.newKey();
    expect((await failureOf(owner.importInto(KeyId, bytes))).name).toBe("IncorrectKeyMaterialException");
    expect(await owner.stateOf(KeyId)).toBe("PendingImport");
  });

  it("gets new material, which waits for a rotation on demand; every ciphertext opens", async () => {
    const KeyId = await owner.newKey();
    const [one, two] = [randomBytes(32), randomBytes(32)];
    const first = (await owner.importInto(KeyId, one, { ...FOREVER, KeyMaterialDescription: "of 2026" })).KeyMaterialId;
    const old = await owner.seal(KeyId, "old");
    expect(await failureOf(call("RotateKeyOnDemand", { KeyId }))).toEqual({
      name: "KMSInvalidStateException",
      message: `No available key material pending rotation for the key: ${arnOf(KeyId)}.`,
    });
    const renewed = { ...FOREVER, ImportType: "NEW_KEY_MATERIAL" };
    expect((await failureOf(owner.importInto(KeyId, one, renewed))).name).toBe("IncorrectKeyMaterialException");
    const second = (await owner.importInto(KeyId, two, renewed)).KeyMaterialId;
    expect((await owner.metadata(KeyId)).CurrentKeyMaterialId).toBe(first);
    const third = await failureOf(owner.importInto(KeyId, randomBytes(32), renewed));
    expect(third.name).toBe("KMSInvalidStateException");
    expect(third.message).toMatch(
      new RegExp(
        `^New key material \\(id: [0-9a-f]{64}\\) cannot be imported into KMS key ${arnOf(KeyId)}, ` +
          `because another key material \\(id: ${second}\\) is pending rotation\\.$`,
      ),
    );
    const list = async () =>
      (await call("ListKeyRotations", { KeyId, IncludeKeyMaterial: "ALL_KEY_MATERIAL" })).Rotations;
    expect(await list()).toEqual([
      {
        KeyId,
        KeyMaterialId: first,
        KeyMaterialState: "CURRENT",
        KeyMaterialDescription: "of 2026",
        ImportState: "IMPORTED",
        ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE",
      },
      {
        KeyId,
        KeyMaterialId: second,
        KeyMaterialState: "PENDING_ROTATION",
        ImportState: "IMPORTED",
        ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE",
      },
    ]);
    await call("RotateKeyOnDemand", { KeyId });
    expect(await list()).toMatchObject([
      { KeyMaterialState: "NON_CURRENT" },
      { KeyMaterialState: "CURRENT", RotationType: "ON_DEMAND", RotationDate: new Date(START_MS) },
    ]);
    expect((await call("ListKeyRotations", { KeyId })).Rotations).toHaveLength(1);
    const fresh = await owner.seal(KeyId, "new");
    expect(await owner.unseal(old)).toBe("old");
    expect((await call("Decrypt", { CiphertextBlob: fresh })).KeyMaterialId).toBe(second);
    // Without any one of them the key cannot be used.
    await call("DeleteImportedKeyMaterial", { KeyId, KeyMaterialId: first });
    expect(await owner.stateOf(KeyId)).toBe("PendingImport");
    const named = { ...FOREVER, KeyMaterialId: second };
    expect((await failureOf(owner.importInto(KeyId, one, named))).name).toBe("IncorrectKeyMaterialException");
    expect((await owner.importInto(KeyId, one, { ...FOREVER, KeyMaterialId: first })).KeyMaterialId).toBe(first);
    expect(await owner.unseal(old)).toBe("old");
  });

  it("is not rotated automatically", async () => {
    const KeyId = await owner.newKey();
    await owner.importInto(KeyId, randomBytes(32));
    for (const operation of ["EnableKeyRotation", "DisableKeyRotation", "GetKeyRotationStatus"]) {
      expect(await failureOf(call(operation, { KeyId }))).toEqual({
        name: "UnsupportedOperationException",
        message: `${arnOf(KeyId)} origin is EXTERNAL which is not valid for this operation.`,
      });
    }
  });
});

describe("material that expires", () => {
  const inDays = (days: number) => ({ ValidTo: new Date(START_MS + days * DAY_MS) });

  it("is gone at that moment, whether or not anybody is there, and comes back with its import", async () => {
    const keystore = memoryKeystore();
    service = await startService(unclosable(keystore));
    call = service.kms.execute as unknown as Call;
    owner = new Owner(call);
    const KeyId = await owner.newKey();
    const bytes = randomBytes(32);
    const { KeyMaterialId } = await owner.importInto(KeyId, bytes, inDays(10));
    expect(await owner.metadata(KeyId)).toMatchObject({ ExpirationModel: "KEY_MATERIAL_EXPIRES", ...inDays(10) });
    const blob = await owner.seal(KeyId, "before");
    service.advance(10 * DAY_MS - 1);
    expect(await owner.unseal(blob)).toBe("before");
    service.advance(1);
    expect((await failureOf(owner.unseal(blob))).message).toBe(`${arnOf(KeyId)} is pending import.`);
    expect(await owner.metadata(KeyId)).toMatchObject({ KeyState: "PendingImport", Enabled: false });
    const inStore = async () =>
      (await keystore.list("record/", undefined, 1000)).filter((p) => p.includes("/material/"));
    expect(await inStore()).toHaveLength(1);
    expect(await service.kms.upkeep()).toEqual({ rotatedKeys: 0, deletedKeys: 0, expiredMaterials: 1 });
    expect(await inStore()).toHaveLength(0);
    expect(service.events.at(-1)).toMatchObject({ operation: "DeleteExpiredKeyMaterial", isServiceEvent: true });
    expect((await owner.importInto(KeyId, bytes)).KeyMaterialId).toBe(KeyMaterialId);
    expect(await owner.metadata(KeyId)).toMatchObject({ ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" });
    expect(await owner.unseal(blob)).toBe("before");
  });

  it("can be imported again for longer, before or after it has expired, and then the old date means nothing", async () => {
    const KeyId = await owner.newKey();
    const bytes = randomBytes(32);
    await owner.importInto(KeyId, bytes, inDays(10));
    await owner.importInto(KeyId, bytes, inDays(20));
    service.advance(15 * DAY_MS);
    expect(await service.kms.upkeep()).toMatchObject({ expiredMaterials: 0 });
    expect(await owner.stateOf(KeyId)).toBe("Enabled");
    service.advance(6 * DAY_MS);
    expect(await owner.stateOf(KeyId)).toBe("PendingImport");
    await owner.importInto(KeyId, bytes, inDays(30));
    expect(await service.kms.upkeep()).toMatchObject({ expiredMaterials: 0 });
    expect(await owner.stateOf(KeyId)).toBe("Enabled");
    service.advance(10 * DAY_MS);
    expect(await service.kms.upkeep()).toMatchObject({ expiredMaterials: 1 });
  });

  it("lies in the future, and not too far", async () => {
    const KeyId = await owner.newKey();
    await owner.importInto(KeyId, randomBytes(32), inDays(365));
    for (const members of [inDays(0), inDays(-1), inDays(365.01)]) {
      const failure = await failureOf(owner.importInto(await owner.newKey(), randomBytes(32), members));
      expect(failure.name).toBe("ValidationException");
      expect(failure.message).toContain("validTo date");
    }
  });

  it.each([
    [{}, "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"],
    [
      { ExpirationModel: "KEY_MATERIAL_EXPIRES" },
      "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES",
    ],
    [
      { ...FOREVER, ...inDays(3) },
      "A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
    ],
  ])("goes with its model: %j", async (members, message) => {
    const failure = await failureOf(owner.importInto(await owner.newKey(), randomBytes(32), members));
    expect(failure).toEqual({ name: "ValidationException", message });
  });

  it("of several materials ends the use of the key with the first of them, and all are shown", async () => {
    const KeyId = await owner.newKey();
    const bytes = randomBytes(32);
    await owner.importInto(KeyId, bytes, inDays(30));
    await owner.importInto(KeyId, randomBytes(32), { ...inDays(20), ImportType: "NEW_KEY_MATERIAL" });
    await call("RotateKeyOnDemand", { KeyId });
    expect((await owner.metadata(KeyId)).ValidTo).toEqual(inDays(20).ValidTo);
    service.advance(20 * DAY_MS);
    expect(await owner.stateOf(KeyId)).toBe("PendingImport");
    const { Rotations } = await call("ListKeyRotations", { KeyId, IncludeKeyMaterial: "ALL_KEY_MATERIAL" });
    expect(Rotations).toMatchObject([{ ImportState: "IMPORTED", ...inDays(30) }, { ImportState: "PENDING_IMPORT" }]);
    service.advance(20 * DAY_MS);
    expect(await service.kms.upkeep()).toMatchObject({ expiredMaterials: 2 });
  });
});

describe("the states of a key with imported material", () => {
  it("pending deletion it takes none, loses what it has if asked to, and waits for it when it is rescued", async () => {
    const KeyId = await owner.newKey();
    const bytes = randomBytes(32);
    await owner.importInto(KeyId, bytes);
    const blob = await owner.seal(KeyId, "kept");
    const parameters = await owner.parametersFor(KeyId);
    await call("ScheduleKeyDeletion", { KeyId });
    expect(await failureOf(owner.parametersFor(KeyId))).toEqual({
      name: "KMSInvalidStateException",
      message: `${arnOf(KeyId)} is pending deletion.`,
    });
    const EncryptedKeyMaterial = oaep(parameters.PublicKey, bytes, "sha256");
    const input = { KeyId, ImportToken: parameters.ImportToken, EncryptedKeyMaterial, ...FOREVER };
    expect((await failureOf(call("ImportKeyMaterial", input))).name).toBe("KMSInvalidStateException");
    await call("DeleteImportedKeyMaterial", { KeyId });
    expect(await owner.stateOf(KeyId)).toBe("PendingDeletion");
    await call("CancelKeyDeletion", { KeyId });
    expect(await owner.stateOf(KeyId)).toBe("PendingImport");
    await call("ImportKeyMaterial", input);
    expect(await owner.unseal(blob)).toBe("kept");
  });

  it("with its material, it is rescued as any other; waiting for its first one, it can be deleted", async () => {
    const [KeyId, empty] = [await owner.newKey(), await owner.newKey()];
    await owner.importInto(KeyId, randomBytes(32));
    for (const key of [KeyId, empty]) await call("ScheduleKeyDeletion", { KeyId: key, PendingWindowInDays: 7 });
    await call("CancelKeyDeletion", { KeyId });
    expect(await owner.stateOf(KeyId)).toBe("Disabled");
    service.advance(7 * DAY_MS);
    expect(await service.kms.upkeep()).toMatchObject({ deletedKeys: 1 });
    expect((await failureOf(owner.metadata(empty))).name).toBe("NotFoundException");
  });

  it("a key that is made here takes no import", async () => {
    const { KeyId } = (await call("CreateKey", {})).KeyMetadata;
    expect(await failureOf(owner.parametersFor(KeyId))).toEqual({
      name: "UnsupportedOperationException",
      message: `${arnOf(KeyId)} origin is AWS_KMS which is not valid for this operation.`,
    });
  });

  it("a key has no material of that id", async () => {
    const KeyId = await owner.newKey();
    expect((await call("DeleteImportedKeyMaterial", { KeyId })).KeyMaterialId).toBe("");
    await owner.importInto(KeyId, randomBytes(32));
    const unknown = { KeyId, KeyMaterialId: "0".repeat(64) };
    expect((await failureOf(call("DeleteImportedKeyMaterial", unknown))).name).toBe("NotFoundException");
  });
});

it("imported material is as durable as any, and nothing of it lies in the store", async () => {
  const keystore = memoryKeystore();
  const first = await startService(unclosable(keystore));
  owner = new Owner(first.kms.execute as unknown as Call);
  const KeyId = await owner.newKey();
  const bytes = randomBytes(32);
  await owner.importInto(KeyId, bytes);
  const blob = await owner.seal(KeyId, "durable");
  await first.kms.close();
  owner = new Owner((await startService(unclosable(keystore))).kms.execute as unknown as Call);
  expect(await owner.unseal(blob)).toBe("durable");
  for (const record of await keystore.list("", undefined, 1000)) {
    const { value } = (await keystore.get(record))!;
    expect(Buffer.from(value).includes(bytes)).toBe(false);
  }
});
