/**
 * Shapes: the declared form of every operation's input and output, written as data. `admit.ts` checks and copies by
 * them, `json.ts` translates by them, and TypeScript infers the members' types from them, so that one declaration
 * serves all three. Constraint names follow the public API model of AWS KMS.
 */

export interface StringShape<T extends string = string> {
  readonly kind: "string";
  readonly minLength?: number;
  readonly maxLength?: number;
  /** The pattern as AWS prints it, and as it is matched (a constant, never built from input). */
  readonly pattern?: { readonly text: string; readonly matches: RegExp };
  /** An enumeration: the value set in AWS's order. */
  readonly values?: readonly T[];
  /** A password or the like: no message shows it. */
  readonly sensitive?: true;
}

export interface EnumShape<T extends string = string> extends StringShape<T> {
  readonly values: readonly T[];
}

export interface BlobShape {
  readonly kind: "blob";
  readonly minBytes?: number;
  readonly maxBytes?: number;
  /** The kernel wipes its copy when the request ends. */
  readonly sensitive?: true;
}

export interface IntegerShape {
  readonly kind: "integer";
  readonly min?: number;
  readonly max?: number;
}

export interface BooleanShape {
  readonly kind: "boolean";
}

/** A `Date`; on the wire epoch seconds with a fraction. */
export interface TimestampShape {
  readonly kind: "timestamp";
}

/** A map of strings to strings: the encryption context. */
export interface MapShape {
  readonly kind: "map";
  /** Bound on the UTF-8 bytes of all keys and values together. */
  readonly maxBytes: number;
}

export interface ListShape<S = unknown> {
  readonly kind: "list";
  readonly member: S;
  readonly maxLength?: number;
}

export interface RequiredMember<S = unknown> {
  readonly required: true;
  readonly shape: S;
}

export type Members = { readonly [name: string]: AnyShape | RequiredMember<AnyShape> };

export interface StructShape<M extends Members = Members> {
  readonly kind: "struct";
  readonly members: M;
  /** The members once more as an array, with AWS's lowerCamel name for messages. */
  readonly entries: readonly MemberEntry[];
  /** The names of its blobs, and of those that are sensitive. */
  readonly blobs: readonly string[];
  readonly sensitive: readonly string[];
}

export interface MemberEntry {
  readonly name: string;
  readonly lowerCamelName: string;
  readonly shape: AnyShape;
  readonly required: boolean;
}

export type AnyShape =
  | StringShape
  | BlobShape
  | IntegerShape
  | BooleanShape
  | TimestampShape
  | MapShape
  // biome-ignore lint/suspicious/noExplicitAny: the recursion of shapes ends here
  | ListShape<any>
  // biome-ignore lint/suspicious/noExplicitAny: the recursion of shapes ends here
  | StructShape<any>;

/** The TypeScript type of the values that a shape describes. */
export type ValueOf<S> =
  S extends StringShape<infer T>
    ? T
    : S extends BlobShape
      ? Uint8Array
      : S extends IntegerShape
        ? number
        : S extends BooleanShape
          ? boolean
          : S extends TimestampShape
            ? Date
            : S extends MapShape
              ? Record<string, string>
              : S extends ListShape<infer E>
                ? ValueOf<E>[]
                : S extends StructShape<infer M>
                  ? StructValue<M>
                  : never;

type StructValue<M> = {
  [K in keyof M as M[K] extends RequiredMember ? K : never]: M[K] extends RequiredMember<infer S> ? ValueOf<S> : never;
} & {
  [K in keyof M as M[K] extends RequiredMember ? never : K]?: ValueOf<M[K]> | undefined;
};

export function required<S extends AnyShape>(shape: S): RequiredMember<S> {
  return { required: true, shape };
}

export function struct<M extends Members>(members: M): StructShape<M> {
  const entries: MemberEntry[] = Object.entries(members).map(([name, member]) => ({
    name,
    lowerCamelName: name.charAt(0).toLowerCase() + name.slice(1),
    shape: "required" in member ? member.shape : member,
    required: "required" in member,
  }));
  const blobs = entries.filter(({ shape }) => shape.kind === "blob");
  const sensitive = blobs.filter(({ shape }) => (shape as BlobShape).sensitive);
  const name = (entry: MemberEntry) => entry.name;
  return { kind: "struct", members, entries, blobs: blobs.map(name), sensitive: sensitive.map(name) };
}

export function list<S extends AnyShape>(member: S, maxLength?: number): ListShape<S> {
  return maxLength === undefined ? { kind: "list", member } : { kind: "list", member, maxLength };
}

export function enumeration<const T extends string>(...values: readonly T[]): EnumShape<T> {
  return { kind: "string", values };
}
