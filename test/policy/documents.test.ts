/** What is a policy and what is none, and how a person is told; the documents of the attack list, section 3. */
import { describe, expect, it } from "vitest";
import { KmsError, type PolicyKind, parsePolicy } from "../../src/policy/policy.ts";
import {
  ACCOUNT,
  ALICE,
  ask,
  document,
  iamPolicy,
  KEY,
  keyPolicy,
  ROLE,
  rootOf,
  SESSION,
  type Statement,
} from "./asking.ts";

const STATEMENT: Statement = { Effect: "Allow", Principal: "*", Action: "kms:*", Resource: "*" };
const IAM_STATEMENT: Statement = { Effect: "Allow", Action: "kms:*", Resource: "*" };

function refusal(policy: string | object, kind: PolicyKind = "key"): KmsError {
  try {
    parsePolicy(policy, kind);
  } catch (error) {
    if (error instanceof KmsError) return error;
    throw error;
  }
  throw new Error("The policy was accepted.");
}

const textOf = (rest: string) => `{"Version":"2012-10-17","Statement":[${rest}]}`;
const statement = (changes: Statement) => document({ ...STATEMENT, ...changes });
const condition = (block: unknown) => statement({ Condition: block });

type Refused = readonly [what: string, policy: string | object, says: RegExp];

const REFUSED: readonly Refused[] = [
  ["no JSON", "nothing", /its text is not valid JSON at character 0/],
  ["an empty text", "", /not valid JSON/],
  ["an array", "[]", /not a JSON object/],
  ["a text in JSON", '"{}"', /not a JSON object/],
  ["text after the end", `${JSON.stringify(statement({}))} {}`, /goes on after its end/],
  ["a circle", circle(), /not a JSON object/],
  ["great depth", textOf("[".repeat(30)), /levels deep/],
  ["an unknown member", { ...document(STATEMENT), Statements: [] }, /a member Statements/],
  ["a member in another case", { version: "2012-10-17", Statement: [STATEMENT] }, /a member version/],
  ["an unknown version", { Version: "2012-10-18", Statement: [STATEMENT] }, /Version/],
  ["a version that is null", { Version: null, Statement: [STATEMENT] }, /Version/],
  ["an Id that is no string", { ...document(STATEMENT), Id: 1 }, /Id/],
  ["no statement", { Version: "2012-10-17" }, /no statement/],
  ["an empty list of statements", { Version: "2012-10-17", Statement: [] }, /no statement/],
  ["a statement that is none", { Version: "2012-10-17", Statement: ["x"] }, /statement 0 is not an object/],
  ["no Effect", document(STATEMENT, { ...STATEMENT, Effect: undefined }), /Effect of statement 1/],
  ["an Effect in another case", statement({ Effect: "allow" }), /Effect/],
  ["a Sid that is no string", statement({ Sid: 1 }), /Sid/],
  ["a member of a statement that is unknown", statement({ Actions: "kms:*" }), /a member Actions/],
  ["a member of a statement in another case", statement({ action: "kms:*" }), /a member action/],
  ["Action that is null", statement({ Action: null }), /entry of Action/],
  ["Resource that is null", statement({ Resource: null }), /entry of Resource/],
  ["NotAction that is null", statement({ Action: undefined, NotAction: null }), /entry of NotAction/],
  ["Action and NotAction", statement({ NotAction: "kms:Decrypt" }), /both Action and NotAction/],
  ["Resource and NotResource", statement({ NotResource: KEY }), /both Resource and NotResource/],
  ["an empty Action", statement({ Action: [] }), /Action in statement 0 is empty/],
  ["an action without a service", statement({ Action: "Encrypt" }), /must look like kms:Encrypt/],
  ["an action that is a number", statement({ Action: 1 }), /not a text/],
  ["no principal", statement({ Principal: undefined }), /either Principal or NotPrincipal/],
  ["both kinds of principal", statement({ NotPrincipal: "*" }), /either Principal or NotPrincipal/],
  ["NotPrincipal that allows", statement({ Principal: undefined, NotPrincipal: { AWS: ACCOUNT } }), /for Deny alone/],
  ["a condition that is a list", condition([]), /Condition of statement 0 is not an object/],
  ["a condition that is null", condition(null), /not an object/],
  ["an operator that is unknown", condition({ StringFoo: { a: "b" } }), /no operator that is called StringFoo/],
  ["an operator in another case", condition({ stringEquals: { a: "b" } }), /no operator/],
  ["an operator of all objects", condition({ constructor: { a: "b" } }), /no operator that is called constructor/],
  ["NullIfExists", condition({ NullIfExists: { a: "true" } }), /no operator/],
  ["ForAllValues:Null", condition({ "ForAllValues:Null": { a: "true" } }), /no operator/],
  ["two quantifiers", condition({ "ForAllValues:ForAnyValue:StringLike": { a: "b" } }), /no operator/],
  ["IfExists twice", condition({ StringLikeIfExistsIfExists: { a: "b" } }), /no operator/],
  ["an operator without keys", condition({ StringEquals: "b" }), /StringEquals in the Condition of statement 0/],
  ["a key without a name", condition({ StringEquals: { "": "b" } }), /without a name/],
  ["a key without a value", condition({ StringEquals: { a: [] } }), /has no value/],
  ["a value that is null", condition({ StringEquals: { a: null } }), /neither a string/],
  ["a value that is an object", condition({ StringEquals: { a: {} } }), /neither a string/],
  ["a number that is none", condition({ NumericEquals: { a: "1e3" } }), /"1e3" .* is not a number/],
  [
    "a number that is not exact",
    textOf(withCondition('{"NumericEquals":{"a":9007199254740993}}')),
    /too large to be exact/,
  ],
  ["a boolean that is none", condition({ Bool: { a: "yes" } }), /neither true nor false/],
  ["Null of something", condition({ Null: { a: ["true", "false"] } }), /Null .* takes true or false/],
  ["base64 that is none", condition({ BinaryEquals: { a: "QR==" } }), /not base64/],
  ["what an escape hides", textOf(withCondition('{"StringLike":{"a":"\\uffff"}}')), /U\+FFFE or U\+FFFF/],
];

function withCondition(text: string): string {
  return `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":${text}}`;
}

function circle(): object {
  const policy: Record<string, unknown> = {};
  policy.Statement = policy;
  return policy;
}

describe("a key policy", () => {
  it.each(REFUSED)("is refused with %s", (_, policy, says) => {
    expect(refusal(policy)).toMatchObject({
      code: "MalformedPolicyDocumentException",
      message: expect.stringMatching(says),
    });
  });

  it.each([
    ["at the top", `{"Version":"2012-10-17","Version":"2012-10-17","Statement":[${withCondition("{}")}]}`],
    ["in a statement", textOf('{"Effect":"Deny","Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}')],
    [
      "in a principal",
      textOf(`{"Effect":"Allow","Principal":{"AWS":"${ACCOUNT}","AWS":"*"},"Action":"*","Resource":"*"}`),
    ],
    ["among operators", textOf(withCondition('{"Bool":{"a":"true"},"Bool":{"b":"true"}}'))],
    ["among keys", textOf(withCondition('{"Bool":{"a":"true","a":"false"}}'))],
    ["among keys, once escaped", textOf(withCondition('{"Bool":{"a":"true","\\u0061":"false"}}'))],
    [
      "among keys, in another case",
      textOf(withCondition('{"Bool":{"aws:SecureTransport":"true","AWS:securetransport":"false"}}')),
    ],
  ])("is refused with a member twice %s", (_, text) => {
    expect(refusal(text)).toMatchObject({
      code: "MalformedPolicyDocumentException",
      message: expect.stringMatching(/twice/),
    });
  });

  it.each([
    ["one statement that is not in a list", { Version: "2012-10-17", Statement: STATEMENT }],
    ["no version", { Statement: [STATEMENT] }],
    ["the version before", { Version: "2008-10-17", Id: "x", Statement: [STATEMENT] }],
    ["no Action", statement({ Action: undefined })],
    ["no Resource", statement({ Resource: undefined })],
    ["a Sid with spaces", statement({ Sid: "Allow use of the key" })],
    ["white space of all kinds", `\t\r\n ${JSON.stringify(statement({}))} \n`],
    ["Latin letters", statement({ Sid: "gr\u00fc\u00df\u00ff" })],
    ["an empty Condition", condition({})],
  ])("may have %s", (_, policy) => {
    expect(parsePolicy(policy, "key").kind).toBe("key");
  });

  it("says which condition keys it asks for and whom it names", () => {
    const { contextKeys, principalArns } = parsePolicy(
      keyPolicy(
        { AWS: [ALICE.arn, ROLE, ACCOUNT] },
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of a policy.
        { Condition: { StringLike: { "kms:ViaService": "${aws:PrincipalTag/team}" } } },
      ),
      "key",
    );
    expect([...contextKeys].sort()).toEqual(["aws:principaltag/team", "kms:viaservice"]);
    expect(principalArns).toEqual([ALICE.arn, ROLE]);
  });
});

describe("the size of a policy", () => {
  const padded = (bytes: number, filler = "x") => {
    const text = JSON.stringify(statement({ Sid: "" }));
    const missing = bytes - text.length;
    return text.replace('"Sid":""', `"Sid":"${filler.repeat(missing / (filler === "x" ? 1 : 2))}"`);
  };

  it("is at most 32,768 bytes, which may be fewer characters", () => {
    expect(parsePolicy(padded(32_768), "key").kind).toBe("key");
    expect(refusal(padded(32_769)).code).toBe("LimitExceededException");
    const wide = padded(33_001, "\u00e9");
    expect(wide.length).toBeLessThan(32_768);
    expect(refusal(wide).code).toBe("LimitExceededException");
  });

  it("of IAM is counted without white space", () => {
    const text = JSON.stringify(iamPolicy());
    expect(parsePolicy(text + " ".repeat(20_000), "iam").kind).toBe("iam");
    expect(refusal(JSON.stringify(iamPolicy({ Sid: "x".repeat(10_240) })), "iam").code).toBe("LimitExceededException");
  });
});

describe("the characters of a policy", () => {
  const good = JSON.stringify(statement({ Sid: "?" }));

  it.each(["\u0100", "\u4e2d", "\ud83d\ude00", "\u0000", "\u0008", "\u000b", "\u001f", "\u2028", "\ufeff"])(
    "do not include %j",
    (character) => {
      for (const text of [good.replace("?", character), `${character}${good}`]) {
        expect(refusal(text)).toMatchObject({
          code: "MalformedPolicyDocumentException",
          message: expect.stringMatching(/the character U\+[0-9A-F]{4} at \d+ is not allowed/),
        });
      }
    },
  );
});

describe("principals", () => {
  it.each([
    ["an account", ACCOUNT],
    ["a root", rootOf(ACCOUNT)],
    ["a user", ALICE.arn],
    ["a user with a path", `arn:aws:iam::${ACCOUNT}:user/a/b/alice`],
    ["a role", ROLE],
    ["a session", SESSION.arn],
    ["a federated user", `arn:aws:sts::${ACCOUNT}:federated-user/fred`],
    ["a role of another partition", `arn:aws-us-gov:iam::${ACCOUNT}:role/r`],
    ["everybody", "*"],
  ])("may be %s", (_, name) => {
    expect(parsePolicy(keyPolicy({ AWS: name }), "key").kind).toBe("key");
    expect(parsePolicy(keyPolicy({ AWS: [name, ACCOUNT] }), "key").kind).toBe("key");
  });

  it.each([
    ["users by wildcard", { AWS: `arn:aws:iam::${ACCOUNT}:user/*` }],
    ["roles by wildcard", { AWS: `arn:aws:iam::${ACCOUNT}:role/A*` }],
    ["a character by wildcard", { AWS: `arn:aws:iam::${ACCOUNT}:user/alic?` }],
    ["accounts by wildcard", { AWS: "arn:aws:iam::*:root" }],
    ["accounts' digits by wildcard", { AWS: "11112222333*" }],
    ["a wildcard beside everybody", { AWS: ["*", `arn:aws:iam::${ACCOUNT}:user/*`] }],
    ["a group", { AWS: `arn:aws:iam::${ACCOUNT}:group/admins` }],
    ["a short account", { AWS: "11112222333" }],
    ["an unknown id", { AWS: "AIDAEXAMPLE" }],
    ["a name", { AWS: "alice" }],
    ["a user without a name", { AWS: `arn:aws:iam::${ACCOUNT}:user/` }],
    ["a session without a name", { AWS: `arn:aws:sts::${ACCOUNT}:assumed-role/app` }],
    ["a key", { AWS: KEY }],
    ["an identity provider", { Federated: "cognito-identity.amazonaws.com" }],
    ["any service", { Service: "*" }],
    ["a service by wildcard", { Service: "*.amazonaws.com" }],
    ["a user as a service", { Service: ALICE.arn }],
    ["an empty list", { AWS: [] }],
    ["nothing", {}],
    ["a number", { AWS: 111122223333 }],
    ["a list", ["*"]],
    ["text", ACCOUNT],
    ["null", null],
  ])("may not be %s", (_, principal) => {
    expect(refusal(keyPolicy(principal))).toMatchObject({
      code: "MalformedPolicyDocumentException",
      message: expect.stringMatching(/one or more invalid principals: see statement 0/),
    });
  });

  it("stand in key policies alone", () => {
    for (const member of ["Principal", "NotPrincipal"]) {
      expect(refusal(document({ ...IAM_STATEMENT, [member]: "*" }), "iam").message).toMatch(/names a principal/);
    }
  });
});

describe("ForAllValues over what the caller names", () => {
  it.each([
    ["ForAllValues:StringEquals", "kms:EncryptionContext:team"],
    ["ForAllValues:StringLikeIfExists", "KMS:encryptioncontext:Team"],
    ["ForAllValues:StringEquals", "aws:RequestTag/team"],
  ])("is refused: %s of %s", (operator, key) => {
    expect(refusal(condition({ [operator]: { [key]: "red" } }))).toMatchObject({
      code: "MalformedPolicyDocumentException",
      message: expect.stringMatching(/OverlyPermissiveCondition/),
    });
  });

  it.each([
    ["ForAnyValue:StringEquals", "kms:EncryptionContext:team"],
    ["StringEquals", "aws:RequestTag/team"],
    ["ForAllValues:StringEquals", "kms:EncryptionContextKeys"],
    ["ForAllValues:StringEquals", "aws:TagKeys"],
  ])("is not %s of %s", (operator, key) => {
    expect(parsePolicy(condition({ [operator]: { [key]: "red" } }), "key").kind).toBe("key");
  });
});

describe("addresses", () => {
  it.each(["203.0.113.0/33", "203.0.113.0/", "203.0.113.0/-1", "203.0.113.0/08", "203.0.113.0/24/8", "203.0.113"])(
    "are refused as %s",
    (block) => {
      expect(refusal(condition({ IpAddress: { "aws:SourceIp": block } })).message).toMatch(/CIDR/);
    },
  );

  it.each([
    "203.0.113.05",
    "0xCB.0.113.5",
    "256.0.0.1",
    "2001:db8::/129",
    "::1::",
    "2001:db8:::",
    "12345::",
    ":1",
    "a",
  ])("are refused as %s, too", (block) => {
    expect(refusal(condition({ NotIpAddress: { "aws:SourceIp": block } })).message).toMatch(/CIDR/);
  });
});

describe("a Deny that cannot be read", () => {
  it("does not vanish: the whole policy denies", () => {
    const keyPolicyWithIt = document(STATEMENT, { ...STATEMENT, Effect: "Deny", Condition: { StringFoo: { a: "b" } } });
    expect(ask({ keyPolicy: keyPolicyWithIt })).toEqual({ decision: "Deny", reason: "implicit" });
    const iam = document({ ...IAM_STATEMENT, Effect: "Deny", Condition: { StringFoo: { a: "b" } } });
    expect(ask({ keyPolicy: keyPolicy("*"), identityPolicies: [iam] }).decision).toBe("Deny");
  });
});
