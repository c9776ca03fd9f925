/**
 * AWS Signature Version 4, checked. The host, the date, the target and every other x-amz-* header must be signed, the
 * body is hashed here, and the clock is ours. An unknown access key takes the way of a wrong signature, with a secret
 * that nobody has. Source: AWS General Reference, "Signing AWS API requests"; IAM User Guide, "Create a signed request".
 */
import { equalBytes } from "../crypto/engine.ts";
import type { AccessKey } from "../identities/directory.ts";
import type { Authority } from "../kms.ts";
import type { Ready } from "../records/ready.ts";
import { secretBytes } from "../secret-bytes.ts";
import { basicTime, parseBasicTime } from "../signing/basic-time.ts";
import { CanonicalWriter, parseDigest } from "../signing/canonical-request.ts";
import { SigningKeys } from "../signing/signing-keys.ts";
import { type Authorization, KMS_SERVICE, parseAuthorization, type SignerParts } from "./authorization.ts";
import { incompleteSignature, incorrectSignature, type SignatureRefusal } from "./signature-refusal.ts";

/** What is signed of a request. */
export interface SignedRequest {
  header(lowerCaseName: string): string | undefined;
  /** Names and values in turn, each as it came and as often. */
  readonly rawHeaders: readonly string[];
  /** Without a query, of characters that need no escape; "/" by default. */
  readonly path?: string;
  readonly body: Uint8Array;
}

/** What a service asks of its signatures. */
export interface SignatureProfile {
  /** As it stands in the scope. */
  readonly service: string;
  /** Headers that must be signed, in lower case. */
  readonly required: readonly string[];
  /** How far the clocks of both sides may be apart. */
  readonly windowMs: number;
}

export interface Signer {
  readonly accessKey: AccessKey;
  readonly region: string;
}

const KMS_PROFILE: SignatureProfile = {
  service: KMS_SERVICE,
  required: ["host", "x-amz-date", "x-amz-target"],
  windowMs: 15 * 60_000,
};
const AMZ_PREFIX = "x-amz-";
const encoder = new TextEncoder();
/** Signs where there is no such access key, so that this takes as long. */
const NOBODYS_SECRET = encoder.encode("0".repeat(40));
/** Stands for a signature that has not the form of one. */
const NO_SIGNATURE = new Uint8Array(32);

/** Checks signatures, with the signing keys of late at hand. */
export class SignatureVerifier {
  readonly #authority: Authority;
  readonly #profile: SignatureProfile;
  readonly #keys: SigningKeys;
  readonly #writer: CanonicalWriter;
  readonly #computed = secretBytes(NO_SIGNATURE.length);
  /** The time that was read last: requests of one second say the same. */
  #lastDate = { text: "", ms: undefined as number | undefined };

  constructor(authority: Authority, profile = KMS_PROFILE) {
    this.#authority = authority;
    this.#profile = profile;
    this.#keys = new SigningKeys(authority.engine);
    this.#writer = new CanonicalWriter(authority.engine);
  }

  /** Who has signed the request, and for which Region; or why it is refused. */
  verify(request: SignedRequest): Ready<Signer | SignatureRefusal> {
    const authorization = parseAuthorization(request.header("authorization"), this.#profile.service);
    if ("code" in authorization) return authorization;
    const { parts } = authorization;
    const values = signedValues(parts, request.rawHeaders, this.#profile.required);
    if ("code" in values) return values;
    const nowMs = this.#authority.nowMs();
    const refused = this.#checkTime(values[parts.signedHeaders.get("x-amz-date")!]!, parts, nowMs);
    if (refused !== undefined) return refused;
    return this.#authority.authenticate(parts.scope.accessKeyId, (accessKey) =>
      this.#verifyWith(accessKey, authorization, values, request, nowMs),
    );
  }

  /** Wipes the signing keys that are kept. */
  forget(): void {
    this.#keys.clear();
  }

  #verifyWith(
    accessKey: AccessKey | undefined,
    { parts, signature }: Authorization,
    values: readonly string[],
    { path = "/", body }: SignedRequest,
    nowMs: number,
  ): Signer | SignatureRefusal {
    const { engine } = this.#authority;
    const { scope } = parts;
    const bodyHash = engine.hash("SHA-256", body);
    const amzDate = signedValue("x-amz-date", parts, values)!;
    const text = this.#writer.stringToSign(parts, path, values, amzDate, bodyHash);
    if (text === undefined) return incompleteSignature("The signed headers must be ASCII, and no more than 32 KiB.");
    const given = parseDigest(signature);
    const kept = this.#keys.find(scope, accessKey?.secret);
    const key = kept ?? this.#derive(accessKey, scope);
    const computed = engine.hmac("SHA-256", key, text, this.#computed);
    const isSigned = equalBytes(computed, given ?? NO_SIGNATURE) && given !== undefined;
    // Whoever sees it could sign this request.
    computed.fill(0);
    const hasToken = equalTexts(
      accessKey?.sessionToken ?? "",
      signedValue("x-amz-security-token", parts, values) ?? "",
    );
    const isKnown = accessKey?.isActive === true && hasToken;
    const isRight = isSigned && isBody(signedValue("x-amz-content-sha256", parts, values), bodyHash);
    if (kept === undefined) {
      if (isKnown && isRight) this.#keys.keep(scope, accessKey.secret, key);
      else key.fill(0);
    }
    if (!isKnown) return UNKNOWN_CLIENT;
    if (!isRight) return WRONG_SIGNATURE;
    if (accessKey.expiresAtMs !== undefined && accessKey.expiresAtMs <= nowMs) return EXPIRED_TOKEN;
    return { accessKey, region: scope.region };
  }

  #derive(accessKey: AccessKey | undefined, scope: SignerParts["scope"]): Uint8Array {
    if (accessKey === undefined) return this.#keys.derive(NOBODYS_SECRET, scope);
    return accessKey.secret.expose((bytes) => this.#keys.derive(bytes, scope));
  }

  #checkTime(text: string, { scope }: SignerParts, nowMs: number): SignatureRefusal | undefined {
    if (this.#lastDate.text !== text) this.#lastDate = { text, ms: parseBasicTime(text) };
    const { ms } = this.#lastDate;
    if (ms === undefined) {
      return incompleteSignature(
        "Date must be in ISO-8601 'basic format', as '20150830T123600Z', in the header x-amz-date.",
      );
    }
    if (!text.startsWith(scope.date)) {
      const found = `'${scope.date}' != '${text.slice(0, scope.date.length)}', from '${text}'.`;
      return incorrectSignature(
        `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ${found}`,
      );
    }
    const { windowMs } = this.#profile;
    return Math.abs(nowMs - ms) <= windowMs ? undefined : outsideWindow(text, ms, nowMs, windowMs);
  }
}

function outsideWindow(text: string, ms: number, nowMs: number, windowMs: number): SignatureRefusal {
  const now = basicTime(nowMs);
  if (ms < nowMs) {
    const bound = basicTime(nowMs - windowMs);
    return incorrectSignature(
      `Signature expired: ${text} is now earlier than ${bound} (${now} - ${windowMs / 60_000} min.)`,
    );
  }
  const bound = basicTime(nowMs + windowMs);
  return incorrectSignature(
    `Signature not yet current: ${text} is still later than ${bound} (${now} + ${windowMs / 60_000} min.)`,
  );
}

const UNKNOWN_CLIENT: SignatureRefusal = {
  code: "UnrecognizedClientException",
  message: "The security token included in the request is invalid.",
};
const EXPIRED_TOKEN: SignatureRefusal = {
  code: "ExpiredTokenException",
  message: "The security token included in the request is expired",
};
const WRONG_SIGNATURE = incorrectSignature(
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key " +
    "and signing method. Consult the service documentation for details.",
);

/** The values of the signed headers in their order, or what is not signed that must be. */
function signedValues(
  { signedHeaders }: SignerParts,
  rawHeaders: readonly string[],
  required: readonly string[],
): readonly string[] | SignatureRefusal {
  for (const name of required) if (!signedHeaders.has(name)) return unsigned(name);
  const values = new Array<string | undefined>(signedHeaders.size).fill(undefined);
  let missing = values.length;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    const place = signedHeaders.get(name);
    if (place === undefined) {
      if (name.startsWith(AMZ_PREFIX)) return unsigned(name);
    } else {
      // A reader of the first one and a reader of the last one would see two requests.
      if (values[place] !== undefined) return incompleteSignature(`The signed header '${name}' stands more than once.`);
      values[place] = rawHeaders[i + 1]!;
      missing--;
    }
  }
  if (missing === 0) return values as string[];
  const absent = [...signedHeaders].find(([, place]) => values[place] === undefined)!;
  return incompleteSignature(`The signed header '${absent[0]}' is missing.`);
}

function unsigned(name: string): SignatureRefusal {
  return incompleteSignature(`'${name}' must be a 'SignedHeader' in the AWS Authorization.`);
}

function signedValue(name: string, { signedHeaders }: SignerParts, values: readonly string[]): string | undefined {
  const place = signedHeaders.get(name);
  return place === undefined ? undefined : values[place];
}

/** The hash of the body is never taken from the request; where it tells one, it must be the same. */
function isBody(claimed: string | undefined, bodyHash: Uint8Array): boolean {
  if (claimed === undefined) return true;
  const hash = parseDigest(claimed);
  return hash !== undefined && equalBytes(hash, bodyHash);
}

function equalTexts(a: string, b: string): boolean {
  if (a.length === 0 && b.length === 0) return true;
  return equalBytes(encoder.encode(a), encoder.encode(b));
}
