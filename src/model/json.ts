/**
 * The only JSON codec: awsJson1.1 text to native values and back, by shape. Blobs are base64, timestamps epoch seconds.
 * The parser (json-text.ts) is strict where `JSON.parse` is not: duplicate names, depth and non-canonical base64 are
 * refused with SerializationException. Constraints are not checked here: the kernel's admission does that.
 */

import { KmsError } from "../errors.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { type JsonValue, parseJson } from "./json-text.ts";
import type { AnyShape, StructShape } from "./shape.ts";

/** Decodes a request body. @throws {KmsError} SerializationException */
export function decodeInput(shape: StructShape, text: string): Record<string, unknown> {
  const value = parseJson(text);
  if (!(value instanceof Map)) throw new KmsError("SerializationException", "The request body must be a JSON object.");
  return decode(shape, value) as Record<string, unknown>;
}

/** A member of a wrong JSON type is passed on as it is; admission refuses it with the member's path. */
function decode(shape: AnyShape, value: JsonValue): unknown {
  switch (shape.kind) {
    case "struct": {
      if (!(value instanceof Map)) return value;
      const copy: Record<string, unknown> = Object.create(null);
      for (const { name, shape: memberShape } of shape.entries) {
        const member = value.get(name);
        if (member !== undefined && member !== null) copy[name] = decode(memberShape, member);
      }
      return copy;
    }
    case "map": {
      if (!(value instanceof Map)) return value;
      const copy: Record<string, unknown> = Object.create(null);
      for (const [key, pairValue] of value) copy[key] = pairValue;
      return copy;
    }
    case "list":
      return Array.isArray(value) ? value.map((item) => decode(shape.member, item)) : value;
    case "blob":
      return typeof value === "string" ? decodeBase64(value) : value;
    case "timestamp":
      return typeof value === "number" ? new Date(value * 1000) : value;
    default:
      return value;
  }
}

/** Encodes a response. Members that the shape does not declare never leave. */
export function encodeOutput(shape: StructShape, output: object): string {
  return JSON.stringify(encode(shape, output));
}

function encode(shape: AnyShape, value: unknown): unknown {
  switch (shape.kind) {
    case "struct": {
      const members: Record<string, unknown> = {};
      for (const { name, shape: memberShape } of shape.entries) {
        const member = (value as Record<string, unknown>)[name];
        if (member !== undefined) members[name] = encode(memberShape, member);
      }
      return members;
    }
    case "list":
      return (value as unknown[]).map((item) => encode(shape.member, item));
    case "blob":
      return encodeBase64(value as Uint8Array);
    case "timestamp":
      return (value as Date).getTime() / 1000;
    default:
      return value;
  }
}
