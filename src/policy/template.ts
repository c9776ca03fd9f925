/**
 * Values of policies with wildcards and variables: `${aws:username}`, `${aws:PrincipalTag/team, 'nobody'}`, and `${*}`,
 * `${?}`, `${$}` for the characters themselves. Source: IAM User Guide, "IAM policy elements: Variables and tags".
 */

import type { ContextSource } from "./context-source.ts";
import { compileGlob, holdsReserved } from "./glob.ts";
import { malformed } from "./malformed.ts";

/** A compiled value: its pieces in order, the fixed ones as compiled patterns. */
export interface Template {
  /** The whole value, where there is no variable in it. */
  readonly fixed: string | undefined;
  readonly pieces: readonly (string | Variable)[];
}

export interface Variable {
  /** Lower-case name of a condition key. */
  readonly key: string;
  readonly fallback: string | undefined;
}

export interface TemplateRules {
  /** Whether `${…}` is a variable: only in policies of version 2012-10-17. */
  readonly variables: boolean;
  /** Whether `*` and `?` are wildcards. */
  readonly wildcards: boolean;
}

const LITERALS: readonly string[] = ["*", "?", "$"];

/** @throws {KmsError} MalformedPolicyDocumentException for a variable that does not end or has no name */
export function compileTemplate(text: string, { variables, wildcards }: TemplateRules): Template {
  const compile = (piece: string) => (wildcards ? compileGlob(piece) : piece);
  if (!variables || !text.includes("${")) return { fixed: compile(text), pieces: [] };
  const pieces: (string | Variable)[] = [];
  let pending = "";
  for (let at = 0; at < text.length; ) {
    const start = text.indexOf("${", at);
    pending += compile(text.slice(at, start < 0 ? text.length : start));
    if (start < 0) break;
    const end = text.indexOf("}", start);
    if (end < 0) throw malformed(`the variable in "${text}" does not end: it is written \${name}`);
    const inside = text.slice(start + 2, end);
    if (LITERALS.includes(inside)) pending += inside;
    else {
      pieces.push(pending, variableOf(inside, text));
      pending = "";
    }
    at = end + 1;
  }
  if (pieces.length === 0) return { fixed: pending, pieces };
  return { fixed: undefined, pieces: [...pieces, pending] };
}

/** The compiled pattern for this request, or `undefined` where a variable has no single value. */
export function resolveTemplate({ fixed, pieces }: Template, context: ContextSource): string | undefined {
  if (fixed !== undefined) return fixed;
  let text = "";
  for (const piece of pieces) {
    const value = typeof piece === "string" ? piece : lookUp(piece, context);
    if (value === undefined) return undefined;
    text += value;
  }
  return text;
}

/** The condition keys that a value asks for. */
export function keysOfTemplate({ pieces }: Template): string[] {
  return pieces.flatMap((piece) => (typeof piece === "string" ? [] : [piece.key]));
}

function lookUp({ key, fallback }: Variable, context: ContextSource): string | undefined {
  const value = context.get(key);
  if (value === undefined) return fallback;
  // The default is for a key without a value. A value with a character that stands for a wildcard must not become one.
  return typeof value === "string" && !holdsReserved(value) ? value : undefined;
}

function variableOf(inside: string, text: string): Variable {
  const comma = inside.indexOf(",");
  const key = (comma < 0 ? inside : inside.slice(0, comma)).trim().toLowerCase();
  if (key === "") throw malformed(`a variable in "${text}" has no name`);
  if (comma < 0) return { key, fallback: undefined };
  const quoted = inside.slice(comma + 1).trim();
  if (quoted.length < 2 || !quoted.startsWith("'") || !quoted.endsWith("'")) {
    throw malformed(`the default of a variable in "${text}" must stand in single quotes`);
  }
  return { key, fallback: quoted.slice(1, -1) };
}
