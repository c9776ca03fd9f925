/**
 * Whether a caller may do what an operation declares: the policies of the caller and of the key, the key's grants and
 * the facts of the request, put before the policy engine. Deny when in doubt.
 */
import type { Attestation } from "../enclaves/recipient.ts";
import type { Caller, Principal } from "../env.ts";
import type { Key } from "../keys/key.ts";
import { keyPolicyOf } from "../keys/key-policy.ts";
import type { ResolvedKey, Target } from "../operations/operation.ts";
import type { Identity } from "../policy/identity.ts";
import { type Decision, type GrantFacts, judge, type Policy, type Question } from "../policy/policy.ts";
import { type Ready, whenReady } from "../records/ready.ts";
import type { ReadTransaction } from "../records/record-store.ts";
import type { Services } from "../services.ts";
import { denial, foreignDenial } from "./denial.ts";
import { type ContextFacts, RequestContext } from "./request-context.ts";

const DAY_MS = 86_400_000;

/** Who asks for what. */
export interface AuthorizedRequest {
  readonly tx: ReadTransaction;
  /** Of the account and Region to which the request was sent. */
  readonly services: Services;
  readonly input: Readonly<Record<string, unknown>>;
  readonly caller: Caller;
  /** Of the enclave that has asked, verified. */
  readonly recipient?: Attestation | undefined;
}

/** One permission that a request needs. */
export interface Permission {
  readonly action: string;
  /** An ARN, or "*" where an operation has no resource. */
  readonly resource: string;
  /** The key whose policy and grants have a say; absent on the alias side and for what touches no key. */
  readonly key?: ResolvedKey | undefined;
  readonly target?: Target | undefined;
  readonly onSameKey?: boolean | undefined;
  /** Another policy in the place of the key's own: what PutKeyPolicy is about to write. */
  readonly keyPolicy?: Policy | undefined;
  /** The one grant that RetireGrant is about. */
  readonly grant?: GrantFacts | undefined;
}

const DENIED: Decision = { decision: "Deny", reason: "implicit" };

/** @throws {KmsError} AccessDeniedException */
export function authorize(request: AuthorizedRequest, permission: Permission): Ready<void> {
  const decision = decide(request, permission);
  if (decision instanceof Promise) return decision.then((decided) => refuseUnlessAllowed(decided, request, permission));
  refuseUnlessAllowed(decision, request, permission);
}

function refuseUnlessAllowed({ decision, reason }: Decision, { caller }: AuthorizedRequest, asked: Permission): void {
  if (decision === "Allow") return;
  const { principal } = caller;
  const { action, resource, key } = asked;
  if (key !== undefined && key.services.realm.accountId !== principal.account) {
    throw foreignDenial(principal, action, key.shownAs ?? resource);
  }
  throw denial(principal, action, resource, reason);
}

/** The decision, and which statement made it. */
export function decide(request: AuthorizedRequest, permission: Permission): Ready<Decision> {
  const { caller, services, tx } = request;
  if (partitionOf(caller.principal) !== services.realm.partition && caller.principal.type !== "service") return DENIED;
  const identity = services.directory.identify(caller, tx);
  if (identity instanceof Promise) return identity.then((found) => decideFor(found, request, permission));
  return decideFor(identity, request, permission);
}

function decideFor(
  identity: Identity | undefined,
  request: AuthorizedRequest,
  permission: Permission,
): Ready<Decision> {
  if (identity === undefined) return DENIED;
  const { key, keyPolicy, grant, action } = permission;
  // What only the service's own records decide is decided once for each version of them.
  if (key === undefined || keyPolicy !== undefined || grant !== undefined) return ask(identity, request, permission);
  const { principal } = request.caller;
  let known = remembered.get(key.key);
  const last = known?.get(action);
  if (last !== undefined && last.principal === principal && last.identity === identity) return last.decision;
  const context = contextFor(identity, request, permission);
  const decision = ask(identity, request, permission, context);
  if (decision instanceof Promise || context.wasAsked || MAY_CHANGE.has(decision.reason)) return decision;
  if (known === undefined) {
    known = new Map();
    remembered.set(key.key, known);
  }
  known.set(action, { principal, identity, decision });
  return decision;
}

/** Grants come and go without a new version of the key. */
const MAY_CHANGE: ReadonlySet<Decision["reason"]> = new Set(["implicit", "grant", "grant-account"]);

/** The last decision on each action on a key that asked for no fact of the request and for no grant. */
const remembered = new WeakMap<Key, Map<string, Remembered>>();

interface Remembered {
  readonly principal: Principal;
  readonly identity: Identity;
  readonly decision: Decision;
}

function ask(
  identity: Identity,
  request: AuthorizedRequest,
  permission: Permission,
  context = contextFor(identity, request, permission),
): Ready<Decision> {
  const { caller, tx } = request;
  const { action, resource, key, grant } = permission;
  const question: Question = {
    principal: caller.principal,
    action,
    resource,
    keyPolicy: permission.keyPolicy ?? (key && keyPolicyOf(key.key, key.services.defaultKeyPolicy)),
    identityPolicies: identity.identityPolicies,
    permissionsBoundary: identity.permissionsBoundary,
    sessionPolicy: identity.sessionPolicy,
    serviceControlPolicies: identity.serviceControlPolicies,
    grants: grant && [grant],
    context,
  };
  return whenReady(withStoredFacts(question, identity, request, permission), (asked) => {
    const decision = judge(asked);
    // Grants are read only where policies have not decided: most requests need none.
    if (decision.reason !== "implicit" || grant !== undefined || key?.key.hasGrants !== true) return decision;
    const granted = key.services.grants.ofGrantee(tx, key.key.keyId, granteesOf(caller), idOf(identity));
    return whenReady(granted, (grants) => (grants.length === 0 ? decision : judge({ ...asked, grants })));
  });
}

type StoredFacts = Pick<ContextFacts, "aliasNames" | "trailingDaysWithoutUsage">;

function contextFor(
  identity: Identity,
  { caller, services, input, recipient }: AuthorizedRequest,
  { action, key, target, onSameKey }: Permission,
  stored?: StoredFacts,
): RequestContext {
  return new RequestContext({
    caller,
    identity,
    services,
    action,
    input,
    recipient,
    resourceAccount: (key?.services ?? services).realm.accountId,
    key: key?.key,
    contextMember: target?.context,
    algorithmMember: target?.algorithm,
    keyMember: memberOf(target),
    onSameKey,
    aliasNames: stored?.aliasNames,
    trailingDaysWithoutUsage: stored?.trailingDaysWithoutUsage,
  });
}

/** The names under which a grant may have been given to a caller. */
function granteesOf({ principal: { type, arn, roleArn, account } }: Caller): readonly string[] {
  if (type === "service") return [arn];
  const root = `arn:${arn.split(":")[1]}:iam::${account}:root`;
  const own = roleArn === undefined ? [arn] : [arn, roleArn];
  return type === "root" ? own : [...own, root];
}

/** The id of the user or role; a session's goes on with its name. */
function idOf({ userId }: Identity): string | undefined {
  return userId?.split(":", 1)[0];
}

/** Reads what a condition asks for that is in the store, where one asks for it. */
function withStoredFacts(
  question: Question,
  identity: Identity,
  request: AuthorizedRequest,
  permission: Permission,
): Ready<Question> {
  if (permission.key === undefined) return question;
  const asksForAliases = asksFor(question, "kms:resourcealiases");
  const asksForUsage = asksFor(question, "kms:trailingdayswithoutkeyusage");
  if (!asksForAliases && !asksForUsage) return question;
  const { tx } = request;
  const { key, services } = permission.key;
  const read = async (): Promise<Question> => {
    const aliases = asksForAliases ? await services.aliases.ofKey(tx, key.keyId) : undefined;
    const usage = asksForUsage ? await services.lastUsage.find(tx, key.keyId) : undefined;
    const idleMs = services.clock.nowMs() - (usage?.atMs ?? key.createdAtMs);
    const stored = {
      aliasNames: aliases?.map(({ aliasName }) => aliasName),
      trailingDaysWithoutUsage: asksForUsage ? Math.floor(idleMs / DAY_MS) : undefined,
    };
    return { ...question, context: contextFor(identity, request, permission, stored) };
  };
  return read();
}

function asksFor(question: Question, contextKey: string): boolean {
  const { keyPolicy, identityPolicies, permissionsBoundary, sessionPolicy, serviceControlPolicies } = question;
  const asks = (policy: Policy | undefined) => policy?.contextKeys.has(contextKey);
  return (
    asks(keyPolicy) ||
    asks(permissionsBoundary) ||
    asks(sessionPolicy) ||
    identityPolicies.some(asks) ||
    (serviceControlPolicies?.some(asks) ?? false)
  );
}

let lastPrincipal: Principal | undefined;
let lastPartition: string | undefined;

/** The partition of an ARN: nobody acts across partitions. Read once for a caller that goes on calling. */
function partitionOf(principal: Principal): string | undefined {
  if (principal !== lastPrincipal) {
    lastPartition = principal.arn.split(":", 2)[1];
    lastPrincipal = principal;
  }
  return lastPartition;
}

function memberOf(target: Target | undefined): string | undefined {
  return typeof target?.from === "object" ? target.from.keyId : target?.from;
}
