/** Conditions and variables: each operator both ways, with a key that is there, missing, and of several values. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are variables of policies.
import { describe, expect, it } from "vitest";
import { type ContextValue, parsePolicy } from "../../src/policy/policy.ts";
import { ALICE, ask, document, iamPolicy, KEY, keyPolicy } from "./asking.ts";

type Context = Readonly<Record<string, ContextValue | undefined>>;

/** Whether a statement with this condition holds, as an Allow. */
function holds(condition: object, context: Context): boolean {
  return ask({ keyPolicy: keyPolicy({ AWS: ALICE.arn }, { Condition: condition }), context }).decision === "Allow";
}

/** Whether it holds as a Deny. */
function denies(condition: object, context: Context): boolean {
  const policy = document(
    { Effect: "Allow", Principal: "*", Action: "*", Resource: "*" },
    { Effect: "Deny", Principal: "*", Action: "*", Resource: "*", Condition: condition },
  );
  return ask({ keyPolicy: policy, context }).decision === "Deny";
}

type Row = readonly [operator: string, wanted: unknown, value: ContextValue | undefined, expected: boolean];

const ARN = "arn:aws:s3:us-east-1:111122223333:bucket/a:b";
const ROWS: readonly Row[] = [
  ["StringEquals", "abc", "abc", true],
  ["StringEquals", "abc", "Abc", false],
  ["StringEquals", ["x", "abc"], "abc", true],
  ["StringEquals", "a*", "abc", false],
  ["StringEquals", "a*", "a*", true],
  ["StringNotEquals", "abc", "abd", true],
  ["StringNotEquals", ["abd", "abc"], "abc", false],
  ["StringNotEquals", ["abd", "abe"], "abc", true],
  ["StringEqualsIgnoreCase", "ABC", "abc", true],
  ["StringEqualsIgnoreCase", "ABC", "abd", false],
  ["StringNotEqualsIgnoreCase", "ABC", "abc", false],
  ["StringNotEqualsIgnoreCase", "ABC", "abd", true],
  ["StringLike", "a*c", "abc", true],
  ["StringLike", "a*c", "a\nc", true],
  ["StringLike", "a*c", "ac", true],
  ["StringLike", "a?c", "abc", true],
  ["StringLike", "a?c", "ac", false],
  ["StringLike", "a?c", "a\nc", true],
  ["StringLike", "A*", "abc", false],
  ["StringLike", "*", "", true],
  ["StringNotLike", "a*", "abc", false],
  ["StringNotLike", "a*", "bcd", true],
  ["NumericEquals", "10", "10.0", true],
  ["NumericEquals", 10, 10, true],
  ["NumericEquals", "0.3", "0.30000000000000004", false],
  ["NumericEquals", "9007199254740993", "9007199254740992", false],
  ["NumericEquals", "-0", "0", true],
  ["NumericEquals", "10", "ten", false],
  ["NumericEquals", "10", "1e1", false],
  ["NumericEquals", "10", "0xa", false],
  ["NumericEquals", "10", "", false],
  ["NumericEquals", "10", " 10", false],
  ["NumericNotEquals", "10", 11, true],
  ["NumericNotEquals", "10", "10.00", false],
  ["NumericLessThan", "10", "9.99", true],
  ["NumericLessThan", "10", "10", false],
  ["NumericLessThan", "-10", "-11", true],
  ["NumericLessThan", "9", "10", false],
  ["NumericLessThanEquals", "10", "10", true],
  ["NumericLessThanEquals", "10", "10.1", false],
  ["NumericGreaterThan", "10", "10.01", true],
  ["NumericGreaterThan", "10", "9", false],
  ["NumericGreaterThan", "-2", "-10", false],
  ["NumericGreaterThanEquals", "10", "10", true],
  ["NumericGreaterThanEquals", ["99", "10"], "11", true],
  ["NumericGreaterThanEquals", "10", "9", false],
  ["DateEquals", "2026-01-01T00:00:00Z", "1767225600", true],
  ["DateEquals", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", true],
  ["DateEquals", "2026-01-01", "2026-01-01T00:00:00.000Z", true],
  ["DateEquals", "2026-01-01", "2026-01-01T00:00:00.001Z", false],
  ["DateEquals", "2026", "2026-01-01T00:00:00Z", true],
  ["DateEquals", "2026-01", "2026-01-01", true],
  ["DateEquals", "1767225600", 1767225600, true],
  ["DateEquals", "1767225600", 1767225600000, false],
  ["DateNotEquals", "2026-01-01", "2026-01-02", true],
  ["DateNotEquals", "2026-01-01", "2026-01-01", false],
  ["DateLessThan", "2026-01-01", "2025-12-31T23:59:59Z", true],
  ["DateLessThan", "2026-01-01", "2026-01-01", false],
  ["DateLessThanEquals", "2026-01-01", "2026-01-01", true],
  ["DateLessThanEquals", "2026-01-01", "2026-01-01T00:00:01Z", false],
  ["DateGreaterThan", "2026-01-01", "2026-01-02", true],
  ["DateGreaterThan", "2026-01-01", "2026-01-01", false],
  ["DateGreaterThanEquals", "2026-01-01", "2026-01-01", true],
  ["DateGreaterThanEquals", "2026-01-01", "2025-01-01", false],
  ["DateGreaterThan", "2026-01-01", "tomorrow", false],
  ["DateGreaterThan", "tomorrow", "2026-01-01", false],
  ["DateGreaterThan", "2026-01-01", "10000-01-01T00:00:00Z", false],
  ["DateGreaterThan", "2026-01-01", "253402300800", true],
  ["DateEquals", "2026-02-29", "2026-03-01", false],
  ["DateEquals", "2026-01-01T25:00:00Z", "2026-01-02T01:00:00Z", false],
  ["Bool", "true", true, true],
  ["Bool", true, "true", true],
  ["Bool", "True", "true", true],
  ["Bool", "true", "false", false],
  ["Bool", "true", "1", false],
  ["Bool", ["true", "false"], "false", true],
  ["BinaryEquals", "QUI=", "QUI=", true],
  ["BinaryEquals", "QUI=", "QUM=", false],
  ["BinaryEquals", "QUI=", "qui=", false],
  ["IpAddress", "203.0.113.0/24", "203.0.113.5", true],
  ["IpAddress", "203.0.113.0/24", "203.0.114.5", false],
  ["IpAddress", "203.0.113.5", "203.0.113.5", true],
  ["IpAddress", "203.0.113.5", "203.0.113.6", false],
  ["IpAddress", "203.0.113.128/25", "203.0.113.127", false],
  ["IpAddress", "0.0.0.0/0", "203.0.113.5", true],
  ["IpAddress", "0.0.0.0/0", "2001:db8::1", false],
  ["IpAddress", ["10.0.0.0/8", "203.0.113.0/24"], "203.0.113.5", true],
  ["IpAddress", "203.0.113.0/24", "::ffff:203.0.113.5", true],
  ["IpAddress", "203.0.113.0/24", "::ffff:cb00:7105", true],
  ["IpAddress", "::ffff:203.0.113.0/120", "203.0.113.5", true],
  ["IpAddress", "2001:db8::/32", "2001:DB8:1::", true],
  ["IpAddress", "2001:db8::/32", "2001:db9::1", false],
  ["IpAddress", "2001:db8::1", "2001:0db8:0:0:0:0:0:1", true],
  ["IpAddress", "203.0.113.0/24", "203.0.113.05", false],
  ["IpAddress", "203.0.113.0/24", "0xCB.0.113.5", false],
  ["IpAddress", "203.0.113.0/24", "3405803781", false],
  ["IpAddress", "203.0.113.0/24", "203.0.113", false],
  ["IpAddress", "203.0.113.0/24", "203.0.113.5 ", false],
  ["IpAddress", "::/0", "1::2::3", false],
  ["IpAddress", "::/0", "1:2:3:4:5:6:7:8:9", false],
  ["NotIpAddress", "203.0.113.0/24", "203.0.114.5", true],
  ["NotIpAddress", "203.0.113.0/24", "203.0.113.5", false],
  ["NotIpAddress", ["10.0.0.0/8", "203.0.113.0/24"], "203.0.113.5", false],
  ["ArnEquals", ARN, ARN, true],
  ["ArnEquals", "arn:aws:s3:*:111122223333:bucket/*", ARN, true],
  ["ArnLike", "arn:aws:s3:us-*:*:bucket/?:b", ARN, true],
  ["ArnLike", "arn:aws:*:bucket/a:b", ARN, false],
  ["ArnLike", "arn:aws:s3:*:bucket/a:b", ARN, false],
  ["ArnLike", "arn:aws:s3:us-east-1:111122223333:*", ARN, true],
  ["ArnLike", "arn:aws:sns:*:*:*", ARN, false],
  ["ArnLike", "arn:aws:s3:*:*:*", "bucket", false],
  ["ArnNotEquals", ARN, ARN, false],
  ["ArnNotEquals", ARN, `${ARN}c`, true],
  ["ArnNotLike", "arn:aws:s3:*:*:*", ARN, false],
  ["ArnNotLike", "arn:aws:sns:*:*:*", ARN, true],
  ["Null", "true", undefined, true],
  ["Null", "true", [], true],
  ["Null", "true", "x", false],
  ["Null", false, "x", true],
  ["Null", "false", "", true],
  ["Null", "false", undefined, false],
  ["Null", "false", [], false],
];

describe("operators", () => {
  it.each(ROWS)("%s %j of %j", (operator, wanted, value, expected) => {
    expect(holds({ [operator]: { "aws:X": wanted } }, { "aws:x": value })).toBe(expected);
    expect(denies({ [operator]: { "aws:X": wanted } }, { "aws:x": value })).toBe(expected);
  });
});

const VALUES: Readonly<Record<string, string>> = {
  String: "a",
  Numeric: "1",
  Date: "2026-01-01",
  Arn: ARN,
  Bool: "true",
  Binary: "QUI=",
  Ip: "10.0.0.1",
  Not: "10.0.0.1",
};
const BASES = [...new Set(ROWS.map(([operator]) => operator))].filter((operator) => operator !== "Null");

describe("a key that is missing", () => {
  it.each(BASES)("under %s and what may stand around it", (base) => {
    const wanted = VALUES[Object.keys(VALUES).find((start) => base.startsWith(start))!];
    const isNegated = base.includes("Not");
    for (const context of [{}, { "aws:X": [] }, { "aws:X": undefined }]) {
      const on = (operator: string) => holds({ [operator]: { "aws:X": wanted } }, context);
      expect(on(base)).toBe(isNegated);
      expect(on(`${base}IfExists`)).toBe(true);
      expect(on(`ForAllValues:${base}`)).toBe(true);
      expect(on(`ForAnyValue:${base}`)).toBe(false);
    }
    const present = { "aws:x": wanted };
    const on = (operator: string) => holds({ [operator]: { "aws:X": wanted } }, present);
    const equals = !/Less|Greater/.test(base) || base.endsWith("Equals");
    for (const name of [base, `${base}IfExists`, `ForAllValues:${base}`, `ForAnyValue:${base}`]) {
      expect(on(name)).toBe(equals !== isNegated);
    }
  });
});

describe("several values", () => {
  const of = (operator: string, wanted: unknown, value: ContextValue) => [
    holds({ [operator]: { "aws:X": wanted } }, { "aws:X": value }),
    denies({ [operator]: { "aws:X": wanted } }, { "aws:X": value }),
  ];

  it.each([
    ["ForAllValues:StringEquals", ["a", "b"], ["a", "b"], true],
    ["ForAllValues:StringEquals", ["a", "b", "c"], ["a", "b"], true],
    ["ForAllValues:StringEquals", ["a"], ["a", "b"], false],
    ["ForAllValues:StringNotEquals", ["c"], ["a", "b"], true],
    ["ForAllValues:StringNotEquals", ["b"], ["a", "b"], false],
    ["ForAnyValue:StringEquals", ["b", "c"], ["a", "b"], true],
    ["ForAnyValue:StringEquals", ["c"], ["a", "b"], false],
    ["ForAnyValue:StringNotEquals", ["b"], ["a", "b"], true],
    ["ForAnyValue:StringNotEquals", ["a", "b"], ["a", "b"], false],
    ["ForAnyValue:StringLike", "b*", ["a", "bc"], true],
    ["ForAllValues:NumericLessThan", "3", [1, 2], true],
    ["ForAllValues:NumericLessThan", "2", [1, 2], false],
  ] as const)("%s %j of %j", (operator, wanted, value, expected) => {
    expect(of(operator, wanted, value)).toEqual([expected, expected]);
  });

  it("under an operator for one value allow nothing and deny what one of them denies", () => {
    expect(of("StringEquals", ["a", "b"], ["a", "b"])).toEqual([false, true]);
    expect(of("StringEquals", "a", ["b", "a"])).toEqual([false, true]);
    expect(of("StringEquals", "a", ["a"])).toEqual([true, true]);
    expect(of("StringNotEquals", "a", ["b", "a"])).toEqual([false, true]);
  });

  it("stand there, too, where a context names a key twice in other cases", () => {
    const context = { "kms:EncryptionContext:a": "good", "kms:EncryptionContext:A": "bad" };
    const condition = { StringEquals: { "kms:EncryptionContext:a": "good" } };
    expect(holds(condition, context)).toBe(false);
    expect(denies({ StringEquals: { "kms:EncryptionContext:A": "bad" } }, context)).toBe(true);
  });
});

describe("several conditions", () => {
  const context = { "aws:A": "1", "aws:B": "2" };

  it("hold together, operators and keys", () => {
    expect(holds({ StringEquals: { "aws:A": "1", "aws:B": "2" } }, context)).toBe(true);
    expect(holds({ StringEquals: { "aws:A": "1", "aws:B": "3" } }, context)).toBe(false);
    expect(holds({ StringEquals: { "aws:A": "1" }, NumericEquals: { "aws:B": "2" } }, context)).toBe(true);
    expect(holds({ StringEquals: { "aws:A": "2" }, NumericEquals: { "aws:B": "2" } }, context)).toBe(false);
    expect(holds({}, context)).toBe(true);
    expect(holds({ StringEquals: {} }, context)).toBe(true);
  });
});

describe("encryption contexts", () => {
  it("are found by key without regard to case, their keys listed with it", () => {
    const context = { "kms:EncryptionContext:Team": "red", "kms:EncryptionContext:app": "x" };
    expect(holds({ StringEquals: { "kms:encryptioncontext:TEAM": "red" } }, context)).toBe(true);
    expect(holds({ StringEquals: { "kms:EncryptionContext:team": "Red" } }, context)).toBe(false);
    const keys = (wanted: string[]) => ({ "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": wanted } });
    expect(holds(keys(["Team", "app"]), context)).toBe(true);
    expect(holds(keys(["team", "app"]), context)).toBe(false);
    expect(holds({ Null: { "kms:EncryptionContextKeys": "true" } }, {})).toBe(true);
    expect(holds(keys(["a"]), { "kms:EncryptionContextKeys": ["a"] })).toBe(true);
  });

  it("with names of objects' own members are ordinary", () => {
    for (const name of ["__proto__", "constructor", "toString"]) {
      const condition = { StringEquals: { [`kms:EncryptionContext:${name}`]: "1" } };
      expect(holds(condition, { [`kms:EncryptionContext:${name}`]: "1" })).toBe(true);
      expect(holds(condition, {})).toBe(false);
      expect(holds({ StringNotEquals: { [name]: "1" } }, {})).toBe(true);
    }
  });
});

describe("variables", () => {
  const like = (wanted: string, context: Context) => holds({ StringLike: { "aws:X": wanted } }, context);
  const withName = (value: ContextValue, name: ContextValue = "ann") => ({ "aws:X": value, "aws:username": name });

  it("stand for the value of a key, and for no wildcard", () => {
    expect(like("a/${aws:username}/*", withName("a/ann/b"))).toBe(true);
    expect(like("a/${aws:username}/*", withName("a/bob/b"))).toBe(false);
    expect(like("${AWS:UserName}", withName("ann"))).toBe(true);
    expect(like("${aws:username}", withName("bob", "*"))).toBe(false);
    expect(like("${aws:username}", withName("*", "*"))).toBe(true);
    expect(holds({ StringEquals: { "aws:X": "${aws:username}" } }, withName("ann"))).toBe(true);
    expect(
      holds({ ArnLike: { "aws:X": "arn:aws:iam::1:user/${aws:username}" } }, withName("arn:aws:iam::1:user/ann")),
    ).toBe(true);
    expect(
      holds({ ArnLike: { "aws:X": "arn:aws:iam::1:user/${aws:username}" } }, withName("arn:aws:iam::1:user/bob", "*")),
    ).toBe(false);
  });

  it("do not smuggle in what stands for wildcards inside", () => {
    for (const smuggled of ["\uFFFF", "\uFFFE\uFFFE\uFFFE"]) {
      expect(like("${aws:username}", withName("bob", smuggled))).toBe(false);
      const policy = iamPolicy({ Resource: "arn:aws:kms:us-east-1:111122223333:key/${aws:username}" });
      const request = { keyPolicy: keyPolicy({ AWS: "111122223333" }), context: { "aws:username": "\uFFFF" } };
      expect(ask({ ...request, identityPolicies: [policy] }).decision).toBe("Deny");
    }
  });

  it("have defaults for keys that are missing, and for nothing else", () => {
    expect(like("${aws:username, 'nobody'}", { "aws:X": "nobody" })).toBe(true);
    expect(like("${aws:username, 'nobody'}", withName("nobody"))).toBe(false);
    expect(like("${aws:username, '*'}", { "aws:X": "anybody" })).toBe(false);
    expect(like("${aws:username, 'nobody'}", withName("nobody", ["a", "b"]))).toBe(false);
  });

  it("write the characters themselves as ${*}, ${?} and ${$}", () => {
    expect(like("a${*}", { "aws:X": "a*" })).toBe(true);
    expect(like("a${*}", { "aws:X": "ab" })).toBe(false);
    expect(like("a${?}${$}{b}", { "aws:X": "a?${b}" })).toBe(true);
  });

  it("without a value match nothing, so that negated operators hold", () => {
    const condition = (operator: string) => ({ [operator]: { "aws:X": "${aws:username}" } });
    expect(holds(condition("StringEquals"), { "aws:X": "" })).toBe(false);
    expect(holds(condition("StringNotEquals"), { "aws:X": "a" })).toBe(true);
    expect(holds(condition("ArnNotLike"), { "aws:X": ARN })).toBe(true);
  });

  const onResource = (member: "Resource" | "NotResource", text: string, context: Context, effect = "Allow") =>
    ask({
      keyPolicy: keyPolicy({ AWS: "111122223333" }),
      identityPolicies: [
        ...(effect === "Deny" ? [iamPolicy()] : []),
        iamPolicy({ Effect: effect, Resource: undefined, [member]: text }),
      ],
      context,
    }).decision;
  const start = KEY.slice(0, KEY.indexOf("/") + 1);
  const id = KEY.slice(start.length);

  it("stand in the last part of a resource alone", () => {
    expect(onResource("Resource", `${start}\${aws:username}`, { "aws:username": id })).toBe("Allow");
    expect(onResource("Resource", `${start}\${aws:username}`, { "aws:username": "x" })).toBe("Deny");
    expect(onResource("Resource", `${start}\${aws:username}`, {})).toBe("Deny");
    expect(
      onResource("Resource", "arn:aws:kms:${aws:username}:111122223333:key/*", { "aws:username": "us-east-1" }),
    ).toBe("Deny");
    expect(onResource("Resource", "${aws:username}", { "aws:username": KEY })).toBe("Deny");
  });

  it("without a value leave a NotResource uncertain: it allows nothing, and denies", () => {
    expect(onResource("NotResource", `${start}\${aws:username}`, { "aws:username": "x" })).toBe("Allow");
    expect(onResource("NotResource", `${start}\${aws:username}`, {})).toBe("Deny");
    expect(onResource("NotResource", `${start}\${aws:username}`, {}, "Deny")).toBe("Deny");
  });

  it("are literal in the version before them", () => {
    const policy = (version: string | undefined, value: string) => ({
      Version: version,
      Statement: {
        Effect: "Allow",
        Principal: "*",
        Action: "*",
        Resource: "*",
        Condition: { StringEquals: { "aws:X": value } },
      },
    });
    const decide = (version: string | undefined, context: Context) =>
      ask({ keyPolicy: policy(version, "${aws:username}"), context }).decision;
    for (const version of ["2008-10-17", undefined]) {
      expect(decide(version, withName("ann"))).toBe("Deny");
      expect(decide(version, withName("${aws:username}"))).toBe("Allow");
    }
    expect(decide("2012-10-17", withName("ann"))).toBe("Allow");
  });

  it.each(["Bool", "NumericEquals", "IpAddress", "BinaryEquals", "Null"])("are not for %s", (operator) => {
    const policy = keyPolicy("*", { Condition: { [operator]: { "aws:X": "${aws:username}" } } });
    expect(() => parsePolicy(policy, "key")).toThrow(/The policy is not valid/);
  });

  it.each(["${aws:username", "${}", "${aws:x, nobody}", "${aws:x,}"])(
    "are refused when they are broken: %s",
    (text) => {
      const policy = keyPolicy("*", { Condition: { StringLike: { "aws:X": text } } });
      expect(() => parsePolicy(policy, "key")).toThrow(/variable/);
    },
  );
});
