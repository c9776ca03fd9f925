/**
 * A strict JSON reader (RFC 8259) for text from outside. Objects become Maps, so that no name is special; a name that
 * stands twice, more than 1 MiB, 16 levels or 10,000 values are refused. Time is linear in the text.
 */
import { KmsError } from "../errors.ts";

export type JsonValue = null | boolean | number | string | JsonValue[] | Map<string, JsonValue>;

const MAX_LENGTH = 1024 * 1024;
const MAX_DEPTH = 16;
const MAX_VALUES = 10_000;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** A string literal: no control characters, only the escapes of RFC 8259. */
const STRING = /"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*"/y;
const SPACE = /[ \t\r\n]*/y;

/** @throws {KmsError} SerializationException */
export function parseJson(text: string): JsonValue {
  if (text.length > MAX_LENGTH) throw refuse(`has more than ${MAX_LENGTH} characters`);
  const reader = new Reader(text);
  const value = reader.readValue(0);
  reader.expectEnd();
  return value;
}

class Reader {
  #at = 0;
  #values = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  readValue(depth: number): JsonValue {
    if (depth > MAX_DEPTH) throw refuse(`is nested more than ${MAX_DEPTH} levels deep`);
    if (++this.#values > MAX_VALUES) throw refuse(`holds more than ${MAX_VALUES} values`);
    switch (this.#peek()) {
      case "{":
        return this.#readObject(depth);
      case "[":
        return this.#readArray(depth);
      case '"':
        return this.#readString();
      case "t":
        return this.#readWord("true", true);
      case "f":
        return this.#readWord("false", false);
      case "n":
        return this.#readWord("null", null);
      default:
        return this.#readNumber();
    }
  }

  expectEnd(): void {
    if (this.#peek() !== undefined) throw refuse(`goes on after its end at character ${this.#at}`);
  }

  #peek(): string | undefined {
    this.#match(SPACE);
    return this.#text[this.#at];
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at = pattern.lastIndex;
    return found;
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #readObject(depth: number): Map<string, JsonValue> {
    const members = new Map<string, JsonValue>();
    this.#at++;
    if (this.#take("}")) return members;
    do {
      if (this.#peek() !== '"') throw this.#unexpected();
      const name = this.#readString();
      if (members.has(name)) throw refuse(`names the member '${name.slice(0, 64)}' twice`);
      if (!this.#take(":")) throw this.#unexpected();
      members.set(name, this.readValue(depth + 1));
    } while (this.#take(","));
    if (!this.#take("}")) throw this.#unexpected();
    return members;
  }

  #readArray(depth: number): JsonValue[] {
    const items: JsonValue[] = [];
    this.#at++;
    if (this.#take("]")) return items;
    do items.push(this.readValue(depth + 1));
    while (this.#take(","));
    if (!this.#take("]")) throw this.#unexpected();
    return items;
  }

  #readString(): string {
    const literal = this.#match(STRING);
    if (literal === undefined) throw this.#unexpected();
    return literal.includes("\\") ? (JSON.parse(literal) as string) : literal.slice(1, -1);
  }

  #readNumber(): number {
    const literal = this.#match(NUMBER);
    if (literal === undefined) throw this.#unexpected();
    const number = Number(literal);
    if (!Number.isFinite(number)) throw refuse("holds a number that is too large");
    return number;
  }

  #readWord<T extends JsonValue>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#unexpected();
    this.#at += word.length;
    return value;
  }

  #unexpected(): KmsError {
    return refuse(`is not valid JSON at character ${this.#at}`);
  }
}

function refuse(what: string): KmsError {
  return new KmsError("SerializationException", `The request body ${what}.`);
}
