/** The Authorization header of a signed request, read strictly: three parts, each once. */
import { incompleteSignature, type SignatureRefusal } from "./signature-refusal.ts";

export interface Authorization {
  readonly accessKeyId: string;
  /** The scope: YYYYMMDD, Region and service. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  /** In lower case and ascending order. */
  readonly signedHeaders: readonly string[];
  /** 64 lower-case hexadecimal digits. */
  readonly signature: string;
}

const SCHEME = "AWS4-HMAC-SHA256";
const TERMINATOR = "aws4_request";
const MAX_LENGTH = 4096;
const MAX_SIGNED_HEADERS = 64;
const SIGNATURE = /^[0-9a-f]{64}$/;
const ACCESS_KEY_ID = /^\w{1,128}$/;
const DATE = /^\d{8}$/;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** What the header says, or why it cannot be read. */
export function parseAuthorization(header: string | undefined): Authorization | SignatureRefusal {
  if (header === undefined)
    return { code: "MissingAuthenticationTokenException", message: "Missing Authentication Token" };
  if (header.length > MAX_LENGTH) return incompleteSignature("The Authorization header is too long.");
  const space = header.indexOf(" ");
  if (header.slice(0, space) !== SCHEME) return incompleteSignature(`Authorization must begin with '${SCHEME}'.`);
  const parts = readParts(header.slice(space + 1));
  if (parts === undefined) {
    return incompleteSignature(
      "Authorization must have Credential, SignedHeaders and Signature, each once and nothing else.",
    );
  }
  const { credential, signedHeaders, signature } = parts;
  const [accessKeyId = "", date = "", region = "", service = "", terminator, ...rest] = credential.split("/");
  if (rest.length > 0 || terminator !== TERMINATOR || !ACCESS_KEY_ID.test(accessKeyId) || !DATE.test(date)) {
    return incompleteSignature(`Credential must be KEYID/YYYYMMDD/REGION/SERVICE/${TERMINATOR}.`);
  }
  const names = signedHeaders.split(";");
  const areInOrder = names.every((name, i) => HEADER_NAME.test(name) && (i === 0 || names[i - 1]! < name));
  if (!areInOrder || names.length > MAX_SIGNED_HEADERS) {
    return incompleteSignature("SignedHeaders must be names in lower case and in order, separated by semicolons.");
  }
  if (!SIGNATURE.test(signature)) return incompleteSignature("Signature must have 64 lower-case hexadecimal digits.");
  return { accessKeyId, date, region, service, signedHeaders: names, signature };
}

function readParts(text: string): { credential: string; signedHeaders: string; signature: string } | undefined {
  const parts = new Map<string, string>();
  for (const part of text.split(",")) {
    const [name = "", ...value] = part.trim().split("=");
    if (parts.has(name)) return undefined;
    parts.set(name, value.join("="));
  }
  const [credential, signedHeaders, signature] = ["Credential", "SignedHeaders", "Signature"].map((name) =>
    parts.get(name),
  );
  if (parts.size !== 3 || !credential || !signedHeaders || !signature) return undefined;
  return { credential, signedHeaders, signature };
}
