/**
 * Reads the schemas that the installed @aws-sdk/client-kms carries: operations, members, which of them are required,
 * which are sensitive, and errors. The SDK's schemas have no limits, and do not say which enumeration a member is of.
 */
import * as sdk from "@aws-sdk/client-kms";

/** A shape as the SDK knows it. */
export interface SdkShape {
  readonly kind: "string" | "integer" | "boolean" | "timestamp" | "blob" | "list" | "map" | "struct";
  /** The name of a structure, as "EncryptRequest". */
  readonly name?: string;
  readonly members?: ReadonlyMap<string, { readonly shape: SdkShape; readonly required: boolean }>;
  readonly member?: SdkShape;
  readonly sensitive: boolean;
}

type Row = readonly unknown[];

const OPERATION = 9;
const ERROR = -3;
const STRUCT = 3;
const LIST = 1;
const MAP = 2;
const SIMPLE = 0;
const SENSITIVE_TRAIT = 8;
const SIMPLE_KINDS: Readonly<Record<number, SdkShape["kind"]>> = {
  0: "string",
  1: "integer",
  2: "boolean",
  4: "timestamp",
  21: "blob",
};

const rows = Object.entries(sdk)
  .filter(([name]) => name.endsWith("$"))
  .map(([, row]) => row as unknown as Row);

export const SDK_OPERATIONS: ReadonlyMap<string, { readonly input: SdkShape; readonly output: SdkShape }> = new Map(
  rows
    .filter(([kind]) => kind === OPERATION)
    .map(([, , name, , input, output]) => [name as string, { input: shapeOf(input), output: shapeOf(output) }]),
);

/** Every error but the base class, with its fault. */
export const SDK_ERRORS: ReadonlyMap<string, "client" | "server"> = new Map(
  rows
    .filter(([kind, , name]) => kind === ERROR && name !== "KMSServiceException")
    .map(([, , name, traits]) => [name as string, (traits as { error: "client" | "server" }).error]),
);

/** The value sets of all enumerations, by name. */
export const SDK_ENUMERATIONS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(sdk)
    .filter(([, value]) => typeof value === "object" && value !== null && !Array.isArray(value))
    .map(([name, values]) => [name, Object.values(values)] as const)
    .filter(([, values]) => values.length > 0 && values.every((value) => typeof value === "string")),
);

function shapeOf(schema: unknown): SdkShape {
  if (typeof schema === "function") return shapeOf(schema());
  if (typeof schema === "number") return numbered(schema);
  if (schema === "unit") return { kind: "struct", members: new Map(), sensitive: false };
  if (!Array.isArray(schema)) throw new TypeError(`The SDK has a schema of a new form: ${String(schema)}.`);
  // A member may carry traits of its own: [schema, traits].
  if (typeof schema[0] !== "number") return shapeOf(schema[0]);
  const [kind, , name, traits, content, more] = schema;
  if (kind === SIMPLE) return { ...shapeOf(content), sensitive: isSensitive(traits) };
  if (kind === LIST) return { kind: "list", member: shapeOf(content), sensitive: false };
  if (kind === MAP) return { kind: "map", sensitive: false };
  if (kind !== STRUCT) throw new TypeError(`The SDK has a schema of a new kind: ${kind}.`);
  return { kind: "struct", name, members: membersOf(content, more, schema[6] ?? 0), sensitive: false };
}

/** Required members come first. */
function membersOf(names: readonly string[], schemas: readonly unknown[], required: number) {
  return new Map(names.map((name, i) => [name, { shape: shapeOf(schemas[i]), required: i < required }]));
}

function numbered(schema: number): SdkShape {
  if (schema >= 128) return { kind: "map", sensitive: false };
  if (schema >= 64) return { kind: "list", member: numbered(schema - 64), sensitive: false };
  const kind = SIMPLE_KINDS[schema];
  if (kind === undefined) throw new TypeError(`The SDK has a simple schema of a new kind: ${schema}.`);
  return { kind, sensitive: false };
}

function isSensitive(traits: unknown): boolean {
  return typeof traits === "number" && (traits & SENSITIVE_TRAIT) !== 0;
}
