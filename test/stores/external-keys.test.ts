/** Keys in an external key store, with the example's proxy in a process of its own. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Call, failureOf, type Output } from "../operations/service.ts";
import {
  connectedStore,
  KEY_ID,
  keyRequest,
  makeProxyFiles,
  type ProxyFiles,
  type RunningProxy,
  type StoreService,
  startProxy,
  startStoreService,
} from "./proxies.ts";

const Plaintext = new TextEncoder().encode("attack at dawn");
const EncryptionContext = { team: "red", "": "" };

let files: ProxyFiles;
let proxy: RunningProxy;
let started: StoreService;
let call: Call;
let storeId: string;
let key: Output;

beforeAll(async () => {
  files = makeProxyFiles();
  for (let i = 2; i <= 9; i++) {
    files.settings.keys[`external-key-${i}`] = { enabled: true, versions: [randomBytes(32).toString("base64")] };
  }
  files.change(() => {});
  proxy = await startProxy(files);
  started = await startStoreService({ "xks.example.com": proxy.port });
  call = started.call;
  storeId = await connectedStore(call, files.settings);
  key = (await call("CreateKey", keyRequest(storeId))).KeyMetadata;
});

afterAll(async () => {
  await started.service.close();
  await proxy.stop();
});

describe("a key in an external key store", () => {
  it("is described with its place", async () => {
    const { KeyMetadata } = await call("DescribeKey", { KeyId: key.KeyId });
    expect(KeyMetadata).toEqual(key);
    expect(KeyMetadata).toMatchObject({
      Origin: "EXTERNAL_KEY_STORE",
      CustomKeyStoreId: storeId,
      XksKeyConfiguration: { Id: KEY_ID },
      KeySpec: "SYMMETRIC_DEFAULT",
      KeyState: "Enabled",
      Enabled: true,
      MultiRegion: false,
    });
    expect(KeyMetadata).not.toHaveProperty("CurrentKeyMaterialId");
  });

  it("opens what it has encrypted, with the same context", async () => {
    const sealed = await call("Encrypt", { KeyId: key.KeyId, Plaintext, EncryptionContext });
    expect(sealed.KeyId).toBe(key.Arn);
    const opened = await call("Decrypt", { CiphertextBlob: sealed.CiphertextBlob, EncryptionContext });
    expect(opened.Plaintext).toEqual(Plaintext);
    expect(opened.KeyId).toBe(key.Arn);
    for (const other of [undefined, { team: "blue", "": "" }, { team: "red" }]) {
      const input = { CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: other };
      expect((await failureOf(call("Decrypt", input))).name).toBe("InvalidCiphertextException");
    }
  });

  it("takes the longest plaintext and the longest context", async () => {
    const longest = new Uint8Array(randomBytes(4096));
    const context = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`k${i}`, "v".repeat(1000)]));
    const sealed = await call("Encrypt", { KeyId: key.KeyId, Plaintext: longest, EncryptionContext: context });
    expect(sealed.CiphertextBlob.length).toBeLessThanOrEqual(6144);
    const opened = await call("Decrypt", { ...sealed, EncryptionContext: context, EncryptionAlgorithm: undefined });
    expect(opened.Plaintext).toEqual(longest);
  });

  it.each(["GenerateDataKey", "GenerateDataKeyWithoutPlaintext"])("seals data keys: %s", async (operation) => {
    const made = await call(operation, { KeyId: key.KeyId, KeySpec: "AES_256", EncryptionContext });
    expect(made).not.toHaveProperty("KeyMaterialId", expect.any(String));
    const opened = await call("Decrypt", { CiphertextBlob: made.CiphertextBlob, EncryptionContext });
    expect(opened.Plaintext).toHaveLength(32);
    if (made.Plaintext !== undefined) expect(opened.Plaintext).toEqual(made.Plaintext);
  });

  it.each(["GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"])("seals key pairs: %s", async (operation) => {
    const made = await call(operation, { KeyId: key.KeyId, KeyPairSpec: "ECC_NIST_P256" });
    const opened = await call("Decrypt", { CiphertextBlob: made.PrivateKeyCiphertextBlob });
    if (made.PrivateKeyPlaintext !== undefined) expect(opened.Plaintext).toEqual(made.PrivateKeyPlaintext);
    else expect(opened.Plaintext.length).toBeGreaterThan(100);
  });

  it("is either side of a ReEncrypt", async () => {
    const ordinary = (await call("CreateKey", {})).KeyMetadata.KeyId;
    const first = await call("Encrypt", { KeyId: ordinary, Plaintext });
    const inside = await call("ReEncrypt", { CiphertextBlob: first.CiphertextBlob, DestinationKeyId: key.KeyId });
    expect(inside.KeyId).toBe(key.Arn);
    expect(inside.SourceKeyMaterialId).toMatch(/^[0-9a-f]{64}$/);
    const again = await call("ReEncrypt", { CiphertextBlob: inside.CiphertextBlob, DestinationKeyId: key.KeyId });
    const outside = await call("ReEncrypt", { CiphertextBlob: again.CiphertextBlob, DestinationKeyId: ordinary });
    expect((await call("Decrypt", { CiphertextBlob: outside.CiphertextBlob })).Plaintext).toEqual(Plaintext);
  });

  it("has its external key for itself, until it is deleted", async () => {
    const failure = await failureOf(call("CreateKey", keyRequest(storeId)));
    expect(failure.name).toBe("XksKeyAlreadyInUseException");
    expect(failure.message).toContain("already associated with another KMS key in this external key store");
  });

  it("is refused what only keys of this service can do", async () => {
    const ROTATIONS = ["EnableKeyRotation", "DisableKeyRotation", "GetKeyRotationStatus", "RotateKeyOnDemand"];
    for (const operation of [...ROTATIONS, "DeleteImportedKeyMaterial"]) {
      expect(await failureOf(call(operation, { KeyId: key.KeyId }))).toEqual({
        name: "UnsupportedOperationException",
        message: `${key.Arn} origin is EXTERNAL_KEY_STORE which is not valid for this operation.`,
      });
    }
  });

  it("can be named by a policy's condition on its origin", async () => {
    const Condition = { StringEquals: { "kms:KeyOrigin": "EXTERNAL_KEY_STORE" } };
    const allow = { Effect: "Allow", Action: ["kms:Encrypt", "kms:DescribeKey"], Resource: "*", Condition };
    const policy = JSON.stringify({ Version: "2012-10-17", Statement: allow });
    const arn = "arn:aws:iam::111122223333:user/alice";
    const user = started.service.as({ type: "user", arn, identityPolicies: [policy] });
    await user.execute("Encrypt", { KeyId: key.KeyId, Plaintext });
    const ordinary = (await call("CreateKey", {})).KeyMetadata.KeyId;
    const failure = await failureOf(user.execute("Encrypt", { KeyId: ordinary, Plaintext }));
    expect(failure.name).toBe("AccessDeniedException");
  });

  it("is not found by the proxy, or is disabled there: no key is made", async () => {
    expect(await failureOf(call("CreateKey", keyRequest(storeId, "no-such-key")))).toMatchObject({
      name: "XksKeyNotFoundException",
      message: expect.stringContaining("was not found in its external key manager"),
    });
    files.change(({ keys }) => {
      keys["external-key-2"]!.enabled = false;
    });
    expect(await failureOf(call("CreateKey", keyRequest(storeId, "external-key-2")))).toMatchObject({
      name: "XksKeyInvalidConfigurationException",
    });
  });
});

describe("the proxy", () => {
  it("can disable a key, and enable it again", async () => {
    const { CiphertextBlob } = await call("Encrypt", { KeyId: key.KeyId, Plaintext });
    files.change(({ keys }) => {
      keys[KEY_ID]!.enabled = false;
    });
    for (const work of [call("Encrypt", { KeyId: key.KeyId, Plaintext }), call("Decrypt", { CiphertextBlob })]) {
      expect(await failureOf(work)).toEqual({
        name: "KMSInvalidStateException",
        message:
          "The external key associated with this KMS key in an external key store is not enabled in the external key " +
          "manager. Enable the external key in the external key manager and retry the request.",
      });
    }
    files.change(({ keys }) => {
      keys[KEY_ID]!.enabled = true;
    });
    expect((await call("Decrypt", { CiphertextBlob })).Plaintext).toEqual(Plaintext);
  });

  it("can give a key a new version, and the old one still opens", async () => {
    const { CiphertextBlob } = await call("Encrypt", { KeyId: key.KeyId, Plaintext });
    files.change(({ keys }) => keys[KEY_ID]!.versions.push(randomBytes(32).toString("base64")));
    const newer = await call("Encrypt", { KeyId: key.KeyId, Plaintext });
    for (const blob of [CiphertextBlob, newer.CiphertextBlob]) {
      expect((await call("Decrypt", { CiphertextBlob: blob })).Plaintext).toEqual(Plaintext);
    }
  });

  it("can be restarted, and is unreachable meanwhile", async () => {
    const { CiphertextBlob } = await call("Encrypt", { KeyId: key.KeyId, Plaintext });
    await proxy.stop();
    expect(await failureOf(call("Decrypt", { CiphertextBlob }))).toMatchObject({
      name: "KMSInvalidStateException",
      message: expect.stringContaining("AWS KMS cannot communicate with the external key store proxy."),
    });
    proxy = await startProxy(files, proxy.port);
    expect((await call("Decrypt", { CiphertextBlob })).Plaintext).toEqual(Plaintext);
  });

  it("changes its credential, which UpdateCustomKeyStore follows without a disconnection", async () => {
    const { CiphertextBlob } = await call("Encrypt", { KeyId: key.KeyId, Plaintext });
    const [[oldId, oldSecret]] = Object.entries(files.settings.accessKeys) as [[string, string]];
    const [newId, newSecret] = ["NEWACCESSKEYOFTHISTEST", randomBytes(32).toString("base64")];
    const XksProxyAuthenticationCredential = { AccessKeyId: newId, RawSecretAccessKey: newSecret };
    const update = () => call("UpdateCustomKeyStore", { CustomKeyStoreId: storeId, XksProxyAuthenticationCredential });
    // The proxy does not know it yet: nothing changes.
    expect(await failureOf(update())).toEqual({
      name: "XksProxyIncorrectAuthenticationCredentialException",
      message:
        "The external key store proxy rejected the request because it could not authenticate AWS KMS. Verify the XKS " +
        "proxy authentication credentials for your external key store and update if necessary.",
    });
    expect((await call("Decrypt", { CiphertextBlob })).Plaintext).toEqual(Plaintext);
    files.change((settings) => {
      settings.accessKeys = { [oldId]: oldSecret, [newId]: newSecret };
    });
    await update();
    files.change((settings) => {
      settings.accessKeys = { [newId]: newSecret };
    });
    expect((await call("Decrypt", { CiphertextBlob })).Plaintext).toEqual(Plaintext);
    const { CustomKeyStores } = await call("DescribeCustomKeyStores", { CustomKeyStoreId: storeId });
    expect(CustomKeyStores[0].XksProxyConfiguration.AccessKeyId).toBe(newId);
    // The same id with another secret, which the proxy refuses from now on.
    files.change((settings) => {
      settings.accessKeys = { [newId]: randomBytes(32).toString("base64") };
    });
    expect(await failureOf(call("Decrypt", { CiphertextBlob }))).toMatchObject({
      name: "KMSInvalidStateException",
      message: expect.stringContaining("it could not authenticate AWS KMS"),
    });
    files.change((settings) => {
      settings.accessKeys = { [newId]: newSecret };
    });
  });
});
