/**
 * AWS Signature Version 4, checked. The host, the date, the target and every other x-amz-* header must be signed, the
 * body is hashed here, and the clock is ours. An unknown access key takes the way of a wrong signature, with a secret
 * that nobody has. Source: AWS General Reference, "Signing AWS API requests"; IAM User Guide, "Create a signed request".
 */
import type { Engine } from "../crypto/engine.ts";
import type { AccessKey } from "../identities/directory.ts";
import type { Authority } from "../kms.ts";
import { toHex } from "../model/arn.ts";
import type { Ready } from "../records/ready.ts";
import { type Authorization, parseAuthorization } from "./authorization.ts";
import { incompleteSignature, incorrectSignature, type SignatureRefusal } from "./signature-refusal.ts";
import { SigningKeys } from "./signing-keys.ts";

/** What is signed of a request. */
export interface SignedRequest {
  header(lowerCaseName: string): string | undefined;
  /** Lower-case names of all headers, each as often as it came. */
  readonly headerNames: readonly string[];
  readonly body: Uint8Array;
}

export interface Signer {
  readonly accessKey: AccessKey;
  readonly region: string;
}

const ALGORITHM = "AWS4-HMAC-SHA256";
const WINDOW_MS = 15 * 60_000;
const REQUIRED = ["host", "x-amz-date", "x-amz-target"];
const AMZ_PREFIX = "x-amz-";
const encoder = new TextEncoder();
/** Signs where there is no such access key, so that this takes as long. */
const NOBODYS_SECRET = encoder.encode("0".repeat(40));

/** Checks signatures, with the signing keys of late at hand. */
export class SignatureVerifier {
  readonly #authority: Authority;
  readonly #keys: SigningKeys;

  constructor(authority: Authority) {
    this.#authority = authority;
    this.#keys = new SigningKeys(authority.engine);
  }

  /** Who has signed the request, and for which Region; or why it is refused. */
  verify(request: SignedRequest): Ready<Signer | SignatureRefusal> {
    const authorization = parseAuthorization(request.header("authorization"));
    if ("code" in authorization) return authorization;
    const nowMs = this.#authority.nowMs();
    const refused =
      checkScope(authorization, request) ?? checkHeaders(authorization, request) ?? checkTime(request, nowMs);
    if (refused !== undefined) return refused;
    return this.#authority.authenticate(authorization.accessKeyId, (accessKey) =>
      this.#verifyWith(accessKey, authorization, request, nowMs),
    );
  }

  #verifyWith(
    accessKey: AccessKey | undefined,
    authorization: Authorization,
    request: SignedRequest,
    nowMs: number,
  ): Signer | SignatureRefusal {
    const { engine } = this.#authority;
    const bodyHash = toHex(engine.hash("SHA-256", request.body));
    const text = stringToSign(authorization, request, bodyHash, engine);
    const key = this.#keys.of(accessKey, authorization, NOBODYS_SECRET);
    const signature = toHex(engine.hmac("SHA-256", key, encoder.encode(text)));
    const isSigned = equalTexts(signature, authorization.signature);
    const hasToken = equalTexts(accessKey?.sessionToken ?? "", request.header("x-amz-security-token") ?? "");
    if (accessKey === undefined || !accessKey.isActive || !hasToken) return UNKNOWN_CLIENT;
    if (!isSigned || isOtherBody(request, bodyHash)) return WRONG_SIGNATURE;
    if (accessKey.expiresAtMs !== undefined && accessKey.expiresAtMs <= nowMs) return EXPIRED_TOKEN;
    return { accessKey, region: authorization.region };
  }
}

const UNKNOWN_CLIENT: SignatureRefusal = {
  code: "UnrecognizedClientException",
  message: "The security token included in the request is invalid.",
};
const EXPIRED_TOKEN: SignatureRefusal = {
  code: "ExpiredTokenException",
  message: "The security token included in the request is expired",
};
const WRONG_SIGNATURE: SignatureRefusal = {
  code: "InvalidSignatureException",
  message:
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key " +
    "and signing method. Consult the service documentation for details.",
};

function checkScope({ date }: Authorization, request: SignedRequest): SignatureRefusal | undefined {
  if (request.header("x-amz-date")?.slice(0, date.length) === date) return undefined;
  return incorrectSignature("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP");
}

function checkHeaders({ signedHeaders }: Authorization, { headerNames }: SignedRequest): SignatureRefusal | undefined {
  const signed = new Set(signedHeaders);
  for (const name of REQUIRED) if (!signed.has(name)) return incompleteSignature(`'${name}' must be a signed header.`);
  const seen = new Set<string>();
  for (const name of headerNames) {
    if (name.startsWith(AMZ_PREFIX) && !signed.has(name))
      return incompleteSignature(`'${name}' must be a signed header.`);
    // A reader of the first one and a reader of the last one would see two requests.
    if (seen.has(name) && (signed.has(name) || name === "authorization")) {
      return incompleteSignature(`The header '${name}' stands more than once.`);
    }
    seen.add(name);
  }
  for (const name of signedHeaders)
    if (!seen.has(name)) return incompleteSignature(`The signed header '${name}' is missing.`);
  return undefined;
}

function checkTime(request: SignedRequest, nowMs: number): SignatureRefusal | undefined {
  const text = request.header("x-amz-date") ?? "";
  const signedMs = parseBasicTime(text);
  if (signedMs === undefined) {
    return incompleteSignature(
      "Date must be in ISO-8601 'basic format', as '20150830T123600Z', in the header x-amz-date.",
    );
  }
  const now = basicTime(nowMs);
  if (signedMs < nowMs - WINDOW_MS) {
    const bound = basicTime(nowMs - WINDOW_MS);
    return incorrectSignature(`Signature expired: ${text} is now earlier than ${bound} (${now} - 15 min.)`);
  }
  if (signedMs > nowMs + WINDOW_MS) {
    const bound = basicTime(nowMs + WINDOW_MS);
    return incorrectSignature(`Signature not yet current: ${text} is still later than ${bound} (${now} + 15 min.)`);
  }
  return undefined;
}

/** The hash of the body is never taken from the request; where it tells one, it must be the same. */
function isOtherBody(request: SignedRequest, bodyHash: string): boolean {
  const claimed = request.header("x-amz-content-sha256");
  return claimed !== undefined && claimed !== bodyHash;
}

function stringToSign(
  { date, region, service, signedHeaders }: Authorization,
  request: SignedRequest,
  bodyHash: string,
  engine: Engine,
): string {
  let headers = "";
  for (const name of signedHeaders) headers += `${name}:${canonicalValue(request.header(name)!)}\n`;
  const canonical = `POST\n/\n\n${headers}\n${signedHeaders.join(";")}\n${bodyHash}`;
  const scope = `${date}/${region}/${service}/aws4_request`;
  const hash = toHex(engine.hash("SHA-256", encoder.encode(canonical)));
  return `${ALGORITHM}\n${request.header("x-amz-date")}\n${scope}\n${hash}`;
}

/** Without spaces at its ends, and with one where there were several. */
function canonicalValue(value: string): string {
  const trimmed = value.trim();
  return trimmed.includes("  ")
    ? trimmed
        .split(" ")
        .filter((part) => part !== "")
        .join(" ")
    : trimmed;
}

/** Compares texts without a branch on what they hold. */
function equalTexts(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

const BASIC_TIME_LENGTH = "20150830T123600Z".length;

/** Milliseconds since 1970 of "20150830T123600Z". */
function parseBasicTime(text: string): number | undefined {
  if (text.length !== BASIC_TIME_LENGTH) return undefined;
  const [year, month, day] = [text.slice(0, 4), text.slice(4, 6), text.slice(6, 8)];
  const [hours, minutes, seconds] = [text.slice(9, 11), text.slice(11, 13), text.slice(13, 15)];
  const ms = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`);
  // What does not come out again as it went in was written in some other way.
  return Number.isNaN(ms) || basicTime(ms) !== text ? undefined : ms;
}

function basicTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replaceAll("-", "").replaceAll(":", "")}Z`;
}
