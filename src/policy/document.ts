/**
 * Policies from their text: parsed strictly, compiled once. Source: IAM User Guide, "Grammar of the IAM JSON policy
 * language"; AWS KMS API reference, PutKeyPolicy, for sizes and characters.
 */
import { KmsError } from "../errors.ts";
import { type JsonValue, parseJson } from "../model/json-text.ts";
import { holdsReserved } from "./glob.ts";
import { malformed } from "./malformed.ts";
import { compileStatement, coversAction, keysOfStatement, type PolicyKind, type Statement } from "./statement.ts";

const VERSIONS = ["2008-10-17", "2012-10-17"];
const VERSION_WITH_VARIABLES = "2012-10-17";
const MEMBERS = ["Version", "Id", "Statement"];
const MAX_KEY_POLICY_BYTES = 32_768;
/** Of the largest document that IAM takes, the inline policies of a role; white space does not count. */
const MAX_IAM_POLICY_CHARACTERS = 10_240;
/** Actions whose statements are kept at hand: more than KMS has. */
const REMEMBERED_ACTIONS = 128;

/** The statements of a policy that are about one action, in order. */
interface Statements {
  readonly denials: readonly Statement[];
  readonly permissions: readonly Statement[];
}

/** A compiled policy. */
export interface Policy {
  readonly kind: PolicyKind;
  /** As it was given. */
  readonly text: string;
  /** Lower-case names of the condition keys that it asks for. */
  readonly contextKeys: ReadonlySet<string>;
  /** ARNs of the users, roles and sessions that a key policy names. */
  readonly principalArns: readonly string[];
  statementsOn(action: string): Statements;
}

/** How the reader of JSON begins what it refuses. */
const JSON_REFUSAL = "The request body ";
const encoder = new TextEncoder();

/**
 * Reads a policy.
 * @param given its JSON text, or the object that the text says
 * @throws {KmsError} MalformedPolicyDocumentException, LimitExceededException
 */
export function parsePolicy(given: string | object, kind: PolicyKind): Policy {
  if (kind !== "key" && kind !== "iam") throw new TypeError('The kind of a policy is "key" or "iam".');
  const text = typeof given === "string" ? given : textOf(given);
  checkSize(text, kind);
  checkCharacters(text);
  const document = parse(text);
  if (!(document instanceof Map)) throw malformed("it is not a JSON object");
  for (const name of document.keys()) {
    if (!MEMBERS.includes(name)) throw malformed(`it has a member ${name}, which policies do not have`);
  }
  const version = document.has("Version") ? document.get("Version") : VERSIONS[0];
  if (typeof version !== "string" || !VERSIONS.includes(version)) {
    throw malformed(`its Version is neither ${VERSIONS.join(" nor ")}`);
  }
  if (document.has("Id") && typeof document.get("Id") !== "string") throw malformed("its Id is not a string");
  const statements = document.get("Statement");
  const list = Array.isArray(statements) ? statements : statements === undefined ? [] : [statements];
  if (list.length === 0) throw malformed("it has no statement");
  const rules = { kind, variables: version === VERSION_WITH_VARIABLES };
  return new CompiledPolicy(
    kind,
    text,
    list.map((statement, index) => compileStatement(statement, index, rules)),
  );
}

const DENY_ALL = { key: '"Principal":"*",', iam: "" };

/**
 * A policy that was parsed before and has been stored. One that cannot be read any more denies everything: one of its
 * denials could be what cannot be read.
 */
export function storedPolicy(text: string, kind: PolicyKind): Policy {
  try {
    return parsePolicy(text, kind);
  } catch {
    return parsePolicy(`{"Statement":{"Effect":"Deny",${DENY_ALL[kind]}"Action":"*","Resource":"*"}}`, kind);
  }
}

class CompiledPolicy implements Policy {
  readonly kind: PolicyKind;
  readonly text: string;
  readonly contextKeys: ReadonlySet<string>;
  readonly principalArns: readonly string[];
  readonly #statements: readonly Statement[];
  readonly #byAction = new Map<string, Statements>();

  constructor(kind: PolicyKind, text: string, statements: readonly Statement[]) {
    this.kind = kind;
    this.text = text;
    this.contextKeys = new Set(statements.flatMap(keysOfStatement));
    this.principalArns = statements.flatMap(({ principals }) => [...(principals?.list.arns ?? [])]);
    this.#statements = statements;
  }

  statementsOn(action: string): Statements {
    const known = this.#byAction.get(action);
    if (known !== undefined) return known;
    const lowerCase = action.toLowerCase();
    const about = this.#statements.filter((statement) => coversAction(statement, lowerCase));
    const found = {
      denials: about.filter(({ effect }) => effect === "Deny"),
      permissions: about.filter(({ effect }) => effect === "Allow"),
    };
    if (this.#byAction.size >= REMEMBERED_ACTIONS) this.#byAction.clear();
    this.#byAction.set(action, found);
    return found;
  }
}

function textOf(given: object): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(given);
  } catch {
    // A circle has no text.
  }
  if (text === undefined) throw malformed("it is not a JSON object");
  return text;
}

function checkSize(text: string, kind: PolicyKind): void {
  if (kind === "key") {
    if (encoder.encode(text).length <= MAX_KEY_POLICY_BYTES) return;
    throw new KmsError("LimitExceededException", `A key policy can have at most ${MAX_KEY_POLICY_BYTES} bytes.`);
  }
  let count = 0;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x20) count++;
  if (count <= MAX_IAM_POLICY_CHARACTERS) return;
  const limit = `An IAM policy can have at most ${MAX_IAM_POLICY_CHARACTERS} characters, white space not counted.`;
  throw new KmsError("LimitExceededException", limit);
}

/** Tab, line feed, carriage return, and U+0020 to U+00FF. */
function checkCharacters(text: string): void {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if ((unit >= 0x20 && unit <= 0xff) || unit === 0x09 || unit === 0x0a || unit === 0x0d) continue;
    throw malformed(`the character U+${unit.toString(16).toUpperCase().padStart(4, "0")} at ${i} is not allowed`);
  }
}

function parse(text: string): JsonValue {
  let value: JsonValue;
  try {
    value = parseJson(text);
  } catch (error) {
    throw malformed(`its text ${(error as Error).message.slice(JSON_REFUSAL.length, -1)}`);
  }
  checkReserved(value);
  return value;
}

/** What escapes in the JSON may hold and the matcher needs for itself. */
function checkReserved(value: JsonValue): void {
  if (typeof value === "string" && holdsReserved(value)) throw malformed("it holds the noncharacter U+FFFE or U+FFFF");
  if (Array.isArray(value)) for (const item of value) checkReserved(item);
  if (value instanceof Map) for (const item of value.values()) checkReserved(item);
}
