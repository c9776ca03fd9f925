/**
 * How identities are kept. They belong to an account, whichever Region it is used in.
 *
 *   identity/<account>/account              Account
 *   identity/<account>/user/<name>          User, by its name in lower case
 *   identity/<account>/role/<name>          Role, likewise
 *   access-key/<access key id>              StoredAccessKey, with its secret
 *   session-end/<time>/<access key id>      an empty record: the index of sessions by their end
 */
import type { Secret } from "../crypto/secret.ts";
import { remember } from "../model/remember.ts";
import { jsonRecord } from "../records/json-record.ts";
import { secretRecord } from "../records/secret-record.ts";

const REMEMBERED_ACCOUNTS = 1024;

type Texts = Readonly<Record<string, string>>;

export interface Account {
  /** Texts of service control policies by name, as they hold for everybody in the account. */
  readonly serviceControlPolicies: Texts;
  readonly rootAccessKeyIds: readonly string[];
}

/** What users and roles have in common. */
export interface Holder {
  /** As it was written; no other holder has it in other cases. */
  readonly name: string;
  /** As "/" or "/team/". */
  readonly path: string;
  /** "AIDA…" or "AROA…": another holder of the same name has another one. */
  readonly id: string;
  readonly createdAtMs: number;
  /** Texts of inline policies by name. */
  readonly policies: Texts;
  /** The text of the permissions boundary. */
  readonly boundary?: string;
  readonly tags: Texts;
}

export interface User extends Holder {
  readonly accessKeyIds: readonly string[];
}

export type Role = Holder;

/** Whose an access key is. */
export type Owner =
  | { readonly kind: "root" }
  | { readonly kind: "user"; readonly name: string; readonly id: string }
  | {
      readonly kind: "session";
      readonly roleName: string;
      readonly roleId: string;
      readonly sessionName: string;
      readonly policy?: string;
      readonly tags: Texts;
    };

export interface StoredAccessKey {
  readonly accessKeyId: string;
  readonly account: string;
  readonly owner: Owner;
  readonly isActive: boolean;
  readonly createdAtMs: number;
  readonly expiresAtMs?: number;
  /** Worth nothing without the secret beside it. */
  readonly sessionToken?: string;
  /** The UTF-8 of the secret access key. */
  readonly secret: Secret;
}

export const accountRecord = jsonRecord<Account>("account");
export const userRecord = jsonRecord<User>("user");
export const roleRecord = jsonRecord<Role>("role");
export const sessionEndRecord = jsonRecord<Record<string, never>>("session-end");
export const accessKeyRecord = secretRecord<StoredAccessKey>("access-key");

/** Asked for with every request. */
export const accountPath = remember(REMEMBERED_ACCOUNTS, (account) => `identity/${account}/account`);
export const userPath = (account: string, name: string) => `identity/${account}/user/${name.toLowerCase()}`;
export const rolePath = (account: string, name: string) => `identity/${account}/role/${name.toLowerCase()}`;
export const accessKeyPath = (accessKeyId: string) => `access-key/${accessKeyId}`;
/** Sorts by time: a time in milliseconds has as many digits for as long as it matters. */
export const sessionEndPath = (atMs: number, accessKeyId: string) =>
  `session-end/${String(atMs).padStart(15, "0")}/${accessKeyId}`;
