/**
 * Identities from a JSON document:
 *
 *   { "accounts": [{ "id": "111122223333", "serviceControlPolicies": { "name": { …policy… } },
 *       "users": [{ "name": "alice", "path": "/", "policies": { "name": { …policy… } }, "boundary": { …policy… },
 *                   "tags": { "team": "a" },
 *                   "accessKeys": [{ "accessKeyId": "AKIA…", "secretAccessKey": "…" }] }],
 *       "roles": [{ "name": "app", … }],
 *       "rootAccessKeys": [{ "accessKeyId": "AKIA…", "secretAccessKey": "…" }] }] }
 *
 * All of it or nothing. What is there already is replaced, with its id and access keys kept; what is not named stays.
 */
import { KmsError } from "../errors.ts";
import { type JsonValue, parseJson } from "../model/json-text.ts";
import type { Transaction } from "../records/record-store.ts";
import type { Administration } from "./administration.ts";
import type { HolderKind, NewHolder } from "./holders.ts";
import { checkName, IdentityError } from "./names.ts";

type JsonObject = ReadonlyMap<string, JsonValue>;

export interface ImportCounts {
  users: number;
  roles: number;
  accessKeys: number;
}

const MIN_SECRET_LENGTH = 16;
const MAX_SECRET_LENGTH = 128;

/** @throws {IdentityError} that names the place in the document, {KmsError} for a policy that is not valid */
export async function importIdentities(administration: Administration, text: string): Promise<ImportCounts> {
  const document = objectAt(parse(text), "the document", ["accounts"]);
  let counts: ImportCounts = { users: 0, roles: 0, accessKeys: 0 };
  await administration.inOneStep(async (tx) => {
    // A transaction may run again from the start.
    counts = { users: 0, roles: 0, accessKeys: 0 };
    for (const [i, account] of listAt(document.get("accounts"), "accounts").entries()) {
      await importAccount(administration, tx, account, `accounts[${i}]`, counts);
    }
  });
  return counts;
}

async function importAccount(
  administration: Administration,
  tx: Transaction,
  given: JsonValue,
  at: string,
  counts: ImportCounts,
): Promise<void> {
  const account = objectAt(given, at, ["id", "serviceControlPolicies", "users", "roles", "rootAccessKeys"]);
  const id = textAt(account.get("id"), `${at}.id`);
  const controls = account.get("serviceControlPolicies");
  const policies = controls === undefined ? undefined : policiesAt(controls, `${at}.serviceControlPolicies`);
  await administration.upsertAccount(tx, id, policies);
  const importAll = async (kind: HolderKind, list: JsonValue | undefined, where: string) => {
    for (const [i, holder] of listAt(list, where).entries()) {
      await importHolder(administration, tx, kind, id, holder, `${where}[${i}]`, counts);
    }
  };
  await importAll("user", account.get("users"), `${at}.users`);
  await importAll("role", account.get("roles"), `${at}.roles`);
  await importKeys(administration, tx, id, "root", account.get("rootAccessKeys"), `${at}.rootAccessKeys`, counts);
}

async function importHolder(
  administration: Administration,
  tx: Transaction,
  kind: HolderKind,
  account: string,
  given: JsonValue,
  at: string,
  counts: ImportCounts,
): Promise<void> {
  const common = ["name", "path", "policies", "boundary", "tags"];
  const holder = objectAt(given, at, kind === "user" ? [...common, "accessKeys"] : common);
  const name = textAt(holder.get("name"), `${at}.name`);
  await locating(at, () => administration.upsert(tx, kind, account, name, optionsOf(holder, at)));
  counts[kind === "user" ? "users" : "roles"]++;
  await importKeys(administration, tx, account, name, holder.get("accessKeys"), `${at}.accessKeys`, counts);
}

function optionsOf(holder: JsonObject, at: string): NewHolder {
  const [path, policies, boundary, tags] = ["path", "policies", "boundary", "tags"].map((name) => holder.get(name));
  return {
    ...(path !== undefined && { path: textAt(path, `${at}.path`) }),
    ...(policies !== undefined && { policies: policiesAt(policies, `${at}.policies`) }),
    ...(boundary !== undefined && { boundary: policyText(boundary, `${at}.boundary`) }),
    ...(tags !== undefined && { tags: tagsAt(tags, `${at}.tags`) }),
  };
}

async function importKeys(
  administration: Administration,
  tx: Transaction,
  account: string,
  userName: string,
  given: JsonValue | undefined,
  where: string,
  counts: ImportCounts,
): Promise<void> {
  for (const [i, entry] of listAt(given, where).entries()) {
    const at = `${where}[${i}]`;
    const key = objectAt(entry, at, ["accessKeyId", "secretAccessKey"]);
    const id = textAt(key.get("accessKeyId"), `${at}.accessKeyId`);
    const secret = textAt(key.get("secretAccessKey"), `${at}.secretAccessKey`);
    if (secret.length < MIN_SECRET_LENGTH || secret.length > MAX_SECRET_LENGTH) {
      throw new IdentityError(
        `${at}.secretAccessKey must have ${MIN_SECRET_LENGTH} to ${MAX_SECRET_LENGTH} characters.`,
      );
    }
    await locating(at, async () => {
      checkName("access key id", id);
      await administration.putImportedKey(tx, account, userName, id, secret);
    });
    counts.accessKeys++;
  }
}

/** Says where in the document something is wrong. */
async function locating(at: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof IdentityError) throw new IdentityError(`${at}: ${error.message}`);
    if (error instanceof KmsError) throw new KmsError(error.code, `${at}: ${error.message}`);
    throw error;
  }
}

function parse(text: string): JsonValue {
  try {
    return parseJson(text);
  } catch (error) {
    throw new IdentityError(`The document is not valid: ${(error as Error).message}`);
  }
}

function objectAt(value: JsonValue, at: string, members: readonly string[]): JsonObject {
  if (!(value instanceof Map)) throw new IdentityError(`${at} must be an object.`);
  for (const name of value.keys()) {
    if (!members.includes(name)) throw new IdentityError(`${at} has a member ${name}; it takes ${members.join(", ")}.`);
  }
  return value;
}

function listAt(value: JsonValue | undefined, at: string): readonly JsonValue[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new IdentityError(`${at} must be an array.`);
  return value;
}

function textAt(value: JsonValue | undefined, at: string): string {
  if (typeof value !== "string") throw new IdentityError(`${at} must be a string.`);
  return value;
}

function tagsAt(value: JsonValue, at: string): Record<string, string> {
  if (!(value instanceof Map)) throw new IdentityError(`${at} must be an object of strings.`);
  return Object.fromEntries([...value].map(([name, text]) => [name, textAt(text, `${at}.${name}`)]));
}

function policiesAt(value: JsonValue, at: string): Record<string, string> {
  if (!(value instanceof Map)) throw new IdentityError(`${at} must be an object of policies by name.`);
  return Object.fromEntries([...value].map(([name, policy]) => [name, policyText(policy, `${at}.${name}`)]));
}

/** A policy as an object, or as its text. */
function policyText(value: JsonValue, at: string): string {
  if (typeof value === "string") return value;
  if (!(value instanceof Map)) throw new IdentityError(`${at} must be a policy: an object, or its text.`);
  return JSON.stringify(plain(value));
}

function plain(value: JsonValue): unknown {
  if (Array.isArray(value)) return value.map(plain);
  return value instanceof Map ? Object.fromEntries([...value].map(([name, item]) => [name, plain(item)])) : value;
}
