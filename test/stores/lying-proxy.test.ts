/** A proxy that fails and lies in a process of its own: whatever it does, the answer is the right one and nothing is lost. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { directedFetch } from "../../examples/xks-proxy/directed-fetch.mjs";
import { memoryKeystore } from "../../src/index.ts";
import { CERTIFICATE as OTHER_CERTIFICATE } from "../http/certificate.ts";
import { type Call, failureOf, unclosable } from "../operations/service.ts";
import { CERTIFICATE } from "./certificate.ts";
import {
  connectedStore,
  ENDPOINT,
  HOST,
  keyRequest,
  makeProxyFiles,
  type ProxyFiles,
  type RunningProxy,
  type StoreService,
  startFaultyProxy,
  startStoreService,
  storeRequest,
} from "./proxies.ts";

const Plaintext = new TextEncoder().encode("attack at dawn");
const UNCLEAR =
  "AWS KMS cannot interpret the response from the external key store proxy. If you see this error repeatedly, report it " +
  "to your external key store proxy administrator.";
const UNREACHABLE = "AWS KMS cannot communicate with the external key store proxy.";
const LATE = "AWS KMS rejected the request because the external key store proxy did not respond in time.";
const TIME_LIMIT_MS = 1000;

let files: ProxyFiles;
let proxy: RunningProxy;
let patient: StoreService;
let hasty: StoreService;
let call: Call;
let storeId: string;
let KeyId: string;
let CiphertextBlob: Uint8Array;
let setFault: (fault: string | { status: number; errorName: string }) => Promise<number>;

beforeAll(async () => {
  files = makeProxyFiles();
  for (let i = 2; i <= 30; i++) {
    files.settings.keys[`external-key-${i}`] = {
      enabled: true,
      versions: files.settings.keys["external-key-1"]!.versions,
    };
  }
  files.change(() => {});
  proxy = await startFaultyProxy(files);
  const fetch = directedFetch({ ca: CERTIFICATE, servers: { [HOST]: { host: "127.0.0.1", port: proxy.port } } });
  setFault = async (fault) => {
    const body = JSON.stringify(typeof fault === "string" ? { fault } : fault);
    const answer = await fetch(`${ENDPOINT}/fault`, { method: "POST", headers: {}, body });
    return ((await answer.json()) as { calls: number }).calls;
  };
  const keystore = memoryKeystore();
  patient = await startStoreService({ [HOST]: proxy.port }, { keystore: unclosable(keystore) });
  call = patient.call;
  storeId = await connectedStore(call, files.settings);
  KeyId = (await call("CreateKey", keyRequest(storeId))).KeyMetadata.KeyId;
  CiphertextBlob = (await call("Encrypt", { KeyId, Plaintext })).CiphertextBlob;
  const timeLimitMs = TIME_LIMIT_MS;
  hasty = await startStoreService({ [HOST]: proxy.port }, { keystore: unclosable(keystore), timeLimitMs });
});

afterAll(async () => {
  await Promise.all([patient.service.close(), hasty.service.close()]);
  await proxy.stop();
});

beforeEach(async () => void (await setFault("none")));

const encrypting = () => call("Encrypt", { KeyId, Plaintext });
const decrypting = () => call("Decrypt", { CiphertextBlob });
let fresh = 2;
const creatingKey = () => call("CreateKey", keyRequest(storeId, `external-key-${fresh++}`));
const OTHER_PATH = "/other/kms/xks/v1";
const creatingStore = () =>
  call("CreateCustomKeyStore", {
    ...storeRequest(files.settings),
    CustomKeyStoreName: "other",
    XksProxyUriPath: OTHER_PATH,
  });
const updatingStore = () =>
  call("UpdateCustomKeyStore", { CustomKeyStoreId: storeId, XksProxyUriPath: files.settings.uriPath });

describe("an answer that cannot be right", () => {
  const ANY = ["html", "empty", "no content", "redirect", "oversize", "name twice", "depth of a thousand"];
  ANY.push("bytes that are not UTF-8", "empty object", "list", "null");
  const ENCRYPT = ["short tag", "long tag", "no tag", "IV of 13 bytes", "empty IV", "metadata of 21 bytes"];
  ENCRYPT.push("metadata that is a number", "short ciphertext", "long ciphertext", "plaintext for ciphertext");
  ENCRYPT.push("ciphertext that is not base64", "changed ciphertext", "changed IV", "wrong integrity value");
  ENCRYPT.push("no integrity value");
  const unclear = { name: "KMSInvalidStateException", message: UNCLEAR };

  it.each([...ANY, ...ENCRYPT])("to Encrypt is refused: %s", async (fault) => {
    await setFault(fault);
    expect(await failureOf(encrypting())).toEqual(unclear);
    expect(await failureOf(call("GenerateDataKey", { KeyId, KeySpec: "AES_256" }))).toEqual(unclear);
  });

  it.each([...ANY, "short plaintext"])("to Decrypt is refused: %s", async (fault) => {
    await setFault(fault);
    expect(await failureOf(decrypting())).toEqual(unclear);
    await setFault("none");
    expect((await decrypting()).Plaintext).toEqual(Plaintext);
  });

  it.each(["changed plaintext", "changed end of the plaintext"])("of Decrypt opens nothing: %s", async (fault) => {
    await setFault(fault);
    expect(await failureOf(decrypting())).toEqual({
      name: "KMSInvalidStateException",
      message:
        "The ciphertext that the external key store proxy submitted for decryption, or the encryption context, is " +
        "corrupted, missing, or otherwise invalid.",
    });
  });

  it("of Decrypt cannot be that of another ciphertext", async () => {
    const other = (await call("Encrypt", { KeyId, Plaintext: Uint8Array.from(Plaintext).reverse() })).CiphertextBlob;
    await setFault("plaintext of the call before");
    await decrypting();
    const failure = await failureOf(call("Decrypt", { CiphertextBlob: other }));
    expect(failure.message).toContain("The ciphertext that the external key store proxy submitted for decryption");
  });

  it.each([...ANY, "key of eleven usages", "key of another status", "usage that is a number"])(
    "to CreateKey is refused: %s",
    async (fault) => {
      await setFault(fault);
      expect(await failureOf(creatingKey())).toEqual({ name: "CustomKeyStoreInvalidStateException", message: UNCLEAR });
    },
  );

  it.each(["AES-128 key", "key without DECRYPT", "key without usages"])("makes no key: %s", async (fault) => {
    await setFault(fault);
    expect(await failureOf(creatingKey())).toMatchObject({
      name: "XksKeyInvalidConfigurationException",
      message: expect.stringContaining(
        "must be an AES-256 symmetric key that is enabled and performs encryption and decryption.",
      ),
    });
  });

  const HEALTH = [...ANY, "no key managers", "eleven key managers", "unknown health", "fleet of no size"];
  it.each(HEALTH)("to CreateCustomKeyStore and UpdateCustomKeyStore is refused: %s", async (fault) => {
    await setFault(fault);
    const refused = { name: "XksProxyInvalidResponseException", message: UNCLEAR };
    expect(await failureOf(updatingStore())).toEqual(refused);
    files.change((settings) => void (settings.uriPath = OTHER_PATH));
    expect(await failureOf(creatingStore())).toEqual(refused);
    files.change((settings) => void (settings.uriPath = "/demo/kms/xks/v1"));
  });

  it("may say more than was asked, or that some of its key managers are unwell", async () => {
    await setFault("further members");
    await encrypting();
    expect((await decrypting()).Plaintext).toEqual(Plaintext);
    await updatingStore();
    await setFault("degraded key managers");
    await updatingStore();
  });
});

/** What each named error of a proxy comes to. */
const NAMED: readonly [name: string, status: number, newKey: string, store: string, text: string][] = [
  ["ValidationException", 400, "CustomKeyStoreInvalidStateException", "XksProxyInvalidResponseException", UNCLEAR],
  [
    "InvalidStateException",
    400,
    "XksKeyInvalidConfigurationException",
    "XksProxyInvalidConfigurationException",
    "is not enabled in the external key manager",
  ],
  [
    "InvalidCiphertextException",
    400,
    "CustomKeyStoreInvalidStateException",
    "XksProxyInvalidResponseException",
    "ciphertext or encryption context is corrupted",
  ],
  [
    "InvalidKeyUsageException",
    400,
    "XksKeyInvalidConfigurationException",
    "XksProxyInvalidResponseException",
    "does not support the requested operation. Enable the operation",
  ],
  [
    "AuthenticationFailedException",
    401,
    "CustomKeyStoreInvalidStateException",
    "XksProxyIncorrectAuthenticationCredentialException",
    "could not authenticate AWS KMS",
  ],
  [
    "AccessDeniedException",
    403,
    "KMSInvalidStateException",
    "XksProxyInvalidResponseException",
    "denied access to the operation",
  ],
  [
    "KeyNotFoundException",
    404,
    "XksKeyNotFoundException",
    "XksProxyInvalidResponseException",
    "was not found in its external key manager",
  ],
  [
    "InvalidUriPathException",
    404,
    "CustomKeyStoreInvalidStateException",
    "XksProxyInvalidConfigurationException",
    "because of an invalid URI path",
  ],
  [
    "ThrottlingException",
    429,
    "CustomKeyStoreInvalidStateException",
    "XksProxyUriUnreachableException",
    "due to a very high request rate",
  ],
  [
    "UnsupportedOperationException",
    501,
    "CustomKeyStoreInvalidStateException",
    "XksProxyInvalidResponseException",
    "it does not support the requested operation",
  ],
  [
    "DependencyTimeoutException",
    503,
    "CustomKeyStoreInvalidStateException",
    "XksProxyUriUnreachableException",
    "did not respond to the request in the time allotted",
  ],
  [
    "InternalException",
    500,
    "CustomKeyStoreInvalidStateException",
    "XksProxyInvalidResponseException",
    "cannot communicate with the external key manager",
  ],
  ["NobodyKnowsThisException", 400, "CustomKeyStoreInvalidStateException", "XksProxyInvalidResponseException", UNCLEAR],
  ["constructor", 400, "CustomKeyStoreInvalidStateException", "XksProxyInvalidResponseException", UNCLEAR],
];

describe("an error of the proxy", () => {
  it.each(NAMED)("is told in the words of KMS: %s", async (errorName, status, newKey, store, text) => {
    await setFault({ status, errorName });
    const message = expect.stringContaining(text);
    expect(await failureOf(encrypting())).toEqual({ name: "KMSInvalidStateException", message });
    expect(await failureOf(decrypting())).toEqual({ name: "KMSInvalidStateException", message });
    expect(await failureOf(creatingKey())).toEqual({ name: newKey, message });
    const refused = await failureOf(updatingStore());
    expect(refused).toEqual({ name: store, message });
    expect(refused.message).not.toContain("secret of the proxy");
  });

  it("with a status of success is no answer at all", async () => {
    await setFault({ status: 200, errorName: "KeyNotFoundException" });
    expect((await failureOf(decrypting())).message).toBe(UNCLEAR);
    await setFault({ status: 302, errorName: "KeyNotFoundException" });
    expect((await failureOf(decrypting())).message).toBe(UNCLEAR);
  });

  it("with all of its key managers unavailable is as if it were not there", async () => {
    await setFault("unavailable key managers");
    expect((await failureOf(updatingStore())).name).toBe("XksProxyUriUnreachableException");
  });
});

describe("a proxy that is slow or gone", () => {
  it.each(["never", "drop by drop"])("costs no more than the time limit: %s", async (fault) => {
    await setFault(fault);
    const startedMs = performance.now();
    expect(await failureOf(hasty.call("Decrypt", { CiphertextBlob }))).toMatchObject({
      name: "KMSInvalidStateException",
      message: expect.stringContaining(LATE),
    });
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(TIME_LIMIT_MS - 2);
    expect(await failureOf(hasty.call("CreateKey", keyRequest(storeId, "external-key-30")))).toMatchObject({
      name: "CustomKeyStoreInvalidStateException",
      message: expect.stringContaining(LATE),
    });
  });

  it("stops no other request meanwhile, not even a write", async () => {
    await setFault("never");
    const waiting = failureOf(hasty.call("Encrypt", { KeyId, Plaintext }));
    const order: string[] = [];
    const others = [hasty.call("CreateKey", {}), hasty.call("GenerateRandom", { NumberOfBytes: 1 })];
    await Promise.all([
      Promise.all(others).then(() => order.push("others")),
      waiting.then(() => order.push("waiting")),
    ]);
    expect(order).toEqual(["others", "waiting"]);
  });

  it.each(["hang up", "half an answer"])("is unreachable: %s", async (fault) => {
    await setFault(fault);
    expect(await failureOf(decrypting())).toMatchObject({
      name: "KMSInvalidStateException",
      message: expect.stringContaining(UNREACHABLE),
    });
  });
});

describe("what needs no proxy", () => {
  it("calls none: a dry run, and a ciphertext that is not of the key", async () => {
    const before = await setFault("none");
    for (const [operation, input] of [
      ["Encrypt", { KeyId, Plaintext }],
      ["Decrypt", { CiphertextBlob }],
      ["GenerateDataKey", { KeyId, KeySpec: "AES_256" }],
      ["GenerateDataKeyPair", { KeyId, KeyPairSpec: "ECC_NIST_P256" }],
      ["ReEncrypt", { CiphertextBlob, DestinationKeyId: KeyId }],
    ] as const) {
      expect((await failureOf(call(operation, { ...input, DryRun: true }))).name).toBe("DryRunOperationException");
    }
    for (let at = 0; at < CiphertextBlob.length; at++) {
      const changed = CiphertextBlob.slice();
      changed[at]! ^= 1 << (at % 8);
      for (const DryRun of [false, true]) {
        const failure = await failureOf(call("Decrypt", { CiphertextBlob: changed, DryRun }));
        expect(failure.name).toBe("InvalidCiphertextException");
      }
    }
    for (const change of [CiphertextBlob.subarray(0, -1), new Uint8Array([...CiphertextBlob, 0])]) {
      expect((await failureOf(call("Decrypt", { CiphertextBlob: change }))).name).toBe("InvalidCiphertextException");
    }
    const EncryptionContext = { other: "context" };
    const failure = await failureOf(call("Decrypt", { CiphertextBlob, EncryptionContext }));
    expect(failure.name).toBe("InvalidCiphertextException");
    expect(await setFault("none")).toBe(before);
  });
});

it("is known by a certificate that is trusted, and by its name", async () => {
  const servers = { [HOST]: { host: "127.0.0.1", port: proxy.port } };
  const externalKeyStores = { fetch: directedFetch({ ca: OTHER_CERTIFICATE, servers }), timeLimitMs: 10_000 };
  const distrustful = await startStoreService({}, { externalKeyStores });
  const wrongName = await startStoreService({ "other.example.com": proxy.port });
  const elsewhere = { XksProxyUriEndpoint: "https://other.example.com" };
  for (const [{ call: asked, service }, change] of [
    [distrustful, {}],
    [wrongName, elsewhere],
  ] as const) {
    expect(await failureOf(asked("CreateCustomKeyStore", storeRequest(files.settings, change)))).toEqual({
      name: "XksProxyUriUnreachableException",
      message:
        "AWS KMS cannot establish a TLS connection to the external key store proxy. Verify the TLS configuration, " +
        "including its certificate.",
    });
    await service.close();
  }
});
