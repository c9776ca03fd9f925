/** What the operations do when they succeed, over every transport. */
import { beforeEach, describe, expect, it } from "vitest";
import {
  ACCOUNT,
  ARN_PREFIX,
  type Call,
  DAY_MS,
  failureOf,
  type Output,
  type Service,
  START_MS,
  startService,
  TRANSPORTS,
} from "./service.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe.each(TRANSPORTS)("through %s", (_, connect) => {
  let service: Service;
  let call: Call;
  beforeEach(async () => {
    service = await startService();
    call = connect(service.kms);
  });

  const createKey = async (input: object = {}): Promise<Output> => (await call("CreateKey", input)).KeyMetadata;

  it("makes a key and describes it alike", async () => {
    const created = await createKey({ Description: "orders", Tags: [{ TagKey: "team", TagValue: "a" }] });
    expect(created).toMatchObject({
      AWSAccountId: ACCOUNT,
      Arn: `${ARN_PREFIX}:key/${created.KeyId}`,
      CreationDate: new Date(START_MS),
      CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
      Description: "orders",
      Enabled: true,
      EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"],
      KeyManager: "CUSTOMER",
      KeySpec: "SYMMETRIC_DEFAULT",
      KeyState: "Enabled",
      KeyUsage: "ENCRYPT_DECRYPT",
      MultiRegion: false,
      Origin: "AWS_KMS",
    });
    expect(created.CurrentKeyMaterialId).toMatch(/^[0-9a-f]{64}$/);
    for (const KeyId of [created.KeyId, created.Arn]) {
      expect((await call("DescribeKey", { KeyId })).KeyMetadata).toEqual(created);
    }
  });

  it("encrypts for one key, context and reader", async () => {
    const { KeyId, Arn, CurrentKeyMaterialId } = await createKey();
    const EncryptionContext = { tenant: "é", order: "7", ["__proto__"]: "own" };
    const sealed = await call("Encrypt", { KeyId, Plaintext: bytes("hello"), EncryptionContext });
    expect(sealed).toMatchObject({ KeyId: Arn, EncryptionAlgorithm: "SYMMETRIC_DEFAULT" });
    expect(sealed.CiphertextBlob).toHaveLength(115 + 5);
    const again = await call("Encrypt", { KeyId, Plaintext: bytes("hello"), EncryptionContext });
    expect(again.CiphertextBlob).not.toEqual(sealed.CiphertextBlob);

    const reordered = { ["__proto__"]: "own", order: "7", tenant: "é" };
    for (const confirm of [{}, { KeyId }, { KeyId: Arn }]) {
      const opened = await call("Decrypt", {
        CiphertextBlob: sealed.CiphertextBlob,
        EncryptionContext: reordered,
        ...confirm,
      });
      expect(opened).toMatchObject({
        KeyId: Arn,
        EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
        KeyMaterialId: CurrentKeyMaterialId,
      });
      expect(Uint8Array.from(opened.Plaintext)).toEqual(bytes("hello"));
    }
  });

  it("takes an empty context for none", async () => {
    const { KeyId } = await createKey();
    const { CiphertextBlob } = await call("Encrypt", { KeyId, Plaintext: bytes("x"), EncryptionContext: {} });
    expect(Uint8Array.from((await call("Decrypt", { CiphertextBlob })).Plaintext)).toEqual(bytes("x"));
  });

  it("makes data keys that decrypt to themselves", async () => {
    const { KeyId, Arn, CurrentKeyMaterialId } = await createKey();
    for (const [size, lengthBytes] of [
      [{ KeySpec: "AES_128" }, 16],
      [{ KeySpec: "AES_256" }, 32],
      [{ NumberOfBytes: 1024 }, 1024],
    ] as const) {
      const made = await call("GenerateDataKey", { KeyId, ...size });
      expect(made).toMatchObject({ KeyId: Arn, KeyMaterialId: CurrentKeyMaterialId });
      expect(made.Plaintext).toHaveLength(lengthBytes);
      const opened = await call("Decrypt", { CiphertextBlob: made.CiphertextBlob });
      expect(Uint8Array.from(opened.Plaintext)).toEqual(Uint8Array.from(made.Plaintext));
      const blind = await call("GenerateDataKeyWithoutPlaintext", { KeyId, ...size });
      expect(blind.Plaintext).toBeUndefined();
      expect((await call("Decrypt", { CiphertextBlob: blind.CiphertextBlob })).Plaintext).toHaveLength(lengthBytes);
    }
  });

  it("re-encrypts between keys and contexts", async () => {
    const [from, to] = [await createKey(), await createKey()];
    const { CiphertextBlob } = await call("Encrypt", {
      KeyId: from.KeyId,
      Plaintext: bytes("x"),
      EncryptionContext: { a: "1" },
    });
    const moved = await call("ReEncrypt", {
      CiphertextBlob,
      SourceEncryptionContext: { a: "1" },
      DestinationKeyId: to.KeyId,
      DestinationEncryptionContext: { b: "2" },
    });
    expect(moved).toMatchObject({
      KeyId: to.Arn,
      SourceKeyId: from.Arn,
      SourceKeyMaterialId: from.CurrentKeyMaterialId,
      DestinationKeyMaterialId: to.CurrentKeyMaterialId,
    });
    const opened = await call("Decrypt", { CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { b: "2" } });
    expect(Uint8Array.from(opened.Plaintext)).toEqual(bytes("x"));
  });

  it("rotates: new material encrypts, old material still decrypts", async () => {
    const { KeyId, CurrentKeyMaterialId } = await createKey();
    const { CiphertextBlob } = await call("Encrypt", { KeyId, Plaintext: bytes("old") });
    service.advance(DAY_MS);
    for (let i = 0; i < 25; i++) await call("RotateKeyOnDemand", { KeyId });
    const rotated = (await call("DescribeKey", { KeyId })).KeyMetadata.CurrentKeyMaterialId;
    expect(rotated).not.toBe(CurrentKeyMaterialId);
    expect(await call("Decrypt", { CiphertextBlob })).toMatchObject({ KeyMaterialId: CurrentKeyMaterialId });
    const { Rotations, Truncated } = await call("ListKeyRotations", { KeyId });
    expect(Rotations).toHaveLength(25);
    expect(Truncated).toBe(false);
    expect(Rotations.at(-1)).toMatchObject({
      KeyId,
      KeyMaterialId: rotated,
      KeyMaterialState: "CURRENT",
      RotationType: "ON_DEMAND",
      RotationDate: new Date(START_MS + DAY_MS),
    });
    const all = await call("ListKeyRotations", { KeyId, IncludeKeyMaterial: "ALL_KEY_MATERIAL", Limit: 1 });
    expect(all.Rotations).toMatchObject([{ KeyMaterialId: CurrentKeyMaterialId, KeyMaterialState: "NON_CURRENT" }]);
    expect(all.Truncated).toBe(true);
    expect((await failureOf(call("RotateKeyOnDemand", { KeyId }))).name).toBe("LimitExceededException");
  });

  it("disables, enables, dooms and spares a key", async () => {
    const { KeyId, Arn } = await createKey();
    const stateOf = async () => (await call("DescribeKey", { KeyId })).KeyMetadata;
    await call("DisableKey", { KeyId });
    expect(await stateOf()).toMatchObject({ KeyState: "Disabled", Enabled: false });
    await call("EnableKey", { KeyId });
    expect(await stateOf()).toMatchObject({ KeyState: "Enabled", Enabled: true });
    const DeletionDate = new Date(START_MS + 7 * DAY_MS);
    expect(await call("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 })).toMatchObject({
      KeyId: Arn,
      DeletionDate,
      KeyState: "PendingDeletion",
      PendingWindowInDays: 7,
    });
    expect(await stateOf()).toMatchObject({ KeyState: "PendingDeletion", DeletionDate, Enabled: false });
    expect(await call("CancelKeyDeletion", { KeyId })).toMatchObject({ KeyId: Arn });
    expect(await stateOf()).toMatchObject({ KeyState: "Disabled" });
    expect((await stateOf()).DeletionDate).toBeUndefined();
  });

  it("deletes a key with its aliases when the time has come", async () => {
    const { KeyId } = await createKey();
    await call("CreateAlias", { AliasName: "alias/gone", TargetKeyId: KeyId });
    const { CiphertextBlob } = await call("Encrypt", { KeyId, Plaintext: bytes("x") });
    await call("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 });
    service.advance(7 * DAY_MS - 1);
    expect((await call("ListKeys", {})).Keys).toHaveLength(1);
    service.advance(1);
    expect((await failureOf(call("DescribeKey", { KeyId }))).name).toBe("NotFoundException");
    expect((await failureOf(call("CancelKeyDeletion", { KeyId }))).name).toBe("NotFoundException");
    expect((await failureOf(call("Decrypt", { CiphertextBlob }))).name).toBe("InvalidCiphertextException");
    expect((await call("ListKeys", {})).Keys).toHaveLength(0);
    expect((await call("ListAliases", {})).Aliases).toHaveLength(0);
  });

  it("frees the names of dead keys, however many there are", async () => {
    for (let i = 0; i < 40; i++) {
      const { KeyId } = await createKey();
      await call("CreateAlias", { AliasName: `alias/old${i}`, TargetKeyId: KeyId });
      await call("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 });
    }
    service.advance(8 * DAY_MS);
    expect((await call("ListAliases", {})).Aliases).toHaveLength(0);
    const { KeyId } = await createKey();
    for (let i = 0; i < 40; i++) await call("CreateAlias", { AliasName: `alias/old${i}`, TargetKeyId: KeyId });
  });

  it("keeps aliases: made, used, listed, deleted", async () => {
    const { KeyId, Arn } = await createKey();
    const names = ["alias/a", "alias/b", "alias/b/c"];
    for (const AliasName of [...names].reverse()) await call("CreateAlias", { AliasName, TargetKeyId: Arn });
    const { CiphertextBlob } = await call("Encrypt", { KeyId: `${ARN_PREFIX}:alias/a`, Plaintext: bytes("x") });
    expect(await call("Decrypt", { CiphertextBlob, KeyId: "alias/b" })).toMatchObject({ KeyId: Arn });
    for (const scope of [{}, { KeyId }]) {
      const first = await call("ListAliases", { ...scope, Limit: 2 });
      expect(first).toMatchObject({ Truncated: true });
      expect(first.Aliases).toMatchObject([
        { AliasName: "alias/a", AliasArn: `${ARN_PREFIX}:alias/a`, TargetKeyId: KeyId },
        { AliasName: "alias/b" },
      ]);
      const rest = await call("ListAliases", { ...scope, Limit: 2, Marker: first.NextMarker });
      expect(rest).toMatchObject({ Truncated: false, Aliases: [{ AliasName: "alias/b/c" }] });
      expect(rest.NextMarker).toBeUndefined();
    }
    await call("DeleteAlias", { AliasName: "alias/b" });
    expect((await call("ListAliases", { KeyId })).Aliases).toHaveLength(2);
    for (let i = 0; i < 48; i++) await call("CreateAlias", { AliasName: `alias/n${i}`, TargetKeyId: KeyId });
    const tooMany = await failureOf(call("CreateAlias", { AliasName: "alias/n48", TargetKeyId: KeyId }));
    expect(tooMany.name).toBe("LimitExceededException");
  });

  it("lists every key once, page by page, while others are made", async () => {
    const made = new Set<string>();
    for (let i = 0; i < 7; i++) made.add((await createKey()).KeyId);
    const seen: string[] = [];
    let Marker: string | undefined;
    do {
      const page: Output = await call("ListKeys", { Limit: 3, ...(Marker && { Marker }) });
      seen.push(...page.Keys.map((entry: Output) => entry.KeyId));
      Marker = page.NextMarker;
      await createKey();
    } while (Marker !== undefined);
    expect(new Set(seen).size).toBe(seen.length);
    for (const KeyId of made) expect(seen).toContain(KeyId);
  });

  it("shows the default policy", async () => {
    const { KeyId } = await createKey();
    const { Policy, PolicyName } = await call("GetKeyPolicy", { KeyId });
    expect(PolicyName).toBe("default");
    expect(JSON.parse(Policy).Statement[0].Principal.AWS).toBe(`arn:aws:iam::${ACCOUNT}:root`);
  });

  it("makes random bytes", async () => {
    const [a, b] = [
      await call("GenerateRandom", { NumberOfBytes: 32 }),
      await call("GenerateRandom", { NumberOfBytes: 32 }),
    ];
    expect(a.Plaintext).toHaveLength(32);
    expect(a.Plaintext).not.toEqual(b.Plaintext);
  });
});
