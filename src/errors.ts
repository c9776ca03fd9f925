/**
 * The one error table. A caller sees `KmsError` with a code of AWS KMS; what went wrong inside stays inside as
 * `cause`. Facts: the public API model of AWS KMS; the wire status of every modelled client error is 400.
 */

interface ErrorRow {
  readonly fault: "client" | "server";
  readonly status: number;
}

const CLIENT: ErrorRow = { fault: "client", status: 400 };
const SERVER: ErrorRow = { fault: "server", status: 500 };
const UNAVAILABLE: ErrorRow = { fault: "server", status: 503 };

/** Every code of the model, and those that every AWS service has, with fault and HTTP status. */
export const ERRORS = {
  AccessDeniedException: CLIENT,
  AlreadyExistsException: CLIENT,
  CloudHsmClusterInUseException: CLIENT,
  CloudHsmClusterInvalidConfigurationException: CLIENT,
  CloudHsmClusterNotActiveException: CLIENT,
  CloudHsmClusterNotFoundException: CLIENT,
  CloudHsmClusterNotRelatedException: CLIENT,
  ConflictException: CLIENT,
  CustomKeyStoreHasCMKsException: CLIENT,
  CustomKeyStoreInvalidStateException: CLIENT,
  CustomKeyStoreNameInUseException: CLIENT,
  CustomKeyStoreNotFoundException: CLIENT,
  DependencyTimeoutException: UNAVAILABLE,
  DisabledException: CLIENT,
  DryRunOperationException: CLIENT,
  ExpiredImportTokenException: CLIENT,
  IncorrectKeyException: CLIENT,
  IncorrectKeyMaterialException: CLIENT,
  IncorrectTrustAnchorException: CLIENT,
  InvalidAliasNameException: CLIENT,
  InvalidArnException: CLIENT,
  InvalidCiphertextException: CLIENT,
  InvalidGrantIdException: CLIENT,
  InvalidGrantTokenException: CLIENT,
  InvalidImportTokenException: CLIENT,
  InvalidKeyUsageException: CLIENT,
  InvalidMarkerException: CLIENT,
  KMSInternalException: SERVER,
  KMSInvalidMacException: CLIENT,
  KMSInvalidSignatureException: CLIENT,
  KMSInvalidStateException: CLIENT,
  KeyUnavailableException: SERVER,
  LimitExceededException: CLIENT,
  MalformedPolicyDocumentException: CLIENT,
  NotFoundException: CLIENT,
  SerializationException: CLIENT,
  TagException: CLIENT,
  ThrottlingException: CLIENT,
  UnknownOperationException: CLIENT,
  UnsupportedOperationException: CLIENT,
  ValidationException: CLIENT,
  XksKeyAlreadyInUseException: CLIENT,
  XksKeyInvalidConfigurationException: CLIENT,
  XksKeyNotFoundException: CLIENT,
  XksProxyIncorrectAuthenticationCredentialException: CLIENT,
  XksProxyInvalidConfigurationException: CLIENT,
  XksProxyInvalidResponseException: CLIENT,
  XksProxyUriEndpointInUseException: CLIENT,
  XksProxyUriInUseException: CLIENT,
  XksProxyUriUnreachableException: CLIENT,
  XksProxyVpcEndpointServiceInUseException: CLIENT,
  XksProxyVpcEndpointServiceInvalidConfigurationException: CLIENT,
  XksProxyVpcEndpointServiceNotFoundException: CLIENT,
} as const satisfies Record<string, ErrorRow>;

export type KmsErrorCode = keyof typeof ERRORS;

/** An error with a code of AWS KMS. `message` is empty where AWS sends none, so that every refusal looks the same. */
export class KmsError extends Error {
  readonly code: KmsErrorCode;
  readonly fault: "client" | "server";
  /** The HTTP status that AWS sends with this code. */
  readonly status: number;

  constructor(code: KmsErrorCode, message = "", options?: { cause?: unknown }) {
    super(message, options);
    this.name = code;
    this.code = code;
    this.fault = ERRORS[code].fault;
    this.status = ERRORS[code].status;
  }
}

/** A keystore that cannot be opened or read: a wrong root key, a changed record, an unusable file. */
export class KeystoreError extends Error {
  override readonly name = "KeystoreError";
}
