/**
 * What CreateCustomKeyStore and UpdateCustomKeyStore ask of their members. Source: AWS KMS API reference. There are no
 * CloudHSM clusters and no VPC endpoint services here, so none is found.
 */
import { Secret } from "../crypto/secret.ts";
import { KmsError } from "../errors.ts";
import { secretBytes } from "../secret-bytes.ts";
import type { CustomKeyStore } from "../stores/custom-key-store.ts";
import { hostOf, type XksProxy } from "../stores/xks-client.ts";

interface Settings {
  readonly CloudHsmClusterId?: string | undefined;
  readonly KeyStorePassword?: string | undefined;
  readonly XksProxyUriEndpoint?: string | undefined;
  readonly XksProxyUriPath?: string | undefined;
  readonly XksProxyVpcEndpointServiceName?: string | undefined;
  readonly XksProxyVpcEndpointServiceOwner?: string | undefined;
  readonly XksProxyAuthenticationCredential?:
    | { readonly AccessKeyId: string; readonly RawSecretAccessKey: string }
    | undefined;
  readonly XksProxyConnectivity?: "PUBLIC_ENDPOINT" | "VPC_ENDPOINT_SERVICE" | undefined;
}

interface NewStore extends Settings {
  readonly CustomKeyStoreType?: "AWS_CLOUDHSM" | "EXTERNAL_KEY_STORE" | undefined;
  readonly TrustAnchorCertificate?: string | undefined;
}

interface Change extends Settings {
  readonly NewCustomKeyStoreName?: string | undefined;
}

const OF_CLOUDHSM = ["CloudHsmClusterId", "KeyStorePassword", "TrustAnchorCertificate"] as const;
const OF_PROXY = [
  "XksProxyConnectivity",
  "XksProxyUriEndpoint",
  "XksProxyUriPath",
  "XksProxyAuthenticationCredential",
] as const;
const OF_VPC = ["XksProxyVpcEndpointServiceName", "XksProxyVpcEndpointServiceOwner"] as const;
/** A name with a dot whose last part is no number, as an address has one. Every part has 1 to 63 characters. */
const DOMAIN_NAME = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** @throws {KmsError} for members that make no store, before anything is asked */
export function checkNewStore(input: NewStore): void {
  const type = input.CustomKeyStoreType ?? "AWS_CLOUDHSM";
  const isExternal = type === "EXTERNAL_KEY_STORE";
  const needed = isExternal ? OF_PROXY : OF_CLOUDHSM;
  const foreign = isExternal ? OF_CLOUDHSM : [...OF_PROXY, ...OF_VPC];
  const missing = needed.find((member) => input[member] === undefined);
  if (missing !== undefined) throw invalid(`${missing} is required for a custom key store of type ${type}.`);
  refuseForeign(input, foreign, type);
  checkConnectivity(input);
}

/** Where a new external key store has its proxy; the caller wipes its secret. @throws {KmsError} for other stores */
export function newProxyOf(input: NewStore): XksProxy {
  if (input.CustomKeyStoreType !== "EXTERNAL_KEY_STORE") throw clusterNotFound();
  refuseVpc(input);
  const { XksProxyUriEndpoint: uriEndpoint, XksProxyUriPath: uriPath } = input;
  checkEndpoint(uriEndpoint!);
  const accessKeyId = input.XksProxyAuthenticationCredential!.AccessKeyId;
  return { uriEndpoint: uriEndpoint!, uriPath: uriPath!, accessKeyId, secret: secretOf(input)! };
}

/** The secret access key that a request brings, which the caller wipes. */
export function secretOf({ XksProxyAuthenticationCredential: credential }: Settings): Secret | undefined {
  if (credential === undefined) return undefined;
  // Printable ASCII: the shape has checked it.
  const bytes = secretBytes(credential.RawSecretAccessKey.length);
  new TextEncoder().encodeInto(credential.RawSecretAccessKey, bytes);
  return Secret.adopt(bytes);
}

/** @throws {KmsError} for a change that this store, or its state, does not allow */
export function checkChange(input: Change, store: CustomKeyStore): void {
  const members = Object.keys(input).filter((member) => input[member as keyof Change] !== undefined);
  if (members.length <= 1) throw invalid("Please specify at least one member to update besides CustomKeyStoreId.");
  refuseForeign(input, ["CloudHsmClusterId", "KeyStorePassword"], "EXTERNAL_KEY_STORE");
  checkConnectivity(input);
  refuseVpc(input);
  if (input.XksProxyUriEndpoint !== undefined) checkEndpoint(input.XksProxyUriEndpoint);
  const moves = input.XksProxyUriEndpoint !== undefined || input.XksProxyConnectivity !== undefined;
  if (moves && store.connection !== "DISCONNECTED") {
    throw new KmsError(
      "CustomKeyStoreInvalidStateException",
      `The ConnectionState of the custom key store ${store.id} is ${store.connection}. To change XksProxyUriEndpoint or ` +
        "XksProxyConnectivity, disconnect it first. The other members can be changed while it is connected.",
    );
  }
}

/** The store as the request wants it. */
export function changedStore(input: Change, store: CustomKeyStore, secret: Secret | undefined): CustomKeyStore {
  return {
    ...store,
    name: input.NewCustomKeyStoreName ?? store.name,
    uriEndpoint: input.XksProxyUriEndpoint ?? store.uriEndpoint,
    uriPath: input.XksProxyUriPath ?? store.uriPath,
    accessKeyId: input.XksProxyAuthenticationCredential?.AccessKeyId ?? store.accessKeyId,
    secret: secret ?? store.secret,
  };
}

function refuseForeign(input: NewStore, members: readonly (keyof NewStore)[], type: string): void {
  const foreign = members.find((member) => input[member] !== undefined);
  if (foreign !== undefined) throw invalid(`${foreign} is not valid for a custom key store of type ${type}.`);
}

function checkConnectivity(input: Settings): void {
  const { XksProxyConnectivity: connectivity, XksProxyVpcEndpointServiceName: serviceName } = input;
  if (connectivity === "VPC_ENDPOINT_SERVICE" && serviceName === undefined) {
    throw invalid("XksProxyVpcEndpointServiceName is required where XksProxyConnectivity is VPC_ENDPOINT_SERVICE.");
  }
  const ofVpc = OF_VPC.find((member) => input[member] !== undefined);
  if (connectivity === "PUBLIC_ENDPOINT" && ofVpc !== undefined) {
    throw invalid(`${ofVpc} is valid only where XksProxyConnectivity is VPC_ENDPOINT_SERVICE.`);
  }
}

function refuseVpc({
  XksProxyConnectivity: connectivity,
  XksProxyVpcEndpointServiceName: serviceName,
}: Settings): void {
  if (connectivity !== "VPC_ENDPOINT_SERVICE" && serviceName === undefined) return;
  throw new KmsError(
    "XksProxyVpcEndpointServiceNotFoundException",
    `KMS could not find the VPC endpoint service ${serviceName}: there is no Amazon VPC here. Use the connectivity ` +
      "PUBLIC_ENDPOINT, whose endpoint may lie in a network of your own.",
  );
}

/** The proxy must have a name, which its certificate is checked against. @throws {KmsError} */
function checkEndpoint(uriEndpoint: string): void {
  const host = hostOf(uriEndpoint);
  if (DOMAIN_NAME.test(host) && new URL(`https://${host}`).host === host) return;
  throw new KmsError(
    "XksProxyInvalidConfigurationException",
    `The host of XksProxyUriEndpoint must be a fully qualified domain name, as "https://xks.example.com", rather than ` +
      `an address or a name of one part; it is "${host}".`,
  );
}

function clusterNotFound(): KmsError {
  return new KmsError(
    "CloudHsmClusterNotFoundException",
    "The request was rejected because KMS cannot find the CloudHSM cluster with the specified cluster ID. Retry the " +
      "request with a different cluster ID.",
  );
}

function invalid(message: string): KmsError {
  return new KmsError("ValidationException", message);
}
