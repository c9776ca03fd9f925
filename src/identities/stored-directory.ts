/** The directory of the keystore: who is who, from its records (records.ts). */
import type { Caller, Principal } from "../env.ts";
import { isAccountId } from "../model/realm.ts";
import { remember } from "../model/remember.ts";
import type { Identity } from "../policy/identity.ts";
import { type Policy, storedPolicy } from "../policy/policy.ts";
import { type Ready, whenReady } from "../records/ready.ts";
import type { ReadTransaction } from "../records/record-store.ts";
import type { AccessKey, Directory } from "./directory.ts";
import { isHolderName } from "./names.ts";
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

interface StoredSigner {
  readonly stored: StoredAccessKey;
  /** `undefined` of a root. */
  readonly holder: Holder | undefined;
  readonly accessKey: AccessKey;
}

/** Policies are compiled once for each version of their record, which is another object when it has changed. */
const compiledHolders = new WeakMap<Holder, Identity>();
const compiledAccounts = new WeakMap<Account, readonly Policy[]>();
const compiledSessions = new WeakMap<StoredAccessKey, { readonly ofRole: Identity; readonly identity: Identity }>();
const signers = new WeakMap<StoredAccessKey, StoredSigner>();

export class StoredDirectory implements Directory {
  readonly #partition: string;
  readonly #arns = new WeakMap<Holder, string>();

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
    return whenReady(this.#signer(accessKeyId, tx), (signer) => signer?.accessKey);
  }

  userIdOf(principalArn: string, tx: ReadTransaction): Ready<string | undefined> {
    return whenReady(this.#holderNamed(principalArn, tx), (holder) => holder?.id);
  }

  exists(principalArn: string, tx: ReadTransaction): Ready<boolean | undefined> {
    const { kind, account } = holderName(principalArn);
    // Sessions come and go: nothing is said of them either.
    if (kind === undefined || account === undefined) return undefined;
    return whenReady(tx.get(accountRecord, accountPath(account)), (known) => {
      // Nothing is said of accounts that are not managed here.
      if (known === undefined) return undefined;
      return whenReady(this.#holderNamed(principalArn, tx), (holder) => holder !== undefined);
    });
  }

  #identifyIn(principal: Principal, accessKeyId: string | undefined, tx: ReadTransaction): Ready<Identity | undefined> {
    const { type, arn, roleArn } = principal;
    // What a root may do hangs on no record; of federated users none is kept here.
    if (type === "root" || type === "federated-user") return NOBODY;
    if (accessKeyId !== undefined) return this.#identifySigner(principal, accessKeyId, tx);
    const [named, kind] = type === "user" ? ([arn, "user"] as const) : ([roleArn, "role"] as const);
    if (named === undefined || holderName(named).kind !== kind) return NOBODY;
    // Whom the embedding program vouches for and nobody knows has no policies.
    return whenReady(this.#holderNamed(named, tx), (holder) =>
      holder === undefined ? NOBODY : identityOf(holder, type === "user"),
    );
  }

  /** Credentials that are gone, whose holder is gone, or that are another principal's, are nobody's. */
  #identifySigner({ arn, roleArn }: Principal, accessKeyId: string, tx: ReadTransaction): Ready<Identity | undefined> {
    return whenReady(this.#signer(accessKeyId, tx), (signer) => {
      if (signer === undefined) return undefined;
      const { stored, holder, accessKey } = signer;
      if (accessKey.principal.arn !== arn || accessKey.principal.roleArn !== roleArn) return undefined;
      if (holder === undefined) return NOBODY;
      return stored.owner.kind === "session" ? sessionIdentity(holder, stored) : identityOf(holder, true);
    });
  }

  /** Whose an access key is; `undefined` if there is none, or its holder is gone or another of the same name. */
  #signer(accessKeyId: string, tx: ReadTransaction): Ready<StoredSigner | undefined> {
    return whenReady(tx.get(accessKeyRecord, accessKeyPath(accessKeyId)), (stored) => {
      if (stored === undefined) return undefined;
      return whenReady(this.#holderOf(stored, tx), (holder) => {
        if (holder === null) return undefined;
        const known = signers.get(stored);
        // A holder whose name or path has changed is another object.
        if (known !== undefined && known.holder === holder) return known;
        const signer = { stored, holder, accessKey: { ...stored, principal: this.#principalOf(stored, holder) } };
        signers.set(stored, signer);
        return signer;
      });
    });
  }

  /** The user or role that an ARN names, path and case of letters included. */
  #holderNamed(arn: string, tx: ReadTransaction): Ready<User | Role | undefined> {
    const { kind, account, recordPath } = holderName(arn);
    if (kind === undefined || account === undefined) return undefined;
    const reading = kind === "user" ? tx.get(userRecord, recordPath) : tx.get(roleRecord, recordPath);
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

  #arnOf(account: string, kind: "user" | "role", holder: Holder): string {
    let arn = this.#arns.get(holder);
    if (arn === undefined) {
      arn = `arn:${this.#partition}:iam::${account}:${kind}${holder.path}${holder.name}`;
      this.#arns.set(holder, arn);
    }
    return arn;
  }
}

interface HolderName {
  /** `undefined` of whoever is neither, or has no name that one can have. */
  readonly kind: "user" | "role" | undefined;
  readonly account: string | undefined;
  /** Of its record; empty without a kind. */
  readonly recordPath: string;
}

/** Read once for a principal that is in use. */
const holderName = remember(REMEMBERED_NAMES, (arn): HolderName => {
  const [, , service, , account = "", ...rest] = arn.split(":");
  // A path may have colons.
  const resource = rest.join(":");
  const kind = resource.slice(0, resource.indexOf("/"));
  const name = resource.slice(resource.lastIndexOf("/") + 1);
  const isHolder = service === "iam" && (kind === "user" || kind === "role") && isHolderName(name);
  if (!isHolder) return { kind: undefined, account: isAccountId(account) ? account : undefined, recordPath: "" };
  const recordPath = kind === "user" ? userPath(account, name) : rolePath(account, name);
  return { kind, account: isAccountId(account) ? account : undefined, recordPath };
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
    tags: mergeTags(ofRole.tags, tags),
    userId: `${role.id}:${sessionName}`,
    tokenIssuedAtMs: stored.createdAtMs,
    mfaPresent: false,
  };
  compiledSessions.set(stored, { ofRole, identity });
  return identity;
}

/** A session's tags go before those of its role; keys are the same in any case. */
function mergeTags(ofRole: Holder["tags"] = {}, ofSession: Holder["tags"]): Holder["tags"] {
  const own = new Set(Object.keys(ofSession).map((key) => key.toLowerCase()));
  const inherited = Object.entries(ofRole).filter(([key]) => !own.has(key.toLowerCase()));
  return Object.fromEntries([...inherited, ...Object.entries(ofSession)]);
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
