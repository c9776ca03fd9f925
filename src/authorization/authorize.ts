/**
 * Whether a caller may do what an operation declares: the policies of the caller and of the key, the key's grants and
 * the facts of the request, put before the policy engine. Deny when in doubt.
 */
import type { Caller } from "../env.ts";
import { keyPolicyOf } from "../keys/key-policy.ts";
import type { ResolvedKey, Target } from "../operations/operation.ts";
import type { Identity } from "../policy/identity.ts";
import { type Decision, type GrantFacts, judge, type Policy, type Question } from "../policy/policy.ts";
import { type Ready, whenReady } from "../records/ready.ts";
import type { ReadTransaction } from "../records/record-store.ts";
import type { Services } from "../services.ts";
import { denial, foreignDenial } from "./denial.ts";
import { type ContextFacts, contextOf } from "./request-context.ts";

const DAY_MS = 86_400_000;
const COLON = 0x3a;

/** Who asks for what. */
export interface AuthorizedRequest {
  readonly tx: ReadTransaction;
  /** Of the account and Region to which the request was sent. */
  readonly services: Services;
  readonly input: Readonly<Record<string, unknown>>;
  readonly caller: Caller;
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
  return whenReady(decide(request, permission), ({ decision, reason }) => {
    if (decision === "Allow") return;
    const { principal } = request.caller;
    const { action, resource, key } = permission;
    if (key !== undefined && key.services.realm.accountId !== principal.account) {
      throw foreignDenial(principal, action, resource);
    }
    throw denial(principal, action, resource, reason);
  });
}

/** The decision, and which statement made it. */
export function decide(request: AuthorizedRequest, permission: Permission): Ready<Decision> {
  const { caller, services, tx } = request;
  if (isOfOtherPartition(caller, services)) return DENIED;
  return whenReady(services.directory.identify(caller, tx), (identity) =>
    identity === undefined ? DENIED : decideFor(identity, request, permission),
  );
}

function decideFor(identity: Identity, request: AuthorizedRequest, permission: Permission): Ready<Decision> {
  const { caller, services, input } = request;
  const { action, resource, key, target, grant } = permission;
  const facts: ContextFacts = {
    caller,
    identity,
    services,
    action,
    input,
    resourceAccount: (key?.services ?? services).realm.accountId,
    key: key?.key,
    contextMember: target?.context,
    algorithmMember: target?.algorithm,
    keyMember: memberOf(target),
    onSameKey: permission.onSameKey,
  };
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
    context: contextOf(facts),
  };
  return whenReady(withStoredFacts(question, facts, request, key), (asked) => {
    const decision = judge(asked);
    // Grants are read only where policies have not decided: most requests need none.
    if (decision.reason !== "implicit" || grant !== undefined || key?.key.hasGrants !== true) return decision;
    const granted = key.services.grants.ofGrantee(request.tx, key.key.keyId, granteesOf(caller), idOf(identity));
    return whenReady(granted, (grants) => (grants.length === 0 ? decision : judge({ ...asked, grants })));
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
  facts: ContextFacts,
  { tx }: AuthorizedRequest,
  target: ResolvedKey | undefined,
): Ready<Question> {
  const asksForAliases = target !== undefined && asksFor(question, "kms:resourcealiases");
  const asksForUsage = target !== undefined && asksFor(question, "kms:trailingdayswithoutkeyusage");
  if (!asksForAliases && !asksForUsage) return question;
  const { key, services } = target;
  const read = async (): Promise<Question> => {
    const aliases = asksForAliases ? await services.aliases.ofKey(tx, key.keyId) : undefined;
    const usage = asksForUsage ? await services.lastUsage.find(tx, key.keyId) : undefined;
    const idleMs = services.clock.nowMs() - (usage?.atMs ?? key.createdAtMs);
    const aliasNames = aliases?.map(({ aliasName }) => aliasName);
    const trailingDaysWithoutUsage = asksForUsage ? Math.floor(idleMs / DAY_MS) : undefined;
    return { ...question, context: contextOf({ ...facts, aliasNames, trailingDaysWithoutUsage }) };
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

/** Nobody acts across partitions; services have no ARN. */
function isOfOtherPartition({ principal }: Caller, { realm }: Services): boolean {
  if (principal.type === "service") return false;
  const { arn } = principal;
  const { partition } = realm;
  return !(arn.startsWith("arn:") && arn.startsWith(partition, 4) && arn.charCodeAt(4 + partition.length) === COLON);
}

function memberOf(target: Target | undefined): string | undefined {
  return typeof target?.from === "object" ? target.from.keyId : target?.from;
}
