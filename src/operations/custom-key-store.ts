/**
 * The operations that make, show, change and delete custom key stores. Source: AWS KMS API reference. Passwords and
 * credentials never appear in a message. A proxy is asked before the transaction that writes what it was asked for.
 */
import { KmsError } from "../errors.ts";
import { cutPage, pageMembers, readMarker } from "../model/pages.ts";
import { boolean, cloudHsmClusterId, customKeyStoreId, limit, marker, timestamp } from "../model/scalars.ts";
import { enumeration, list, required, type StringShape, struct, type ValueOf } from "../model/shape.ts";
import type { CustomKeyStore } from "../stores/custom-key-store.ts";
import { STORE_ID, storeNotFound } from "../stores/custom-key-stores.ts";
import { storeRefusal } from "../stores/xks-failure.ts";
import { changedStore, checkChange, checkNewStore, newProxyOf, secretOf } from "./key-store-settings.ts";
import { operation } from "./operation.ts";

const storeName: StringShape = { kind: "string", minLength: 1, maxLength: 256 };
const trustAnchorCertificate: StringShape = { kind: "string", minLength: 1, maxLength: 5000 };
const storePassword: StringShape = { kind: "string", minLength: 7, maxLength: 32, sensitive: true };
const storeType = enumeration("AWS_CLOUDHSM", "EXTERNAL_KEY_STORE");
const accessKeyId: StringShape = {
  kind: "string",
  minLength: 20,
  maxLength: 30,
  pattern: { text: "^[A-Z2-7]+$", matches: /^[A-Z2-7]+$/ },
  sensitive: true,
};
const rawSecretAccessKey: StringShape = {
  kind: "string",
  minLength: 43,
  maxLength: 64,
  pattern: { text: "^[a-zA-Z0-9\\/+=]+$", matches: /^[a-zA-Z0-9/+=]+$/ },
  sensitive: true,
};
const uriEndpoint: StringShape = {
  kind: "string",
  minLength: 10,
  maxLength: 128,
  pattern: { text: "^https://[a-zA-Z0-9.-]+$", matches: /^https:\/\/[a-zA-Z0-9.-]+$/ },
};
const uriPath: StringShape = {
  kind: "string",
  minLength: 10,
  maxLength: 128,
  pattern: {
    text: "^(/[a-zA-Z0-9\\/_-]+/kms/xks/v\\d{1,2})$|^(/kms/xks/v\\d{1,2})$",
    matches: /^(?:\/[a-zA-Z0-9/_-]+)?\/kms\/xks\/v\d{1,2}$/,
  },
};
const endpointServiceName: StringShape = {
  kind: "string",
  minLength: 20,
  maxLength: 64,
  pattern: {
    text: "^(com|eu)\\.amazonaws\\.vpce\\.([a-z]+-){2,3}\\d+\\.vpce-svc-[0-9a-z]+$",
    matches: /^(?:com|eu)\.amazonaws\.vpce\.(?:[a-z]+-){2,3}\d+\.vpce-svc-[0-9a-z]+$/,
  },
};
const endpointServiceOwner: StringShape = {
  kind: "string",
  minLength: 12,
  maxLength: 12,
  pattern: { text: "[0-9]{12}", matches: /^[0-9]{12}$/ },
};
const connectivity = enumeration("PUBLIC_ENDPOINT", "VPC_ENDPOINT_SERVICE");

/** What a store's creation and its update have in common. */
const settings = {
  CloudHsmClusterId: cloudHsmClusterId,
  KeyStorePassword: storePassword,
  XksProxyUriEndpoint: uriEndpoint,
  XksProxyUriPath: uriPath,
  XksProxyVpcEndpointServiceName: endpointServiceName,
  XksProxyVpcEndpointServiceOwner: endpointServiceOwner,
  XksProxyAuthenticationCredential: struct({
    AccessKeyId: required(accessKeyId),
    RawSecretAccessKey: required(rawSecretAccessKey),
  }),
  XksProxyConnectivity: connectivity,
} as const;

const DEFAULT_STORES_PER_PAGE = 100;

export const createCustomKeyStore = operation({
  name: "CreateCustomKeyStore",
  input: struct({
    CustomKeyStoreName: required(storeName),
    TrustAnchorCertificate: trustAnchorCertificate,
    CustomKeyStoreType: storeType,
    ...settings,
  }),
  output: struct({ CustomKeyStoreId: customKeyStoreId }),
  action: "kms:CreateCustomKeyStore",
  targets: {},
  validate: checkNewStore,
  effect: "write",
  preparation: {
    async prepare(input, { customKeyStores, xks }, { caller, read }) {
      const proxy = newProxyOf(input);
      try {
        await read((tx) => customKeyStores.checkFree(tx, undefined, { ...proxy, name: input.CustomKeyStoreName }));
        await xks.checkHealth(proxy, { caller, operation: "CreateCustomKeyStore" });
      } catch (error) {
        proxy.secret.wipe();
        throw storeRefusal(error);
      }
      return proxy;
    },
    dispose: ({ secret }) => secret.wipe(),
  },
  async handle({ input, services, tx, prepared }) {
    const { id } = await services.customKeyStores.create(tx, { ...prepared, name: input.CustomKeyStoreName });
    return { CustomKeyStoreId: id };
  },
});

const storesListEntry = struct({
  CustomKeyStoreId: customKeyStoreId,
  CustomKeyStoreName: storeName,
  CloudHsmClusterId: cloudHsmClusterId,
  TrustAnchorCertificate: trustAnchorCertificate,
  ConnectionState: enumeration("CONNECTED", "CONNECTING", "FAILED", "DISCONNECTED", "DISCONNECTING"),
  ConnectionErrorCode: enumeration(
    "INVALID_CREDENTIALS",
    "CLUSTER_NOT_FOUND",
    "NETWORK_ERRORS",
    "INTERNAL_ERROR",
    "INSUFFICIENT_CLOUDHSM_HSMS",
    "USER_LOCKED_OUT",
    "USER_NOT_FOUND",
    "USER_LOGGED_IN",
    "SUBNET_NOT_FOUND",
    "INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET",
    "XKS_PROXY_ACCESS_DENIED",
    "XKS_PROXY_NOT_REACHABLE",
    "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND",
    "XKS_PROXY_INVALID_RESPONSE",
    "XKS_PROXY_INVALID_CONFIGURATION",
    "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION",
    "XKS_PROXY_TIMED_OUT",
    "XKS_PROXY_INVALID_TLS_CONFIGURATION",
  ),
  CreationDate: timestamp,
  CustomKeyStoreType: storeType,
  XksProxyConfiguration: struct({
    Connectivity: connectivity,
    AccessKeyId: accessKeyId,
    UriEndpoint: uriEndpoint,
    UriPath: uriPath,
    VpcEndpointServiceName: endpointServiceName,
    VpcEndpointServiceOwner: endpointServiceOwner,
  }),
});

export const describeCustomKeyStores = operation({
  name: "DescribeCustomKeyStores",
  input: struct({ CustomKeyStoreId: customKeyStoreId, CustomKeyStoreName: storeName, Limit: limit, Marker: marker }),
  output: struct({ CustomKeyStores: list(storesListEntry), NextMarker: marker, Truncated: boolean }),
  action: "kms:DescribeCustomKeyStores",
  targets: {},
  validate({ CustomKeyStoreId, CustomKeyStoreName }) {
    if (CustomKeyStoreId === undefined || CustomKeyStoreName === undefined) return;
    throw new KmsError(
      "ValidationException",
      "Please specify either CustomKeyStoreId or CustomKeyStoreName, not both.",
    );
  },
  effect: "read",
  async handle({ input, services, tx }) {
    const { CustomKeyStoreId: id, CustomKeyStoreName: name } = input;
    const after = readMarker(input.Marker, (text) => STORE_ID.test(text));
    const stores = await services.customKeyStores.list(tx);
    const wanted = stores.filter((store) => (id ?? store.id) === store.id && (name ?? store.name) === store.name);
    if (wanted.length === 0 && (id ?? name) !== undefined) throw storeNotFound((id ?? name)!);
    // A store that was deleted since the last page has left nothing to go on from; the listing starts anew.
    const rest = wanted.slice(wanted.findIndex((store) => store.id === after) + 1);
    const page = cutPage(rest, input.Limit ?? DEFAULT_STORES_PER_PAGE, (store) => store.id);
    return { CustomKeyStores: page.items.map(describeStore), ...pageMembers(page.nextMarker) };
  },
});

export const updateCustomKeyStore = operation({
  name: "UpdateCustomKeyStore",
  input: struct({ CustomKeyStoreId: required(customKeyStoreId), NewCustomKeyStoreName: storeName, ...settings }),
  output: struct({}),
  action: "kms:UpdateCustomKeyStore",
  targets: {},
  effect: "write",
  preparation: {
    async prepare(input, { customKeyStores, xks }, { caller, read }) {
      const secret = secretOf(input);
      try {
        return await read(async (tx) => {
          const store = await customKeyStores.get(tx, input.CustomKeyStoreId);
          checkChange(input, store);
          const changed = changedStore(input, store, secret);
          await customKeyStores.checkFree(tx, store.id, changed);
          if (changesProxy(input)) await xks.checkHealth(changed, { caller, operation: "UpdateCustomKeyStore" });
          return { secret, checked: proxyName(changed) };
        });
      } catch (error) {
        secret?.wipe();
        throw storeRefusal(error);
      }
    },
    dispose: ({ secret }) => secret?.wipe(),
  },
  async handle({ input, services: { customKeyStores }, tx, prepared: { secret, checked } }) {
    const store = await customKeyStores.get(tx, input.CustomKeyStoreId);
    checkChange(input, store);
    const changed = changedStore(input, store, secret);
    if (changesProxy(input) && proxyName(changed) !== checked) throw changedMeanwhile(store.id);
    await customKeyStores.update(tx, store, changed);
    return {};
  },
});

function describeStore(store: CustomKeyStore): ValueOf<typeof storesListEntry> {
  const { id, name, createdAtMs, connection, connectionError, accessKeyId, uriEndpoint, uriPath } = store;
  return {
    CustomKeyStoreId: id,
    CustomKeyStoreName: name,
    ConnectionState: connection,
    ...(connectionError && { ConnectionErrorCode: connectionError }),
    CreationDate: new Date(createdAtMs),
    CustomKeyStoreType: "EXTERNAL_KEY_STORE",
    XksProxyConfiguration: {
      Connectivity: "PUBLIC_ENDPOINT",
      AccessKeyId: accessKeyId,
      UriEndpoint: uriEndpoint,
      UriPath: uriPath,
    },
  };
}

/** Whether the proxy has to prove once more that it can be used. */
function changesProxy(input: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(input).some((member) => member.startsWith("XksProxy") && input[member] !== undefined);
}

/** All that a call to the proxy depends on, but the secret. */
function proxyName({ uriEndpoint, uriPath, accessKeyId }: CustomKeyStore): string {
  return `${accessKeyId}@${uriEndpoint}${uriPath}`;
}

/** Two changes at a time: what the proxy was asked about is not what would be stored. */
function changedMeanwhile(id: string): KmsError {
  return new KmsError(
    "CustomKeyStoreInvalidStateException",
    `The custom key store ${id} was changed by another request at the same time. Look at it, and try again.`,
  );
}
