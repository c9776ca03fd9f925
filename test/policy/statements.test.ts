/** What a statement covers: actions, resources, and with NotPrincipal whom it spares. */
import { describe, expect, it } from "vitest";
import { type EvaluationRequest, parsePolicy } from "../../src/policy/policy.ts";
import {
  ACCOUNT,
  ALIAS,
  ALICE,
  ALLOWING,
  ask,
  BOB,
  DELEGATING,
  document,
  iamPolicy,
  KEY,
  KEY_ID,
  keyPolicy,
  OTHER_ACCOUNT,
  ROLE,
  ROOT,
  reasonOf,
  rootOf,
  SESSION,
} from "./asking.ts";

type Row = readonly [what: string, request: Partial<EvaluationRequest>, expected: string];

const allowed = { keyPolicy: keyPolicy({ AWS: ALICE.arn }), identityPolicies: [ALLOWING] };
const delegated = { keyPolicy: DELEGATING, identityPolicies: [ALLOWING] };

const STATEMENTS: readonly Row[] = [
  ["an action in another case", { keyPolicy: keyPolicy("*", { Action: "KMS:eNCRYPT" }) }, "Allow key-policy"],
  ["an action by wildcards", { keyPolicy: keyPolicy("*", { Action: "kms:En?r*" }) }, "Allow key-policy"],
  [
    "an action by wildcards that do not fit",
    { keyPolicy: keyPolicy("*", { Action: "kms:En?crypt" }) },
    "Deny implicit",
  ],
  ["any action", { keyPolicy: keyPolicy("*", { Action: "*" }) }, "Allow key-policy"],
  ["an action of another service", { keyPolicy: keyPolicy("*", { Action: "s3:*" }) }, "Deny implicit"],
  [
    "NotAction of another one",
    { keyPolicy: keyPolicy("*", { Action: undefined, NotAction: "kms:Decrypt" }) },
    "Allow key-policy",
  ],
  [
    "NotAction of this one",
    { keyPolicy: keyPolicy("*", { Action: undefined, NotAction: ["kms:Decrypt", "kms:enc*"] }) },
    "Deny implicit",
  ],
  ["no Action", { keyPolicy: keyPolicy("*", { Action: undefined }) }, "Deny implicit"],
  ["no Resource", { keyPolicy: keyPolicy("*", { Resource: undefined }) }, "Deny implicit"],
  [
    "a Deny with no Resource",
    { ...allowed, identityPolicies: [iamPolicy({ Effect: "Deny", Resource: undefined })] },
    "Allow key-policy",
  ],
  ["a key policy for another key", { keyPolicy: keyPolicy("*", { Resource: `${KEY}0` }) }, "Deny implicit"],
  ["IAM for the key", { ...delegated, identityPolicies: [iamPolicy({ Resource: KEY })] }, "Allow iam-delegated"],
  [
    "IAM for keys of the account",
    { ...delegated, identityPolicies: [iamPolicy({ Resource: `arn:aws:kms:*:${ACCOUNT}:key/*` })] },
    "Allow iam-delegated",
  ],
  [
    "IAM for keys of another account",
    { ...delegated, identityPolicies: [iamPolicy({ Resource: `arn:aws:kms:*:${OTHER_ACCOUNT}:key/*` })] },
    "Deny implicit",
  ],
  ["IAM for a key id", { ...delegated, identityPolicies: [iamPolicy({ Resource: KEY_ID })] }, "Deny implicit"],
  [
    "IAM for an alias name",
    { ...delegated, identityPolicies: [iamPolicy({ Resource: "alias/app" })] },
    "Deny implicit",
  ],
  ["IAM for an alias ARN", { ...delegated, identityPolicies: [iamPolicy({ Resource: ALIAS })] }, "Deny implicit"],
  ["IAM without Resource", { ...delegated, identityPolicies: [iamPolicy({ Resource: undefined })] }, "Deny implicit"],
  [
    "NotResource of another key",
    { ...delegated, identityPolicies: [iamPolicy({ Resource: undefined, NotResource: `${KEY}0` })] },
    "Allow iam-delegated",
  ],
  [
    "NotResource of this key",
    { ...delegated, identityPolicies: [iamPolicy({ Resource: undefined, NotResource: [KEY] })] },
    "Deny implicit",
  ],
];

describe("what statements cover", () => {
  it.each(STATEMENTS)("%s", (_, request, expected) => {
    expect(reasonOf(request)).toBe(expected);
  });
});

describe("NotPrincipal", () => {
  const denyingAllBut = (...names: string[]) =>
    document(
      { Effect: "Allow", Principal: "*", Action: "kms:*", Resource: "*" },
      { Effect: "Deny", NotPrincipal: { AWS: names }, Action: "kms:*", Resource: "*" },
    );

  it.each([
    ["a user with its account", ALICE, [ALICE.arn, rootOf(ACCOUNT)], "Allow"],
    ["a user without its account", ALICE, [ALICE.arn], "Deny"],
    ["the account of a user alone", ALICE, [ACCOUNT], "Deny"],
    ["somebody else", BOB, [ALICE.arn, ACCOUNT], "Deny"],
    ["a session with role and account", SESSION, [SESSION.arn, ROLE, ACCOUNT], "Allow"],
    ["a session without its role", SESSION, [SESSION.arn, ACCOUNT], "Deny"],
    ["root", ROOT, [ACCOUNT], "Allow"],
  ] as const)("spares %s or not", (_, principal, names, expected) => {
    expect(ask({ principal, keyPolicy: denyingAllBut(...names) }).decision).toBe(expected);
  });

  it("cannot allow", () => {
    const policy = document({ Effect: "Allow", NotPrincipal: { AWS: ALICE.arn }, Action: "*", Resource: "*" });
    expect(() => parsePolicy(policy, "key")).toThrow(/NotPrincipal/);
  });
});
