/**
 * Records that hold no secret, as UTF-8 JSON. A string cannot be wiped, so key material has a binary record instead.
 */
import type { RecordType } from "./record-store.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** So that an absent member is absent, whatever somebody has put on Object.prototype. */
function withoutPrototype(_name: string, value: unknown): unknown {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? Object.setPrototypeOf(value, null) : value;
}

/** @param name the record's type, bound into its seal */
export function jsonRecord<T extends object>(name: string): RecordType<T> {
  return {
    name,
    encode: (value) => encoder.encode(JSON.stringify(value)),
    // The bytes have just been authenticated: they are what `encode` wrote.
    decode: (bytes) => JSON.parse(decoder.decode(bytes), withoutPrototype) as T,
  };
}
