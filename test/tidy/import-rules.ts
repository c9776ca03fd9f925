/**
 * Who may import whom. The floors are ARCHITECTURE.md's: a file imports its own floor or below, so reading a file
 * never needs a file above it.
 */
import { type Finding, type Project, type Rule, sourcesIn } from "./project.ts";

/** Files (or folders, with a closing slash) below src/, from the ground up. */
const FLOORS: readonly (readonly string[])[] = [
  ["errors.ts", "env.ts", "secret-bytes.ts", "byte-views.ts", "model/"],
  ["core/", "keystore/", "policy/"],
  ["crypto/", "signing/", "enclaves/"],
  ["records/"],
  ["keys/", "aliases/", "audit/", "grants/", "identities/", "quota/", "stores/"],
  ["services.ts", "platform.ts", "region-stores.ts"],
  ["operations/"],
  [
    ...["authorization/", "targets.ts", "attestation.ts", "explanation.ts", "cost-report.ts", "upkeep.ts"],
    ...["external-keys.ts", "kernel.ts"],
  ],
  ["audit-signer.ts", "kms-options.ts", "realm-services.ts", "kms.ts"],
  ["client/", "http/", "envelope/"],
  ["node.ts", "edge.ts", "root-key-node.ts", "index.ts", "engine.ts", "messages.ts", "nitro.ts"],
  ["cli/"],
];
const SIBLINGS = FLOORS[4]!;
/** What the build writes; it lies below every floor. */
const isBuilt = (path: string): boolean => /^(build|dist)\//.test(path);

/** Where `node:` modules may be imported. */
const NODE_FILES = [
  "src/node.ts",
  "src/root-key-node.ts",
  "src/keystore/sqlite.ts",
  "src/keystore/sqlite-folder.ts",
  "src/crypto/node.ts",
  "src/crypto/key-pairs-node.ts", // Types alone: the module is an argument.
  "src/audit/file.ts",
  "src/http/node.ts",
  "src/cli/",
];
const ENCLAVES = ["src/enclaves/"];
const NOBLE = ["src/crypto/noble-keys.ts"];
/** Where packages may be needed at run time; everything else works with none installed. */
const PACKAGE_FILES: Readonly<Record<string, readonly string[]>> = {
  libsql: ["src/keystore/sqlite.ts", "src/keystore/sqlite-connection.ts"],
  commander: ["src/cli/"],
  picocolors: ["src/cli/"],
  // The build takes these into the bundle.
  "@assemblyscript/loader": ["src/core/load.ts"],
  "@peculiar/asn1-schema": ENCLAVES,
  "@peculiar/asn1-x509": ENCLAVES,
  asn1js: ENCLAVES,
  cborg: ENCLAVES,
  "@noble/curves/abstract/edwards.js": NOBLE,
  "@noble/curves/ed25519.js": NOBLE,
  "@noble/curves/nist.js": NOBLE,
  "@noble/curves/secp256k1.js": NOBLE,
  "@noble/hashes/sha2.js": NOBLE,
  "@noble/post-quantum/ml-dsa.js": NOBLE,
  "@noble/post-quantum/ml-kem.js": NOBLE,
};

function floorOf(path: string): number {
  if (isBuilt(path)) return 0;
  const inSrc = path.slice("src/".length);
  return path.startsWith("src/") ? FLOORS.findIndex((parts) => parts.some((part) => matches(inSrc, part))) : -1;
}

const matches = (path: string, part: string): boolean => (part.endsWith("/") ? path.startsWith(part) : path === part);

function findFloors(project: Project): Finding[] {
  return sourcesIn(project, "src/").flatMap(({ path, imports }) => {
    const floor = floorOf(path);
    if (floor < 0) return [{ path, line: 1, message: "is on no floor: move it, or give it one in import-rules.ts" }];
    return imports.flatMap(({ targets, line, specifier }) => {
      const code = targets.filter((target) => !target.endsWith(".json"));
      const wrong = code.filter((target) => floorOf(target) < 0 || floorOf(target) > floor);
      return wrong.map((target) => {
        const message = `imports ${specifier} (${target}, floor ${floorOf(target)}) from floor ${floor}: take what you need as an argument`;
        return { path, line, message };
      });
    });
  });
}

function findSiblings(project: Project): Finding[] {
  const folderOf = (path: string): string | undefined => SIBLINGS.find((folder) => path.startsWith(`src/${folder}`));
  return sourcesIn(project, ...SIBLINGS.map((folder) => `src/${folder}`)).flatMap(({ path, imports }) =>
    imports
      .filter(({ targets }) => targets.some((target) => folderOf(target) && folderOf(target) !== folderOf(path)))
      .map(({ line, specifier }) => ({ path, line, message: `imports its sibling ${specifier}: meet in services.ts` })),
  );
}

/** A driver may import the interface and its own parts: sqlite.ts may import sqlite-connection.ts. */
function findDrivers(project: Project): Finding[] {
  const folder = "src/keystore/";
  return sourcesIn(project, folder).flatMap(({ path, imports }) => {
    const own = path.replace(/\.ts$/, "-");
    const isFine = (target: string): boolean =>
      !target.startsWith(folder) || target === `${folder}driver.ts` || target.startsWith(own);
    const message = "imports another file of keystore/: a driver stands on driver.ts and its own parts alone";
    return imports.filter(({ targets }) => !targets.every(isFine)).map(({ line }) => ({ path, line, message }));
  });
}

function findCycles(project: Project): Finding[] {
  const findings: Finding[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    if (done.has(path)) return;
    trail.push(path);
    for (const { targets, line } of project.sources.get(path)?.imports ?? []) {
      for (const target of targets) {
        const start = trail.indexOf(target);
        const message = `closes a cycle (${[...trail.slice(start), target].join(" -> ")}): move what both need below both`;
        if (start >= 0) findings.push({ path, line, message });
        else visit(target);
      }
    }
    trail.pop();
    done.add(path);
  };
  for (const path of project.sources.keys()) visit(path);
  return findings;
}

function findNodeImports(project: Project): Finding[] {
  return sourcesIn(project, "src/").flatMap(({ path, imports }) =>
    NODE_FILES.some((allowed) => matches(path, allowed))
      ? []
      : imports
          .filter(({ specifier }) => specifier.startsWith("node:"))
          .map(({ line, specifier }) => ({ path, line, message: `imports ${specifier}, which other runtimes lack` })),
  );
}

function findPackages(project: Project): Finding[] {
  return sourcesIn(project, "src/").flatMap(({ path, imports }) =>
    imports
      .filter(({ specifier, typeOnly }) => !typeOnly && !/^(\.|#|node:)/.test(specifier))
      .filter(({ specifier }) => !PACKAGE_FILES[specifier]?.some((allowed) => matches(path, allowed)))
      .map(({ line, specifier }) => ({ path, line, message: `needs the package ${specifier} at run time` })),
  );
}

function findUnresolved(project: Project): Finding[] {
  const exists = (target: string): boolean => project.sources.has(target) || isBuilt(target);
  return [...project.sources.values()].flatMap(({ path, imports }) =>
    imports
      .filter(({ specifier }) => /^[.#]/.test(specifier) && !specifier.endsWith(".json"))
      .filter(({ targets }) => targets.length === 0 || !targets.every(exists))
      .map(({ line, specifier }) => ({
        path,
        line,
        message: `imports ${specifier}: write the file's own name and ending`,
      })),
  );
}

/** Adds `path` and all that it reaches through imports. */
function reach(project: Project, path: string, reached: Set<string>): void {
  if (reached.has(path)) return;
  reached.add(path);
  for (const { targets } of project.sources.get(path)?.imports ?? []) {
    for (const target of targets) reach(project, target, reached);
  }
}

/** True if a file that is in use names this one in a string, as tests name what they compile or start. */
function isNamed(project: Project, path: string, used: ReadonlySet<string>): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return [...used].some((user) => user !== path && project.sources.get(user)?.text.includes(`${name}"`));
}

function findUnused(project: Project): Finding[] {
  const used = new Set<string>();
  for (const entry of project.entries) {
    // What only a test imports is not part of the product: src/ must be reached from its own entries.
    if (entry.startsWith("src/")) reach(project, entry, used);
  }
  const product = new Set(used);
  for (const entry of project.entries) reach(project, entry, used);
  for (let before = -1; before < used.size; ) {
    before = used.size;
    for (const path of project.sources.keys()) if (isNamed(project, path, used)) reach(project, path, used);
  }
  return [...project.sources.keys()]
    .filter((path) => !(path.startsWith("src/") ? product : used).has(path) && !path.endsWith(".d.ts"))
    .map((path) => ({ path, line: 1, message: "is reached from no entry: import it or delete it" }));
}

const ENTRY = { "tsup.config.ts": 'export default { entry: ["src/index.ts"] };' };

/** Rules about imports. */
export const IMPORT_RULES: readonly Rule[] = [
  {
    name: "floors",
    find: findFloors,
    bad: [
      { files: { "src/env.ts": 'import "./kernel.ts";', "src/kernel.ts": "" }, at: ["src/env.ts:1"] },
      {
        files: { "src/model/a.ts": '\nimport type { B } from "../keys/b.ts";', "src/keys/b.ts": "" },
        at: ["src/model/a.ts:2"],
      },
      {
        files: { "src/keys/a.ts": 'type T = import("../kernel.ts").T;', "src/kernel.ts": "" },
        at: ["src/keys/a.ts:1"],
      },
      { files: { "src/kernel.ts": 'import "../test/a.ts";', "test/a.ts": "" }, at: ["src/kernel.ts:1"] },
      { files: { "src/attic/a.ts": "" }, at: ["src/attic/a.ts:1"] },
      {
        files: {
          "package.json": '{ "imports": { "#platform": { "browser": "./src/edge.ts", "default": "./src/node.ts" } } }',
          "src/client/a.ts": 'const root = await import("#platform");',
          "src/node.ts": "",
          "src/edge.ts": "",
        },
        at: ["src/client/a.ts:1", "src/client/a.ts:1"],
      },
    ],
    good: {
      "src/kernel.ts": 'import "./env.ts"; import "./operations/a.ts";',
      "src/operations/a.ts": 'import "./b.ts";',
      "src/operations/b.ts": 'import { x } from "../keys/k.ts";',
      "src/keys/k.ts": "",
      "src/env.ts": "",
      "src/core/a.ts": 'import { CORE } from "../../build/core-wasm.ts";',
    },
  },
  {
    name: "siblings",
    find: findSiblings,
    bad: [{ files: { "src/keys/a.ts": 'import "../audit/b.ts";', "src/audit/b.ts": "" }, at: ["src/keys/a.ts:1"] }],
    good: { "src/keys/a.ts": 'import "./b.ts";', "src/keys/b.ts": 'import "../records/c.ts";', "src/records/c.ts": "" },
  },
  {
    name: "drivers",
    find: findDrivers,
    bad: [
      {
        files: { "src/keystore/a.ts": 'import "./memory.ts";', "src/keystore/memory.ts": "" },
        at: ["src/keystore/a.ts:1"],
      },
    ],
    good: { "src/keystore/a.ts": 'import type { X } from "./driver.ts"; import "../errors.ts";', "src/errors.ts": "" },
  },
  {
    name: "cycles",
    find: findCycles,
    bad: [
      {
        files: {
          "src/keys/a.ts": 'import type { B } from "./b.ts";',
          "src/keys/b.ts": 'import "./c.ts";',
          "src/keys/c.ts": '\nexport { A } from "./a.ts";',
        },
        at: ["src/keys/c.ts:2"],
      },
      { files: { "test/a.ts": 'import "./a.ts";' }, at: ["test/a.ts:1"] },
    ],
    good: {
      "src/keys/a.ts": 'import "./b.ts"; import "./c.ts";',
      "src/keys/b.ts": 'import "./c.ts";',
      "src/keys/c.ts": "",
    },
  },
  {
    name: "node modules",
    find: findNodeImports,
    bad: [{ files: { "src/http/a.ts": 'import { createServer } from "node:http";' }, at: ["src/http/a.ts:1"] }],
    good: {
      "src/cli/a.ts": 'import "node:fs";',
      "src/node.ts": 'import "node:crypto";',
      "test/a.ts": 'import "node:fs";',
    },
  },
  {
    name: "packages",
    find: findPackages,
    bad: [
      { files: { "src/kernel.ts": 'import { z } from "zod";' }, at: ["src/kernel.ts:1"] },
      { files: { "src/http/a.ts": 'const db = await import("libsql");' }, at: ["src/http/a.ts:1"] },
    ],
    good: {
      "src/cli/a.ts": 'import { Command } from "commander";',
      "src/client/a.ts": 'import type { X } from "sdk";',
    },
  },
  {
    name: "written imports",
    find: findUnresolved,
    bad: [
      { files: { "src/a.ts": 'import "./b";', "src/b.ts": "" }, at: ["src/a.ts:1"] },
      { files: { "test/a.ts": 'import "#nothing";' }, at: ["test/a.ts:1"] },
    ],
    good: { "src/a.ts": 'import "./b.ts";', "src/b.ts": "", "assembly/a.ts": 'import "./b";', "assembly/b.ts": "" },
  },
  {
    name: "unused files",
    find: findUnused,
    bad: [
      { files: { ...ENTRY, "src/index.ts": "", "src/left.ts": "" }, at: ["src/left.ts:1"] },
      {
        files: { ...ENTRY, "src/index.ts": "", "src/keys/a.ts": "", "test/a.test.ts": 'import "../src/keys/a.ts";' },
        at: ["src/keys/a.ts:1"],
      },
      { files: { "test/a.ts": 'import "./b.ts";', "test/b.ts": "" }, at: ["test/a.ts:1", "test/b.ts:1"] },
    ],
    good: {
      ...ENTRY,
      "src/index.ts": 'export type { A } from "./keys/a.ts";',
      "src/keys/a.ts": "",
      "test/a.test.ts": 'start("worker.mjs");',
      "test/worker.mjs": 'import "./controls/control.ts";',
      "test/controls/control.ts": "",
    },
  },
];
