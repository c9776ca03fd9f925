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
 * All of it or nothing. A user or role that is there already is replaced, with its id and access keys kept: what the
 * document leaves away, it has no more. Users, roles and access keys that the document does not name stay.
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

/** One run of the transaction. */
interface Run {
  readonly administration: Administration;
  readonly tx: Transaction;
  readonly counts: ImportCounts;
  /** What the document has named so far. */
  readonly seen: Set<string>;
}

const ROOT = "root";
const SECRET = /^[\x21-\x7e]{16,128}$/;

/** @throws {IdentityError} that names the place in the document, {KmsError} for a policy that is not valid */
export async function importIdentities(administration: Administration, text: string): Promise<ImportCounts> {
  const document = objectAt(parse(text), "the document", ["accounts"]);
  const given = document.get("accounts");
  if (given === undefined) throw new IdentityError("The document must have the member accounts, an array.");
  const accounts = listAt(given, "accounts");
  let counts: ImportCounts = { users: 0, roles: 0, accessKeys: 0 };
  await administration.inOneStep(async (tx) => {
    // A transaction may run again from the start.
    counts = { users: 0, roles: 0, accessKeys: 0 };
    const seen = new Set<string>();
    for (const [i, account] of accounts.entries()) {
      await importAccount({ administration, tx, counts, seen }, account, `accounts[${i}]`);
    }
  });
  return counts;
}

async function importAccount(run: Run, given: JsonValue, at: string): Promise<void> {
  const account = objectAt(given, at, ["id", "serviceControlPolicies", "users", "roles", "rootAccessKeys"]);
  const id = textAt(account.get("id"), `${at}.id`);
  const controls = account.get("serviceControlPolicies");
  const policies = controls === undefined ? undefined : policiesAt(controls, `${at}.serviceControlPolicies`);
  once(run, "account", id, `${at}.id`);
  await locating(at, () => run.administration.upsertAccount(run.tx, id, policies));
  for (const kind of ["user", "role"] as const) {
    const where = `${at}.${kind}s`;
    for (const [i, holder] of listAt(account.get(`${kind}s`), where).entries()) {
      await importHolder(run, kind, id, holder, `${where}[${i}]`);
    }
  }
  await importKeys(run, id, ROOT, account.get("rootAccessKeys"), `${at}.rootAccessKeys`);
}

async function importHolder(run: Run, kind: HolderKind, account: string, given: JsonValue, at: string): Promise<void> {
  const common = ["name", "path", "policies", "boundary", "tags"];
  const holder = objectAt(given, at, kind === "user" ? [...common, "accessKeys"] : common);
  const name = textAt(holder.get("name"), `${at}.name`);
  const options = optionsOf(holder, at);
  once(run, kind, `${account}/${name.toLowerCase()}`, `${at}.name`);
  await locating(at, () => run.administration.upsert(run.tx, kind, account, name, options));
  run.counts[`${kind}s`]++;
  await importKeys(run, account, name, holder.get("accessKeys"), `${at}.accessKeys`);
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
  run: Run,
  account: string,
  userName: string,
  given: JsonValue | undefined,
  where: string,
): Promise<void> {
  for (const [i, entry] of listAt(given, where).entries()) {
    const at = `${where}[${i}]`;
    const key = objectAt(entry, at, ["accessKeyId", "secretAccessKey"]);
    const id = textAt(key.get("accessKeyId"), `${at}.accessKeyId`);
    const secret = textAt(key.get("secretAccessKey"), `${at}.secretAccessKey`);
    if (!SECRET.test(secret)) {
      throw new IdentityError(`${at}.secretAccessKey must have 16 to 128 characters of ASCII, and no spaces.`);
    }
    once(run, "access key", id, `${at}.accessKeyId`);
    await locating(at, async () => {
      checkName("access key id", id);
      await run.administration.putImportedKey(run.tx, account, userName, id, secret);
    });
    run.counts.accessKeys++;
  }
}

/** Of two that are the same the second would undo the first. */
function once({ seen }: Run, kind: string, name: string, at: string): void {
  const key = `${kind} ${name}`;
  if (seen.has(key)) throw new IdentityError(`${at}: the document has the same ${kind} twice.`);
  seen.add(key);
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
