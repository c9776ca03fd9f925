/** How a file looks: its length, its name, its header, its exports, and what must not stay in it. */
import { posix } from "node:path";
import ts from "typescript";
import { type Finding, lineOf, type Project, type Rule, type Source, sourcesIn, walk } from "./project.ts";

const FILE_LINES = 400;
const FUNCTION_LINES = 70;
const EMPTY_NAMES = ["utils", "util", "helpers", "helper", "common", "misc", "shared", "lib"];
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.config|\.d)?\.(ts|mts|mjs|js)$/;
const UNFINISHED = /\b(TO[D]O|FIXM[E]|XX[X])\b/;
const RUNNERS = ["it", "test", "describe", "suite", "bench"];
const HELD_BACK = ["skip", "only", "todo", "fails"];

/** Functions that may be longer, each with its reason. */
const LONG_FUNCTIONS: Readonly<Record<string, string>> = {
  "assembly/aes.ts encryptPlanes":
    "one round needs its eight planes in locals: AssemblyScript returns one value, and planes in memory cost half again",
};

const lines = (text: string): number => text.replace(/\n$/, "").split("\n").length;

function everywhere(project: Project, find: (source: Source) => Finding[]): Finding[] {
  return [...project.sources.values()].flatMap(find);
}

function findLongFiles(project: Project): Finding[] {
  return everywhere(project, ({ path, text }) => {
    const count = lines(text);
    const message = `has ${count} lines, ${FILE_LINES} are the most: split it by what it does`;
    return count > FILE_LINES ? [{ path, line: FILE_LINES + 1, message }] : [];
  });
}

/** The callback of `describe` is a chapter, not a function. */
function isChapter(node: ts.Node): boolean {
  return ts.isCallExpression(node.parent) && /^describe\b/.test(node.parent.expression.getText());
}

function nameOf(node: ts.SignatureDeclaration): string {
  if (node.name) return node.name.getText();
  const { parent } = node;
  return ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent.name.getText() : "a function";
}

function findLongFunctions(project: Project): Finding[] {
  return everywhere(project, ({ path, tree }) => {
    const findings: Finding[] = [];
    const stale = new Set(Object.keys(LONG_FUNCTIONS).filter((key) => key.startsWith(`${path} `)));
    walk(tree, (node) => {
      if (!ts.isFunctionLike(node) || isChapter(node)) return;
      const line = lineOf(tree, node);
      const count = tree.getLineAndCharacterOfPosition(node.end).line + 2 - line;
      const name = nameOf(node);
      if (count <= FUNCTION_LINES || stale.delete(`${path} ${name}`)) return;
      const message = `${name} has ${count} lines, ${FUNCTION_LINES} are the most: give its parts names`;
      findings.push({ path, line, message });
    });
    const message = "is short enough now: take it off LONG_FUNCTIONS";
    return [...findings, ...[...stale].map((key) => ({ path, line: 1, message: `${key} ${message}` }))];
  });
}

function findNames(project: Project): Finding[] {
  return everywhere(project, ({ path }) => {
    const parts = path.split("/").map((part) => part.replace(/\..*$/, ""));
    const empty = parts.find((part) => EMPTY_NAMES.includes(part));
    if (empty !== undefined) return [{ path, line: 1, message: `"${empty}" says nothing: name what is in it` }];
    if (KEBAB.test(posix.basename(path))) return [];
    return [{ path, line: 1, message: "file names are kebab-case" }];
  });
}

function findHeaders(project: Project): Finding[] {
  return sourcesIn(project, "src/", "assembly/", "test/", "bench/", "scripts/", "examples/").flatMap(
    ({ path, text }) => {
      const message = "starts without a comment that says what it is";
      return /^(#!.*\n)?\s*(\/\*\*|\/\/)/.test(text) ? [] : [{ path, line: 1, message }];
    },
  );
}

function findDefaults(project: Project): Finding[] {
  return sourcesIn(project, "src/").flatMap(({ path, tree }) => {
    const message = "exports a default: a name is the same in every file that imports it";
    const isDefault = (node: ts.Statement): boolean =>
      ts.isExportAssignment(node) ||
      (ts.canHaveModifiers(node) &&
        !!ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)) ||
      (ts.isExportDeclaration(node) && /\bas default\b/.test(node.getText()));
    return tree.statements.filter(isDefault).map((node) => ({ path, line: lineOf(tree, node), message }));
  });
}

function findBarrels(project: Project): Finding[] {
  return sourcesIn(project, "src/")
    .filter(({ path }) => !project.entries.has(path))
    .flatMap(({ path, tree }) => {
      const passes = tree.statements.filter(
        (node) => ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined,
      );
      const stars = passes.filter((node) => (node as ts.ExportDeclaration).exportClause === undefined);
      const onlyPasses = passes.length > 0 && passes.length === tree.statements.length;
      const message = "hands on what another file exports: import it from where it is";
      return (onlyPasses ? passes : stars).map((node) => ({ path, line: lineOf(tree, node), message }));
    });
}

function findUnfinished(project: Project): Finding[] {
  return everywhere(project, ({ path, text }) =>
    text.split("\n").flatMap((line, i) => {
      return UNFINISHED.test(line) ? [{ path, line: i + 1, message: "is unfinished: do it or drop it" }] : [];
    }),
  );
}

function rootName(node: ts.Expression): string | undefined {
  if (ts.isIdentifier(node)) return node.text;
  return ts.isPropertyAccessExpression(node) || ts.isCallExpression(node) ? rootName(node.expression) : undefined;
}

function findHeldBack(project: Project): Finding[] {
  return sourcesIn(project, "test/", "bench/").flatMap(({ path, tree }) => {
    const findings: Finding[] = [];
    walk(tree, (node) => {
      if (!ts.isPropertyAccessExpression(node) || !HELD_BACK.includes(node.name.text)) return;
      if (!RUNNERS.includes(rootName(node.expression) ?? "")) return;
      findings.push({
        path,
        line: lineOf(tree, node),
        message: `.${node.name.text} keeps tests from running: remove it`,
      });
    });
    return findings;
  });
}

const longFunction = `const f = () => {\n${"  g();\n".repeat(FUNCTION_LINES)}};\n`;

/** Rules about form. */
export const FORM_RULES: readonly Rule[] = [
  {
    name: "file length",
    find: findLongFiles,
    bad: [{ files: { "bench/a.ts": "a;\n".repeat(FILE_LINES + 1) }, at: [`bench/a.ts:${FILE_LINES + 1}`] }],
    good: { "bench/a.ts": "a;\n".repeat(FILE_LINES) },
  },
  {
    name: "function length",
    find: findLongFunctions,
    bad: [
      { files: { "src/a.ts": `\n${longFunction}` }, at: ["src/a.ts:2"] },
      { files: { "test/a.test.ts": `describe("a", () => {\n${longFunction}});` }, at: ["test/a.test.ts:2"] },
      {
        files: { "assembly/a.ts": longFunction.replace("const f = () =>", "function f(a: usize): void") },
        at: ["assembly/a.ts:1"],
      },
      { files: { "assembly/aes.ts": "function addKeyStream(): void {}" }, at: ["assembly/aes.ts:1"] },
    ],
    good: { "test/a.test.ts": longFunction.replace("const f = () => {", 'describe("a", () => {').replace("};", "});") },
  },
  {
    name: "file names",
    find: findNames,
    bad: [
      { files: { "src/utils.ts": "" }, at: ["src/utils.ts:1"] },
      { files: { "test/helpers/a.ts": "" }, at: ["test/helpers/a.ts:1"] },
      { files: { "src/keyState.ts": "" }, at: ["src/keyState.ts:1"] },
    ],
    good: { "src/key-state.ts": "", "test/a-b.test.ts": "", "scripts/build.mjs": "" },
  },
  {
    name: "headers",
    find: findHeaders,
    bad: [{ files: { "src/a.ts": "export const a = 1;" }, at: ["src/a.ts:1"] }],
    good: { "src/a.ts": "/** What. */", "scripts/a.mjs": "#!/usr/bin/env node\n// What." },
  },
  {
    name: "default exports",
    find: findDefaults,
    bad: [
      { files: { "src/a.ts": "export default 1;" }, at: ["src/a.ts:1"] },
      { files: { "src/a.ts": "export default function f() {}" }, at: ["src/a.ts:1"] },
      { files: { "src/a.ts": "const a = 1;\nexport { a as default };" }, at: ["src/a.ts:2"] },
    ],
    good: { "src/a.ts": "export const a = 1;", "vitest.ts": "export default {};" },
  },
  {
    name: "one barrel",
    find: findBarrels,
    bad: [
      { files: { "src/keys/index.ts": 'export { a } from "./a.ts";' }, at: ["src/keys/index.ts:1"] },
      { files: { "src/keys/a.ts": 'export const b = 1;\nexport * from "./c.ts";' }, at: ["src/keys/a.ts:2"] },
    ],
    good: {
      "tsup.config.ts": '"src/index.ts"',
      "src/index.ts": 'export * from "./a.ts";',
      "src/a.ts": "export const a = 1;",
    },
  },
  {
    name: "unfinished work",
    find: findUnfinished,
    bad: [{ files: { "src/a.ts": `\n// ${"TO"}DO: later` }, at: ["src/a.ts:2"] }],
    good: { "src/a.ts": "// Done." },
  },
  {
    name: "held-back tests",
    find: findHeldBack,
    bad: [
      { files: { "test/a.test.ts": 'it.skip("a", f);' }, at: ["test/a.test.ts:1"] },
      { files: { "test/a.test.ts": 'describe.each([1]).only("a", f);' }, at: ["test/a.test.ts:1"] },
    ],
    good: { "test/a.test.ts": 'it.skipIf(absent)("a", f); list.skip(1);' },
  },
];
