/** Names, ids and credentials as IAM has them. Source: IAM User Guide, "IAM and STS quotas" and "IAM identifiers". */
import type { Random } from "../env.ts";
import { secretBytes } from "../secret-bytes.ts";

const NAME = /^[\w+=,.@-]{1,64}$/;
const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;
const POLICY_NAME = /^[\w+=,.@-]{1,128}$/;
const PATH = /^\/(?:[\x21-\x7e]{1,510}\/)?$/;
const ACCESS_KEY_ID = /^[A-Z0-9]{16,128}$/;
/** 32 characters, so that five random bits are one of them without a bias. */
const ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const ID_LENGTH = 17;
const ACCESS_KEY_LENGTH = 16;
const SECRET_LENGTH = 40;
const TOKEN_BYTES = 96;

const RULES = {
  "user name": [NAME, "1 to 64 letters, digits or any of _+=,.@-"],
  "role name": [NAME, "1 to 64 letters, digits or any of _+=,.@-"],
  "session name": [SESSION_NAME, "2 to 64 letters, digits or any of _+=,.@-"],
  "policy name": [POLICY_NAME, "1 to 128 letters, digits or any of _+=,.@-"],
  path: [PATH, "/ or /some/path/"],
  "access key id": [ACCESS_KEY_ID, "16 to 128 capital letters and digits"],
} as const;

/** What may be wrong with identities; the message says what and what to do. */
export class IdentityError extends Error {
  override readonly name = "IdentityError";
}

/** @throws {IdentityError} */
export function checkName(kind: keyof typeof RULES, text: unknown): asserts text is string {
  const [pattern, rule] = RULES[kind];
  if (typeof text === "string" && pattern.test(text)) return;
  throw new IdentityError(`A ${kind} has ${rule}; it is ${JSON.stringify(text)}.`);
}

/** @param prefix "AIDA" of users, "AROA" of roles */
export function newId(prefix: "AIDA" | "AROA", random: Random): string {
  return prefix + draw(ID_LENGTH, ID_ALPHABET, random);
}

/** @param prefix "AKIA" of long-term, "ASIA" of temporary credentials */
export function newAccessKeyId(prefix: "AKIA" | "ASIA", random: Random): string {
  return prefix + draw(ACCESS_KEY_LENGTH, ID_ALPHABET, random);
}

/** 240 random bits. A string, since its owner is shown it; it cannot be wiped. */
export function newSecretAccessKey(random: Random): string {
  return draw(SECRET_LENGTH, SECRET_ALPHABET, random);
}

export function newSessionToken(random: Random): string {
  return draw(TOKEN_BYTES, SECRET_ALPHABET, random);
}

/** Random characters of an alphabet of 32 or 64: a byte's low bits are one of them. */
function draw(length: number, alphabet: string, random: Random): string {
  const bytes = secretBytes(length);
  random.fill(bytes);
  let text = "";
  for (const byte of bytes) text += alphabet[byte & (alphabet.length - 1)];
  bytes.fill(0);
  return text;
}
