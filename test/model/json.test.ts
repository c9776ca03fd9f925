/** The strict JSON codec: what it refuses that JSON.parse lets through, and that values survive the way there and back. */
import { describe, expect, it } from "vitest";
import { decodeInput, encodeOutput } from "../../src/model/json.ts";
import { parseJson } from "../../src/model/json-text.ts";
import { boolean, encryptionContext, plaintext, timestamp } from "../../src/model/scalars.ts";
import { list, required, struct } from "../../src/model/shape.ts";

const shape = struct({
  Blob: plaintext,
  Map: encryptionContext,
  When: timestamp,
  Flag: boolean,
  Items: list(struct({ Name: required({ kind: "string" }) })),
});

describe("the reader", () => {
  it.each([
    ["a name twice", '{"a":1,"a":2}'],
    ["a name twice, once escaped", '{"a":1,"\\u0061":2}'],
    ["a trailing comma", '{"a":1,}'],
    ["text after the end", "{}{}"],
    ["single quotes", "{'a':1}"],
    ["a control character", '{"a":"\n"}'],
    ["a bad escape", '{"a":"\\x"}'],
    ["a leading zero", '{"a":01}'],
    ["a number beyond double", '{"a":1e999}'],
    ["NaN", '{"a":NaN}'],
    ["a byte order mark", "\ufeff{}"],
    ["nothing", ""],
    ["an open object", '{"a":'],
    ["an open string", '{"a":"b'],
    ["great depth", "[".repeat(100_000)],
    ["ten thousand values", `[${"0,".repeat(10_000)}0]`],
    ["two megabytes", JSON.stringify("x".repeat(2_000_000))],
  ])("refuses %s", (_, text) => {
    expect(() => parseJson(text)).toThrow(expect.objectContaining({ code: "SerializationException" }));
  });

  it("reads what JSON.parse reads", () => {
    for (const text of [
      "{}",
      "[]",
      ' [ 1 , -2.5e3 , "a\\n\\u00e9" , true , false , null ] ',
      '{"a":{"b":[{}]}}',
      '"x"',
      "0",
    ]) {
      const plain = JSON.parse(text);
      const toPlain = (value: unknown): unknown =>
        value instanceof Map
          ? Object.fromEntries([...value].map(([k, v]) => [k, toPlain(v)]))
          : Array.isArray(value)
            ? value.map(toPlain)
            : value;
      expect(toPlain(parseJson(text))).toEqual(plain);
    }
  });

  it("takes a long string in one go", () => {
    const long = "x\\u00e9".repeat(140_000);
    expect(parseJson(`"${long}"`)).toBe(long.replaceAll("\\u00e9", "é"));
  });
});

describe("the codec", () => {
  it("brings values there and back", () => {
    const value = {
      Blob: Uint8Array.of(0, 255, 7),
      When: new Date(1_700_000_000_123),
      Flag: false,
      Items: [{ Name: "é" }],
    };
    expect(decodeInput(shape, encodeOutput(shape, value))).toEqual(value);
  });

  it("keeps a context key that is special elsewhere, and drops members it does not know", () => {
    const decoded = decodeInput(shape, '{"Map":{"__proto__":"x","constructor":"y"},"Other":1,"__proto__":2}');
    expect(Object.keys(decoded)).toEqual(["Map"]);
    expect(Object.entries(decoded.Map as object)).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
  });

  it.each(["QR==", "QQ", "QQ=", "Q Q=", "QQ==\n", "_-==", "é"])("refuses base64 in another form: %j", (text) => {
    expect(() => decodeInput(shape, JSON.stringify({ Blob: text }))).toThrow(
      expect.objectContaining({ code: "SerializationException" }),
    );
  });

  it("never lets an undeclared member out", () => {
    expect(encodeOutput(shape, { Flag: true, secret: "x" })).toBe('{"Flag":true}');
  });
});
