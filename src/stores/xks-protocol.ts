/**
 * What goes to the proxy of an external key store and what comes back: JSON bodies, built here and read strictly. Nothing
 * that a proxy says is believed before its form, its lengths and its integrity value are right; what is more in it is
 * ignored. Source: AWS KMS External Key Store Proxy API Specification, version 1.
 */
import type { Engine } from "../crypto/engine.ts";
import { equalBytes } from "../crypto/engine.ts";
import type { Caller } from "../env.ts";
import { decodeBase64, encodeBase64 } from "../model/base64.ts";
import { type JsonValue, parseJson } from "../model/json-text.ts";
import { concatBytes } from "../records/encoding.ts";
import { causeNamed, XksFailure } from "./xks-failure.ts";

const TAG_BYTES = 16;
const IV_LENGTHS: readonly number[] = [12, 16];
const MAX_METADATA_BYTES = 20;
const MAX_KEY_USAGES = 10;
const MAX_KEY_MANAGERS = 10;
const STATUSES = ["ACTIVE", "DEGRADED", "UNAVAILABLE"];
const OK = 200;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

type Members = ReadonlyMap<string, JsonValue>;

/** Who asks KMS for what, as the proxy hears of it. */
export interface XksRequester {
  readonly caller: Caller;
  /** As "GenerateDataKey". */
  readonly operation: string;
  /** Absent where there is no key yet. */
  readonly keyArn?: string;
}

/** What an external key made of some bytes. */
export interface ExternalCiphertext {
  readonly ciphertext: Uint8Array;
  /** Of the proxy's own; at most 20 bytes, often none. */
  readonly metadata: Uint8Array;
  /** 12 or 16 bytes. */
  readonly iv: Uint8Array;
  /** 16 bytes. */
  readonly tag: Uint8Array;
}

export function healthBody({ caller, operation }: XksRequester): Uint8Array<ArrayBuffer> {
  return bodyOf({ requestMetadata: { kmsRequestId: caller.requestId, kmsOperation: operation } });
}

export function keyMetadataBody(requester: XksRequester): Uint8Array<ArrayBuffer> {
  return bodyOf({ requestMetadata: metadataOf(requester) });
}

export function encryptBody(requester: XksRequester, plaintext: Uint8Array, aad: Uint8Array): Uint8Array<ArrayBuffer> {
  return bodyOf({
    requestMetadata: metadataOf(requester),
    additionalAuthenticatedData: encodeBase64(aad),
    plaintext: encodeBase64(plaintext),
    encryptionAlgorithm: "AES_GCM",
    ciphertextDataIntegrityValueAlgorithm: "SHA_256",
  });
}

export function decryptBody(
  requester: XksRequester,
  sealed: ExternalCiphertext,
  aad: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const { ciphertext, metadata, iv, tag } = sealed;
  return bodyOf({
    requestMetadata: metadataOf(requester),
    additionalAuthenticatedData: encodeBase64(aad),
    ciphertext: encodeBase64(ciphertext),
    ...(metadata.length > 0 && { ciphertextMetadata: encodeBase64(metadata) }),
    encryptionAlgorithm: "AES_GCM",
    initializationVector: encodeBase64(iv),
    authenticationTag: encodeBase64(tag),
  });
}

/** The members of an answer. @throws {XksFailure} for an error of the proxy's, and for what is no answer */
export function readAnswer(status: number, body: Uint8Array): Members {
  const members = readMembers(body);
  if (status === OK) return members;
  throw new XksFailure(status >= 400 ? causeNamed(members.get("errorName")) : "malformed");
}

/** @throws {XksFailure} unless a key manager can be used */
export function checkHealth(answer: Members): void {
  const size = answer.get("xksProxyFleetSize");
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 1) throw malformed();
  for (const name of ["xksProxyVendor", "xksProxyModel", "ekmVendor"]) textIn(answer, name);
  const managers = answer.get("ekmFleetDetails");
  if (!Array.isArray(managers) || managers.length < 1 || managers.length > MAX_KEY_MANAGERS) throw malformed();
  const statuses = managers.map((manager) => {
    if (!(manager instanceof Map)) throw malformed();
    for (const name of ["id", "model"]) textIn(manager, name);
    const status = textIn(manager, "healthStatus");
    if (!STATUSES.includes(status)) throw malformed();
    return status;
  });
  if (statuses.every((status) => status === "UNAVAILABLE")) throw new XksFailure("allUnavailable");
}

/** What a proxy says of a key. */
export interface ExternalKeyMetadata {
  readonly keySpec: string;
  readonly keyUsage: readonly string[];
  readonly isEnabled: boolean;
}

/** @throws {XksFailure} */
export function readKeyMetadata(answer: Members): ExternalKeyMetadata {
  const keySpec = textIn(answer, "keySpec");
  const status = textIn(answer, "keyStatus");
  const usages = answer.get("keyUsage");
  if (!Array.isArray(usages) || usages.length > MAX_KEY_USAGES) throw malformed();
  if (status !== "ENABLED" && status !== "DISABLED") throw malformed();
  const keyUsage = usages.map((usage) => {
    if (typeof usage !== "string") throw malformed();
    return usage;
  });
  return { keySpec, keyUsage, isEnabled: status === "ENABLED" };
}

/** @throws {XksFailure} for what cannot be the encryption of this plaintext, or was changed on its way */
export function readEncrypted(
  engine: Engine,
  answer: Members,
  plaintext: Uint8Array,
  aad: Uint8Array,
): ExternalCiphertext {
  const ciphertext = bytesIn(answer, "ciphertext");
  const iv = bytesIn(answer, "initializationVector");
  const tag = bytesIn(answer, "authenticationTag");
  const metadata = answer.has("ciphertextMetadata") ? bytesIn(answer, "ciphertextMetadata") : new Uint8Array(0);
  if (ciphertext.length !== plaintext.length || tag.length !== TAG_BYTES) throw malformed();
  if (!IV_LENGTHS.includes(iv.length) || metadata.length > MAX_METADATA_BYTES) throw malformed();
  // GCM never leaves more than a few bytes as they were: this proxy has encrypted nothing.
  if (equalBytes(ciphertext, plaintext)) throw malformed();
  const integrity = engine.hash("SHA-256", concatBytes(aad, metadata, iv, ciphertext, tag));
  if (!equalBytes(bytesIn(answer, "ciphertextDataIntegrityValue"), integrity)) throw malformed();
  return { ciphertext, metadata, iv, tag };
}

/** @throws {XksFailure} */
export function readDecrypted(answer: Members, { ciphertext }: ExternalCiphertext): Uint8Array {
  const plaintext = bytesIn(answer, "plaintext");
  if (plaintext.length !== ciphertext.length) throw malformed();
  return plaintext;
}

function metadataOf({ caller, operation, keyArn }: XksRequester): object {
  const { principal, requestId, viaService } = caller;
  return {
    awsPrincipalArn: principal.roleArn ?? principal.arn,
    ...(keyArn !== undefined && { kmsKeyArn: keyArn }),
    kmsOperation: operation,
    kmsRequestId: requestId,
    ...(viaService !== undefined && { kmsViaService: viaService }),
  };
}

function bodyOf(members: object): Uint8Array<ArrayBuffer> {
  return encoder.encode(JSON.stringify(members));
}

function readMembers(body: Uint8Array): Members {
  let value: JsonValue;
  try {
    value = parseJson(decoder.decode(body));
  } catch (cause) {
    throw new XksFailure("malformed", { cause });
  }
  if (!(value instanceof Map)) throw malformed();
  return value;
}

function textIn(members: Members, name: string): string {
  const value = members.get(name);
  if (typeof value !== "string") throw malformed();
  return value;
}

function bytesIn(members: Members, name: string): Uint8Array {
  try {
    return decodeBase64(textIn(members, name));
  } catch (cause) {
    throw new XksFailure("malformed", { cause });
  }
}

function malformed(): XksFailure {
  return new XksFailure("malformed");
}
