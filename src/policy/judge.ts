/**
 * The decision about one question. An explicit denial anywhere wins; then grants, the key policy by itself, the key
 * policy through the account and IAM, and across accounts both sides. What nobody allows is denied.
 * Source: IAM User Guide, "Policy evaluation logic"; AWS KMS Developer Guide, "Key policies" and "Grants in AWS KMS".
 */
import { remember } from "../model/remember.ts";
import type { Policy } from "./document.ts";
import { findGrant, retires } from "./grant-rules.ts";
import type { DecidingStatement, Decision, Question, Reason } from "./question.ts";
import { fits, namingBy, type Statement } from "./statement.ts";

type PolicyName = DecidingStatement["policy"];

const IMPLICIT: Decision = { decision: "Deny", reason: "implicit" };
const RESERVED_ALIAS: Decision = { decision: "Deny", reason: "reserved-alias" };
const ROOT: Decision = { decision: "Allow", reason: "account-root" };
const REMEMBERED_ACTIONS = 128;
/** Actions that touch no key. */
const ACCOUNT_ACTIONS: ReadonlySet<string> = new Set([
  "kms:connectcustomkeystore",
  "kms:createcustomkeystore",
  "kms:createkey",
  "kms:deletecustomkeystore",
  "kms:describecustomkeystores",
  "kms:disconnectcustomkeystore",
  "kms:generaterandom",
  "kms:listaliases",
  "kms:listkeys",
  "kms:listretirablegrants",
  "kms:updatecustomkeystore",
]);
/** Actions that an alias has a side of its own in. */
const ALIAS_ACTIONS: ReadonlySet<string> = new Set(["kms:createalias", "kms:deletealias", "kms:updatealias"]);
/** The action on a key that is still to be made, when it is made with tags. */
const TAG_RESOURCE = "kms:tagresource";
const RETIRE_GRANT = "kms:retiregrant";
const KEY = "key/";
const ANY_KEY = "key/*";
/** What stands before the last part of an ARN. */
const COLONS_BEFORE_RESOURCE = 5;
const COLON = 0x3a;
const RESERVED_MARK = ":alias/aws/";
const ALIAS_MARK = ":alias/";

/** Decides. An error in here is a denial too: it is thrown, and nobody has allowed anything. */
export function judge(question: Question): Decision {
  const { resource, principal } = question;
  const denied = explicitDenial(question);
  if (denied !== undefined) return denied;
  if (!withinServiceControls(question)) return IMPLICIT;
  const action = toLowerCase(question.action);
  if (!isOfKey(question) || ACCOUNT_ACTIONS.has(action)) return judgeWithoutKey(question, action);
  if (action === RETIRE_GRANT) return judgeRetirement(question);
  return (
    judgeGrants(question) ??
    (principal.type === "service" || isOfAccount(resource, principal.account)
      ? judgeAtHome(question)
      : judgeAcrossAccounts(question))
  );
}

function explicitDenial(question: Question): Decision | undefined {
  const { keyPolicy, identityPolicies, permissionsBoundary, sessionPolicy, serviceControlPolicies } = question;
  if (keyPolicy !== undefined) {
    for (const statement of keyPolicy.statementsOn(question.action).denials) {
      if (namingBy(statement, question) !== undefined && fits(statement, question)) {
        return decided("Deny", "explicit-deny:key-policy", "key policy", statement);
      }
    }
  }
  return (
    denialBy(identityPolicies, question, "explicit-deny:iam", "identity policy") ??
    denialBy(listOf(permissionsBoundary), question, "explicit-deny:boundary", "permissions boundary") ??
    denialBy(listOf(sessionPolicy), question, "explicit-deny:session", "session policy") ??
    denialBy(serviceControlPolicies ?? NONE, question, "explicit-deny:scp", "service control policy")
  );
}

function denialBy(
  policies: readonly Policy[],
  question: Question,
  reason: Reason,
  name: PolicyName,
): Decision | undefined {
  for (const policy of policies) {
    for (const statement of policy.statementsOn(question.action).denials) {
      if (fits(statement, question)) return decided("Deny", reason, name, statement);
    }
  }
  return undefined;
}

const NONE: readonly Policy[] = [];

function listOf(policy: Policy | undefined): readonly Policy[] {
  return policy === undefined ? NONE : [policy];
}

/** Service control policies limit principals of accounts, not services. */
function withinServiceControls(question: Question): boolean {
  const { serviceControlPolicies = NONE, principal } = question;
  if (serviceControlPolicies.length === 0 || principal.type === "service") return true;
  return allowedBy(serviceControlPolicies, question) !== undefined;
}

function allowedBy(policies: readonly Policy[], question: Question): Statement | undefined {
  for (const policy of policies) {
    for (const statement of policy.statementsOn(question.action).permissions) {
      if (fits(statement, question)) return statement;
    }
  }
  return undefined;
}

function withinBoundaries(question: Question): boolean {
  const { permissionsBoundary, sessionPolicy } = question;
  return isWithin(permissionsBoundary, question) && isWithin(sessionPolicy, question);
}

function isWithin(policy: Policy | undefined, question: Question): boolean {
  return policy === undefined || allowedBy([policy], question) !== undefined;
}

/** What IAM alone allows; the root of an account needs no policy for it. */
function identityAllows(question: Question, reason: Reason): Decision | undefined {
  const { principal, identityPolicies } = question;
  if (principal.type === "service" || !withinBoundaries(question)) return undefined;
  if (principal.type === "root") return { decision: "Allow", reason };
  const statement = allowedBy(identityPolicies, question);
  return statement && decided("Allow", reason, "identity policy", statement);
}

/** Operations that touch no key, and the alias side of those on aliases. */
function judgeWithoutKey(question: Question, action: string): Decision {
  const { resource, principal } = question;
  if (resource.includes(ALIAS_MARK) && ALIAS_ACTIONS.has(action)) {
    if (resource.includes(RESERVED_MARK)) return RESERVED_ALIAS;
    if (!isOfAccount(resource, principal.account)) return IMPLICIT;
  } else if (!ACCOUNT_ACTIONS.has(action) && !(action === TAG_RESOURCE && isOfNoKeyYet(resource))) {
    // A key is named by its ARN alone: neither its alias nor its id covers it.
    return IMPLICIT;
  }
  return identityAllows(question, principal.type === "root" ? "account-root" : "iam-only") ?? IMPLICIT;
}

function judgeGrants(question: Question): Decision | undefined {
  const { grants } = question;
  if (grants === undefined || grants.length === 0) return undefined;
  const found = findGrant(grants, question);
  if (found === undefined) return undefined;
  const by = { grantId: found.grant.GrantId };
  if (!found.isToAccount) return { decision: "Allow", reason: "grant", by };
  const allowed = identityAllows(question, "grant-account");
  return allowed && { ...allowed, by: allowed.by ?? by };
}

/** In the key's own account, and for services: the key policy by itself, or through the account with IAM. */
function judgeAtHome(question: Question): Decision {
  let delegation: Statement | undefined;
  for (const statement of question.keyPolicy?.statementsOn(question.action).permissions ?? []) {
    const naming = namingBy(statement, question);
    if (naming === undefined || !fits(statement, question)) continue;
    // The session of a role that is named stays within its boundary and session policy.
    if (naming === "direct" || (naming === "role" && withinBoundaries(question))) {
      return decided("Allow", "key-policy", "key policy", statement);
    }
    if (naming === "account") delegation ??= statement;
  }
  if (delegation === undefined) return IMPLICIT;
  if (question.principal.type !== "root") return identityAllows(question, "iam-delegated") ?? IMPLICIT;
  return withinBoundaries(question) ? decided("Allow", "account-root", "key policy", delegation) : IMPLICIT;
}

/** The key's account must allow it by the key policy, and the caller's by IAM. */
function judgeAcrossAccounts(question: Question): Decision {
  for (const statement of question.keyPolicy?.statementsOn(question.action).permissions ?? []) {
    if (namingBy(statement, question) === undefined || !fits(statement, question)) continue;
    return identityAllows(question, "cross-account-both") ?? IMPLICIT;
  }
  return IMPLICIT;
}

/** Who may retire a grant, the grant says: a key policy can deny it, but not allow it. */
function judgeRetirement(question: Question): Decision {
  const { grants = [], principal } = question;
  for (const grant of grants) {
    const way = retires(grant, question);
    const by = { grantId: grant.GrantId };
    if (way === "named") return { decision: "Allow", reason: "grant", by };
    if (way !== "account") continue;
    if (principal.type === "root" && withinBoundaries(question)) return { ...ROOT, by };
    const allowed = identityAllows(question, "grant-account");
    if (allowed !== undefined) return allowed;
  }
  return IMPLICIT;
}

function decided(decision: "Allow" | "Deny", reason: Reason, policy: PolicyName, { sid, index }: Statement): Decision {
  return { decision, reason, by: { policy, sid, index } };
}

const toLowerCase = remember(REMEMBERED_ACTIONS, (action) => action.toLowerCase());

/** A key that is still to be made has no grants, and a policy only where one is put to the test. */
function isOfKey({ resource, keyPolicy }: Question): boolean {
  const at = afterColons(resource, COLONS_BEFORE_RESOURCE);
  return at > 0 && resource.startsWith(KEY, at) && (keyPolicy !== undefined || !isOfNoKeyYet(resource));
}

function isOfNoKeyYet(resource: string): boolean {
  if (resource === "*") return true;
  const at = afterColons(resource, COLONS_BEFORE_RESOURCE);
  return at > 0 && resource.length === at + ANY_KEY.length && resource.endsWith(ANY_KEY);
}

function isOfAccount(arn: string, account: string): boolean {
  if (account === "") return false;
  const from = afterColons(arn, COLONS_BEFORE_RESOURCE - 1);
  return from > 0 && arn.startsWith(account, from) && arn.charCodeAt(from + account.length) === COLON;
}

/** Where the part after so many colons begins; 0 if there are fewer. */
function afterColons(arn: string, count: number): number {
  let at = 0;
  for (let i = 0; i < count; i++) {
    at = arn.indexOf(":", at) + 1;
    if (at === 0) return 0;
  }
  return at;
}
