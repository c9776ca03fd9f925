/** What becomes of the keys of a custom key store: with its connection, with restarts, and one for each external key. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryKeystore } from "../../src/index.ts";
import { sqliteKeystore } from "../../src/keystore/sqlite.ts";
import { temporaryFolder } from "../cli/tree.ts";
import { ACCOUNT, type Call, DAY_MS, failureOf, REGION, unclosable } from "../operations/service.ts";
import {
  connectedStore,
  HOST,
  KEY_ID,
  type KeyFile,
  keyRequest,
  makeProxyFiles,
  type RunningProxy,
  startProxy,
  startStoreService,
} from "./proxies.ts";

const START = Date.now();
const Plaintext = new TextEncoder().encode("attack at dawn");

let settings: KeyFile;
let proxy: RunningProxy;
const opened: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const files = makeProxyFiles();
  settings = files.settings;
  proxy = await startProxy(files);
});

afterAll(async () => {
  await Promise.all(opened.map((close) => close()));
  await proxy.stop();
});

/** A service with nothing in it, whose clock the test moves. */
async function newService(keystore = memoryKeystore()) {
  let nowMs = Date.now();
  const { service, call } = await startStoreService(
    { [HOST]: proxy.port },
    { keystore: unclosable(keystore), clock: { nowMs: () => nowMs } },
  );
  opened.push(() => service.close());
  const advance = (ms: number) => {
    nowMs += ms;
  };
  return { service, call, keystore, advance };
}

const stateOf = async (call: Call, CustomKeyStoreId: string) =>
  (await call("DescribeCustomKeyStores", { CustomKeyStoreId })).CustomKeyStores[0].ConnectionState;

describe("the keys of a store", () => {
  it("are unavailable while it is disconnected, each with its own state behind", async () => {
    const { call, keystore } = await newService();
    const storeId = await connectedStore(call, settings);
    const { KeyId, Arn } = (await call("CreateKey", keyRequest(storeId))).KeyMetadata;
    const { CiphertextBlob } = await call("Encrypt", { KeyId, Plaintext });
    const record = async () => (await keystore.get(`record/${ACCOUNT}/${REGION}/key/${KeyId}`))!.version;
    const before = await record();
    await call("DisconnectCustomKeyStore", { CustomKeyStoreId: storeId });
    expect(await record()).toBe(before);
    const state = async () => (await call("DescribeKey", { KeyId })).KeyMetadata.KeyState;
    expect(await state()).toBe("Unavailable");
    const unavailable = { name: "KMSInvalidStateException", message: `${Arn} is unavailable.` };
    for (const [operation, input] of [
      ["Encrypt", { KeyId, Plaintext }],
      ["Decrypt", { CiphertextBlob }],
      ["GenerateDataKey", { KeyId, KeySpec: "AES_256" }],
      ["GenerateDataKeyPair", { KeyId, KeyPairSpec: "ECC_NIST_P256" }],
      ["ReEncrypt", { CiphertextBlob, DestinationKeyId: KeyId }],
    ] as const) {
      expect(await failureOf(call(operation, input))).toEqual(unavailable);
    }
    for (const operation of ["EnableKeyRotation", "DisableKeyRotation", "GetKeyRotationStatus"]) {
      expect((await failureOf(call(operation, { KeyId }))).name).toBe("UnsupportedOperationException");
    }
    // Note 12: it succeeds, and shows when the key is available.
    await call("DisableKey", { KeyId });
    await call("UpdateKeyDescription", { KeyId, Description: "changed meanwhile" });
    await call("TagResource", { KeyId, Tags: [{ TagKey: "a", TagValue: "b" }] });
    expect(await state()).toBe("Unavailable");
    await call("ConnectCustomKeyStore", { CustomKeyStoreId: storeId });
    expect((await call("DescribeKey", { KeyId })).KeyMetadata).toMatchObject({
      KeyState: "Disabled",
      Description: "changed meanwhile",
    });
    await call("DisconnectCustomKeyStore", { CustomKeyStoreId: storeId });
    await call("EnableKey", { KeyId });
    expect(await state()).toBe("Unavailable");
    await call("ConnectCustomKeyStore", { CustomKeyStoreId: storeId });
    expect((await call("Decrypt", { CiphertextBlob })).Plaintext).toEqual(Plaintext);
  });

  it("keep it from being deleted, until they are gone; their external keys are free then", async () => {
    const { service, call, advance } = await newService();
    const storeId = await connectedStore(call, settings);
    const { KeyId } = (await call("CreateKey", keyRequest(storeId))).KeyMetadata;
    await call("DisconnectCustomKeyStore", { CustomKeyStoreId: storeId });
    const deleting = () => call("DeleteCustomKeyStore", { CustomKeyStoreId: storeId });
    expect((await failureOf(deleting())).name).toBe("CustomKeyStoreHasCMKsException");
    // Note 13: pending deletion whatever becomes of the store.
    const scheduled = await call("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 });
    expect(scheduled.KeyState).toBe("PendingDeletion");
    const state = async () => (await call("DescribeKey", { KeyId })).KeyMetadata.KeyState;
    expect(await state()).toBe("PendingDeletion");
    await call("CancelKeyDeletion", { KeyId });
    expect(await state()).toBe("Unavailable");
    await call("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 });
    expect((await failureOf(deleting())).name).toBe("CustomKeyStoreHasCMKsException");
    await call("ConnectCustomKeyStore", { CustomKeyStoreId: storeId });
    expect(await state()).toBe("PendingDeletion");
    await call("DisconnectCustomKeyStore", { CustomKeyStoreId: storeId });
    advance(7 * DAY_MS);
    await service.upkeep();
    await deleting();
  });

  it("are one for each external key, whoever asks at the same time", async () => {
    const { call } = await newService();
    const storeId = await connectedStore(call, settings);
    const asked = await Promise.allSettled(Array.from({ length: 5 }, () => call("CreateKey", keyRequest(storeId))));
    expect(asked.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const result of asked) {
      if (result.status === "rejected") expect(result.reason.name).toBe("XksKeyAlreadyInUseException");
    }
  });

  it("outlive a restart, as the store does, with its connection", async () => {
    const keystore = memoryKeystore();
    const first = await newService(keystore);
    const storeId = await connectedStore(first.call, settings);
    const { KeyId } = (await first.call("CreateKey", keyRequest(storeId))).KeyMetadata;
    const { CiphertextBlob } = await first.call("Encrypt", { KeyId, Plaintext });
    await first.service.close();
    const second = await newService(keystore);
    expect(await stateOf(second.call, storeId)).toBe("CONNECTED");
    expect((await second.call("Decrypt", { CiphertextBlob })).Plaintext).toEqual(Plaintext);
  });

  it("are unavailable at once when another process disconnects the store", async () => {
    const path = join(temporaryFolder(), "keys.sqlite");
    const [first, second] = await Promise.all(
      [0, 1].map(() => startStoreService({ [HOST]: proxy.port }, { keystore: sqliteKeystore({ path }) })),
    );
    const storeId = await connectedStore(first!.call, settings);
    const { KeyId } = (await first!.call("CreateKey", keyRequest(storeId))).KeyMetadata;
    const { CiphertextBlob } = await first!.call("Encrypt", { KeyId, Plaintext });
    expect((await second!.call("Decrypt", { CiphertextBlob })).Plaintext).toEqual(Plaintext);
    await first!.call("DisconnectCustomKeyStore", { CustomKeyStoreId: storeId });
    expect((await failureOf(second!.call("Decrypt", { CiphertextBlob }))).name).toBe("KMSInvalidStateException");
    await Promise.all([first!.service.close(), second!.service.close()]);
  });

  it("share the rate of their store, and of no other key", async () => {
    const { service, call } = await startStoreService(
      { [HOST]: proxy.port },
      { clock: { nowMs: () => START }, requestQuotas: { CustomKeyStore: 3 } },
    );
    const storeId = await connectedStore(call, settings);
    const { KeyId } = (await call("CreateKey", keyRequest(storeId))).KeyMetadata;
    const { CiphertextBlob } = await call("Encrypt", { KeyId, Plaintext });
    // Counted once, although both sides lie in the store.
    await call("ReEncrypt", { CiphertextBlob, DestinationKeyId: KeyId });
    await call("Decrypt", { CiphertextBlob });
    expect((await failureOf(call("Decrypt", { CiphertextBlob }))).name).toBe("ThrottlingException");
    const ordinary = (await call("CreateKey", {})).KeyMetadata.KeyId;
    await call("Encrypt", { KeyId: ordinary, Plaintext });
    await service.close();
  });

  it("are asked for with members that go together", async () => {
    const { call } = await newService();
    const CustomKeyStoreId = await connectedStore(call, settings);
    const XksKeyId = KEY_ID;
    const Origin = "EXTERNAL_KEY_STORE";
    const REFUSED: readonly (readonly [input: object, name: string, text: string])[] = [
      [{ Origin, XksKeyId }, "ValidationException", "CustomKeyStoreId is required"],
      [{ Origin, CustomKeyStoreId }, "ValidationException", "XksKeyId is required"],
      [{ CustomKeyStoreId }, "ValidationException", "CustomKeyStoreId is not valid for the Origin AWS_KMS."],
      [{ XksKeyId }, "ValidationException", "XksKeyId is not valid for the Origin AWS_KMS."],
      [{ Origin: "AWS_CLOUDHSM" }, "ValidationException", "CustomKeyStoreId is required"],
      [{ Origin: "AWS_CLOUDHSM", CustomKeyStoreId: "cks-1" }, "CustomKeyStoreNotFoundException", "cks-1"],
      [{ Origin: "AWS_CLOUDHSM", CustomKeyStoreId }, "ValidationException", "is not of the type AWS_CLOUDHSM"],
      [{ Origin, XksKeyId, CustomKeyStoreId: "cks-1" }, "CustomKeyStoreNotFoundException", "cks-1"],
      [
        { Origin, XksKeyId, CustomKeyStoreId, KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" },
        "UnsupportedOperationException",
        "KeySpec HMAC_256 is not supported in custom key stores.",
      ],
      [
        { Origin, XksKeyId, CustomKeyStoreId, MultiRegion: true },
        "UnsupportedOperationException",
        "Multi-Region keys are not supported in custom key stores.",
      ],
    ];
    for (const [input, name, text] of REFUSED) {
      expect(await failureOf(call("CreateKey", input))).toEqual({ name, message: expect.stringContaining(text) });
    }
    expect((await failureOf(call("CreateKey", { Origin, CustomKeyStoreId, XksKeyId: "a/b" }))).name).toBe(
      "ValidationException",
    );
  });
});
