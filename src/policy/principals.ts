/**
 * The Principal and NotPrincipal of a key policy. Source: AWS KMS Developer Guide, "Key policies", and IAM User Guide,
 * "AWS JSON policy elements: Principal" and "NotPrincipal".
 */
import type { Principal } from "../env.ts";
import type { JsonValue } from "../model/json-text.ts";
import { isAccountId } from "../model/realm.ts";
import { malformed } from "./malformed.ts";

/**
 * How a statement names somebody. "direct": the user, the session, the service or everybody. "role": the role of the
 * session. "account": the account, which lets IAM policies decide.
 */
export type Naming = "direct" | "role" | "account" | undefined;

export interface PrincipalList {
  readonly isEverybody: boolean;
  /** Account ids. */
  readonly accounts: ReadonlySet<string>;
  /** ARNs of users, roles and sessions. */
  readonly arns: ReadonlySet<string>;
  readonly services: ReadonlySet<string>;
}

/** @throws {KmsError} MalformedPolicyDocumentException */
export function compilePrincipals(given: JsonValue, where: string): PrincipalList {
  const accounts = new Set<string>();
  const arns = new Set<string>();
  const services = new Set<string>();
  let isEverybody = given === "*";
  if (!isEverybody && !(given instanceof Map)) throw invalidPrincipals(where);
  for (const [kind, names] of given instanceof Map ? given : []) {
    for (const name of namesOf(names, where)) {
      if (kind === "AWS" && name === "*") isEverybody = true;
      else if (kind === "AWS") addName(name, accounts, arns, where);
      else if (kind === "Service" && isServiceName(name)) services.add(name);
      else throw invalidPrincipals(where);
    }
  }
  if (!isEverybody && accounts.size + arns.size + services.size === 0) throw invalidPrincipals(where);
  return { isEverybody, accounts, arns, services };
}

/** How the list names this principal. */
export function namingOf(list: PrincipalList, { type, arn, account, roleArn }: Principal): Naming {
  if (list.isEverybody) return "direct";
  if (type === "service") return list.services.has(arn) ? "direct" : undefined;
  if (type !== "root" && list.arns.has(arn)) return "direct";
  if (roleArn !== undefined && list.arns.has(roleArn)) return "role";
  return list.accounts.has(account) ? "account" : undefined;
}

/**
 * Whether a NotPrincipal leaves this principal alone: it must be named in full, a user with its account, a session
 * with its role and its account.
 */
export function isExempt(list: PrincipalList, { type, arn, account, roleArn }: Principal): boolean {
  if (list.isEverybody) return true;
  if (type === "service") return list.services.has(arn);
  if (!list.accounts.has(account)) return false;
  if (type === "root") return true;
  return list.arns.has(arn) && (roleArn === undefined || list.arns.has(roleArn));
}

function addName(name: string, accounts: Set<string>, arns: Set<string>, where: string): void {
  if (isAccountId(name)) {
    accounts.add(name);
    return;
  }
  const [arn, partition, service, region, account, ...rest] = name.split(":");
  const resource = rest.join(":");
  const isPrincipal =
    arn === "arn" && partition !== "" && region === "" && isAccountId(account ?? "") && !hasWildcard(name);
  if (isPrincipal && service === "iam" && resource === "root") accounts.add(account!);
  else if (isPrincipal && isPrincipalResource(service, resource)) arns.add(name);
  else throw invalidPrincipals(where);
}

function isPrincipalResource(service: string | undefined, resource: string): boolean {
  const [kind, ...names] = resource.split("/");
  if (names.length === 0 || names.at(-1) === "") return false;
  if (service === "iam") return kind === "user" || kind === "role";
  if (service !== "sts") return false;
  return (kind === "assumed-role" && names.length === 2) || (kind === "federated-user" && names.length === 1);
}

function isServiceName(name: string): boolean {
  return name.includes(".") && !hasWildcard(name) && !name.includes(":") && !name.includes("/");
}

function hasWildcard(name: string): boolean {
  return name.includes("*") || name.includes("?");
}

function namesOf(names: JsonValue, where: string): string[] {
  const list = Array.isArray(names) ? names : [names];
  if (list.length === 0 || !list.every((name) => typeof name === "string")) throw invalidPrincipals(where);
  return list as string[];
}

function invalidPrincipals(where: string) {
  return malformed(`Policy contains a statement with one or more invalid principals: see ${where}`);
}
