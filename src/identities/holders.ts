/** Users and roles in the store: found, made and put by kind, account and name. */
import type { Clock, Random } from "../env.ts";
import { KmsError } from "../errors.ts";
import { isAccountId } from "../model/realm.ts";
import { parsePolicy } from "../policy/policy.ts";
import type { ReadTransaction, Transaction } from "../records/record-store.ts";
import { checkName, checkNewName, checkTags, IdentityError, newId } from "./names.ts";
import {
  type Account,
  accessKeyPath,
  accessKeyRecord,
  accountPath,
  accountRecord,
  type Holder,
  type Role,
  rolePath,
  roleRecord,
  type User,
  userPath,
  userRecord,
} from "./records.ts";

/** Inline policies of one user, role or account: here they stand for managed policies too. */
const MAX_POLICIES = 20;

export type HolderKind = "user" | "role";

export interface NewHolder {
  readonly path?: string;
  /** Policy texts by name. */
  readonly policies?: Readonly<Record<string, string>>;
  readonly boundary?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** A user or role as it is listed; no secret. */
export interface HolderSummary extends Holder {
  readonly kind: HolderKind;
  readonly arn: string;
  readonly accessKeys: readonly {
    readonly accessKeyId: string;
    readonly isActive: boolean;
    readonly createdAtMs: number;
  }[];
}

/** An account as it is shown; no secret. */
export interface AccountSummary {
  readonly account: string;
  /** Of its root. */
  readonly arn: string;
  readonly serviceControlPolicies: Account["serviceControlPolicies"];
  /** Of its root. */
  readonly accessKeys: HolderSummary["accessKeys"];
}

export interface HoldersOptions {
  readonly partition: string;
  readonly random: Random;
  readonly clock: Clock;
}

export class Holders {
  readonly #partition: string;
  readonly #random: Random;
  readonly #clock: Clock;

  constructor({ partition, random, clock }: HoldersOptions) {
    this.#partition = partition;
    this.#random = random;
    this.#clock = clock;
  }

  /** A holder with a fresh id, not yet stored. @throws {IdentityError}, {KmsError} */
  make(kind: HolderKind, name: string, { path = "/", policies = {}, boundary, tags = {} }: NewHolder): User {
    checkNewName(kind, name);
    checkName("path", path);
    checkPolicies(policies);
    checkTags(tags);
    if (boundary !== undefined) checkPolicy("permissions boundary", boundary);
    const id = newId(kind === "user" ? "AIDA" : "AROA", this.#random);
    return {
      name,
      path,
      id,
      createdAtMs: this.#clock.nowMs(),
      policies,
      tags,
      accessKeyIds: [],
      ...(boundary !== undefined && { boundary }),
    };
  }

  /** @throws {IdentityError} where there is none */
  async get(tx: ReadTransaction, kind: HolderKind, account: string, name: string): Promise<User> {
    checkAccount(account);
    checkName(`${kind} name`, name);
    const holder = await this.find(tx, kind, account, name);
    if (holder !== undefined) return holder;
    throw new IdentityError(
      `There is no ${kind} ${name} in account ${account}. "wasm-kms identity list" shows all of them.`,
    );
  }

  /** A role is read as a user without access keys. */
  async find(tx: ReadTransaction, kind: HolderKind, account: string, name: string): Promise<User | undefined> {
    if (kind === "user") return tx.get(userRecord, userPath(account, name));
    const role = await tx.get(roleRecord, rolePath(account, name));
    return role && { ...role, accessKeyIds: [] };
  }

  /** The account, which is made where there is none. */
  async openAccount(tx: Transaction, account: string): Promise<Account> {
    const known = await tx.get(accountRecord, accountPath(account));
    if (known !== undefined) return known;
    const opened: Account = { serviceControlPolicies: {}, rootAccessKeyIds: [] };
    tx.put(accountRecord, accountPath(account), opened);
    return opened;
  }

  put(tx: Transaction, kind: HolderKind, account: string, holder: User): void {
    const { accessKeyIds: _none, ...role } = holder;
    if (kind === "user") tx.put(userRecord, userPath(account, holder.name), holder);
    else tx.put(roleRecord, rolePath(account, holder.name), role satisfies Role);
  }

  async summaryOf(tx: ReadTransaction, kind: HolderKind, account: string, holder: User): Promise<HolderSummary> {
    const accessKeys = await accessKeysOf(tx, holder.accessKeyIds);
    return { ...holder, kind, arn: this.arnOf(kind, account, holder), accessKeys };
  }

  /** One that has never been heard of has nothing. */
  async accountSummary(tx: ReadTransaction, account: string): Promise<AccountSummary> {
    const known = await tx.get(accountRecord, accountPath(account));
    return {
      account,
      arn: `arn:${this.#partition}:iam::${account}:root`,
      serviceControlPolicies: known?.serviceControlPolicies ?? {},
      accessKeys: await accessKeysOf(tx, known?.rootAccessKeyIds ?? []),
    };
  }

  arnOf(kind: HolderKind, account: string, { path, name }: Holder): string {
    return `arn:${this.#partition}:iam::${account}:${kind}${path}${name}`;
  }
}

async function accessKeysOf(tx: ReadTransaction, ids: readonly string[]): Promise<HolderSummary["accessKeys"]> {
  const found = [];
  for (const accessKeyId of ids) {
    const stored = await tx.get(accessKeyRecord, accessKeyPath(accessKeyId));
    if (stored === undefined) continue;
    found.push({ accessKeyId, isActive: stored.isActive, createdAtMs: stored.createdAtMs });
  }
  return found;
}

/** @throws {IdentityError} */
export function checkAccount(account: string): void {
  if (!isAccountId(account))
    throw new IdentityError(`An account id has twelve digits; it is ${JSON.stringify(account)}.`);
}

export function checkPolicies(policies: Readonly<Record<string, string>>): void {
  const names = Object.keys(policies);
  if (names.length > MAX_POLICIES) throw new IdentityError(`There can be at most ${MAX_POLICIES} policies.`);
  for (const name of names) {
    checkName("policy name", name);
    checkPolicy(`policy ${name}`, policies[name]!);
  }
}

/** @param what names it in the refusal @throws {KmsError} MalformedPolicyDocumentException, LimitExceededException */
export function checkPolicy(what: string, text: string): void {
  try {
    parsePolicy(text, "iam");
  } catch (error) {
    throw error instanceof KmsError ? new KmsError(error.code, `The ${what}: ${error.message}`) : error;
  }
}
