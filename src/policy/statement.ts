/** One statement of a policy, compiled. Source: IAM User Guide, "Grammar of the IAM JSON policy language". */
import type { Principal } from "../env.ts";
import type { JsonValue } from "../model/json-text.ts";
import { type Condition, compileConditions, holdAll } from "./condition.ts";
import type { ContextSource } from "./context-source.ts";
import { compileGlob, matchesGlob } from "./glob.ts";
import { malformed } from "./malformed.ts";
import { compilePrincipals, isExempt, type Naming, namingOf, type PrincipalList } from "./principals.ts";
import { compileTemplate, keysOfTemplate, resolveTemplate, type Template } from "./template.ts";

export type PolicyKind = "key" | "iam";

/** What a statement looks at besides the action. */
interface Asked {
  readonly principal: Principal;
  readonly resource: string;
  readonly context: ContextSource;
}

interface Patterns<T> {
  readonly patterns: readonly T[];
  /** NotAction, NotResource: all that the patterns do not cover. */
  readonly isInverted: boolean;
}

export interface Statement {
  readonly effect: "Allow" | "Deny";
  readonly sid: string | undefined;
  readonly index: number;
  /** In lower case. Absent, the statement has no effect. */
  readonly actions: Patterns<string> | undefined;
  /** Absent, the statement has no effect. A variable outside of the last part of an ARN makes `undefined`. */
  readonly resources: Patterns<Template | undefined> | undefined;
  /** Of key policies alone. */
  readonly principals: { readonly list: PrincipalList; readonly isInverted: boolean } | undefined;
  readonly conditions: readonly Condition[];
}

const MEMBERS = [
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
];
const ANYTHING = compileGlob("*");
/** What stands before the last part of an ARN. */
const COLONS_BEFORE_RESOURCE = 5;

export interface StatementRules {
  readonly kind: PolicyKind;
  readonly variables: boolean;
}

/** @throws {KmsError} MalformedPolicyDocumentException */
export function compileStatement(given: JsonValue, index: number, { kind, variables }: StatementRules): Statement {
  const where = `statement ${index}`;
  if (!(given instanceof Map)) throw malformed(`${where} is not an object`);
  for (const name of given.keys()) {
    if (!MEMBERS.includes(name)) throw malformed(`${where} has a member ${name}, which statements do not have`);
  }
  const effect = given.get("Effect");
  if (effect !== "Allow" && effect !== "Deny") throw malformed(`the Effect of ${where} is neither Allow nor Deny`);
  const sid = given.get("Sid");
  if (sid !== undefined && typeof sid !== "string") throw malformed(`the Sid of ${where} is not a string`);
  return {
    effect,
    sid,
    index,
    actions: patternsOf(given, "Action", where, compileAction),
    resources: patternsOf(given, "Resource", where, (text) => compileResource(text, variables)),
    principals: principalsOf(given, kind, effect, where),
    conditions: compileConditions(given.get("Condition"), where, { variables, isKeyPolicy: kind === "key" }),
  };
}

/** Whether the statement is about this action, whoever asks for it. @param action in lower case */
export function coversAction({ actions }: Statement, action: string): boolean {
  return actions !== undefined && actions.patterns.some((p) => matchesGlob(p, action)) !== actions.isInverted;
}

/** Whether resource and conditions fit; the action is taken to do so. */
export function fits({ effect, resources, conditions }: Statement, { resource, context }: Asked): boolean {
  if (resources === undefined || !coversResource(resources, resource, context, effect === "Deny")) return false;
  return conditions.length === 0 || holdAll(conditions, context, effect === "Deny");
}

/** How the statement of a key policy is about this principal. */
export function namingBy({ principals }: Statement, { principal }: Asked): Naming {
  if (principals === undefined) return undefined;
  if (!principals.isInverted) return namingOf(principals.list, principal);
  return isExempt(principals.list, principal) ? undefined : "direct";
}

/** The condition keys that the statement asks for. */
export function keysOfStatement({ resources, conditions }: Statement): string[] {
  const templates = (resources?.patterns ?? []).filter((pattern) => pattern !== undefined);
  return [...conditions.flatMap(({ key, askedKeys }) => [key, ...askedKeys]), ...templates.flatMap(keysOfTemplate)];
}

function coversResource(
  { patterns, isInverted }: Patterns<Template | undefined>,
  resource: string,
  context: ContextSource,
  isDeny: boolean,
): boolean {
  let isUncertain = false;
  for (const template of patterns) {
    const pattern = template && resolveTemplate(template, context);
    if (pattern === undefined) isUncertain = true;
    else if (pattern === ANYTHING || matchesGlob(pattern, resource)) return !isInverted;
  }
  if (!isInverted) return false;
  // A variable without a value: nobody knows what was to be left out.
  return !isUncertain || isDeny;
}

function patternsOf<T>(
  statement: Map<string, JsonValue>,
  name: "Action" | "Resource",
  where: string,
  compile: (text: string, where: string) => T,
): Patterns<T> | undefined {
  const isInverted = statement.has(`Not${name}`);
  const given = statement.get(isInverted ? `Not${name}` : name);
  if (given === undefined) return undefined;
  if (isInverted && statement.has(name)) throw malformed(`${where} has both ${name} and Not${name}`);
  const texts = Array.isArray(given) ? given : [given];
  const patterns = texts.map((text) => {
    if (typeof text !== "string" || text === "")
      throw malformed(`an entry of ${isInverted ? "Not" : ""}${name} in ${where} is not a text`);
    return compile(text, where);
  });
  if (patterns.length === 0) throw malformed(`${name} in ${where} is empty`);
  return { patterns, isInverted };
}

function compileAction(text: string, where: string): string {
  const [service, name, ...rest] = text.split(":");
  if (text !== "*" && (service === "" || name === undefined || name === "" || rest.length > 0)) {
    throw malformed(`the action "${text}" in ${where} must look like kms:Encrypt`);
  }
  return compileGlob(text.toLowerCase());
}

function compileResource(text: string, variables: boolean): Template | undefined {
  const template = compileTemplate(text, { variables, wildcards: true });
  if (template.fixed !== undefined) return template;
  const before = template.pieces[0] as string;
  return before.split(":").length > COLONS_BEFORE_RESOURCE ? template : undefined;
}

function principalsOf(
  statement: Map<string, JsonValue>,
  kind: PolicyKind,
  effect: "Allow" | "Deny",
  where: string,
): Statement["principals"] {
  const principal = statement.get("Principal");
  const inverted = statement.get("NotPrincipal");
  if (kind === "iam") {
    if (principal === undefined && inverted === undefined) return undefined;
    throw malformed(`${where} names a principal: whom an IAM policy is about, says where it is attached`);
  }
  if ((principal === undefined) === (inverted === undefined)) {
    throw malformed(`${where} of a key policy must have either Principal or NotPrincipal`);
  }
  if (principal !== undefined) return { list: compilePrincipals(principal, where), isInverted: false };
  if (effect === "Allow") {
    throw malformed(`${where} allows all but some with NotPrincipal, which is for Deny alone`);
  }
  return { list: compilePrincipals(inverted!, where), isInverted: true };
}
