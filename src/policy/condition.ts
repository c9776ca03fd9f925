/**
 * Conditions: operators over the facts of a request, compiled once. Operators are joined by AND, so are keys; the values
 * of one key by OR, of a negated operator by NOR. Source: IAM User Guide, "IAM JSON policy elements: Condition operators"
 * and "Conditions with multiple context keys or values".
 */
import type { JsonValue } from "../model/json-text.ts";
import type { ContextSource } from "./context-source.ts";
import { malformed } from "./malformed.ts";
import { compileTest, OPERATORS, type ValueTest } from "./operators.ts";

/** One operator with one key and its values. */
export interface Condition {
  /** In lower case. */
  readonly key: string;
  readonly quantifier: "one" | "all" | "any";
  readonly ifExists: boolean;
  readonly isNegated: boolean;
  /** Of `Null`: whether the key must be absent. */
  readonly wantsAbsence: boolean | undefined;
  readonly test: ValueTest;
  /** The condition keys that variables in its values ask for. */
  readonly askedKeys: readonly string[];
}

const IF_EXISTS = "IfExists";
const ALL = "ForAllValues:";
const ANY = "ForAnyValue:";
/** Keys whose names the caller chooses: a `ForAllValues` over one holds when the caller leaves it out. */
const CALLER_NAMED_KEYS = ["kms:encryptioncontext:", "aws:requesttag/"];
const NEVER: ValueTest = () => false;

export interface ConditionRules {
  readonly variables: boolean;
  readonly isKeyPolicy: boolean;
}

/** @throws {KmsError} MalformedPolicyDocumentException */
export function compileConditions(block: JsonValue | undefined, where: string, rules: ConditionRules): Condition[] {
  if (block === undefined) return [];
  if (!(block instanceof Map)) throw malformed(`the Condition of ${where} is not an object`);
  return [...block].flatMap(([operator, keys]) => compileOperator(operator, keys, where, rules));
}

/** Whether all conditions hold. In a Deny an operator for one value looks at each of several. */
export function holdAll(conditions: readonly Condition[], context: ContextSource, isDeny: boolean): boolean {
  for (const condition of conditions) if (!holds(condition, context, isDeny)) return false;
  return true;
}

function holds(condition: Condition, context: ContextSource, isDeny: boolean): boolean {
  const { key, quantifier, ifExists, isNegated, wantsAbsence, test } = condition;
  const found = context.get(key);
  const isAbsent = found === undefined || (typeof found !== "string" && found.length === 0);
  if (wantsAbsence !== undefined) return isAbsent === wantsAbsence;
  if (isAbsent) return quantifier === "one" ? ifExists || isNegated : ifExists || quantifier === "all";
  if (typeof found === "string") return test(found, context) !== isNegated;
  const fits = (value: string) => test(value, context) !== isNegated;
  if (quantifier === "all") return found.every(fits);
  if (quantifier === "any" || isDeny) return found.some(fits);
  // Several values under an operator for one: an Allow needs certainty.
  return isNegated || found.length === 1 ? found.every(fits) : false;
}

function compileOperator(name: string, keys: JsonValue, where: string, rules: ConditionRules): Condition[] {
  const { base, quantifier, ifExists } = readOperator(name, where);
  if (!(keys instanceof Map)) throw malformed(`${name} in the Condition of ${where} is not an object`);
  const seen = new Set<string>();
  return [...keys].map(([givenKey, given]) => {
    const key = givenKey.toLowerCase();
    if (key === "") throw malformed(`${name} in the Condition of ${where} names a key without a name`);
    if (seen.has(key)) throw malformed(`${name} in the Condition of ${where} names the key ${givenKey} twice`);
    seen.add(key);
    if (quantifier === "all" && rules.isKeyPolicy) refuseOverlyPermissive(key, givenKey, where);
    const values = valuesOf(given, `${name} of ${givenKey} in ${where}`);
    const shared = { key, quantifier, ifExists };
    if (base === "Null") {
      return { ...shared, isNegated: false, wantsAbsence: absenceOf(values, where), test: NEVER, askedKeys: [] };
    }
    const { isNegated } = OPERATORS[base]!;
    const { test, askedKeys } = compileTest(base, values, rules.variables, `${name} of ${givenKey} in ${where}`);
    return { ...shared, isNegated, wantsAbsence: undefined, test, askedKeys };
  });
}

function readOperator(name: string, where: string): Pick<Condition, "quantifier" | "ifExists"> & { base: string } {
  const quantifier = name.startsWith(ALL) ? "all" : name.startsWith(ANY) ? "any" : "one";
  const unquantified = quantifier === "one" ? name : name.slice(name.indexOf(":") + 1);
  const ifExists = unquantified.endsWith(IF_EXISTS);
  const base = ifExists ? unquantified.slice(0, -IF_EXISTS.length) : unquantified;
  if (base === "Null" && !ifExists && quantifier === "one") return { base, quantifier, ifExists };
  if (Object.hasOwn(OPERATORS, base)) return { base, quantifier, ifExists };
  throw malformed(`the Condition of ${where} has no operator that is called ${name}`);
}

function refuseOverlyPermissive(key: string, givenKey: string, where: string): void {
  if (!CALLER_NAMED_KEYS.some((prefix) => key.startsWith(prefix))) return;
  throw malformed(`OverlyPermissiveCondition: ForAllValues of ${givenKey} in ${where} also holds without that key`);
}

function absenceOf(values: readonly string[], where: string): boolean {
  const wanted = new Set(values.map((value) => value.toLowerCase()));
  if (wanted.size === 1 && (wanted.has("true") || wanted.has("false"))) return wanted.has("true");
  throw malformed(`Null in the Condition of ${where} takes true or false`);
}

function valuesOf(given: JsonValue, where: string): string[] {
  const values = Array.isArray(given) ? given : [given];
  if (values.length === 0) throw malformed(`${where} has no value`);
  return values.map((value) => {
    if (typeof value === "string") return value;
    if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)) {
      throw malformed(`the number ${value} of ${where} is too large to be exact: write it as a string`);
    }
    if (typeof value === "boolean" || typeof value === "number") return String(value);
    throw malformed(`a value of ${where} is neither a string nor a number nor a boolean`);
  });
}
