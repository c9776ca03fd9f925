/**
 * What can go wrong between this service and the proxy of an external key store, and what KMS answers then: by operation,
 * with one text for each cause. What the proxy says in its own words goes to nobody. Source: AWS KMS External Key Store
 * Proxy API Specification, "Error codes"; AWS KMS API reference, "ConnectionErrorCode".
 */
import { KmsError, type KmsErrorCode } from "../errors.ts";

export type ConnectionErrorCode =
  | "INVALID_CREDENTIALS"
  | "XKS_PROXY_ACCESS_DENIED"
  | "XKS_PROXY_NOT_REACHABLE"
  | "XKS_PROXY_INVALID_RESPONSE"
  | "XKS_PROXY_INVALID_CONFIGURATION"
  | "XKS_PROXY_TIMED_OUT"
  | "XKS_PROXY_INVALID_TLS_CONFIGURATION";

interface Row {
  readonly message: string;
  /** Of CreateCustomKeyStore and UpdateCustomKeyStore. */
  readonly store: KmsErrorCode;
  /** Of CreateKey; CustomKeyStoreInvalidStateException where it is absent. */
  readonly newKey?: KmsErrorCode;
  /** What ConnectCustomKeyStore leaves behind. */
  readonly connection: ConnectionErrorCode;
}

const UNCLEAR =
  "AWS KMS cannot interpret the response from the external key store proxy. If you see this error repeatedly, report " +
  "it to your external key store proxy administrator.";

const ROWS = {
  malformed: {
    message: UNCLEAR,
    store: "XksProxyInvalidResponseException",
    connection: "XKS_PROXY_INVALID_RESPONSE",
  },
  invalidState: {
    message:
      "The external key associated with this KMS key in an external key store is not enabled in the external key " +
      "manager. Enable the external key in the external key manager and retry the request.",
    store: "XksProxyInvalidConfigurationException",
    newKey: "XksKeyInvalidConfigurationException",
    connection: "XKS_PROXY_INVALID_CONFIGURATION",
  },
  invalidCiphertext: {
    message:
      "The external key store proxy rejected the request because the specified ciphertext or encryption context is " +
      "corrupted, missing, or otherwise invalid.",
    store: "XksProxyInvalidResponseException",
    connection: "XKS_PROXY_INVALID_RESPONSE",
  },
  invalidKeyUsage: {
    message:
      "The external key associated with this KMS key in an external key store does not support the requested " +
      "operation. Enable the operation on the key in your external key manager, and try the request again.",
    store: "XksProxyInvalidResponseException",
    newKey: "XksKeyInvalidConfigurationException",
    connection: "XKS_PROXY_INVALID_RESPONSE",
  },
  authentication: {
    message:
      "The external key store proxy rejected the request because it could not authenticate AWS KMS. Verify the XKS " +
      "proxy authentication credentials for your external key store and update if necessary.",
    store: "XksProxyIncorrectAuthenticationCredentialException",
    connection: "INVALID_CREDENTIALS",
  },
  accessDenied: {
    message:
      "The external key store proxy denied access to the operation. Verify that the user and the external key are both " +
      "authorized for this operation, and try the request again.",
    store: "XksProxyInvalidResponseException",
    newKey: "KMSInvalidStateException",
    connection: "XKS_PROXY_ACCESS_DENIED",
  },
  keyNotFound: {
    message:
      "The external key associated with this KMS key in an external key store was not found in its external key " +
      "manager. If the external key ID associated with this KMS key is incorrect, create a new KMS key with the correct " +
      "external key ID.",
    store: "XksProxyInvalidResponseException",
    newKey: "XksKeyNotFoundException",
    connection: "XKS_PROXY_INVALID_RESPONSE",
  },
  invalidPath: {
    message:
      "The external key store proxy rejected the request because of an invalid URI path. Verify the URI path for your " +
      "external key store and update if necessary.",
    store: "XksProxyInvalidConfigurationException",
    connection: "XKS_PROXY_INVALID_CONFIGURATION",
  },
  unsupported: {
    message:
      "The external key store proxy rejected the request because it does not support the requested operation. If you " +
      "see this error repeatedly, report it to your external key store proxy administrator.",
    store: "XksProxyInvalidResponseException",
    connection: "XKS_PROXY_INVALID_RESPONSE",
  },
  dependencyTimeout: {
    message:
      "The external key store proxy did not respond to the request in the time allotted. Retry the request. If you see " +
      "this error repeatedly, report it to your external key store proxy administrator.",
    store: "XksProxyUriUnreachableException",
    connection: "XKS_PROXY_TIMED_OUT",
  },
  throttled: {
    message:
      "The external key store proxy rejected the request due to a very high request rate. Reduce the frequency of your " +
      "calls using KMS keys in this external key store.",
    store: "XksProxyUriUnreachableException",
    connection: "XKS_PROXY_NOT_REACHABLE",
  },
  internal: {
    message:
      "The external key store proxy rejected the request because it cannot communicate with the external key manager. " +
      "Verify that the external key store proxy configuration is correct and that the external key manager is available.",
    store: "XksProxyInvalidResponseException",
    connection: "XKS_PROXY_INVALID_RESPONSE",
  },
  allUnavailable: {
    message:
      "The external key store proxy reports that all of its external key manager instances are unavailable. Make one " +
      "of them available and retry the request.",
    store: "XksProxyUriUnreachableException",
    connection: "XKS_PROXY_NOT_REACHABLE",
  },
  unreachable: {
    message:
      "AWS KMS cannot communicate with the external key store proxy. This might be a transient network issue. If you " +
      "see this error repeatedly, verify that your external key store proxy is active and is connected to the network, " +
      "and that its endpoint URI is correct in your external keystore.",
    store: "XksProxyUriUnreachableException",
    connection: "XKS_PROXY_NOT_REACHABLE",
  },
  tls: {
    message:
      "AWS KMS cannot establish a TLS connection to the external key store proxy. Verify the TLS configuration, " +
      "including its certificate.",
    store: "XksProxyUriUnreachableException",
    connection: "XKS_PROXY_INVALID_TLS_CONFIGURATION",
  },
  timedOut: {
    message:
      "AWS KMS rejected the request because the external key store proxy did not respond in time. Retry the request. If " +
      "you see this error repeatedly, report it to your external key store proxy administrator.",
    store: "XksProxyUriUnreachableException",
    connection: "XKS_PROXY_TIMED_OUT",
  },
} as const satisfies Record<string, Row>;

export type XksCause = keyof typeof ROWS;

/** What a proxy may answer by name; every other name is not to be understood. */
const NAMES: ReadonlyMap<string, XksCause> = new Map<string, XksCause>([
  ["ValidationException", "malformed"],
  ["InvalidStateException", "invalidState"],
  ["InvalidCiphertextException", "invalidCiphertext"],
  ["InvalidKeyUsageException", "invalidKeyUsage"],
  ["AuthenticationFailedException", "authentication"],
  ["AccessDeniedException", "accessDenied"],
  ["KeyNotFoundException", "keyNotFound"],
  ["InvalidUriPathException", "invalidPath"],
  ["UnsupportedOperationException", "unsupported"],
  ["DependencyTimeoutException", "dependencyTimeout"],
  ["ThrottlingException", "throttled"],
  ["InternalException", "internal"],
]);

export function causeNamed(errorName: unknown): XksCause {
  return (typeof errorName === "string" ? NAMES.get(errorName) : undefined) ?? "malformed";
}

/** A call to a proxy that came to nothing. */
export class XksFailure extends Error {
  readonly reason: XksCause;

  constructor(reason: XksCause, options?: { cause?: unknown }) {
    super(`A call to an external key store proxy failed: ${reason}.`, options);
    this.reason = reason;
  }
}

/** What an operation on the key store itself answers. */
export function storeRefusal(failure: unknown): unknown {
  return refusal(failure, ({ store }) => store);
}

/** What CreateKey answers. */
export function newKeyRefusal(failure: unknown): unknown {
  return refusal(failure, ({ newKey = "CustomKeyStoreInvalidStateException" }) => newKey);
}

/** What cryptographic operations answer. */
export function useRefusal(failure: unknown): unknown {
  return refusal(failure, () => "KMSInvalidStateException");
}

export function connectionErrorOf(failure: XksFailure): ConnectionErrorCode {
  return ROWS[failure.reason].connection;
}

function refusal(failure: unknown, codeOf: (row: Row) => KmsErrorCode): unknown {
  if (!(failure instanceof XksFailure)) return failure;
  const row: Row = ROWS[failure.reason];
  return new KmsError(codeOf(row), row.message, { cause: failure });
}
