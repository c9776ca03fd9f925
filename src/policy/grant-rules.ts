/** What grants allow. Source: AWS KMS Developer Guide, "Grants in AWS KMS"; API reference, GrantConstraints. */

import type { ContextSource } from "./context-source.ts";
import { compileTest } from "./operators.ts";
import type { GrantConstraints, GrantFacts, Question } from "./question.ts";

/** By folded name; `undefined` where two names fold together, which fits no constraint. */
type Pairs = ReadonlyMap<string, string | undefined>;

const KMS = "kms:";
/** Operations that carry no encryption context, so that its constraints do not apply. */
const WITHOUT_CONTEXT = new Set(["DescribeKey", "RetireGrant"]);

export interface FoundGrant {
  readonly grant: GrantFacts;
  /** The grant was given to the whole account, where an IAM policy has to allow it as well. */
  readonly isToAccount: boolean;
}

/** A grant under which the caller may do what it asks for; one in its own name comes before one to its account. */
export function findGrant(grants: readonly GrantFacts[], question: Question): FoundGrant | undefined {
  let toAccount: GrantFacts | undefined;
  for (const grant of grants) {
    const naming = granteeNaming(grant, question);
    if (naming === undefined || !isOnResource(grant, question) || !allowsOperation(grant, question)) continue;
    if (naming === "named") return { grant, isToAccount: false };
    toAccount ??= grant;
  }
  return toAccount && { grant: toAccount, isToAccount: true };
}

/** How the caller may retire a grant: because the grant names it, or for its account if IAM allows it. */
export function retires(grant: GrantFacts, question: Question): "named" | "account" | undefined {
  const { principal } = question;
  if (!isOnResource(grant, question)) return undefined;
  const { RetiringPrincipal, RetiringServicePrincipal, IssuingAccount } = grant;
  const asRetiring = naming(RetiringPrincipal, RetiringServicePrincipal, question);
  if (asRetiring === "named") return "named";
  const asGrantee = grant.Operations.includes("RetireGrant") ? granteeNaming(grant, question) : undefined;
  if (asGrantee === "named") return "named";
  const isIssuing = principal.account !== "" && accountNamed(IssuingAccount) === principal.account;
  return asRetiring ?? asGrantee ?? (isIssuing ? "account" : undefined);
}

function granteeNaming({ GranteePrincipal, GranteeServicePrincipal }: GrantFacts, question: Question) {
  return naming(GranteePrincipal, GranteeServicePrincipal, question);
}

function naming(
  named: string | undefined,
  service: string | undefined,
  { principal }: Question,
): "named" | "account" | undefined {
  const { type, arn, roleArn, account } = principal;
  if (type === "service") return service === arn || named === arn ? "named" : undefined;
  if (named === undefined) return undefined;
  const namedAccount = accountNamed(named);
  if (namedAccount !== undefined) return namedAccount === account ? "account" : undefined;
  return named === arn || (roleArn !== undefined && named === roleArn) ? "named" : undefined;
}

/** The account that twelve digits or the ARN of a root stand for. */
function accountNamed(name: string): string | undefined {
  if (!name.startsWith("arn:")) return name;
  const [, , service, , account, resource] = name.split(":");
  return service === "iam" && resource === "root" ? account : undefined;
}

function isOnResource({ KeyId }: GrantFacts, { resource }: Question): boolean {
  return KeyId === resource || (!KeyId.startsWith("arn:") && resource.endsWith(`:key/${KeyId}`));
}

function allowsOperation(grant: GrantFacts, { action, context }: Question): boolean {
  const operation = operationOf(grant, action);
  if (operation === undefined) return false;
  const { Constraints = {} } = grant;
  if (operation === "CreateGrant") return isWiderThanChild(grant, Constraints, context);
  if (operation === "RetireGrant") return true;
  if (!isSourceAllowed(Constraints.SourceArn, context.get("aws:sourcearn"), context)) return false;
  return WITHOUT_CONTEXT.has(operation) || isContextAllowed(Constraints, pairsOf(context));
}

function operationOf({ Operations }: GrantFacts, action: string): string | undefined {
  const name = action.slice(KMS.length).toLowerCase();
  return action.toLowerCase().startsWith(KMS)
    ? Operations.find((operation) => operation.toLowerCase() === name)
    : undefined;
}

function isSourceAllowed(
  constraint: string | undefined,
  source: string | readonly string[] | undefined,
  context: ContextSource,
): boolean {
  if (constraint === undefined) return true;
  if (typeof source !== "string") return false;
  return compileTest("ArnLike", [constraint], false, "a grant").test(source, context);
}

/** The names of pairs are compared without regard to case, their values exactly. */
function isContextAllowed(
  { EncryptionContextEquals, EncryptionContextSubset }: GrantConstraints,
  pairs: Pairs,
): boolean {
  if (EncryptionContextEquals !== undefined && !holdsExactly(pairs, EncryptionContextEquals)) return false;
  return EncryptionContextSubset === undefined || holdsAll(pairs, foldedPairs(EncryptionContextSubset));
}

/** What a grant made under another grant may be: no operation more, no constraint less. */
function isWiderThanChild({ Operations }: GrantFacts, parent: GrantConstraints, context: ContextSource): boolean {
  const asked = listOf(context.get("kms:grantoperations"));
  if (asked.length === 0 || !asked.every((operation) => Operations.includes(operation))) return false;
  const [source] = listOf(context.get("kms:grantconstraintsourcearn"));
  if (parent.SourceArn !== undefined && source !== parent.SourceArn) return false;
  const [type] = listOf(context.get("kms:grantconstrainttype"));
  const pairs = pairsOf(context);
  if (parent.EncryptionContextEquals !== undefined) {
    if (type !== "EncryptionContextEquals" || !holdsExactly(pairs, parent.EncryptionContextEquals)) return false;
  }
  if (parent.EncryptionContextSubset === undefined) return true;
  return type !== undefined && holdsAll(pairs, foldedPairs(parent.EncryptionContextSubset));
}

/** The pairs of the request. */
function pairsOf(context: ContextSource): Pairs {
  const pairs = new Map<string, string | undefined>();
  for (const name of listOf(context.get("kms:encryptioncontextkeys"))) {
    const folded = name.toLowerCase();
    const value = context.get(`kms:encryptioncontext:${folded}`);
    pairs.set(folded, typeof value === "string" && !pairs.has(folded) ? value : undefined);
  }
  return pairs;
}

function foldedPairs(pairs: Readonly<Record<string, string>>): Pairs {
  const folded = new Map<string, string | undefined>();
  for (const [name, value] of Object.entries(pairs)) {
    const key = name.toLowerCase();
    folded.set(key, folded.has(key) ? undefined : value);
  }
  return folded;
}

function holdsExactly(pairs: Pairs, constraint: Readonly<Record<string, string>>): boolean {
  const wanted = foldedPairs(constraint);
  return wanted.size === pairs.size && holdsAll(pairs, wanted);
}

function holdsAll(pairs: Pairs, wanted: Pairs): boolean {
  for (const [name, value] of wanted) if (value === undefined || pairs.get(name) !== value) return false;
  return true;
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}
