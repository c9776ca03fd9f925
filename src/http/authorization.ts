/** The Authorization header of a signed request, read strictly: three parts, each once. */
import { isRegion } from "../model/realm.ts";
import { incompleteSignature, incorrectSignature, type SignatureRefusal } from "./signature-refusal.ts";

/** Whose key it is, and what its signature is for. */
export interface Scope {
  readonly accessKeyId: string;
  /** YYYYMMDD */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export interface Authorization extends Scope {
  /** In lower case and ascending order. */
  readonly signedHeaders: readonly string[];
  /** 64 lower-case hexadecimal digits. */
  readonly signature: string;
}

const SCHEME = "AWS4-HMAC-SHA256";
const SERVICE = "kms";
const PARTS = ["Credential", "SignedHeaders", "Signature"];
const TERMINATOR = "aws4_request";
const MAX_LENGTH = 4096;
const MAX_SIGNED_HEADERS = 64;
const SIGNATURE = /^[0-9a-f]{64}$/;
const ACCESS_KEY_ID = /^\w{1,128}$/;
const DATE = /^\d{8}$/;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** What the header says, or why it cannot be read. */
export function parseAuthorization(header: string | undefined): Authorization | SignatureRefusal {
  const parts = readParts(header);
  if ("code" in parts) return parts;
  const scope = readScope(parts.credential);
  if ("code" in scope) return scope;
  const { signature } = parts;
  const signedHeaders = parts.signedHeaders.split(";");
  const areInOrder = signedHeaders.every(
    (name, i) => HEADER_NAME.test(name) && (i === 0 || signedHeaders[i - 1]! < name),
  );
  if (!areInOrder || signedHeaders.length > MAX_SIGNED_HEADERS) {
    return incompleteSignature("SignedHeaders must be names in lower case and in order, separated by semicolons.");
  }
  if (!SIGNATURE.test(signature)) return incompleteSignature("Signature must have 64 lower-case hexadecimal digits.");
  return { ...scope, signedHeaders, signature };
}

/** Only what the header claims: whose key it is, and for which Region. */
export function parseScope(header: string): Scope | SignatureRefusal {
  const parts = readParts(header);
  return "code" in parts ? parts : readScope(parts.credential);
}

function readScope(credential: string): Scope | SignatureRefusal {
  const [accessKeyId = "", date = "", region = "", service = "", terminator, ...rest] = credential.split("/");
  if (rest.length > 0 || terminator !== TERMINATOR || !ACCESS_KEY_ID.test(accessKeyId) || !DATE.test(date)) {
    return incompleteSignature(`Credential must be KEYID/YYYYMMDD/REGION/SERVICE/${TERMINATOR}.`);
  }
  if (service !== SERVICE) return incorrectSignature(`Credential should be scoped to correct service: '${SERVICE}'.`);
  if (!isRegion(region)) return incorrectSignature("Credential should be scoped to a valid Region.");
  return { accessKeyId, date, region, service };
}

interface Parts {
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
}

function readParts(header: string | undefined): Parts | SignatureRefusal {
  if (header === undefined) {
    return { code: "MissingAuthenticationTokenException", message: "Missing Authentication Token" };
  }
  if (header.length > MAX_LENGTH) return incompleteSignature("The Authorization header is too long.");
  const space = header.indexOf(" ");
  if (header.slice(0, space) !== SCHEME) return incompleteSignature(`Authorization must begin with '${SCHEME}'.`);
  const found = new Map<string, string>();
  for (const part of header.slice(space + 1).split(",")) {
    const [name = "", ...value] = part.trim().split("=");
    if (found.has(name)) return notThreeParts();
    found.set(name, value.join("="));
  }
  const [credential, signedHeaders, signature] = PARTS.map((name) => found.get(name));
  if (found.size !== PARTS.length || !credential || !signedHeaders || !signature) return notThreeParts();
  return { credential, signedHeaders, signature };
}

function notThreeParts(): SignatureRefusal {
  return incompleteSignature("Authorization must have Credential, SignedHeaders and Signature, each once and no more.");
}
