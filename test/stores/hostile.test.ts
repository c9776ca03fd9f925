/** Proxies that look honest, and names that lead elsewhere. */
import { describe, expect, it } from "vitest";
import { failureOf } from "../operations/service.ts";
import { RecordedProxy, startWith } from "./recorded-proxy.ts";

const text = (value: string) => new TextEncoder().encode(value);

// What a proxy was once given to encrypt is in good order by itself.
describe("a proxy that answers a decryption with the inner blob of another message of the same key and context", () => {
  it("does not make the one message open as the other", async () => {
    const proxy = new RecordedProxy();
    const { kms, KeyId } = await startWith(proxy);
    const context = { EncryptionContext: { purpose: "payments" } };
    const encrypt = (value: string) => kms.execute("Encrypt", { KeyId, Plaintext: text(value), ...context });
    const { CiphertextBlob: ten } = await encrypt("pay 10 to A");
    const { CiphertextBlob: all } = await encrypt("pay 99 to B");
    const decrypt = (blob: Uint8Array) => kms.execute("Decrypt", { CiphertextBlob: blob, ...context });
    expect((await decrypt(ten!)).Plaintext).toEqual(text("pay 10 to A"));
    expect((await decrypt(all!)).Plaintext).toEqual(text("pay 99 to B"));
    proxy.lie = () => proxy.seen[1]!;
    expect((await decrypt(all!)).Plaintext).toEqual(text("pay 99 to B"));
    expect(await failureOf(decrypt(ten!))).toEqual({
      name: "KMSInvalidStateException",
      message:
        "The ciphertext that the external key store proxy submitted for decryption, or the encryption context, is " +
        "corrupted, missing, or otherwise invalid.",
    });
    await kms.close();
  });
});

describe("who has all that a proxy has seen", () => {
  it("cannot put a blob together that opens without the proxy", async () => {
    const proxy = new RecordedProxy();
    const { kms, KeyId } = await startWith(proxy);
    const { CiphertextBlob: blob } = await kms.execute("Encrypt", { KeyId, Plaintext: text("secret") });
    const asked = proxy.calls.length;
    // The head of the outer form with the suite of an inner one, then what the proxy was given.
    const bare = Buffer.concat([blob!.subarray(0, 67), proxy.seen[0]!]);
    bare[1] = 0x01;
    for (const input of [{ CiphertextBlob: bare }, { CiphertextBlob: bare, KeyId }]) {
      expect((await failureOf(kms.execute("Decrypt", input))).name).toBe("InvalidCiphertextException");
    }
    expect(proxy.calls.length).toBe(asked);
    expect((await kms.execute("Decrypt", { CiphertextBlob: blob! })).Plaintext).toEqual(text("secret"));
    await kms.close();
  });
});

describe("an external key id that is a step in a path", () => {
  it.each([".", ".."])("is refused, and nobody is asked: %s", async (XksKeyId) => {
    const proxy = new RecordedProxy();
    const { kms, CustomKeyStoreId } = await startWith(proxy);
    const asked = proxy.calls.length;
    expect(
      await failureOf(kms.execute("CreateKey", { Origin: "EXTERNAL_KEY_STORE", CustomKeyStoreId, XksKeyId })),
    ).toEqual({
      name: "ValidationException",
      message: `XksKeyId '${XksKeyId}' is a step in a path, so a proxy cannot be asked for a key of that name.`,
    });
    expect(proxy.calls.length).toBe(asked);
    await kms.close();
  });

  it("is not every id with dots", async () => {
    const proxy = new RecordedProxy();
    const { kms, CustomKeyStoreId } = await startWith(proxy);
    await kms.execute("CreateKey", { Origin: "EXTERNAL_KEY_STORE", CustomKeyStoreId, XksKeyId: "..." });
    expect(new URL(proxy.calls.at(-1)!.url).pathname).toBe("/kms/xks/v1/keys/.../metadata");
    await kms.close();
  });
});
