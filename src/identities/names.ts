/** Names, ids and credentials as IAM has them. Source: IAM User Guide, "IAM and STS quotas" and "IAM identifiers". */
import type { Random } from "../env.ts";
import { secretBytes } from "../secret-bytes.ts";

const NAME = /^[\w+=,.@-]{1,64}$/;
const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;
const POLICY_NAME = /^[\w+=,.@-]{1,128}$/;
const PATH = /^\/(?:[\x21-\x7e]{1,510}\/)?$/;
const ACCESS_KEY_ID = /^[A-Z0-9]{16,128}$/;
const TAG_KEY = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u;
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;
const MAX_TAGS = 50;
const RESERVED_TAG_PREFIX = "aws:";
/** A user of this name could not be told from the root of the account where access keys are made. */
const ROOT = "root";
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

/** Whether a user or role can have this name. */
export function isHolderName(text: string): boolean {
  return NAME.test(text);
}

/** @throws {IdentityError} */
export function checkName(kind: keyof typeof RULES, text: unknown): asserts text is string {
  const [pattern, rule] = RULES[kind];
  if (typeof text === "string" && pattern.test(text)) return;
  // Not repeated: a secret may stand in its place.
  if (kind === "access key id") throw new IdentityError(`An ${kind} has ${rule}.`);
  throw new IdentityError(`A ${kind} has ${rule}; it is ${JSON.stringify(text)}.`);
}

/** The name of a new user or role. @throws {IdentityError} */
export function checkNewName(kind: "user" | "role", name: string): void {
  checkName(`${kind} name`, name);
  if (kind === "user" && name.toLowerCase() === ROOT) {
    throw new IdentityError(
      `A user cannot be named ${name}: that name stands for the root of the account. Choose another one.`,
    );
  }
}

/** @throws {IdentityError} */
export function checkTags(tags: Readonly<Record<string, string>>): void {
  const keys = Object.keys(tags);
  if (keys.length > MAX_TAGS)
    throw new IdentityError(`There can be at most ${MAX_TAGS} tags; there are ${keys.length}.`);
  const seen = new Set<string>();
  for (const key of keys) {
    if (!TAG_KEY.test(key) || key.toLowerCase().startsWith(RESERVED_TAG_PREFIX)) {
      const rule = "1 to 128 letters, digits, spaces or any of _.:/=+-@, and does not begin with aws:";
      throw new IdentityError(`A tag's key has ${rule}; it is ${JSON.stringify(key)}.`);
    }
    const value: unknown = tags[key];
    if (typeof value !== "string" || !TAG_VALUE.test(value)) {
      const rule = "0 to 256 letters, digits, spaces or any of _.:/=+-@";
      throw new IdentityError(`The value of the tag ${key} has ${rule}; it is ${JSON.stringify(value)}.`);
    }
    if (seen.has(key.toLowerCase())) {
      throw new IdentityError(`The tag ${key} is there twice: keys that differ by case alone are the same.`);
    }
    seen.add(key.toLowerCase());
  }
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
