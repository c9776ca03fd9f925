/**
 * The house rules (ARCHITECTURE.md), enforced: who imports whom, what touches the world outside, how files look.
 * Each rule first shows that it finds what it is for.
 */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { FORM_RULES } from "./form-rules.ts";
import { IMPORT_RULES } from "./import-rules.ts";
import { type Finding, parseProject, readProject } from "./project.ts";
import { WORLD_RULES } from "./world-rules.ts";

const RULES = [...IMPORT_RULES, ...WORLD_RULES, ...FORM_RULES];
const project = readProject(fileURLToPath(new URL("../../", import.meta.url)));

const place = ({ path, line }: Finding): string => `${path}:${line}`;

describe.each(RULES.map((rule) => [rule.name, rule] as const))("%s", (name, rule) => {
  it("finds what breaks the rule, and only that", () => {
    for (const { files, at } of rule.bad) expect(rule.find(parseProject(files)).map(place)).toEqual(at);
    expect(rule.find(parseProject(rule.good))).toEqual([]);
  });

  it("is kept by the project", () => {
    expect(rule.find(project).map((finding) => `${place(finding)} ${name}: ${finding.message}`)).toEqual([]);
  });
});

it("reads the whole project", () => {
  for (const path of ["src/errors.ts", "assembly/layout.ts", "test/tidy/tidy.test.ts", "scripts/build-core.mjs"]) {
    expect([...project.sources.keys()]).toContain(path);
  }
});
