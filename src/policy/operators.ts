/**
 * What each operator does with one value of the request: whether it matches one of the policy's values. Negated
 * operators test the same and are turned round by the condition.
 */
import { decodeBase64 } from "../model/base64.ts";
import type { ContextSource } from "./context-source.ts";
import { compareDecimals, parseDecimal } from "./decimal.ts";
import { compileGlob, matchesGlob } from "./glob.ts";
import { parseInstant } from "./instant.ts";
import { isInBlock, parseIp, parseIpBlock } from "./ip-address.ts";
import { malformed } from "./malformed.ts";
import { compileTemplate, keysOfTemplate, resolveTemplate } from "./template.ts";

export type ValueTest = (value: string, context: ContextSource) => boolean;

interface CompiledTest {
  readonly test: ValueTest;
  readonly askedKeys: readonly string[];
}

/** @param where names the place for a person */
type Compiler = (values: readonly string[], variables: boolean, where: string) => CompiledTest;

interface Operator {
  readonly isNegated: boolean;
  readonly compile: Compiler;
}

const ARN_PARTS = 6;
const ANY_ARN = "*";

const positive = (compile: Compiler): Operator => ({ isNegated: false, compile });
const negative = (compile: Compiler): Operator => ({ isNegated: true, compile });

const same = compileStrings((text) => text, false);
const folded = compileStrings((text) => text.toLowerCase(), false);
const like = compileStrings((text) => text, true);
const numeric = (holds: (order: number) => boolean) => compileOrdered(parseDecimal, compareDecimals, holds, true);
const date = (holds: (order: number) => boolean) => compileOrdered(parseInstant, (a, b) => a - b, holds, false);

/** Every operator but Null, without its prefixes and suffixes. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  StringEquals: positive(same),
  StringNotEquals: negative(same),
  StringEqualsIgnoreCase: positive(folded),
  StringNotEqualsIgnoreCase: negative(folded),
  StringLike: positive(like),
  StringNotLike: negative(like),
  NumericEquals: positive(numeric((order) => order === 0)),
  NumericNotEquals: negative(numeric((order) => order === 0)),
  NumericLessThan: positive(numeric((order) => order < 0)),
  NumericLessThanEquals: positive(numeric((order) => order <= 0)),
  NumericGreaterThan: positive(numeric((order) => order > 0)),
  NumericGreaterThanEquals: positive(numeric((order) => order >= 0)),
  DateEquals: positive(date((order) => order === 0)),
  DateNotEquals: negative(date((order) => order === 0)),
  DateLessThan: positive(date((order) => order < 0)),
  DateLessThanEquals: positive(date((order) => order <= 0)),
  DateGreaterThan: positive(date((order) => order > 0)),
  DateGreaterThanEquals: positive(date((order) => order >= 0)),
  Bool: positive(compileBooleans),
  BinaryEquals: positive(compileBinaries),
  IpAddress: positive(compileBlocks),
  NotIpAddress: negative(compileBlocks),
  ArnEquals: positive(compileArns),
  ArnLike: positive(compileArns),
  ArnNotEquals: negative(compileArns),
  ArnNotLike: negative(compileArns),
};

/** @throws {KmsError} MalformedPolicyDocumentException */
export function compileTest(
  operator: string,
  values: readonly string[],
  variables: boolean,
  where: string,
): CompiledTest {
  return OPERATORS[operator]!.compile(values, variables, where);
}

function compileStrings(fold: (text: string) => string, wildcards: boolean): Compiler {
  return (values, variables) => {
    const templates = values.map((value) => compileTemplate(value, { variables, wildcards }));
    const test: ValueTest = (value, context) => {
      const text = fold(value);
      for (const template of templates) {
        const pattern = resolveTemplate(template, context);
        if (pattern === undefined) continue;
        if (wildcards ? matchesGlob(pattern, text) : fold(pattern) === text) return true;
      }
      return false;
    };
    return { test, askedKeys: templates.flatMap(keysOfTemplate) };
  };
}

function compileOrdered<T>(
  parse: (text: string) => T | undefined,
  compare: (a: T, b: T) => number,
  holds: (order: number) => boolean,
  mustParse: boolean,
): Compiler {
  return (values, _variables, where) => {
    const bounds = values.map((value) => {
      const bound = parse(value);
      if (bound === undefined && mustParse) throw malformed(`"${value}" in ${where} is not a number`);
      return bound;
    });
    const test: ValueTest = (text) => {
      const value = parse(text);
      return value !== undefined && bounds.some((bound) => bound !== undefined && holds(compare(value, bound)));
    };
    return { test, askedKeys: [] };
  };
}

function compileBooleans(values: readonly string[], _variables: boolean, where: string): CompiledTest {
  const wanted = values.map((value) => value.toLowerCase());
  for (const value of wanted) {
    if (value !== "true" && value !== "false") throw malformed(`"${value}" in ${where} is neither true nor false`);
  }
  return { test: (value) => wanted.includes(value) || wanted.includes(value.toLowerCase()), askedKeys: [] };
}

/** Canonical base64 has one text for one value, so texts are compared. */
function compileBinaries(values: readonly string[], _variables: boolean, where: string): CompiledTest {
  for (const value of values) {
    try {
      decodeBase64(value);
    } catch {
      throw malformed(`"${value}" in ${where} is not base64`);
    }
  }
  return { test: (value) => values.includes(value), askedKeys: [] };
}

function compileBlocks(values: readonly string[], _variables: boolean, where: string): CompiledTest {
  const blocks = values.map((value) => {
    const block = parseIpBlock(value);
    if (block === undefined) throw malformed(`"${value}" in ${where} is not an IP address or a block in CIDR notation`);
    return block;
  });
  const test: ValueTest = (value) => {
    const address = parseIp(value);
    return address !== undefined && blocks.some((block) => isInBlock(address, block));
  };
  return { test, askedKeys: [] };
}

/** The six parts of an ARN are compared one by one: a wildcard stays in its part. The last one may hold colons. */
function compileArns(values: readonly string[], variables: boolean): CompiledTest {
  const anyArn = compileGlob(ANY_ARN);
  const patterns = values.map((value) => {
    const parts = value === ANY_ARN ? Array.from({ length: ARN_PARTS }, () => anyArn) : arnParts(value);
    return parts.map((part) => compileTemplate(part, { variables, wildcards: true }));
  });
  const test: ValueTest = (value, context) => {
    const parts = arnParts(value);
    return patterns.some(
      (pattern) =>
        pattern.length === ARN_PARTS &&
        parts.length === ARN_PARTS &&
        pattern.every((template, i) => {
          const part = resolveTemplate(template, context);
          return part !== undefined && matchesGlob(part, parts[i]!);
        }),
    );
  };
  return { test, askedKeys: patterns.flat().flatMap(keysOfTemplate) };
}

/** The parts between the first five colons; a colon inside of a variable is none of them. */
function arnParts(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length && parts.length < ARN_PARTS - 1; at++) {
    if (text.startsWith("${", at)) at = Math.max(at, text.indexOf("}", at));
    else if (text[at] === ":") {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}
