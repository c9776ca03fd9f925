/** The Authorization header of a signed request, read strictly: three parts in the order of every signer, each once. */
import { isRegion } from "../model/realm.ts";
import { remember } from "../model/remember.ts";
import { ALGORITHM, type Scope, TERMINATOR } from "../signing/scope.ts";
import { incompleteSignature, incorrectSignature, type SignatureRefusal } from "./signature-refusal.ts";

/** What a signer's requests of one day have in common. */
export interface SignerParts {
  readonly scope: Scope;
  /** In lower case and ascending order, with the place of each. */
  readonly signedHeaders: ReadonlyMap<string, number>;
  /** As the header has them. */
  readonly signedHeadersText: string;
}

export interface Authorization {
  readonly parts: SignerParts;
  /** As it was sent; whether it has the form of one, the comparison finds out. */
  readonly signature: string;
}

export const KMS_SERVICE = "kms";
const SIGNATURE = "Signature=";
const MAX_LENGTH = 4096;
const MAX_SIGNED_HEADERS = 64;
/** Signers whose parts are kept: one has the same until midnight. */
const REMEMBERED_SIGNERS = 512;
const PARTS = /^AWS4-HMAC-SHA256 +Credential=([^\s,]+) *, *SignedHeaders=([^\s,]+) *, *$/;
const ACCESS_KEY_ID = /^\w{1,128}$/;
const DATE = /^\d{8}$/;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** What the header says, or why it cannot be read. */
export function parseAuthorization(
  header: string | undefined,
  service = KMS_SERVICE,
): Authorization | SignatureRefusal {
  if (header === undefined) {
    return { code: "MissingAuthenticationTokenException", message: "Missing Authentication Token" };
  }
  if (header.length > MAX_LENGTH) return incompleteSignature("The Authorization header is too long.");
  const at = header.lastIndexOf(SIGNATURE);
  if (at < 0) return notThreeParts(header);
  const parts = partsOf(header.slice(0, at));
  if ("code" in parts) return parts;
  if (parts.scope.service !== service) {
    return incorrectSignature(`Credential should be scoped to correct service: '${service}'.`);
  }
  return { parts, signature: header.slice(at + SIGNATURE.length) };
}

/** Only what the header claims: whose key it is, and for which Region. */
export function parseScope(header: string): Scope | SignatureRefusal {
  const found = parseAuthorization(header);
  return "code" in found ? found : found.parts.scope;
}

const partsOf = remember(REMEMBERED_SIGNERS, (text): SignerParts | SignatureRefusal => {
  const [, credential, signedHeadersText] = PARTS.exec(text) ?? [];
  if (credential === undefined || signedHeadersText === undefined) return notThreeParts(text);
  const scope = readScope(credential);
  if ("code" in scope) return scope;
  const names = signedHeadersText.split(";");
  const areInOrder = names.every((name, i) => HEADER_NAME.test(name) && (i === 0 || names[i - 1]! < name));
  if (!areInOrder || names.length > MAX_SIGNED_HEADERS) {
    return incompleteSignature("SignedHeaders must be names in lower case and in order, separated by semicolons.");
  }
  return { scope, signedHeaders: new Map(names.map((name, i) => [name, i])), signedHeadersText };
});

function readScope(credential: string): Scope | SignatureRefusal {
  const [accessKeyId = "", date = "", region = "", service = "", terminator, ...rest] = credential.split("/");
  if (rest.length > 0 || !ACCESS_KEY_ID.test(accessKeyId) || !DATE.test(date)) {
    return incompleteSignature(`Credential must be KEYID/YYYYMMDD/REGION/SERVICE/${TERMINATOR}.`);
  }
  if (terminator !== TERMINATOR) {
    return incorrectSignature(`Credential should be scoped with a valid terminator: '${TERMINATOR}'.`);
  }
  if (!isRegion(region)) return incorrectSignature("Credential should be scoped to a valid region.");
  return { accessKeyId, date, region, service, credential };
}

function notThreeParts(text: string): SignatureRefusal {
  if (!text.startsWith(`${ALGORITHM} `)) return incompleteSignature(`Authorization must begin with '${ALGORITHM}'.`);
  return incompleteSignature(
    "Authorization must have Credential, SignedHeaders and Signature, in this order, each once and no more.",
  );
}
