/** A proxy in this process that keeps what it is sent, and may lie. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import type { Clock } from "../../src/env.ts";
import { createKms, type Kms, memoryKeystore, rootKeyFromBytes } from "../../src/index.ts";
import { ACCOUNT, REGION, ROOT_KEY } from "../operations/service.ts";

export const ACCESS_KEY_ID = "A".repeat(20);
export const SECRET = `${"s".repeat(40)}+/=`;
const KEY = randomBytes(32);
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const bytesOf = (text: string) => Buffer.from(text, "base64");
/** What a proxy was sent. */
export interface ProxyCall {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly redirect: string | undefined;
  readonly body: Buffer;
}

interface Body {
  readonly additionalAuthenticatedData: string;
  readonly plaintext: string;
  readonly ciphertext: string;
  readonly initializationVector: string;
  readonly authenticationTag: string;
}

/** A proxy over one AES-256 key, as `fetch`; `lie` may change what a decryption answers. */
export class RecordedProxy {
  /** What it was given to encrypt, in order. */
  readonly seen: Uint8Array[] = [];
  readonly calls: ProxyCall[] = [];
  /** What every answer waits for. */
  hold: Promise<void> | undefined;
  lie: (plaintext: Uint8Array) => Uint8Array = (plaintext) => plaintext;

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const bytes = Buffer.from(init.body as Uint8Array);
    const { method, headers, redirect } = init;
    this.calls.push({ url, method: method!, headers: headers as Record<string, string>, redirect, body: bytes });
    await this.hold;
    const body = JSON.parse(bytes.toString()) as Body;
    return Response.json(this.#answer(url.slice(url.lastIndexOf("/") + 1), body));
  };

  #answer(operation: string, body: Body): object {
    if (operation === "health") {
      const ekmFleetDetails = [{ id: "1", model: "test", healthStatus: "ACTIVE" }];
      return {
        xksProxyFleetSize: 1,
        xksProxyVendor: "test",
        xksProxyModel: "test",
        ekmVendor: "test",
        ekmFleetDetails,
      };
    }
    if (operation === "metadata") return { keySpec: "AES_256", keyUsage: ["ENCRYPT", "DECRYPT"], keyStatus: "ENABLED" };
    return operation === "encrypt" ? this.#encrypt(body) : this.#decrypt(body);
  }

  #encrypt({ plaintext, additionalAuthenticatedData }: Body): object {
    const [given, aad, iv] = [bytesOf(plaintext), bytesOf(additionalAuthenticatedData), randomBytes(12)];
    this.seen.push(given);
    const cipher = createCipheriv("aes-256-gcm", KEY, iv).setAAD(aad);
    const ciphertext = Buffer.concat([cipher.update(given), cipher.final()]);
    const tag = cipher.getAuthTag();
    const integrity = createHash("sha256").update(aad).update(iv).update(ciphertext).update(tag).digest();
    return {
      ciphertext: base64(ciphertext),
      initializationVector: base64(iv),
      authenticationTag: base64(tag),
      ciphertextDataIntegrityValue: base64(integrity),
    };
  }

  #decrypt(body: Body): object {
    const decipher = createDecipheriv("aes-256-gcm", KEY, bytesOf(body.initializationVector))
      .setAAD(bytesOf(body.additionalAuthenticatedData))
      .setAuthTag(bytesOf(body.authenticationTag));
    const plaintext = Buffer.concat([decipher.update(bytesOf(body.ciphertext)), decipher.final()]);
    return { plaintext: base64(this.lie(plaintext)) };
  }
}

/** A service with one key in an external key store, which is connected. */
export async function startWith(
  proxy: RecordedProxy,
  clock?: Clock,
): Promise<{ kms: Kms; KeyId: string; CustomKeyStoreId: string }> {
  const options = {
    keystore: memoryKeystore(),
    rootKey: rootKeyFromBytes(ROOT_KEY),
    region: REGION,
    accountId: ACCOUNT,
    ...(clock && { clock }),
    externalKeyStores: { fetch: proxy.fetch, timeLimitMs: 10_000 },
  };
  const kms = (await createKms(options)).as("root");
  const { CustomKeyStoreId } = await kms.execute("CreateCustomKeyStore", {
    CustomKeyStoreName: "external",
    CustomKeyStoreType: "EXTERNAL_KEY_STORE",
    XksProxyConnectivity: "PUBLIC_ENDPOINT",
    XksProxyUriEndpoint: "https://xks.example.com",
    XksProxyUriPath: "/kms/xks/v1",
    XksProxyAuthenticationCredential: { AccessKeyId: ACCESS_KEY_ID, RawSecretAccessKey: SECRET },
  });
  await kms.execute("ConnectCustomKeyStore", { CustomKeyStoreId: CustomKeyStoreId! });
  const made = await kms.execute("CreateKey", {
    Origin: "EXTERNAL_KEY_STORE",
    CustomKeyStoreId: CustomKeyStoreId!,
    XksKeyId: "key-1",
  });
  return { kms, KeyId: made.KeyMetadata!.KeyId, CustomKeyStoreId: CustomKeyStoreId! };
}
