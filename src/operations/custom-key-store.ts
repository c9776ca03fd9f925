/**
 * The operations on custom key stores. Source: AWS KMS API reference. None can be made yet, so none is found; passwords
 * and credentials never appear in a message.
 */
import { KmsError } from "../errors.ts";
import { readMarker } from "../model/pages.ts";
import { boolean, cloudHsmClusterId, customKeyStoreId, limit, marker, timestamp } from "../model/scalars.ts";
import { enumeration, list, required, type StringShape, struct } from "../model/shape.ts";
import { notSupported, operation } from "./operation.ts";

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
const byStoreId = struct({ CustomKeyStoreId: required(customKeyStoreId) });
const nothing = struct({});

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
  effect: "read",
  async handle() {
    throw notSupported("CreateCustomKeyStore");
  },
});

export const describeCustomKeyStores = operation({
  name: "DescribeCustomKeyStores",
  input: struct({ CustomKeyStoreId: customKeyStoreId, CustomKeyStoreName: storeName, Limit: limit, Marker: marker }),
  output: struct({
    CustomKeyStores: list(
      struct({
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
      }),
    ),
    NextMarker: marker,
    Truncated: boolean,
  }),
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
  async handle({ input }) {
    const wanted = input.CustomKeyStoreId ?? input.CustomKeyStoreName;
    if (wanted !== undefined) throw notFound(wanted);
    // No listing has ever returned a marker.
    readMarker(input.Marker, () => false);
    return { CustomKeyStores: [], Truncated: false };
  },
});

export const connectCustomKeyStore = operation({
  name: "ConnectCustomKeyStore",
  input: byStoreId,
  output: nothing,
  action: "kms:ConnectCustomKeyStore",
  targets: {},
  effect: "read",
  async handle({ input }) {
    throw notFound(input.CustomKeyStoreId);
  },
});

export const disconnectCustomKeyStore = operation({
  name: "DisconnectCustomKeyStore",
  input: byStoreId,
  output: nothing,
  action: "kms:DisconnectCustomKeyStore",
  targets: {},
  effect: "read",
  async handle({ input }) {
    throw notFound(input.CustomKeyStoreId);
  },
});

export const updateCustomKeyStore = operation({
  name: "UpdateCustomKeyStore",
  input: struct({ CustomKeyStoreId: required(customKeyStoreId), NewCustomKeyStoreName: storeName, ...settings }),
  output: nothing,
  action: "kms:UpdateCustomKeyStore",
  targets: {},
  effect: "read",
  async handle({ input }) {
    throw notFound(input.CustomKeyStoreId);
  },
});

export const deleteCustomKeyStore = operation({
  name: "DeleteCustomKeyStore",
  input: byStoreId,
  output: nothing,
  action: "kms:DeleteCustomKeyStore",
  targets: {},
  effect: "read",
  async handle({ input }) {
    throw notFound(input.CustomKeyStoreId);
  },
});

function notFound(store: string): KmsError {
  return new KmsError("CustomKeyStoreNotFoundException", `There is no custom key store '${store}'.`);
}
