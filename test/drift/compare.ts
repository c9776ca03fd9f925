/** Names what differs between our operations and those of another model. */
import type { AnyShape, StructShape } from "../../src/model/shape.ts";
import type { AnyOperation } from "../../src/operations/operation.ts";
import type { SdkShape } from "./sdk-schema.ts";

export type Operations = Readonly<Record<string, Pick<AnyOperation, "name" | "input" | "output">>>;
type SdkOperations = ReadonlyMap<string, { readonly input: SdkShape; readonly output: SdkShape }>;

/** What differs, each in one line; a structure that many operations have is named once. */
export function findDrift(ours: Operations, theirs: SdkOperations): string[] {
  const findings = new Set<string>();
  for (const [name, { input, output }] of theirs) {
    const operation = Object.hasOwn(ours, name) ? ours[name] : undefined;
    if (operation === undefined) {
      findings.add(`${name} is missing`);
      continue;
    }
    if (operation.name !== name) findings.add(`${name} calls itself ${operation.name}`);
    compare(`${name} input`, operation.input, input, findings);
    compare(`${name} output`, operation.output, output, findings);
  }
  for (const name of Object.keys(ours)) if (!theirs.has(name)) findings.add(`${name} is none of the SDK's`);
  return [...findings].sort();
}

function compare(path: string, ours: AnyShape, theirs: SdkShape, findings: Set<string>): void {
  if (ours.kind !== theirs.kind) {
    findings.add(`${path} is a ${ours.kind}; the SDK says ${theirs.kind}`);
  } else if (ours.kind === "struct") {
    compareMembers(theirs.name ?? path, ours, theirs, findings);
  } else if (ours.kind === "list") {
    compare(`${path}[]`, ours.member, theirs.member!, findings);
  } else if (ours.kind === "string" || ours.kind === "blob") {
    const isSensitive = ours.sensitive === true;
    if (isSensitive !== theirs.sensitive) findings.add(`${path} is ${isSensitive ? "" : "not "}sensitive`);
  }
}

function compareMembers(name: string, ours: StructShape, theirs: SdkShape, findings: Set<string>): void {
  const known = new Map(ours.entries.map((entry) => [entry.name, entry]));
  for (const [member, { shape, required }] of theirs.members!) {
    const own = known.get(member);
    if (own === undefined) {
      findings.add(`${name}.${member} is missing`);
      continue;
    }
    if (own.required !== required) findings.add(`${name}.${member} is ${own.required ? "" : "not "}required`);
    compare(`${name}.${member}`, own.shape, shape, findings);
  }
  for (const member of known.keys()) if (!theirs.members!.has(member)) findings.add(`${name}.${member} is extra`);
}

/** Every shape of the operations with where it stands, as "Encrypt input.Plaintext". */
export function* shapesOf(operations: Operations): Generator<readonly [path: string, shape: AnyShape]> {
  for (const { name, input, output } of Object.values(operations)) {
    yield* shapesIn(`${name} input`, input);
    yield* shapesIn(`${name} output`, output);
  }
}

function* shapesIn(path: string, shape: AnyShape): Generator<readonly [path: string, shape: AnyShape]> {
  yield [path, shape];
  if (shape.kind === "list") yield* shapesIn(`${path}[]`, shape.member);
  if (shape.kind !== "struct") return;
  for (const entry of (shape as StructShape).entries) yield* shapesIn(`${path}.${entry.name}`, entry.shape);
}
