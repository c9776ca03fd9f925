/**
 * `wasm-kms/policy`: how AWS decides a KMS request, as a function. No dependency, no regular expression built from a
 * policy, the same on Node.js and at the edge.
 */
import type { Principal } from "../env.ts";
import { remember } from "../model/remember.ts";
import type { ContextSource } from "./context-source.ts";
import { type Policy, parsePolicy } from "./document.ts";
import { judge } from "./judge.ts";
import type { Decision, GrantFacts } from "./question.ts";

export { KmsError, type KmsErrorCode } from "../errors.ts";
export type { ContextSource } from "./context-source.ts";
export { type Policy, parsePolicy, storedPolicy } from "./document.ts";
export { judge } from "./judge.ts";
export type {
  DecidingGrant,
  DecidingStatement,
  Decision,
  GrantConstraints,
  GrantFacts,
  Question,
  Reason,
} from "./question.ts";
export type { PolicyKind } from "./statement.ts";

/** A policy as JSON text, as the object that the text says, or parsed. */
export type PolicyInput = string | object | Policy;

/** A value of a condition key; an array is a key of several values. */
export type ContextValue = string | number | boolean | readonly (string | number | boolean)[];

export interface EvaluationRequest {
  readonly principal: Principal;
  /** As "kms:Encrypt". */
  readonly action: string;
  /** The ARN of a key or an alias; "*" for operations that have no resource. */
  readonly resource: string;
  readonly keyPolicy?: PolicyInput | undefined;
  readonly identityPolicies?: readonly PolicyInput[] | undefined;
  readonly permissionsBoundary?: PolicyInput | undefined;
  readonly sessionPolicy?: PolicyInput | undefined;
  readonly serviceControlPolicies?: readonly PolicyInput[] | undefined;
  readonly grants?: readonly GrantFacts[] | undefined;
  /** By condition key, in any case. */
  readonly context?: Readonly<Record<string, ContextValue | undefined>> | undefined;
}

const UNDECIDED: Decision = { decision: "Deny", reason: "implicit" };
const REMEMBERED_POLICIES = 256;
const REMEMBERED_NAMES = 512;
const CONTEXT_PREFIX = "kms:encryptioncontext:";
const CONTEXT_KEYS = "kms:encryptioncontextkeys";

const toLowerCase = remember(REMEMBERED_NAMES, (name) => name.toLowerCase());
const parsedTexts = { key: new Map<string, Policy>(), iam: new Map<string, Policy>() };
const parsedObjects = { key: new WeakMap<object, Policy>(), iam: new WeakMap<object, Policy>() };

/**
 * Decides a request. Policies are compiled when they are first seen; an object must not be changed afterwards. A policy
 * that cannot be read denies everything, because one of its denials could be what cannot be read.
 */
export function evaluate(request: EvaluationRequest): Decision {
  const { principal, action, resource, grants, context = {} } = request;
  try {
    return judge({
      principal,
      action,
      resource,
      keyPolicy: optional(request.keyPolicy, "key"),
      identityPolicies: policiesOf(request.identityPolicies),
      permissionsBoundary: optional(request.permissionsBoundary, "iam"),
      sessionPolicy: optional(request.sessionPolicy, "iam"),
      serviceControlPolicies: policiesOf(request.serviceControlPolicies),
      grants,
      context: new GivenContext(context),
    });
  } catch {
    return UNDECIDED;
  }
}

const NONE: readonly Policy[] = [];
const NO_NAMES: readonly string[] = [];

function optional(given: PolicyInput | undefined, kind: "key" | "iam"): Policy | undefined {
  return given === undefined ? undefined : policyFrom(given, kind);
}

function policiesOf(given: readonly PolicyInput[] | undefined): readonly Policy[] {
  return given === undefined || given.length === 0 ? NONE : given.map((policy) => policyFrom(policy, "iam"));
}

/**
 * The policy that a text, object or policy is, compiled once.
 * @throws {KmsError} MalformedPolicyDocumentException, LimitExceededException
 */
export function policyFrom(given: PolicyInput, kind: "key" | "iam"): Policy {
  if (typeof given !== "string") {
    if (isCompiled(given)) {
      // As the other kind it would name nobody, and its denials would be lost.
      if (given.kind === kind) return given;
      throw new TypeError(`The policy was parsed as "${given.kind}" and is used as "${kind}".`);
    }
    const known = parsedObjects[kind].get(given);
    if (known !== undefined) return known;
    const policy = parsePolicy(given, kind);
    parsedObjects[kind].set(given, policy);
    return policy;
  }
  const texts = parsedTexts[kind];
  let policy = texts.get(given);
  if (policy === undefined) {
    policy = parsePolicy(given, kind);
    if (texts.size >= REMEMBERED_POLICIES) texts.clear();
    texts.set(given, policy);
  }
  return policy;
}

function isCompiled(given: object): given is Policy {
  return typeof (given as Partial<Policy>).statementsOn === "function";
}

/** A context whose keys may be written in any case; keys and values are looked at when a policy asks for one. */
class GivenContext implements ContextSource {
  readonly #given: Readonly<Record<string, ContextValue | undefined>>;
  #names: readonly string[] = NO_NAMES;
  #lowerCase: readonly string[] | undefined;

  constructor(given: Readonly<Record<string, ContextValue | undefined>>) {
    this.#given = given;
  }

  get(key: string): string | readonly string[] | undefined {
    const lowerCase = (this.#lowerCase ??= this.#readNames());
    const at = lowerCase.indexOf(key);
    if (at < 0) return key === CONTEXT_KEYS ? pairNamesOf(this.#names) : undefined;
    const value = textOf(this.#given[this.#names[at]!]);
    if (value === undefined || lowerCase.indexOf(key, at + 1) < 0) return value;
    // The same key several times, in other cases: no operator for one value may choose between them.
    return this.#names.flatMap((name, i) => (lowerCase[i] === key ? (textOf(this.#given[name]) ?? []) : []));
  }

  #readNames(): readonly string[] {
    this.#names = Object.keys(this.#given);
    return this.#names.map(toLowerCase);
  }
}

/** The names of the pairs of an encryption context, which a caller may have left to us. */
function pairNamesOf(names: readonly string[]): readonly string[] | undefined {
  const pairs = names.filter((name) => toLowerCase(name).startsWith(CONTEXT_PREFIX));
  return pairs.length === 0 ? undefined : pairs.map((name) => name.slice(CONTEXT_PREFIX.length));
}

function textOf(value: ContextValue | null | undefined): string | readonly string[] | undefined {
  if (typeof value === "string") return value;
  if (value === undefined || value === null) return undefined;
  return typeof value === "object" ? value.map(String) : String(value);
}
