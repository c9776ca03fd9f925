/** The encryption context: what callers may give, how it is ordered and written, and that it comes back the same. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Context,
  copyContext,
  copyContextToSeal,
  decodeContext,
  encodeContext,
  holdsContext,
} from "../../src/envelope/context.ts";

const text = fc.string({ unit: "binary", maxLength: 20 });
const contexts = fc.dictionary(
  fc.oneof(text, fc.constantFrom("__proto__", "constructor", "\uFF5E", "\u{1F600}")),
  text,
);
const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));

describe("serialization", () => {
  test("gives the context back, whatever its texts", () => {
    fc.assert(
      fc.property(contexts, (context) => {
        const decoded = decodeContext(encodeContext(copyContext(context)))!;
        expect(new Map(Object.entries(decoded))).toEqual(new Map(Object.entries(context)));
        expect(Object.getPrototypeOf(decoded)).toBeNull();
      }),
    );
  });

  test("does not depend on the order in which pairs were given", () => {
    fc.assert(
      fc.property(contexts, (context) => {
        const reversed = Object.fromEntries(Object.entries(context).reverse());
        expect(encodeContext(copyContext(reversed))).toEqual(encodeContext(copyContext(context)));
      }),
    );
  });

  test("orders keys by their UTF-8 bytes", () => {
    fc.assert(
      fc.property(contexts, (context) => {
        const keys = Object.keys(decodeContext(encodeContext(copyContext(context)))!).filter(
          (key) => !/^\d+$/.test(key),
        );
        expect(keys).toEqual([...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
      }),
    );
    const encoded = Buffer.from(encodeContext({ "\u{1F600}": "1", "\uFF5E": "2", B: "3", a: "4" })).toString();
    expect(["B", "a", "\uFF5E", "\u{1F600}"].map((key) => encoded.indexOf(key))).toEqual([4, 10, 16, 22]);
  });

  test("writes the bytes of the specification", () => {
    expect(encodeContext({ key2: "value2", key1: "value1" })).toEqual(
      bytesOf("0002 0004 6b657931 0006 76616c756531 0004 6b657932 0006 76616c756532"),
    );
    expect(encodeContext({})).toHaveLength(0);
  });

  test("has a bound", () => {
    expect(encodeContext({ k: "x".repeat(65_535 - 7) })).toHaveLength(65_535);
    expect(() => encodeContext({ k: "x".repeat(65_535 - 6) })).toThrow(RangeError);
  });
});

describe("reading", () => {
  test.each([
    ["a count without pairs", "0001"],
    ["a count of none", "0000"],
    ["half a count", "00"],
    ["a key twice", "0002 0001 61 0001 62 0001 61 0001 63"],
    ["bytes left over", "0001 0001 61 0001 62 00"],
    ["a value that is cut short", "0001 0001 61 0002 62"],
    ["a length that is cut short", "0001 0001 61 00"],
    ["bytes that are not UTF-8", "0001 0001 ff 0001 62"],
    ["a lone surrogate in UTF-8", "0001 0003 eda080 0001 62"],
  ])("refuses %s", (_, hex) => {
    expect(decodeContext(bytesOf(hex))).toBeUndefined();
  });

  test("keeps a byte order mark and an empty text", () => {
    expect({ ...decodeContext(bytesOf("0002 0003 efbbbf 0001 62 0000 0000")) }).toEqual({ "\uFEFF": "b", "": "" });
  });
});

describe("what callers give", () => {
  test.each<[string, unknown]>([
    ["a number as a value", { a: 1 }],
    ["a list", ["a"]],
    ["a text", "a"],
    ["nothing", null],
    ["a lone surrogate in a key", { "\uD800": "a" }],
    ["a lone surrogate in a value", { a: "b\uDC00" }],
  ])("refuses %s", (_, given) => {
    expect(() => copyContext(given as Context)).toThrow(TypeError);
  });

  test("keys of the format are reserved in new messages", () => {
    expect(() => copyContextToSeal({ "aws-crypto-public-key": "x" })).toThrow(/reserved/);
    expect(copyContext({ "aws-crypto-public-key": "x" })).toHaveProperty("aws-crypto-public-key");
    expect(copyContextToSeal({ "AWS-crypto-x": "x" })).toHaveProperty("AWS-crypto-x");
  });

  test("only own properties count, and __proto__ is a key like others", () => {
    const given = Object.assign(Object.create({ inherited: "x" }), JSON.parse('{"a":"b"}'));
    expect(Object.keys(copyContext(given))).toEqual(["a"]);
    const named = copyContext(JSON.parse('{"__proto__":"p"}'));
    expect(Object.keys(named)).toEqual(["__proto__"]);
    expect(holdsContext(named, JSON.parse('{"__proto__":"p"}'))).toBe(true);
    expect(holdsContext(copyContext({}), JSON.parse('{"constructor":"p"}'))).toBe(false);
    expect(holdsContext(named, copyContext({}))).toBe(true);
  });
});
