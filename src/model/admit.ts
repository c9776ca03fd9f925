/**
 * The door: checks a value against its shape and copies it in the same pass. What comes out holds declared members
 * only, read as own properties, with every byte array copied, so that nothing the caller changes later is seen.
 *
 * Errors are AWS's: a wrong type is a SerializationException, constraints are collected into one ValidationException
 * ("2 validation errors detected: …; …") with lowerCamel member paths; the bytes of a blob are never shown.
 */
import { copyInto, lengthOf } from "../byte-views.ts";
import { KmsError } from "../errors.ts";
import { borrowRoom, returnRoom } from "../secret-bytes.ts";
import type {
  AnyShape,
  BlobShape,
  IntegerShape,
  ListShape,
  MapShape,
  StringShape,
  StructShape,
  ValueOf,
} from "./shape.ts";

/** Longer values are cut in messages. */
const SHOWN_LENGTH = 2048;
/** A list of more items is refused whatever its shape says, before any of them is read. */
const MAX_ITEMS = 1000;

/** What an admission has found so far. */
class Violations {
  readonly texts: string[] = [];
  /** Copies of bytes, to be wiped if the request is refused. */
  readonly copies: Uint8Array[] = [];

  add(path: string, constraint: string): void {
    this.texts.push(`Value at '${path}' failed to satisfy constraint: Member must ${constraint}`);
  }

  addShown(value: string | number, path: string, constraint: string): void {
    const text = String(value);
    const shown = text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
    this.texts.push(`Value '${shown}' at '${path}' failed to satisfy constraint: Member must ${constraint}`);
  }
}

/**
 * Returns a checked copy of `value`. Where it throws, what it had copied of bytes is wiped; else the caller lets go of
 * them with `dismiss`.
 * @throws {KmsError} SerializationException (wrong type), ValidationException (a constraint)
 */
export function admit<S extends StructShape>(shape: S, value: unknown): ValueOf<S> {
  const violations = new Violations();
  try {
    const admitted = admitStruct(shape, value, "", violations);
    if (violations.texts.length > 0) throw validationError(violations.texts);
    return admitted as ValueOf<S>;
  } catch (error) {
    for (const bytes of violations.copies) returnRoom(bytes);
    throw error;
  }
}

/** Wipes the bytes of what `admit` returned, and takes their rooms back: nobody may hold them any more. */
export function dismiss(shape: StructShape, admitted: Readonly<Record<string, unknown>>): void {
  for (const name of shape.blobs) {
    const bytes = admitted[name];
    if (bytes instanceof Uint8Array) returnRoom(bytes);
  }
}

function validationError(violations: readonly string[]): KmsError {
  const count = violations.length === 1 ? "1 validation error" : `${violations.length} validation errors`;
  return new KmsError("ValidationException", `${count} detected: ${violations.join("; ")}`);
}

function admitValue(shape: AnyShape, value: unknown, path: string, violations: Violations): unknown {
  switch (shape.kind) {
    case "string":
      return admitString(shape, value, path, violations);
    case "blob":
      return admitBlob(shape, value, path, violations);
    case "integer":
      return admitInteger(shape, value, path, violations);
    case "boolean":
      if (typeof value !== "boolean") throw wrongType(path, "a boolean", value);
      return value;
    case "timestamp":
      if (!(value instanceof Date) || Number.isNaN(value.getTime())) throw wrongType(path, "a date", value);
      return new Date(value.getTime());
    case "map":
      return admitMap(shape, value, path, violations);
    case "list":
      return admitList(shape, value, path, violations);
    case "struct":
      return admitStruct(shape, value, path, violations);
  }
}

/**
 * Declared members, with nothing above them: absent ones are absent, whatever somebody has put on Object.prototype. An
 * object without a prototype would be a dictionary to the engine, several times as slow.
 */
const Admitted = function Admitted() {} as unknown as new () => Record<string, unknown>;
Admitted.prototype = Object.freeze(Object.create(null));

function admitStruct(
  shape: StructShape,
  value: unknown,
  path: string,
  violations: Violations,
): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrongType(path, "a structure", value);
  const copy = new Admitted();
  for (const { name, lowerCamelName, shape: memberShape, required } of shape.entries) {
    const memberPath = path === "" ? lowerCamelName : `${path}.${lowerCamelName}`;
    const member = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
    if (member !== undefined && member !== null) {
      copy[name] = admitValue(memberShape, member, memberPath, violations);
    } else if (required) {
      violations.texts.push(`Value null at '${memberPath}' failed to satisfy constraint: Member must not be null`);
    }
  }
  return copy;
}

function admitString(shape: StringShape, value: unknown, path: string, violations: Violations): string {
  if (typeof value !== "string") throw wrongType(path, "a string", value);
  const { values, pattern, minLength = 0, maxLength = Number.POSITIVE_INFINITY } = shape;
  const { length } = value;
  const add = (constraint: string) =>
    shape.sensitive ? violations.add(path, constraint) : violations.addShown(value, path, constraint);
  if (values !== undefined && !values.includes(value)) add(`satisfy enum value set: [${values.join(", ")}]`);
  if (length < minLength) add(tooShort(minLength));
  if (length > maxLength) add(tooLong(maxLength));
  if (pattern !== undefined && length <= maxLength && !pattern.matches.test(value)) {
    add(`satisfy regular expression pattern: ${pattern.text}`);
  }
  return value;
}

function admitBlob(shape: BlobShape, value: unknown, path: string, violations: Violations): Uint8Array {
  if (!(value instanceof Uint8Array)) throw wrongType(path, "bytes (a Uint8Array)", value);
  const lengthBytes = lengthOf(path, value);
  const { minBytes = 0, maxBytes = Number.POSITIVE_INFINITY } = shape;
  if (lengthBytes < minBytes) violations.add(path, tooShort(minBytes));
  if (lengthBytes > maxBytes) violations.add(path, tooLong(maxBytes));
  // Nothing is copied that will be refused.
  if (lengthBytes < minBytes || lengthBytes > maxBytes) return new Uint8Array(0);
  const copy = borrowRoom(lengthBytes);
  violations.copies.push(copy);
  copyInto(copy, value, lengthBytes);
  return copy;
}

function tooShort(min: number): string {
  return `have length greater than or equal to ${min}`;
}

function tooLong(max: number): string {
  return `have length less than or equal to ${max}`;
}

function admitInteger(shape: IntegerShape, value: unknown, path: string, violations: Violations): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw wrongType(path, "an integer", value);
  const { min, max } = shape;
  if (min !== undefined && value < min) violations.addShown(value, path, `have value greater than or equal to ${min}`);
  if (max !== undefined && value > max) violations.addShown(value, path, `have value less than or equal to ${max}`);
  return value;
}

/** Pairs are copied as own properties of an object without a prototype, so "__proto__" is a key like any other. */
function admitMap(shape: MapShape, value: unknown, path: string, violations: Violations): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrongType(path, "a map", value);
  const copy: Record<string, string> = Object.create(null);
  let utf16Units = 0;
  for (const key of Object.keys(value)) {
    const pairValue = (value as Record<string, unknown>)[key];
    if (typeof pairValue !== "string") throw wrongType(`${path}.${key}`, "a string", pairValue);
    utf16Units += key.length + pairValue.length;
    if (utf16Units > shape.maxBytes) break;
    if (!key.isWellFormed() || !pairValue.isWellFormed()) {
      violations.add(path, "be well-formed Unicode");
    }
    copy[key] = pairValue;
  }
  if (utf16Units > shape.maxBytes || utf8Bytes(copy) > shape.maxBytes) {
    violations.add(path, tooLong(shape.maxBytes));
  }
  return copy;
}

/** UTF-8 bytes of all keys and values, counted without encoding them. */
function utf8Bytes(map: Record<string, string>): number {
  let bytes = 0;
  for (const key of Object.keys(map)) {
    for (const text of [key, map[key]!]) {
      for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        // Each half of a surrogate pair counts two of the pair's four bytes.
        bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
      }
    }
  }
  return bytes;
}

function admitList(shape: ListShape<AnyShape>, value: unknown, path: string, violations: Violations): unknown[] {
  if (!Array.isArray(value)) throw wrongType(path, "a list", value);
  const { length } = value;
  const maxLength = shape.maxLength ?? MAX_ITEMS;
  if (length > maxLength) {
    violations.add(path, tooLong(maxLength));
    return [];
  }
  const copy: unknown[] = [];
  for (let i = 0; i < length; i++) copy.push(admitValue(shape.member, value[i], `${path}.${i + 1}.member`, violations));
  return copy;
}

function wrongType(path: string, expected: string, value: unknown): KmsError {
  const found = value === null ? "null" : Array.isArray(value) ? "a list" : `a value of type ${typeof value}`;
  const where = path === "" ? "The request" : `The member '${path}'`;
  return new KmsError("SerializationException", `${where} must be ${expected}; it is ${found}.`);
}
