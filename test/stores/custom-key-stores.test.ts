/** Custom key stores: their operations, their states, and what nobody may see of them. */
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditTo, memoryKeystore } from "../../src/index.ts";
import { type Call, failureOf, unclosable } from "../operations/service.ts";
import {
  callOf,
  connectedStore,
  ENDPOINT,
  HOST,
  type KeyFile,
  keyRequest,
  makeProxyFiles,
  type ProxyFiles,
  type RunningProxy,
  startProxy,
  startStoreService,
  storeRequest,
} from "./proxies.ts";

let files: ProxyFiles;
let settings: KeyFile;
let proxy: RunningProxy;
const opened: (() => Promise<void>)[] = [];

beforeAll(async () => {
  files = makeProxyFiles();
  settings = files.settings;
  proxy = await startProxy(files);
});

afterAll(async () => {
  await Promise.all(opened.map((close) => close()));
  await proxy.stop();
});

/** Another secret of the same form. */
function changedSecret(secret: string): string {
  return `${secret.startsWith("A") ? "B" : "A"}${secret.slice(1)}`;
}

/** A service with nothing in it, whose clock the test moves. */
async function newService(keystore = memoryKeystore()) {
  let nowMs = Date.now();
  const { service, call } = await startStoreService(
    { [HOST]: proxy.port, "two.example.com": proxy.port },
    { keystore: unclosable(keystore), clock: { nowMs: () => nowMs } },
  );
  opened.push(() => service.close());
  const advance = (ms: number) => {
    nowMs += ms;
  };
  return { service, call, keystore, advance };
}

const describeStores = async (call: Call, input: object = {}) =>
  (await call("DescribeCustomKeyStores", input)).CustomKeyStores;
const stateOf = async (call: Call, CustomKeyStoreId: string) =>
  (await describeStores(call, { CustomKeyStoreId }))[0].ConnectionState;

describe("an external key store", () => {
  it("is made disconnected, and shown without its secret", async () => {
    const { call } = await newService();
    const { CustomKeyStoreId } = await call("CreateCustomKeyStore", storeRequest(settings));
    expect(CustomKeyStoreId).toMatch(/^cks-[0-9a-f]{17}$/);
    const [AccessKeyId] = Object.keys(settings.accessKeys);
    const expected = {
      CustomKeyStoreId,
      CustomKeyStoreName: "store",
      CustomKeyStoreType: "EXTERNAL_KEY_STORE",
      ConnectionState: "DISCONNECTED",
      CreationDate: expect.any(Date),
      XksProxyConfiguration: {
        Connectivity: "PUBLIC_ENDPOINT",
        AccessKeyId,
        UriEndpoint: ENDPOINT,
        UriPath: settings.uriPath,
      },
    };
    expect(await describeStores(call)).toEqual([expected]);
    expect(await describeStores(call, { CustomKeyStoreName: "store" })).toEqual([expected]);
  });

  it("goes through its states", async () => {
    const { call } = await newService();
    const { CustomKeyStoreId } = await call("CreateCustomKeyStore", storeRequest(settings));
    const byId = { CustomKeyStoreId };
    const refused = async (operation: string, text: string) =>
      expect(await failureOf(call(operation, byId))).toEqual({
        name: "CustomKeyStoreInvalidStateException",
        message: expect.stringContaining(text),
      });
    await refused("DisconnectCustomKeyStore", "is DISCONNECTED. It is disconnected already.");
    expect((await failureOf(call("CreateKey", keyRequest(CustomKeyStoreId)))).name).toBe(
      "CustomKeyStoreInvalidStateException",
    );
    expect(await call("ConnectCustomKeyStore", byId)).toEqual({});
    expect(await stateOf(call, CustomKeyStoreId)).toBe("CONNECTED");
    await call("ConnectCustomKeyStore", byId);
    await refused("DeleteCustomKeyStore", "Disconnect it with DisconnectCustomKeyStore before you delete it.");
    expect(await call("DisconnectCustomKeyStore", byId)).toEqual({});
    expect(await call("DeleteCustomKeyStore", byId)).toEqual({});
    expect(await describeStores(call)).toEqual([]);
    for (const operation of ["ConnectCustomKeyStore", "DisconnectCustomKeyStore", "DeleteCustomKeyStore"]) {
      expect((await failureOf(call(operation, byId))).name).toBe("CustomKeyStoreNotFoundException");
    }
    // All that it had is free again.
    await call("CreateCustomKeyStore", storeRequest(settings));
  });

  it("says why it could not be connected, until it is disconnected", async () => {
    const { call } = await newService();
    const { CustomKeyStoreId } = await call("CreateCustomKeyStore", storeRequest(settings));
    const [[id, secret]] = Object.entries(settings.accessKeys) as [[string, string]];
    const byId = { CustomKeyStoreId };
    const failing = async (change: (to: KeyFile) => void, code: string) => {
      const before = structuredClone(settings);
      files.change(change);
      expect(await call("ConnectCustomKeyStore", byId)).toEqual({});
      files.change((to) => void Object.assign(to, before));
      const [store] = await describeStores(call, byId);
      expect(store).toMatchObject({ ConnectionState: "FAILED", ConnectionErrorCode: code });
      expect((await failureOf(call("ConnectCustomKeyStore", byId))).name).toBe("CustomKeyStoreInvalidStateException");
      expect((await failureOf(call("DeleteCustomKeyStore", byId))).name).toBe("CustomKeyStoreInvalidStateException");
      await call("DisconnectCustomKeyStore", byId);
      expect((await describeStores(call, byId))[0]).not.toHaveProperty("ConnectionErrorCode");
    };
    await failing((to) => void (to.accessKeys = { [id]: changedSecret(secret) }), "INVALID_CREDENTIALS");
    await failing((to) => void (to.accessKeys = { ABCDEFGHIJKLMNOPQRST: secret }), "INVALID_CREDENTIALS");
    await failing((to) => void (to.uriPath = "/elsewhere/kms/xks/v1"), "XKS_PROXY_INVALID_CONFIGURATION");
    await proxy.stop();
    await call("ConnectCustomKeyStore", byId);
    proxy = await startProxy(files, proxy.port);
    expect((await describeStores(call, byId))[0]).toMatchObject({ ConnectionErrorCode: "XKS_PROXY_NOT_REACHABLE" });
    await call("DisconnectCustomKeyStore", byId);
    await call("ConnectCustomKeyStore", byId);
    expect(await stateOf(call, CustomKeyStoreId)).toBe("CONNECTED");
  });

  it("is not made where its proxy does not know the credential, the path or us", async () => {
    const { call } = await newService();
    const [[AccessKeyId, RawSecretAccessKey]] = Object.entries(settings.accessKeys) as [[string, string]];
    const asked = async (change: object) =>
      (await failureOf(call("CreateCustomKeyStore", storeRequest(settings, change)))).name;
    const wrong = { AccessKeyId, RawSecretAccessKey: changedSecret(RawSecretAccessKey) };
    expect(await asked({ XksProxyAuthenticationCredential: wrong })).toBe(
      "XksProxyIncorrectAuthenticationCredentialException",
    );
    expect(await asked({ XksProxyUriPath: "/no/kms/xks/v1" })).toBe("XksProxyInvalidConfigurationException");
    expect(await asked({ XksProxyUriEndpoint: "https://nobody.example.com" })).toBe("XksProxyUriUnreachableException");
    expect(await asked({ XksProxyUriEndpoint: "https://two.example.com" })).toBe("XksProxyUriUnreachableException");
    expect(await describeStores(call)).toEqual([]);
  });

  it.each([
    "127.0.0.1",
    "0x7f.1",
    "localhost",
    "xks",
    "169.254.169.254",
    "a..example.com",
    "-a.example.com",
    "xks.example.com.",
  ])("has a proxy with a name: %s is none", async (host) => {
    const { call } = await newService();
    const request = storeRequest(settings, { XksProxyUriEndpoint: `https://${host}` });
    expect(await failureOf(call("CreateCustomKeyStore", request))).toEqual({
      name: "XksProxyInvalidConfigurationException",
      message: expect.stringContaining("must be a fully qualified domain name"),
    });
  });

  it("takes no other endpoint than https, and no port", async () => {
    const { call } = await newService();
    for (const endpoint of [`http://${HOST}`, `${ENDPOINT}:8443`, `https://user@${HOST}`, `${ENDPOINT}/path`]) {
      const request = storeRequest(settings, { XksProxyUriEndpoint: endpoint });
      expect((await failureOf(call("CreateCustomKeyStore", request))).name).toBe("ValidationException");
    }
  });

  it("has a name and a proxy for itself", async () => {
    const { service, call } = await newService();
    await call("CreateCustomKeyStore", storeRequest(settings));
    const again = storeRequest(settings, { XksProxyUriPath: "/no/kms/xks/v1" });
    expect((await failureOf(call("CreateCustomKeyStore", again))).name).toBe("CustomKeyStoreNameInUseException");
    const upper = storeRequest(settings, { CustomKeyStoreName: "two", XksProxyUriEndpoint: "https://XKS.Example.com" });
    expect((await failureOf(call("CreateCustomKeyStore", upper))).name).toBe("XksProxyUriInUseException");
    const stranger = callOf(service.inRealm({ ...service.realm, accountId: "999999999999" }).as("root"));
    expect((await failureOf(stranger("CreateCustomKeyStore", storeRequest(settings)))).name).toBe(
      "XksProxyUriInUseException",
    );
    // In another Region it is free, and signed for that Region.
    const elsewhere = callOf(service.inRealm({ ...service.realm, region: "eu-west-1" }).as("root"));
    await elsewhere("CreateCustomKeyStore", storeRequest(settings));
  });

  it("is one of ten", async () => {
    const { call } = await newService();
    const paths = Array.from({ length: 11 }, (_, i) => `/p${i}/kms/xks/v1`);
    const home = settings.uriPath;
    const ids: string[] = [];
    let failure: { name: string } | undefined;
    for (const [i, path] of paths.entries()) {
      files.change((to) => void (to.uriPath = path));
      const work = call("CreateCustomKeyStore", storeRequest(settings, { CustomKeyStoreName: `s${i}` }));
      if (i < 10) ids.push((await work).CustomKeyStoreId);
      else failure = await failureOf(work);
    }
    files.change((to) => void (to.uriPath = home));
    expect(failure?.name).toBe("LimitExceededException");
    const first = await call("DescribeCustomKeyStores", { Limit: 4 });
    expect(first.Truncated).toBe(true);
    const second = await call("DescribeCustomKeyStores", { Limit: 7, Marker: first.NextMarker });
    expect(second.Truncated).toBe(false);
    const listed = [...first.CustomKeyStores, ...second.CustomKeyStores].map((store) => store.CustomKeyStoreId);
    expect(listed).toEqual(ids);
    expect((await failureOf(call("DescribeCustomKeyStores", { Marker: "eHh4" }))).name).toBe("InvalidMarkerException");
  });

  it("is changed while it is connected, but for its endpoint", async () => {
    const { call } = await newService();
    const CustomKeyStoreId = await connectedStore(call, settings);
    const update = (change: object) => call("UpdateCustomKeyStore", { CustomKeyStoreId, ...change });
    await update({ NewCustomKeyStoreName: "other" });
    expect((await describeStores(call))[0]).toMatchObject({
      CustomKeyStoreName: "other",
      ConnectionState: "CONNECTED",
    });
    expect((await failureOf(update({}))).name).toBe("ValidationException");
    expect((await failureOf(update({ KeyStorePassword: "password-of-a-store" }))).name).toBe("ValidationException");
    expect(await failureOf(update({ XksProxyUriEndpoint: "https://two.example.com" }))).toEqual({
      name: "CustomKeyStoreInvalidStateException",
      message: expect.stringContaining("disconnect it first"),
    });
    expect((await failureOf(update({ XksProxyUriPath: "/no/kms/xks/v1" }))).name).toBe(
      "XksProxyInvalidConfigurationException",
    );
    const vpc = { XksProxyVpcEndpointServiceName: "com.amazonaws.vpce.us-east-1.vpce-svc-example1" };
    expect((await failureOf(update(vpc))).name).toBe("XksProxyVpcEndpointServiceNotFoundException");
  });

  it("needs the members of its kind, and no others", async () => {
    const { call } = await newService();
    const request = storeRequest(settings);
    for (const member of Object.keys(request).filter((name) => name.startsWith("XksProxy"))) {
      const { [member]: _, ...rest } = request;
      expect(await failureOf(call("CreateCustomKeyStore", rest))).toEqual({
        name: "ValidationException",
        message: `${member} is required for a custom key store of type EXTERNAL_KEY_STORE.`,
      });
    }
    const foreign = { ...request, KeyStorePassword: "password-of-a-store" };
    expect((await failureOf(call("CreateCustomKeyStore", foreign))).name).toBe("ValidationException");
    const name = { XksProxyVpcEndpointServiceName: "com.amazonaws.vpce.us-east-1.vpce-svc-example1" };
    expect((await failureOf(call("CreateCustomKeyStore", { ...request, ...name }))).name).toBe("ValidationException");
    const vpc = { ...request, XksProxyConnectivity: "VPC_ENDPOINT_SERVICE" };
    expect((await failureOf(call("CreateCustomKeyStore", vpc))).name).toBe("ValidationException");
    expect(await failureOf(call("CreateCustomKeyStore", { ...vpc, ...name }))).toEqual({
      name: "XksProxyVpcEndpointServiceNotFoundException",
      message: expect.stringContaining("there is no Amazon VPC here"),
    });
  });

  it("makes no random bytes", async () => {
    const { call } = await newService();
    const CustomKeyStoreId = await connectedStore(call, settings);
    const asked = (id: string) => failureOf(call("GenerateRandom", { NumberOfBytes: 1, CustomKeyStoreId: id }));
    expect((await asked(CustomKeyStoreId)).name).toBe("UnsupportedOperationException");
    expect((await asked("cks-1")).name).toBe("CustomKeyStoreNotFoundException");
  });

  it("shows its secret to nobody: no record, event, answer or error", async () => {
    const lines: string[] = [];
    const keystore = memoryKeystore();
    const { service } = await startStoreService(
      { [HOST]: proxy.port },
      { keystore: unclosable(keystore), audit: auditTo(async (text) => void lines.push(text)) },
    );
    const call = callOf(service.as("root"));
    const CustomKeyStoreId = await connectedStore(call, settings);
    const answer = await call("DescribeCustomKeyStores", {});
    const failure = await call("CreateCustomKeyStore", storeRequest(settings)).catch((error: unknown) => error);
    await call("DisconnectCustomKeyStore", { CustomKeyStoreId });
    await service.close();
    const stored: string[] = [];
    for (const path of await keystore.list("", undefined, 1000)) {
      stored.push(path, Buffer.from((await keystore.get(path))!.value).toString("latin1"));
    }
    const [[accessKeyId, secret]] = Object.entries(settings.accessKeys) as [[string, string]];
    const seen = [...stored, ...lines, inspect([answer, failure], { depth: 12 })].join("\n");
    expect(lines.join("")).toContain("CreateCustomKeyStore");
    expect(seen).not.toContain(secret);
    expect([...stored, ...lines].join("\n")).not.toContain(accessKeyId);
  });
});
