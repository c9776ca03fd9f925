/** The directory of the keystore: who is who, from its records (records.ts). */
import type { Caller, Principal } from "../env.ts";
import { remember } from "../model/remember.ts";
import type { Identity } from "../policy/identity.ts";
import { type Policy, storedPolicy } from "../policy/policy.ts";
import { type Ready, whenReady } from "../records/ready.ts";
import type { ReadTransaction } from "../records/record-store.ts";
import type { AccessKey, Directory } from "./directory.ts";
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
  type StoredAccessKey,
  type User,
  userPath,
  userRecord,
} from "./records.ts";

const NOBODY: Identity = { identityPolicies: [] };
const REMEMBERED_NAMES = 1024;

type Session = StoredAccessKey["owner"] & { readonly kind: "session" };

/** Policies are compiled once for each version of their record, which is another object when it has changed. */
const compiledHolders = new WeakMap<Holder, Identity>();
const compiledAccounts = new WeakMap<Account, readonly Policy[]>();
const compiledSessions = new WeakMap<StoredAccessKey, { readonly ofRole: Identity; readonly identity: Identity }>();
const principals = new WeakMap<StoredAccessKey, AccessKey>();

export class StoredDirectory implements Directory {
  readonly #partition: string;

  constructor(partition: string) {
    this.#partition = partition;
  }

  identify({ principal, accessKeyId }: Caller, tx: ReadTransaction): Ready<Identity | undefined> {
    if (principal.type === "service") return NOBODY;
    const account = tx.get(accountRecord, accountPath(principal.account));
    const identity = this.#identifyIn(principal, accessKeyId, tx);
    if (account instanceof Promise || identity instanceof Promise) {
      return Promise.all([account, identity]).then(([known, found]) => found && withControls(found, known));
    }
    return identity && withControls(identity, account);
  }

  accessKey(accessKeyId: string, tx: ReadTransaction): Ready<AccessKey | undefined> {
    return whenReady(tx.get(accessKeyRecord, accessKeyPath(accessKeyId)), (stored) => {
      if (stored === undefined) return undefined;
      const known = principals.get(stored);
      if (known !== undefined && stored.owner.kind === "root") return known;
      return whenReady(this.#holderOf(stored, tx), (holder) => {
        if (holder === null) return undefined;
        if (known !== undefined && known.principal.arn === this.#principalOf(stored, holder).arn) return known;
        const found = { ...stored, principal: this.#principalOf(stored, holder) };
        principals.set(stored, found);
        return found;
      });
    });
  }

  userIdOf(principalArn: string, tx: ReadTransaction): Ready<string | undefined> {
    return whenReady(this.#holderNamed(principalArn, tx), (holder) => holder?.id);
  }

  exists(principalArn: string, tx: ReadTransaction): Ready<boolean | undefined> {
    const { account } = holderName(principalArn);
    return whenReady(tx.get(accountRecord, accountPath(account)), (known) => {
      // Nothing is said of accounts that are not managed here.
      if (known === undefined) return undefined;
      return whenReady(this.#holderNamed(principalArn, tx), (holder) => holder !== undefined);
    });
  }

  #identifyIn(
    { type, arn, roleArn }: Principal,
    accessKeyId: string | undefined,
    tx: ReadTransaction,
  ): Ready<Identity | undefined> {
    if (type === "root") return NOBODY;
    if (type === "assumed-role" && accessKeyId !== undefined) {
      return whenReady(tx.get(accessKeyRecord, accessKeyPath(accessKeyId)), (stored) => {
        if (stored?.owner.kind !== "session") return undefined;
        return whenReady(this.#holderOf(stored, tx), (role) => (role ? sessionIdentity(role, stored) : undefined));
      });
    }
    const named = type === "user" ? arn : roleArn;
    if (named === undefined) return NOBODY;
    return whenReady(this.#holderNamed(named, tx), (holder) => {
      if (holder !== undefined) return identityOf(holder, type === "user");
      // Credentials of somebody who is gone are nobody's; whom the embedding program vouches for has no policies.
      return accessKeyId === undefined ? NOBODY : undefined;
    });
  }

  /** The user or role that an ARN names, path and case of letters included. */
  #holderNamed(arn: string, tx: ReadTransaction): Ready<User | Role | undefined> {
    const { kind, account, name } = holderName(arn);
    if (kind === "other") return undefined;
    const reading =
      kind === "user" ? tx.get(userRecord, userPath(account, name)) : tx.get(roleRecord, rolePath(account, name));
    return whenReady<User | Role | undefined, User | Role | undefined>(reading, (holder) =>
      holder !== undefined && this.#arnOf(account, kind, holder) === arn ? holder : undefined,
    );
  }

  /** The holder of an access key: `undefined` for a root, `null` if the holder is gone or another of the same name. */
  #holderOf({ account, owner }: StoredAccessKey, tx: ReadTransaction): Ready<User | Role | undefined | null> {
    if (owner.kind === "root") return undefined;
    const [reading, id] =
      owner.kind === "user"
        ? [tx.get(userRecord, userPath(account, owner.name)), owner.id]
        : [tx.get(roleRecord, rolePath(account, owner.roleName)), owner.roleId];
    return whenReady<User | Role | undefined, User | Role | null>(reading, (holder) =>
      holder?.id === id ? holder : null,
    );
  }

  #principalOf({ account, owner }: StoredAccessKey, holder: Holder | undefined): Principal {
    const partition = this.#partition;
    if (owner.kind === "root") return { type: "root", arn: `arn:${partition}:iam::${account}:root`, account };
    if (owner.kind === "user") return { type: "user", arn: this.#arnOf(account, "user", holder!), account };
    const arn = `arn:${partition}:sts::${account}:assumed-role/${holder!.name}/${owner.sessionName}`;
    return { type: "assumed-role", arn, account, roleArn: this.#arnOf(account, "role", holder!) };
  }

  #arnOf(account: string, kind: "user" | "role", { path, name }: Holder): string {
    return `arn:${this.#partition}:iam::${account}:${kind}${path}${name}`;
  }
}

interface HolderName {
  readonly kind: "user" | "role" | "other";
  readonly account: string;
  readonly name: string;
}

/** Read once for a principal that is in use. */
const holderName = remember(REMEMBERED_NAMES, (arn): HolderName => {
  const [, , service, , account = "", resource = ""] = arn.split(":");
  const kind = resource.slice(0, resource.indexOf("/"));
  const isHolder = service === "iam" && (kind === "user" || kind === "role");
  return { kind: isHolder ? kind : "other", account, name: resource.slice(resource.lastIndexOf("/") + 1) };
});

function identityOf(holder: Holder, isUser: boolean): Identity {
  let identity = compiledHolders.get(holder);
  if (identity === undefined) {
    identity = {
      identityPolicies: Object.values(holder.policies).map((text) => storedPolicy(text, "iam")),
      permissionsBoundary: holder.boundary === undefined ? undefined : storedPolicy(holder.boundary, "iam"),
      tags: holder.tags,
      userId: holder.id,
      ...(isUser && { userName: holder.name }),
    };
    compiledHolders.set(holder, identity);
  }
  return identity;
}

function sessionIdentity(role: Role, stored: StoredAccessKey): Identity {
  const ofRole = identityOf(role, false);
  const known = compiledSessions.get(stored);
  if (known !== undefined && known.ofRole === ofRole) return known.identity;
  const { sessionName, policy, tags } = stored.owner as Session;
  const identity: Identity = {
    ...ofRole,
    sessionPolicy: policy === undefined ? undefined : storedPolicy(policy, "iam"),
    tags: { ...ofRole.tags, ...tags },
    userId: `${role.id}:${sessionName}`,
    tokenIssuedAtMs: stored.createdAtMs,
    mfaPresent: false,
  };
  compiledSessions.set(stored, { ofRole, identity });
  return identity;
}

const controlled = new WeakMap<Account, WeakMap<Identity, Identity>>();

/** An identity within the service control policies of its account; the same one for the same records. */
function withControls(identity: Identity, account: Account | undefined): Identity {
  if (account === undefined) return identity;
  const serviceControlPolicies = controlsOf(account);
  if (serviceControlPolicies.length === 0) return identity;
  let within = controlled.get(account);
  if (within === undefined) {
    within = new WeakMap();
    controlled.set(account, within);
  }
  let found = within.get(identity);
  if (found === undefined) {
    found = { ...identity, serviceControlPolicies };
    within.set(identity, found);
  }
  return found;
}

function controlsOf(account: Account): readonly Policy[] {
  let policies = compiledAccounts.get(account);
  if (policies === undefined) {
    policies = Object.values(account.serviceControlPolicies).map((text) => storedPolicy(text, "iam"));
    compiledAccounts.set(account, policies);
  }
  return policies;
}
