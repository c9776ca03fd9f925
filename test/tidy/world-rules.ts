/**
 * What reaches out of the process or runs on somebody's input: the clock, entropy, the environment, the console, and
 * parsers that must not be fed by a stranger.
 */
import ts from "typescript";
import { type Finding, lineOf, type Project, type Rule, type Source, sourcesIn, walk } from "./project.ts";

const ROOTS = ["src/node.ts", "src/edge.ts"];
const CLI = "src/cli/";
/** The part of the Node root that reads a root key from the environment. */
const ROOT_KEY = "src/root-key-node.ts";
/** Where JSON.parse may be called, and on what. */
const JSON_FILES: Readonly<Record<string, string>> = {
  "src/model/json-text.ts": "one string literal that the strict parser has already delimited",
  "src/records/json-record.ts": "bytes that this store sealed itself and has just authenticated",
};

/** Names that draw entropy, whichever object they are read from. */
const ENTROPY = ["getRandomValues", "randomUUID", "randomBytes", "randomFill", "randomFillSync", "randomInt"];
const AMBIENT = ["process", "performance", "Date", "crypto", "Math", "console", "JSON", "RegExp", "globalThis"];

/** Names that the file declares itself, as an import, a variable, a parameter or a function. */
function declaredNames({ tree }: Source): Set<string> {
  const names = new Set<string>();
  walk(tree, (node) => {
    const name = (node as { name?: ts.Node }).name;
    const declares = ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node);
    const imports = ts.isImportSpecifier(node) || ts.isImportClause(node) || ts.isNamespaceImport(node);
    if ((declares || imports || ts.isFunctionDeclaration(node)) && name && ts.isIdentifier(name)) names.add(name.text);
  });
  return names;
}

/** One use of something ambient: `global` is the object's name, `member` what is read from it. */
interface Use {
  readonly global: string;
  readonly member: string | undefined;
  readonly node: ts.Node;
}

function isTypePosition(node: ts.Node): boolean {
  return ts.isTypeReferenceNode(node.parent) || ts.isQualifiedName(node.parent) || ts.isTypeQueryNode(node.parent);
}

/** True if the identifier names a value here, and not a member, a declaration or a type. */
function isPlainName(node: ts.Identifier): boolean {
  const { parent } = node;
  const isOwnName = (parent as { name?: ts.Node }).name === node && !ts.isShorthandPropertyAssignment(parent);
  return !isOwnName && !isTypePosition(node);
}

/** The member that is read from `node`: by a dot, by a literal in brackets or by destructuring. */
function memberReadFrom(node: ts.Expression): string | undefined {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.expression === node) return parent.name.text;
  if (!ts.isElementAccessExpression(parent) || parent.expression !== node) return undefined;
  return ts.isStringLiteralLike(parent.argumentExpression) ? parent.argumentExpression.text : undefined;
}

/** Every use of an ambient name that the file does not declare itself; `globalThis.x` counts as `x`. */
function ambientUses(source: Source): Use[] {
  const declared = declaredNames(source);
  const uses: Use[] = [];
  walk(source.tree, (node) => {
    if (!ts.isIdentifier(node) || !AMBIENT.includes(node.text) || declared.has(node.text) || !isPlainName(node)) return;
    const member = memberReadFrom(node);
    if (node.text !== "globalThis") uses.push({ global: node.text, member, node });
    else if (member !== undefined) {
      uses.push({ global: member, member: memberReadFrom(node.parent as ts.Expression), node: node.parent });
    }
  });
  return uses;
}

function readsClock({ global, member, node }: Use): boolean {
  if (global === "performance") return true;
  if (global !== "Date") return false;
  // `new Date(ms)` and Date.UTC(...) only convert.
  if (ts.isNewExpression(node.parent)) return (node.parent.arguments?.length ?? 0) === 0;
  return member === "now" || ts.isCallExpression(node.parent);
}

function findIn(
  project: Project,
  allowed: (path: string) => boolean,
  isBad: (use: Use) => boolean,
  message: string,
): Finding[] {
  return sourcesIn(project, "src/")
    .filter(({ path }) => !allowed(path))
    .flatMap((source) =>
      ambientUses(source)
        .filter(isBad)
        .map(({ node }) => ({ path: source.path, line: lineOf(source.tree, node), message })),
    );
}

const isRoot = (path: string): boolean => ROOTS.includes(path);
const isRootOrCli = (path: string): boolean => isRoot(path) || path.startsWith(CLI);
const mayReadProcess = (path: string): boolean => isRootOrCli(path) || path === ROOT_KEY;

function findEntropy(project: Project): Finding[] {
  const message = "draws entropy: take a Random (env.ts) as an argument";
  const ambient = findIn(project, isRoot, ({ global, member }) => global === "Math" && member === "random", message);
  const named = sourcesIn(project, "src/").flatMap(({ path, tree }) => {
    const findings: Finding[] = [];
    walk(tree, (node) => {
      if (isRoot(path) || !ts.isIdentifier(node) || !ENTROPY.includes(node.text)) return;
      const isTaken = ts.isPropertyAccessExpression(node.parent) || ts.isImportSpecifier(node.parent);
      if (isTaken) findings.push({ path, line: lineOf(tree, node), message });
    });
    return findings;
  });
  return [...ambient, ...named];
}

const isJsonParse = ({ global, member }: Use): boolean => global === "JSON" && member === "parse";

function findJson(project: Project): Finding[] {
  const message = "calls JSON.parse: parse with model/json-text.ts, or name the file in world-rules.ts with its reason";
  const stale = sourcesIn(project, ...Object.keys(JSON_FILES)).filter(
    (source) => !ambientUses(source).some(isJsonParse),
  );
  return [
    ...findIn(project, (path) => path in JSON_FILES, isJsonParse, message),
    ...stale.map(({ path }) => ({ path, line: 1, message: "no longer calls JSON.parse: take it off JSON_FILES" })),
  ];
}

function findPatterns(project: Project): Finding[] {
  const isBuilt = ({ global, node }: Use): boolean => {
    const { parent } = node;
    if (global !== "RegExp" || !(ts.isNewExpression(parent) || ts.isCallExpression(parent))) return false;
    const pattern = parent.arguments?.[0];
    return (
      parent.expression === node &&
      !(pattern && (ts.isStringLiteralLike(pattern) || ts.isRegularExpressionLiteral(pattern)))
    );
  };
  return findIn(project, () => false, isBuilt, "builds a pattern at run time: whoever writes it can stop the process");
}

/** Rules about the world outside. */
export const WORLD_RULES: readonly Rule[] = [
  {
    name: "clock",
    find: (project) =>
      findIn(project, isRootOrCli, readsClock, "reads the clock: take a Clock (env.ts) as an argument"),
    bad: [
      { files: { "src/kernel.ts": "const a = Date.now();" }, at: ["src/kernel.ts:1"] },
      { files: { "src/kernel.ts": "\nconst a = new Date();" }, at: ["src/kernel.ts:2"] },
      { files: { "src/kernel.ts": "const a = globalThis.performance.now();" }, at: ["src/kernel.ts:1"] },
      { files: { "src/kernel.ts": 'const a = Date["now"]();' }, at: ["src/kernel.ts:1"] },
    ],
    good: {
      "src/node.ts": "export const now = () => Date.now();",
      "src/cli/a.ts": "const a = new Date();",
      "src/client/a.ts": "export const toDate = (ms: number): Date => new Date(ms); interface A { Date: Date }",
    },
  },
  {
    name: "entropy",
    find: findEntropy,
    bad: [
      { files: { "src/keys/a.ts": "Math.random();" }, at: ["src/keys/a.ts:1"] },
      { files: { "src/keys/a.ts": "crypto.getRandomValues(out);" }, at: ["src/keys/a.ts:1"] },
      { files: { "src/cli/a.ts": "globalThis.crypto.randomUUID();" }, at: ["src/cli/a.ts:1"] },
      { files: { "src/crypto/node.ts": 'import { randomBytes } from "node:crypto";' }, at: ["src/crypto/node.ts:1"] },
    ],
    good: {
      "src/edge.ts": "crypto.getRandomValues(out);",
      "src/keys/a.ts":
        "random.fill(out); Math.max(1, 2); export const uuidOf = (randomBytes: Uint8Array) => randomBytes;",
    },
  },
  {
    name: "ambient crypto",
    find: (project) =>
      findIn(project, isRoot, ({ global }) => global === "crypto", "uses the ambient crypto: take an Engine"),
    bad: [
      { files: { "src/keys/a.ts": 'const key = crypto.subtle.importKey("raw");' }, at: ["src/keys/a.ts:1"] },
      { files: { "src/keys/a.ts": "const own = globalThis.crypto;" }, at: ["src/keys/a.ts:1"] },
    ],
    good: {
      "src/keys/a.ts": "export function seal(crypto: Engine) { return crypto.aead(key); }",
      "src/platform.ts": "export interface Platform { engine(): Engine }",
    },
  },
  {
    name: "environment",
    find: (project) =>
      findIn(
        project,
        mayReadProcess,
        ({ global }) => global === "process",
        "reads process: take the value as an argument",
      ),
    bad: [
      { files: { "src/keys/a.ts": "const home = process.env.HOME;" }, at: ["src/keys/a.ts:1"] },
      { files: { "src/keys/a.ts": "const { env } = process;" }, at: ["src/keys/a.ts:1"] },
    ],
    good: {
      "src/cli/a.ts": "process.exitCode = 1;",
      "src/keys/a.ts": "worker.process(job); const a = { process: 1 };",
    },
  },
  {
    name: "console",
    find: (project) =>
      findIn(
        project,
        (path) => path.startsWith(CLI),
        ({ global }) => global === "console",
        "writes to the console",
      ),
    bad: [{ files: { "src/keys/a.ts": 'console.log("here");' }, at: ["src/keys/a.ts:1"] }],
    good: { "src/cli/a.ts": 'console.log("done");' },
  },
  {
    name: "JSON.parse",
    find: findJson,
    bad: [
      { files: { "src/http/a.ts": "JSON.parse(body);" }, at: ["src/http/a.ts:1"] },
      { files: { "src/model/json-text.ts": "" }, at: ["src/model/json-text.ts:1"] },
    ],
    good: { "src/http/a.ts": "JSON.stringify(body);", "test/a.ts": "JSON.parse(text);" },
  },
  {
    name: "patterns",
    find: findPatterns,
    bad: [
      { files: { "src/model/a.ts": "new RegExp(input);" }, at: ["src/model/a.ts:1"] },
      { files: { "src/model/a.ts": "RegExp(`^" + "${" + "input}$`);" }, at: ["src/model/a.ts:1"] },
    ],
    good: { "src/model/a.ts": 'new RegExp("^a$", "u"); /b/.test(input); value instanceof RegExp;' },
  },
];
