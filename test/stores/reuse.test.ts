/** An external key after its KMS key is gone, and two changes of one store at the same time. */
import { expect, it } from "vitest";
import { DAY_MS, failureOf, START_MS } from "../operations/service.ts";
import { ACCESS_KEY_ID, RecordedProxy, SECRET, startWith } from "./recorded-proxy.ts";

it("an external key is free again when its KMS key is gone, and so is the store", async () => {
  let nowMs = START_MS;
  const { kms, KeyId, CustomKeyStoreId } = await startWith(new RecordedProxy(), { nowMs: () => nowMs });
  const newKey = () => kms.execute("CreateKey", { Origin: "EXTERNAL_KEY_STORE", CustomKeyStoreId, XksKeyId: "key-1" });
  const { CiphertextBlob } = await kms.execute("Encrypt", { KeyId, Plaintext: Uint8Array.of(1) });
  await kms.execute("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 });
  nowMs += 6 * DAY_MS;
  expect((await failureOf(newKey())).name).toBe("XksKeyAlreadyInUseException");
  nowMs += 2 * DAY_MS;
  const next = (await newKey()).KeyMetadata!.KeyId;
  // The same external key, and yet another key: what the first one sealed is gone.
  const decrypt = { CiphertextBlob: CiphertextBlob!, KeyId: next };
  expect((await failureOf(kms.execute("Decrypt", decrypt))).name).toBe("InvalidCiphertextException");
  await kms.execute("DisconnectCustomKeyStore", { CustomKeyStoreId });
  const remove = () => kms.execute("DeleteCustomKeyStore", { CustomKeyStoreId });
  expect((await failureOf(remove())).name).toBe("CustomKeyStoreHasCMKsException");
  await kms.execute("ScheduleKeyDeletion", { KeyId: next, PendingWindowInDays: 7 });
  nowMs += 8 * DAY_MS;
  await remove();
  expect((await kms.execute("DescribeCustomKeyStores", {})).CustomKeyStores).toEqual([]);
  await kms.close();
});

it("a store is not changed to what no proxy was asked about", async () => {
  const proxy = new RecordedProxy();
  const { kms, CustomKeyStoreId } = await startWith(proxy);
  let goOn = () => {};
  proxy.hold = new Promise((resolve) => {
    goOn = resolve;
  });
  const slow = failureOf(kms.execute("UpdateCustomKeyStore", { CustomKeyStoreId, XksProxyUriPath: "/a/kms/xks/v1" }));
  const asked = proxy.calls.length;
  while (proxy.calls.length === asked) await new Promise(setImmediate);
  proxy.hold = undefined;
  const XksProxyAuthenticationCredential = { AccessKeyId: ACCESS_KEY_ID.replace("A", "B"), RawSecretAccessKey: SECRET };
  await kms.execute("UpdateCustomKeyStore", { CustomKeyStoreId, XksProxyAuthenticationCredential });
  goOn();
  expect(await slow).toEqual({
    name: "CustomKeyStoreInvalidStateException",
    message: `The custom key store ${CustomKeyStoreId} was changed by another request at the same time. Look at it, and try again.`,
  });
  const { CustomKeyStores } = await kms.execute("DescribeCustomKeyStores", { CustomKeyStoreId });
  expect(CustomKeyStores![0]!.XksProxyConfiguration).toMatchObject({
    UriPath: "/kms/xks/v1",
    AccessKeyId: XksProxyAuthenticationCredential.AccessKeyId,
  });
  await kms.close();
});
