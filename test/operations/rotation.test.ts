/** Automatic rotation over years of a clock that the test moves: the dates, and what is rotated when. */
import { beforeEach, describe, expect, it } from "vitest";
import { KeystoreError, memoryKeystore } from "../../src/index.ts";
import {
  ARN_PREFIX,
  type Call,
  DAY_MS,
  failureOf,
  type Service,
  START_MS,
  startService,
  unclosable,
} from "./service.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const dayOf = (date: Date): number => (date.getTime() - START_MS) / DAY_MS;

describe("a key with automatic rotation", () => {
  let service: Service;
  let call: Call;
  let KeyId: string;

  const status = () => call("GetKeyRotationStatus", { KeyId });
  const nextDay = async (): Promise<number> => dayOf((await status()).NextRotationDate);
  const days = (count: number) => service.advance(count * DAY_MS);
  const rotations = async (): Promise<[number, string][]> =>
    (await call("ListKeyRotations", { KeyId })).Rotations.map(
      ({ RotationDate, RotationType }: { RotationDate: Date; RotationType: string }) => [
        dayOf(RotationDate),
        RotationType,
      ],
    );
  const current = async () => (await call("DescribeKey", { KeyId })).KeyMetadata.CurrentKeyMaterialId;
  const encrypt = async (plaintext: string): Promise<Uint8Array> =>
    (await call("Encrypt", { KeyId, Plaintext: text(plaintext) })).CiphertextBlob;

  beforeEach(async () => {
    service = await startService();
    call = service.kms.execute as unknown as Call;
    KeyId = (await call("CreateKey", {})).KeyMetadata.KeyId;
  });

  it("is not rotated before it is asked for", async () => {
    expect(await status()).toEqual({ KeyRotationEnabled: false, KeyId: `${ARN_PREFIX}:key/${KeyId}` });
    days(3000);
    await encrypt("x");
    expect(await rotations()).toEqual([]);
  });

  it("is rotated after 365 days by default, and each 365 days from then on, when it is next used", async () => {
    days(10);
    await call("EnableKeyRotation", { KeyId });
    expect(await status()).toEqual({
      KeyRotationEnabled: true,
      KeyId: `${ARN_PREFIX}:key/${KeyId}`,
      RotationPeriodInDays: 365,
      NextRotationDate: new Date(START_MS + 375 * DAY_MS),
    });
    const first = await current();
    const blob = await encrypt("old");
    days(364.9);
    await encrypt("x");
    expect(await current()).toBe(first);
    days(0.1);
    const opened = await call("Decrypt", { CiphertextBlob: blob });
    expect([opened.Plaintext, opened.KeyMaterialId]).toEqual([text("old"), first]);
    const second = await current();
    expect(second).not.toBe(first);
    const { KeyMaterialId } = await call("GenerateDataKey", { KeyId, KeySpec: "AES_256" });
    expect(KeyMaterialId).toBe(second);
    expect(await rotations()).toEqual([[375, "AUTOMATIC"]]);
    expect(await nextDay()).toBe(375 + 365);
    days(366);
    await encrypt("x");
    expect(await rotations()).toEqual([
      [375, "AUTOMATIC"],
      [741, "AUTOMATIC"],
    ]);
    // The schedule is that of the first day, though the second rotation came a day late.
    expect(await nextDay()).toBe(375 + 2 * 365);
  });

  it("is rotated without a request by upkeep, once, and told to the audit trail as AWS does", async () => {
    await call("EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
    expect(await service.kms.upkeep()).toMatchObject({ rotatedKeys: 0, deletedKeys: 0 });
    days(90);
    const before = service.events.length;
    expect(await service.kms.upkeep()).toMatchObject({ rotatedKeys: 1, deletedKeys: 0 });
    expect(await service.kms.upkeep()).toMatchObject({ rotatedKeys: 0, deletedKeys: 0 });
    expect(service.events.slice(before)).toMatchObject([
      {
        operation: "RotateKey",
        isServiceEvent: true,
        readOnly: false,
        keyArns: [`${ARN_PREFIX}:key/${KeyId}`],
        caller: { principal: { type: "service" } },
      },
    ]);
    expect(await rotations()).toEqual([[90, "AUTOMATIC"]]);
  });

  it("is rotated by upkeep in every account and Region of the store, and keys that are due are deleted", async () => {
    const calls = [call];
    for (const realm of [
      { region: "eu-west-1", accountId: "111122223333" },
      { region: "us-west-2", accountId: "444455556666" },
    ]) {
      calls.push(service.kms.inRealm(realm).as("root").execute as unknown as Call);
    }
    for (const there of calls) {
      const made = (await there("CreateKey", {})).KeyMetadata.KeyId;
      await there("EnableKeyRotation", { KeyId: made, RotationPeriodInDays: 90 });
      const doomed = (await there("CreateKey", {})).KeyMetadata.KeyId;
      await there("ScheduleKeyDeletion", { KeyId: doomed, PendingWindowInDays: 7 });
    }
    days(8);
    expect(await service.kms.upkeep()).toMatchObject({ rotatedKeys: 0, deletedKeys: 3 });
    days(82);
    expect(await service.kms.upkeep()).toMatchObject({ rotatedKeys: 3, deletedKeys: 0 });
  });

  it("takes more keys than one look finds", async () => {
    for (let i = 0; i < 70; i++) {
      const made = (await call("CreateKey", {})).KeyMetadata.KeyId;
      await call("EnableKeyRotation", { KeyId: made, RotationPeriodInDays: 90 });
      // Keys that may not be rotated do not stand in the way of the others.
      if (i < 35) await call("DisableKey", { KeyId: made });
    }
    days(91);
    expect(await service.kms.upkeep()).toMatchObject({ rotatedKeys: 35, deletedKeys: 0 });
  });

  it("is rotated one new period after the period was changed, and keeps its date where it was not", async () => {
    await call("EnableKeyRotation", { KeyId });
    days(100);
    await call("EnableKeyRotation", { KeyId, RotationPeriodInDays: 365 });
    expect(await nextDay()).toBe(365);
    await call("EnableKeyRotation", { KeyId, RotationPeriodInDays: 180 });
    expect(await nextDay()).toBe(280);
    expect((await status()).RotationPeriodInDays).toBe(180);
  });

  it("starts anew when rotation is enabled again", async () => {
    await call("EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
    days(50);
    await call("DisableKeyRotation", { KeyId });
    expect(await status()).toEqual({ KeyRotationEnabled: false, KeyId: `${ARN_PREFIX}:key/${KeyId}` });
    days(100);
    await encrypt("x");
    await service.kms.upkeep();
    expect(await rotations()).toEqual([]);
    await call("EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
    expect(await nextDay()).toBe(240);
    await call("DisableKeyRotation", { KeyId });
    await call("DisableKeyRotation", { KeyId });
  });

  it("keeps its schedule through rotations on demand", async () => {
    await call("EnableKeyRotation", { KeyId, RotationPeriodInDays: 100 });
    days(60);
    await call("RotateKeyOnDemand", { KeyId });
    expect(await nextDay()).toBe(100);
    days(40);
    await encrypt("x");
    expect(await rotations()).toEqual([
      [60, "ON_DEMAND"],
      [100, "AUTOMATIC"],
    ]);
  });

  it("is rotated on demand after the rotation that is due, not instead of it", async () => {
    await call("EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
    days(90);
    await call("RotateKeyOnDemand", { KeyId });
    expect(await rotations()).toEqual([
      [90, "AUTOMATIC"],
      [90, "ON_DEMAND"],
    ]);
  });

  it("is not rotated while it is disabled, and at once when it is enabled late", async () => {
    await call("EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
    days(10);
    await call("DisableKey", { KeyId });
    days(100);
    await service.kms.upkeep();
    expect((await status()).KeyRotationEnabled).toBe(true);
    expect(await rotations()).toEqual([]);
    await call("EnableKey", { KeyId });
    expect(await rotations()).toEqual([[110, "AUTOMATIC"]]);
    expect(await nextDay()).toBe(200);
    days(90);
    expect(await service.kms.upkeep()).toMatchObject({ rotatedKeys: 1, deletedKeys: 0 });
  });

  it("resumes its schedule when it is enabled in time", async () => {
    await call("EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
    await call("DisableKey", { KeyId });
    days(60);
    await call("EnableKey", { KeyId });
    expect(await nextDay()).toBe(90);
    expect(await rotations()).toEqual([]);
    days(30);
    expect(await service.kms.upkeep()).toMatchObject({ rotatedKeys: 1, deletedKeys: 0 });
  });

  it("says no while its deletion is pending, and what it said before when that is cancelled", async () => {
    await call("EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
    days(80);
    await call("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 30 });
    days(20);
    await service.kms.upkeep();
    expect(await status()).toEqual({ KeyRotationEnabled: false, KeyId: `${ARN_PREFIX}:key/${KeyId}` });
    await call("CancelKeyDeletion", { KeyId });
    expect((await status()).KeyRotationEnabled).toBe(true);
    expect(await rotations()).toEqual([]);
    await call("EnableKey", { KeyId });
    expect(await rotations()).toEqual([[100, "AUTOMATIC"]]);
  });

  it("is rotated once where nobody came for several periods", async () => {
    await call("EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
    days(400);
    expect(await nextDay()).toBe(450);
    expect(await rotations()).toEqual([[400, "AUTOMATIC"]]);
  });

  it("is not rotated by a dry run, nor by a caller who is not let in", async () => {
    await call("EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
    days(90);
    const dry = call("Encrypt", { KeyId, Plaintext: text("x"), DryRun: true });
    expect((await failureOf(dry)).name).toBe("DryRunOperationException");
    const stranger = service.kms.as("arn:aws:iam::111122223333:user/nobody").execute as unknown as Call;
    expect((await failureOf(stranger("Encrypt", { KeyId, Plaintext: text("x") }))).name).toBe("AccessDeniedException");
    expect(service.events.filter(({ operation }) => operation === "RotateKey")).toEqual([]);
  });

  it("is rotated once by many at the same time", async () => {
    await call("EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
    days(90);
    const work = Array.from({ length: 50 }, (_, i) => (i % 5 === 0 ? service.kms.upkeep() : encrypt(`${i}`)));
    await Promise.all(work);
    expect(await rotations()).toEqual([[90, "AUTOMATIC"]]);
  });

  it.each([89, 2561])("has no period of %i days", async (RotationPeriodInDays) => {
    const failure = await failureOf(call("EnableKeyRotation", { KeyId, RotationPeriodInDays }));
    expect(failure.name).toBe("ValidationException");
    expect(failure.message).toMatch(/'rotationPeriodInDays' failed to satisfy constraint: Member must have value/);
  });

  it.each([90, 2560])("has a period of %i days", async (RotationPeriodInDays) => {
    await call("EnableKeyRotation", { KeyId, RotationPeriodInDays });
    expect(await nextDay()).toBe(RotationPeriodInDays);
  });
});

it("two services over one store rotate a key once between them, and both go on", async () => {
  const keystore = memoryKeystore();
  const [one, other] = [await startService(unclosable(keystore)), await startService(unclosable(keystore))];
  const [call, there] = [one, other].map(({ kms }) => kms.execute as unknown as Call) as [Call, Call];
  const { KeyId } = (await call("CreateKey", {})).KeyMetadata;
  await call("EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
  for (const { advance } of [one, other]) advance(90 * DAY_MS);
  const blobs = await Promise.all(
    [call, there, call, there].map((by) => by("Encrypt", { KeyId, Plaintext: text("x") })),
  );
  for (const { CiphertextBlob } of blobs) {
    for (const by of [call, there]) expect((await by("Decrypt", { CiphertextBlob })).Plaintext).toEqual(text("x"));
  }
  expect((await call("ListKeyRotations", { KeyId })).Rotations).toHaveLength(1);
});

it("a store that takes no writes goes on with the old material, and rotates later", async () => {
  const driver = memoryKeystore();
  let full = false;
  const keystore = {
    ...unclosable(driver),
    commit: (commit: Parameters<typeof driver.commit>[0]) =>
      full ? Promise.reject(new KeystoreError("no space left on device")) : driver.commit(commit),
  };
  const service = await startService(keystore);
  const call = service.kms.execute as unknown as Call;
  const { KeyId, CurrentKeyMaterialId } = (await call("CreateKey", {})).KeyMetadata;
  await call("EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
  service.advance(90 * DAY_MS);
  full = true;
  const { CiphertextBlob } = await call("Encrypt", { KeyId, Plaintext: text("x") });
  expect((await call("Decrypt", { CiphertextBlob })).KeyMaterialId).toBe(CurrentKeyMaterialId);
  full = false;
  expect((await call("ListKeyRotations", { KeyId })).Rotations).toHaveLength(1);
});
