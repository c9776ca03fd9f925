/**
 * The project's sources, parsed once: what each file imports, which project files that means, and which files are
 * entered from outside. The rules read this and nothing else, so a rule can be tried on a project of two lines.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";

/** One import, export-from or dynamic import. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Files of the project that the specifier may mean: several for a package import with conditions, none outside. */
  readonly targets: readonly string[];
  /** True if nothing is left of it at run time. */
  readonly typeOnly: boolean;
  /** The names that are taken, as the other module calls them. */
  readonly names: readonly string[];
}

export interface Source {
  /** From the project's root, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
}

export interface Project {
  /** Every source by its path. */
  readonly sources: ReadonlyMap<string, Source>;
  /** Sources that something outside of them starts: the bundler, the runtime, the compiler, a script, the test runner. */
  readonly entries: ReadonlySet<string>;
}

/** One place that breaks a rule. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  /** What is wrong and what to do. */
  readonly message: string;
}

/** A rule with projects that break it (each at the stated places) and one that keeps it: the rule's own test. */
export interface Rule {
  readonly name: string;
  readonly find: (project: Project) => Finding[];
  readonly bad: readonly { readonly files: Files; readonly at: readonly string[] }[];
  readonly good: Files;
}

/** File texts by path. */
export type Files = Readonly<Record<string, string>>;

/** Folders that hold sources; everything in them is judged. */
export const FOLDERS = ["src", "assembly", "test", "bench", "scripts", "examples"] as const;
const SOURCE = /\.(ts|mts|mjs|js)$/;
const MANIFESTS = ["package.json", "asconfig.json", "tsup.config.ts", "vitest.config.ts", ".ci/run"];

/** The line of a node's first token, from 1. */
export function lineOf(tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}

/** Calls `visit` for every node below `node`. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  node.forEachChild((child) => {
    visit(child);
    walk(child, visit);
  });
}

type PackageImports = ReadonlyMap<string, readonly string[]>;

/** Every file that a value of package.json's `imports` or `exports` names, whatever the condition. */
function pathsIn(value: unknown): string[] {
  if (typeof value === "string") return [posix.normalize(value)];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(pathsIn) : [];
}

function packageImports(files: Files): PackageImports {
  const manifest = JSON.parse(files["package.json"] ?? "{}") as { imports?: Record<string, unknown> };
  return new Map(Object.entries(manifest.imports ?? {}).map(([name, value]) => [name, pathsIn(value)]));
}

function resolve(from: string, specifier: string, imports: PackageImports): readonly string[] {
  if (specifier.startsWith("#")) return imports.get(specifier) ?? [];
  return specifier.startsWith(".") ? [posix.normalize(posix.join(posix.dirname(from), specifier))] : [];
}

interface RawImport {
  readonly specifier: ts.Expression;
  readonly typeOnly: boolean;
  readonly names: readonly string[];
}

function takenNames(node: ts.ImportDeclaration | ts.ExportDeclaration): string[] {
  const bindings = ts.isImportDeclaration(node) ? node.importClause?.namedBindings : node.exportClause;
  if (bindings === undefined || !(ts.isNamedImports(bindings) || ts.isNamedExports(bindings))) return [];
  return bindings.elements.map((element) => (element.propertyName ?? element.name).text);
}

function rawImport(node: ts.Node): RawImport | undefined {
  if (ts.isImportDeclaration(node)) {
    const typeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
    return { specifier: node.moduleSpecifier, typeOnly, names: takenNames(node) };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return { specifier: node.moduleSpecifier, typeOnly: node.isTypeOnly, names: takenNames(node) };
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && node.arguments[0]) {
    return { specifier: node.arguments[0], typeOnly: false, names: [] };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return { specifier: node.argument.literal as ts.Expression, typeOnly: true, names: [] };
  }
  return undefined;
}

function parse(path: string, text: string, imports: PackageImports): Source {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const found: Import[] = [];
  walk(tree, (node) => {
    const raw = rawImport(node);
    if (raw === undefined || !ts.isStringLiteralLike(raw.specifier)) return;
    const specifier = raw.specifier.text;
    // AssemblyScript leaves the ending out.
    const written = path.startsWith("assembly/") && !specifier.endsWith(".ts") ? `${specifier}.ts` : specifier;
    const { typeOnly, names } = raw;
    found.push({ specifier, line: lineOf(tree, node), targets: resolve(path, written, imports), typeOnly, names });
  });
  return { path, text, tree, imports: found };
}

/** The tests, and whatever a manifest or a script names by its path. */
function findEntries(files: Files, imports: PackageImports): Set<string> {
  const entries = new Set(Object.keys(files).filter((path) => path.endsWith(".test.ts")));
  for (const manifest of MANIFESTS) {
    for (const [path] of (files[manifest] ?? "").matchAll(/\b[\w./-]+\.(?:ts|mts|mjs|js)\b/g)) {
      entries.add(posix.normalize(path));
    }
  }
  // A package import is reached through the files that import it, not by being declared.
  for (const target of [...imports.values()].flat()) entries.delete(target);
  return entries;
}

/** Parses file texts into a project; manifests may be among them. */
export function parseProject(files: Files): Project {
  const imports = packageImports(files);
  const sources = Object.entries(files)
    .filter(([path]) => SOURCE.test(path) && !MANIFESTS.includes(path))
    .map(([path, text]) => [path, parse(path, text, imports)] as const);
  return { sources: new Map(sources), entries: findEntries(files, imports) };
}

/** Reads the project that lies in `root`. */
export function readProject(root: string): Project {
  const files: Record<string, string> = {};
  const exists = (path: string): boolean => statSync(join(root, path), { throwIfNoEntry: false }) !== undefined;
  for (const path of MANIFESTS) if (exists(path)) files[path] = readFileSync(join(root, path), "utf8");
  for (const folder of FOLDERS) {
    if (!exists(folder)) continue;
    for (const path of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })) {
      const full = posix.join(folder, path.replaceAll("\\", "/"));
      if (SOURCE.test(full) && !full.includes("node_modules/")) files[full] = readFileSync(join(root, full), "utf8");
    }
  }
  return parseProject(files);
}

/** The sources whose path starts with `prefix`. */
export function sourcesIn(project: Project, ...prefixes: readonly string[]): Source[] {
  return [...project.sources.values()].filter(({ path }) => prefixes.some((prefix) => path.startsWith(prefix)));
}
