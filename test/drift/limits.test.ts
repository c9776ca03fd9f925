/** Whether the limits of our shapes are those of the public API model; what differs on purpose is named here. */
import { describe, expect, it } from "vitest";
import type { AnyShape, StructShape } from "../../src/model/shape.ts";
import { OPERATIONS } from "../../src/operations/index.ts";
import { readReference } from "../vectors.ts";
import type { Operations } from "./compare.ts";

interface ModelShape {
  readonly shape?: string;
  readonly type?: string;
  readonly struct?: string;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: string;
  readonly member?: ModelShape;
}

type ModelMembers = Readonly<Record<string, ModelShape>>;

interface Model {
  readonly operations: Readonly<
    Record<string, { readonly input: ModelMembers | null; readonly output: ModelMembers | null }>
  >;
  readonly structures: Readonly<Record<string, ModelMembers>>;
  readonly enums: Readonly<Record<string, { readonly values: readonly string[] }>>;
}

/** Where the service answers otherwise than its model says. */
const DIFFERENCES: readonly string[] = [
  // What the service has been seen to answer to an empty key id.
  "KeyIdType pattern ^\\p{ASCII}+$, not undefined",
  // The documentation of each operation.
  "ListAliases input.Limit max 100, not 1000",
  "ListGrants input.Limit max 100, not 1000",
  "ListResourceTags input.Limit max 50, not 1000",
  "ListRetirableGrants input.Limit max 100, not 1000",
];

/** What differs, each in one line: `<where> <limit> <ours>, not <the model's>`. */
function findLimits(operations: Operations, { operations: models, structures, enums }: Model): string[] {
  const findings = new Set<string>();

  function compare(path: string, ours: AnyShape, theirs: ModelShape): void {
    const differ = (limit: string, own: unknown, model: unknown) => {
      if (String(own) === String(model)) return;
      findings.add(`${theirs.shape === "KeyIdType" ? theirs.shape : path} ${limit} ${own}, not ${model}`);
    };
    if (ours.kind === "struct") {
      compareMembers(path, ours, structures[theirs.struct!]!);
    } else if (ours.kind === "list") {
      differ("max", ours.maxLength, theirs.max);
      compare(`${path}[]`, ours.member, theirs.member!);
    } else if (ours.kind === "string") {
      const values = theirs.enum === undefined ? undefined : enums[theirs.enum]!.values;
      differ("values", ours.values && [...ours.values].sort(), values && [...values].sort());
      differ("min", ours.minLength, theirs.min);
      differ("max", ours.maxLength, theirs.max);
      differ("pattern", ours.pattern?.text, theirs.pattern);
    } else if (ours.kind === "blob") {
      differ("min", ours.minBytes, theirs.min);
      differ("max", ours.maxBytes, theirs.max);
    } else if (ours.kind === "integer") {
      differ("min", ours.min, theirs.min);
      differ("max", ours.max, theirs.max);
    }
  }

  function compareMembers(path: string, ours: StructShape, theirs: ModelMembers): void {
    for (const { name, shape } of ours.entries) {
      const model = theirs[name];
      if (model === undefined) findings.add(`${path}.${name} is not in the model`);
      else compare(`${path}.${name}`, shape, model);
    }
  }

  for (const { name, input, output } of Object.values(operations)) {
    const model = models[name];
    if (model === undefined) {
      findings.add(`${name} is not in the model`);
      continue;
    }
    compareMembers(`${name} input`, input, model.input ?? {});
    compareMembers(`${name} output`, output, model.output ?? {});
  }
  return [...findings].sort();
}

const model = readReference<Model>("kms-api.json");

describe.skipIf(model === undefined)("compared with the public API model", () => {
  it("no limit differs but those that the service itself has otherwise", () => {
    expect(findLimits(OPERATIONS, model!)).toEqual([...DIFFERENCES].sort());
  });

  it("a changed limit is named", () => {
    const changed = structuredClone(model!) as { structures: Record<string, Record<string, { max: number }>> };
    changed.structures.Tag!.TagKey!.max = 127;
    const findings = findLimits(OPERATIONS, changed as unknown as Model);
    expect(findings).toContain("TagResource input.Tags[].TagKey max 128, not 127");
  });
});
