/**
 * Who manages identities: accounts, users, roles, their policies, access keys and sessions. Each method is one
 * transaction. Secrets leave only with the credentials that were just made.
 */
import { Secret } from "../crypto/secret.ts";
import type { Clock, Random } from "../env.ts";
import type { ReadTransaction, Records, Transaction } from "../records/record-store.ts";
import {
  type AccountSummary,
  checkAccount,
  checkPolicies,
  checkPolicy,
  type HolderKind,
  type HolderSummary,
  Holders,
  type HoldersOptions,
  type NewHolder,
} from "./holders.ts";
import { checkName, checkTags, IdentityError, newAccessKeyId, newSecretAccessKey, newSessionToken } from "./names.ts";
import {
  accessKeyPath,
  accessKeyRecord,
  accountPath,
  accountRecord,
  type Owner,
  rolePath,
  type StoredAccessKey,
  sessionEndPath,
  sessionEndRecord,
  type User,
  userPath,
} from "./records.ts";

const MAX_ACCESS_KEYS = 2;
const MIN_SESSION_SECONDS = 900;
const MAX_SESSION_SECONDS = 43_200;
const DEFAULT_SESSION_SECONDS = 3600;
/** Ended sessions that one write removes. */
const SWEPT_AT_ONCE = 32;
const LIST_LIMIT = 1000;
/** Whose access keys are the account's own; no user has this name. */
const ROOT = "root";

/** What signs requests. The secret is shown here and never again. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials alone, with their end. */
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

type Texts = Readonly<Record<string, string>>;

export interface SessionOptions {
  readonly sessionName: string;
  /** 900 to 43,200; an hour by default. */
  readonly durationSeconds?: number;
  /** A policy that the session stays within. */
  readonly policy?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface AdministrationOptions extends HoldersOptions {
  readonly records: Records;
}

export type { AccountSummary, HolderKind, HolderSummary, NewHolder } from "./holders.ts";

export class Administration {
  readonly #records: Records;
  readonly #holders: Holders;
  readonly #random: Random;
  readonly #clock: Clock;

  constructor({ records, partition, random, clock }: AdministrationOptions) {
    this.#records = records;
    this.#holders = new Holders({ partition, random, clock });
    this.#random = random;
    this.#clock = clock;
  }

  /** Makes a user or role; its ARN. @throws {IdentityError}, {KmsError} MalformedPolicyDocumentException */
  create(kind: HolderKind, account: string, name: string, options: NewHolder = {}): Promise<string> {
    return this.#write(async (tx) => {
      checkAccount(account);
      const holder = this.#holders.make(kind, name, options);
      const known = await this.#holders.find(tx, kind, account, name);
      if (known !== undefined) {
        throw new IdentityError(`There is a ${kind} ${known.name} in account ${account} already.`);
      }
      await this.#holders.openAccount(tx, account);
      this.#holders.put(tx, kind, account, holder);
      return this.#holders.arnOf(kind, account, holder);
    });
  }

  /** Removes a user with its access keys, or a role, which ends its sessions. @throws {IdentityError} */
  remove(kind: HolderKind, account: string, name: string): Promise<void> {
    return this.#write(async (tx) => {
      const holder = await this.#holders.get(tx, kind, account, name);
      for (const id of holder.accessKeyIds) tx.remove(accessKeyPath(id));
      tx.remove(kind === "user" ? userPath(account, name) : rolePath(account, name));
    });
  }

  /** Puts an inline policy, or removes it where `text` is `undefined`. @throws {IdentityError}, {KmsError} */
  putPolicy(
    kind: HolderKind,
    account: string,
    name: string,
    policyName: string,
    text: string | undefined,
  ): Promise<void> {
    return this.#change(kind, account, name, (holder) => {
      const policies = withPolicy(holder.policies, policyName, text);
      if (policies === undefined) throw new IdentityError(`The ${kind} ${name} has no policy ${policyName}.`);
      return { ...holder, policies };
    });
  }

  /** Sets the permissions boundary, or removes it. @throws {IdentityError}, {KmsError} */
  putBoundary(kind: HolderKind, account: string, name: string, text: string | undefined): Promise<void> {
    return this.#change(kind, account, name, ({ boundary: _old, ...holder }: User) => {
      if (text === undefined) return holder;
      checkPolicy("permissions boundary", text);
      return { ...holder, boundary: text };
    });
  }

  /** Puts a service control policy of an account, or removes it. @throws {IdentityError}, {KmsError} */
  putServiceControlPolicy(account: string, policyName: string, text: string | undefined): Promise<void> {
    return this.#write(async (tx) => {
      checkAccount(account);
      const known = await this.#holders.openAccount(tx, account);
      const policies = withPolicy(known.serviceControlPolicies, policyName, text);
      if (policies === undefined) {
        throw new IdentityError(`The account ${account} has no service control policy ${policyName}.`);
      }
      tx.put(accountRecord, accountPath(account), { ...known, serviceControlPolicies: policies });
    });
  }

  /** Makes an access key for a user, or for the root of the account where the name is "root". @throws {IdentityError} */
  createAccessKey(account: string, userName: string): Promise<Credentials> {
    return this.#write(async (tx) => {
      checkAccount(account);
      const accessKeyId = newAccessKeyId("AKIA", this.#random);
      const secretAccessKey = newSecretAccessKey(this.#random);
      await this.#addAccessKey(tx, account, userName, accessKeyId, secretAccessKey);
      return { accessKeyId, secretAccessKey };
    });
  }

  /** Stores an access key that was made elsewhere; one of the same owner is replaced. @throws {IdentityError} */
  async putImportedKey(
    tx: Transaction,
    account: string,
    userName: string,
    id: string,
    secretText: string,
  ): Promise<void> {
    const known = await tx.get(accessKeyRecord, accessKeyPath(id));
    if (known === undefined) return this.#addAccessKey(tx, account, userName, id, secretText);
    const userId = userName === ROOT ? undefined : (await this.#holders.get(tx, "user", account, userName)).id;
    const isOwner = known.owner.kind === "user" ? known.owner.id === userId : known.owner.kind === userName;
    if (known.account !== account || known.owner.kind === "session" || !isOwner) {
      throw new IdentityError(`The access key ${id} is somebody else's already; delete it there first.`);
    }
    this.#putAccessKey(tx, known, secretText);
  }

  async #addAccessKey(
    tx: Transaction,
    account: string,
    userName: string,
    id: string,
    secretText: string,
  ): Promise<void> {
    const isRoot = userName === ROOT;
    const known = await this.#holders.openAccount(tx, account);
    const user = isRoot ? undefined : await this.#holders.get(tx, "user", account, userName);
    const ids = user?.accessKeyIds ?? known.rootAccessKeyIds;
    if (ids.length >= MAX_ACCESS_KEYS) {
      throw new IdentityError(`${userName} has ${MAX_ACCESS_KEYS} access keys already; delete one of them first.`);
    }
    const owner: Owner = user === undefined ? { kind: "root" } : { kind: "user", name: user.name, id: user.id };
    this.#putAccessKey(
      tx,
      { accessKeyId: id, account, owner, createdAtMs: this.#clock.nowMs(), isActive: true },
      secretText,
    );
    if (user !== undefined) this.#holders.put(tx, "user", account, { ...user, accessKeyIds: [...ids, id] });
    else tx.put(accountRecord, accountPath(account), { ...known, rootAccessKeyIds: [...ids, id] });
  }

  /** @throws {IdentityError} */
  setAccessKeyActive(accessKeyId: string, isActive: boolean): Promise<void> {
    return this.#write(async (tx) => {
      tx.put(accessKeyRecord, accessKeyPath(accessKeyId), { ...(await getAccessKey(tx, accessKeyId)), isActive });
    });
  }

  /** Removes an access key, also a session's. @throws {IdentityError} */
  deleteAccessKey(accessKeyId: string): Promise<void> {
    return this.#write(async (tx) => {
      const { account, owner, expiresAtMs } = await getAccessKey(tx, accessKeyId);
      const without = (ids: readonly string[]) => ids.filter((id) => id !== accessKeyId);
      tx.remove(accessKeyPath(accessKeyId));
      if (owner.kind === "session") tx.remove(sessionEndPath(expiresAtMs!, accessKeyId));
      if (owner.kind === "user") {
        const user = await this.#holders.get(tx, "user", account, owner.name);
        this.#holders.put(tx, "user", account, { ...user, accessKeyIds: without(user.accessKeyIds) });
      }
      if (owner.kind === "root") {
        const known = await this.#holders.openAccount(tx, account);
        tx.put(accountRecord, accountPath(account), { ...known, rootAccessKeyIds: without(known.rootAccessKeyIds) });
      }
    });
  }

  /** Temporary credentials of a role, as AssumeRole gives them. @throws {IdentityError}, {KmsError} */
  assumeRole(account: string, roleName: string, options: SessionOptions): Promise<Credentials> {
    return this.#write(async (tx) => {
      const { sessionName, durationSeconds = DEFAULT_SESSION_SECONDS, policy, tags = {} } = options;
      checkName("session name", sessionName);
      checkDuration(durationSeconds);
      if (policy !== undefined) checkPolicy("session policy", policy);
      checkTags(tags);
      const role = await this.#holders.get(tx, "role", account, roleName);
      const createdAtMs = this.#clock.nowMs();
      const accessKeyId = newAccessKeyId("ASIA", this.#random);
      const secretAccessKey = newSecretAccessKey(this.#random);
      const sessionToken = newSessionToken(this.#random);
      const expiresAtMs = createdAtMs + durationSeconds * 1000;
      const withPolicy = policy === undefined ? {} : { policy };
      const owner: Owner = { kind: "session", roleName: role.name, roleId: role.id, sessionName, tags, ...withPolicy };
      const stored = { accessKeyId, account, owner, isActive: true, createdAtMs, expiresAtMs, sessionToken };
      this.#putAccessKey(tx, stored, secretAccessKey);
      tx.put(sessionEndRecord, sessionEndPath(expiresAtMs, accessKeyId), {});
      return { accessKeyId, secretAccessKey, sessionToken, expiration: new Date(expiresAtMs) };
    });
  }

  /** The users and roles of an account, in order of name. */
  list(account: string): Promise<readonly HolderSummary[]> {
    return this.#read(async (tx) => {
      checkAccount(account);
      const found: HolderSummary[] = [];
      for (const kind of ["user", "role"] as const) {
        const prefix = kind === "user" ? userPath(account, "") : rolePath(account, "");
        for (let after: string | undefined; ; ) {
          const paths = await tx.list(prefix, after, LIST_LIMIT);
          for (const path of paths) {
            const holder = await this.#holders.find(tx, kind, account, path.slice(prefix.length));
            if (holder !== undefined) found.push(await this.#holders.summaryOf(tx, kind, account, holder));
          }
          if (paths.length < LIST_LIMIT) break;
          after = paths.at(-1);
        }
      }
      return found;
    });
  }

  /** What belongs to the account itself. @throws {IdentityError} */
  showAccount(account: string): Promise<AccountSummary> {
    return this.#read((tx) => {
      checkAccount(account);
      return this.#holders.accountSummary(tx, account);
    });
  }

  /** One user or role. @throws {IdentityError} */
  show(kind: HolderKind, account: string, name: string): Promise<HolderSummary> {
    return this.#read(async (tx) =>
      this.#holders.summaryOf(tx, kind, account, await this.#holders.get(tx, kind, account, name)),
    );
  }

  /** Creates or replaces all but the id and the access keys of a user or role, as an import does. */
  async upsert(tx: Transaction, kind: HolderKind, account: string, name: string, options: NewHolder): Promise<void> {
    const fresh = this.#holders.make(kind, name, options);
    const known = await this.#holders.find(tx, kind, account, name);
    const { id, createdAtMs, accessKeyIds } = known ?? fresh;
    this.#holders.put(tx, kind, account, { ...fresh, id, createdAtMs, accessKeyIds });
  }

  /** Opens an account for an import, and replaces its service control policies where they are given. */
  async upsertAccount(tx: Transaction, account: string, policies: Readonly<Record<string, string>> | undefined) {
    checkAccount(account);
    const known = await this.#holders.openAccount(tx, account);
    if (policies === undefined) return;
    checkPolicies(policies);
    tx.put(accountRecord, accountPath(account), { ...known, serviceControlPolicies: policies });
  }

  /** Many changes, all or nothing. */
  inOneStep(work: (tx: Transaction) => Promise<void>): Promise<void> {
    return this.#write(work);
  }

  #change(kind: HolderKind, account: string, name: string, change: (holder: User) => User): Promise<void> {
    return this.#write(async (tx) =>
      this.#holders.put(tx, kind, account, change(await this.#holders.get(tx, kind, account, name))),
    );
  }

  #putAccessKey(tx: Transaction, stored: Omit<StoredAccessKey, "secret">, secretAccessKey: string): void {
    const secret = Secret.adopt(new TextEncoder().encode(secretAccessKey));
    tx.put(accessKeyRecord, accessKeyPath(stored.accessKeyId), { ...stored, secret });
    secret.wipe();
  }

  async #read<T>(work: (tx: ReadTransaction) => Promise<T>): Promise<T> {
    return this.#records.read(work);
  }

  #write<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#records.write(async (tx) => {
      const result = await work(tx);
      await sweepSessions(tx, this.#clock.nowMs());
      return result;
    });
  }
}

/** The policies with one put, or removed where there is no text; `undefined` where there is none to remove. */
function withPolicy(policies: Texts, name: string, text: string | undefined): Texts | undefined {
  checkName("policy name", name);
  // Neither an assignment nor a spread of a literal: the name may be __proto__.
  const others = Object.entries(policies).filter(([known]) => known !== name);
  if (text === undefined) return Object.hasOwn(policies, name) ? Object.fromEntries(others) : undefined;
  const changed = Object.fromEntries([...others, [name, text]]);
  checkPolicies(changed);
  return changed;
}

async function getAccessKey(tx: ReadTransaction, accessKeyId: string): Promise<StoredAccessKey> {
  checkName("access key id", accessKeyId);
  const stored = await tx.get(accessKeyRecord, accessKeyPath(accessKeyId));
  if (stored === undefined) throw new IdentityError(`There is no access key ${accessKeyId}.`);
  return stored;
}

/** Removes sessions that have ended. */
async function sweepSessions(tx: Transaction, nowMs: number): Promise<void> {
  const prefix = "session-end/";
  for (const path of await tx.list(prefix, undefined, SWEPT_AT_ONCE)) {
    const [time, accessKeyId] = path.slice(prefix.length).split("/") as [string, string];
    if (Number(time) > nowMs) return;
    tx.remove(path);
    tx.remove(accessKeyPath(accessKeyId));
  }
}

function checkDuration(seconds: number): void {
  if (Number.isInteger(seconds) && seconds >= MIN_SESSION_SECONDS && seconds <= MAX_SESSION_SECONDS) return;
  throw new IdentityError(
    `A session lasts ${MIN_SESSION_SECONDS} to ${MAX_SESSION_SECONDS} seconds; it is ${seconds}.`,
  );
}
