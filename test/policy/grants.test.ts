/** What grants allow: to whom, within which constraints, to their children, and who may retire them. */
import { describe, expect, it } from "vitest";
import type { EvaluationRequest, GrantFacts } from "../../src/policy/policy.ts";
import {
  ACCOUNT,
  ALICE,
  ALLOWING,
  ask,
  BOB,
  DELEGATING,
  document,
  FOREIGN_ROOT,
  FOREIGNER,
  iamPolicy,
  KEY,
  KEY_ID,
  keyPolicy,
  OTHER_ACCOUNT,
  ROLE,
  ROOT,
  reasonOf,
  rootOf,
  SERVICE,
  SESSION,
  SILENT,
} from "./asking.ts";

const GRANT: GrantFacts = {
  GrantId: "g1",
  GranteePrincipal: ALICE.arn,
  Operations: ["Encrypt", "Decrypt", "DescribeKey"],
  IssuingAccount: rootOf(ACCOUNT),
  KeyId: KEY,
};

const granted = (changes: Partial<GrantFacts> = {}, request: Partial<EvaluationRequest> = {}) =>
  reasonOf({ grants: [{ ...GRANT, ...changes }], ...request });

type Row = readonly [what: string, grant: Partial<GrantFacts>, request: Partial<EvaluationRequest>, expected: string];

const toAccount = { GranteePrincipal: rootOf(ACCOUNT) };
const iam = { identityPolicies: [ALLOWING] };

const GRANTEES: readonly Row[] = [
  ["its grantee", {}, {}, "Allow grant"],
  ["somebody else", {}, { principal: BOB }, "Deny implicit"],
  ["its grantee in another case", { GranteePrincipal: ALICE.arn.toUpperCase() }, {}, "Deny implicit"],
  ["the session of its role", { GranteePrincipal: ROLE }, { principal: SESSION }, "Allow grant"],
  ["its session", { GranteePrincipal: SESSION.arn }, { principal: SESSION }, "Allow grant"],
  ["a grantee of another account", { GranteePrincipal: FOREIGNER.arn }, { principal: FOREIGNER }, "Allow grant"],
  [
    "a service",
    { GranteePrincipal: undefined, GranteeServicePrincipal: SERVICE.arn },
    { principal: SERVICE },
    "Allow grant",
  ],
  [
    "another service",
    { GranteePrincipal: undefined, GranteeServicePrincipal: "s3.amazonaws.com" },
    { principal: SERVICE },
    "Deny implicit",
  ],
  [
    "a user with a service's name",
    { GranteePrincipal: undefined, GranteeServicePrincipal: ALICE.arn },
    {},
    "Deny implicit",
  ],
  ["its account with IAM", toAccount, iam, "Allow grant-account"],
  ["its account by digits, with IAM", { GranteePrincipal: ACCOUNT }, iam, "Allow grant-account"],
  ["its account without IAM", toAccount, {}, "Deny implicit"],
  ["its account with IAM beyond a boundary", toAccount, { ...iam, permissionsBoundary: SILENT }, "Deny implicit"],
  ["its account's root", toAccount, { principal: ROOT }, "Allow grant-account"],
  ["another account with IAM", { GranteePrincipal: OTHER_ACCOUNT }, iam, "Deny implicit"],
  [
    "a user of the account that it was given to, elsewhere",
    { GranteePrincipal: OTHER_ACCOUNT },
    { ...iam, principal: FOREIGNER },
    "Allow grant-account",
  ],
  ["an operation that is not listed", {}, { action: "kms:Sign" }, "Deny implicit"],
  ["an operation in another case", {}, { action: "KMS:encrypt" }, "Allow grant"],
  ["an operation of another service", {}, { action: "s3:Encrypt" }, "Deny implicit"],
  ["another key", { KeyId: `${KEY}0` }, {}, "Deny implicit"],
  ["the key by its id", { KeyId: KEY_ID }, {}, "Allow grant"],
  ["the key by a piece of its id", { KeyId: KEY_ID.slice(1) }, {}, "Deny implicit"],
  [
    "a denial in the key policy",
    {},
    { keyPolicy: keyPolicy("*", { Effect: "Deny" }) },
    "Deny explicit-deny:key-policy",
  ],
  ["a denial in IAM", {}, { identityPolicies: [iamPolicy({ Effect: "Deny" })] }, "Deny explicit-deny:iam"],
  ["a silent SCP", {}, { serviceControlPolicies: [SILENT] }, "Deny implicit"],
  ["a key policy that would allow as well", {}, { keyPolicy: keyPolicy("*") }, "Allow grant"],
];

const context = (pairs: Record<string, string>) =>
  Object.fromEntries(Object.entries(pairs).map(([name, value]) => [`kms:EncryptionContext:${name}`, value]));
const equals = (pairs: Record<string, string>) => ({ Constraints: { EncryptionContextEquals: pairs } });
const subset = (pairs: Record<string, string>) => ({ Constraints: { EncryptionContextSubset: pairs } });
const source = { Constraints: { SourceArn: "arn:aws:s3:::bucket/*" } };

const CONSTRAINTS: readonly Row[] = [
  ["equal pairs", equals({ a: "1" }), { context: context({ a: "1" }) }, "Allow grant"],
  ["equal pairs, a name in another case", equals({ Team: "1" }), { context: context({ tEAM: "1" }) }, "Allow grant"],
  ["equal pairs, a value in another case", equals({ a: "x" }), { context: context({ a: "X" }) }, "Deny implicit"],
  ["one pair more than equal", equals({ a: "1" }), { context: context({ a: "1", b: "2" }) }, "Deny implicit"],
  ["one pair less than equal", equals({ a: "1", b: "2" }), { context: context({ a: "1" }) }, "Deny implicit"],
  ["no pair", equals({ a: "1" }), {}, "Deny implicit"],
  ["a name twice, in two cases", equals({ a: "1" }), { context: context({ a: "1", A: "1" }) }, "Deny implicit"],
  [
    "a constraint that names a key twice",
    equals({ a: "1", A: "2" }),
    { context: context({ a: "2" }) },
    "Deny implicit",
  ],
  ["a subset that names a key twice", subset({ a: "1", A: "2" }), { context: context({ a: "2" }) }, "Deny implicit"],
  ["a superset", subset({ a: "1" }), { context: context({ a: "1", b: "2" }) }, "Allow grant"],
  ["the same pairs as the subset", subset({ a: "1" }), { context: context({ A: "1" }) }, "Allow grant"],
  ["a pair of the subset missing", subset({ a: "1", b: "2" }), { context: context({ a: "1" }) }, "Deny implicit"],
  ["a pair of the subset changed", subset({ a: "1" }), { context: context({ a: "2" }) }, "Deny implicit"],
  ["a subset, a name twice", subset({ a: "1" }), { context: context({ a: "1", A: "2" }) }, "Deny implicit"],
  ["names of objects' own members", subset({ toString: "1" }), { context: {} }, "Deny implicit"],
  ["DescribeKey, which has no pairs", equals({ a: "1" }), { action: "kms:DescribeKey" }, "Allow grant"],
  ["the source", source, { context: { "aws:SourceArn": "arn:aws:s3:::bucket/x" } }, "Allow grant"],
  ["another source", source, { context: { "aws:SourceArn": "arn:aws:s3:::other/x" } }, "Deny implicit"],
  ["no source", source, {}, "Deny implicit"],
  ["DescribeKey without the source", source, { action: "kms:DescribeKey" }, "Deny implicit"],
];

const PARENT = { Operations: ["CreateGrant", "Encrypt", "Decrypt"] };
const child = (
  operations: string[],
  type?: "EncryptionContextEquals" | "EncryptionContextSubset",
  pairs: Record<string, string> = {},
  sourceArn?: string,
): Partial<EvaluationRequest> => ({
  action: "kms:CreateGrant",
  context: {
    "kms:GrantOperations": operations,
    "kms:GrantConstraintType": type,
    "kms:GrantConstraintSourceArn": sourceArn,
    ...context(pairs),
  },
});
const EQUALS = "EncryptionContextEquals";
const SUBSET = "EncryptionContextSubset";
const under = (constraint: Partial<GrantFacts>) => ({ ...PARENT, ...constraint });

const CHILDREN: readonly Row[] = [
  ["fewer operations", PARENT, child(["Encrypt"]), "Allow grant"],
  ["the same operations", PARENT, child(["Decrypt", "Encrypt", "CreateGrant"]), "Allow grant"],
  ["one operation more", PARENT, child(["Encrypt", "Sign"]), "Deny implicit"],
  ["no operations", PARENT, child([]), "Deny implicit"],
  ["operations that are not told", PARENT, { action: "kms:CreateGrant" }, "Deny implicit"],
  ["a parent without CreateGrant", {}, child(["Encrypt"]), "Deny implicit"],
  ["a constraint of its own", PARENT, child(["Encrypt"], EQUALS, { a: "1" }), "Allow grant"],
  ["Equals under Equals", under(equals({ a: "1" })), child(["Encrypt"], EQUALS, { A: "1" }), "Allow grant"],
  ["another Equals under Equals", under(equals({ a: "1" })), child(["Encrypt"], EQUALS, { a: "2" }), "Deny implicit"],
  [
    "a wider Equals under Equals",
    under(equals({ a: "1" })),
    child(["Encrypt"], EQUALS, { a: "1", b: "2" }),
    "Deny implicit",
  ],
  ["Subset under Equals", under(equals({ a: "1" })), child(["Encrypt"], SUBSET, { a: "1" }), "Deny implicit"],
  ["nothing under Equals", under(equals({ a: "1" })), child(["Encrypt"]), "Deny implicit"],
  [
    "the pairs without their type under Equals",
    under(equals({ a: "1" })),
    child(["Encrypt"], undefined, { a: "1" }),
    "Deny implicit",
  ],
  ["Subset under Subset", under(subset({ a: "1" })), child(["Encrypt"], SUBSET, { a: "1" }), "Allow grant"],
  [
    "a stricter Subset under Subset",
    under(subset({ a: "1" })),
    child(["Encrypt"], SUBSET, { a: "1", b: "2" }),
    "Allow grant",
  ],
  [
    "a weaker Subset under Subset",
    under(subset({ a: "1", b: "2" })),
    child(["Encrypt"], SUBSET, { a: "1" }),
    "Deny implicit",
  ],
  ["Equals under Subset", under(subset({ a: "1" })), child(["Encrypt"], EQUALS, { a: "1", b: "2" }), "Allow grant"],
  ["another Equals under Subset", under(subset({ a: "1" })), child(["Encrypt"], EQUALS, { b: "2" }), "Deny implicit"],
  ["nothing under Subset", under(subset({ a: "1" })), child(["Encrypt"]), "Deny implicit"],
  [
    "the source under the source",
    under(source),
    child(["Encrypt"], undefined, {}, source.Constraints.SourceArn),
    "Allow grant",
  ],
  ["no source under the source", under(source), child(["Encrypt"]), "Deny implicit"],
  [
    "another source under the source",
    under(source),
    child(["Encrypt"], undefined, {}, "arn:aws:s3:::*"),
    "Deny implicit",
  ],
  ["another key", { ...PARENT, KeyId: `${KEY}0` }, child(["Encrypt"]), "Deny implicit"],
];

const retire = (request: Partial<EvaluationRequest> = {}): Partial<EvaluationRequest> => ({
  action: "kms:RetireGrant",
  ...request,
});
const retiredBy = (RetiringPrincipal: string) => ({ RetiringPrincipal, GranteePrincipal: BOB.arn });
const byGrantee = { Operations: ["Encrypt", "RetireGrant"] };
const retiring = iamPolicy({ Action: "kms:RetireGrant" });

const RETIREMENTS: readonly Row[] = [
  ["the retiring principal", retiredBy(ALICE.arn), retire(), "Allow grant"],
  ["the retiring role's session", retiredBy(ROLE), retire({ principal: SESSION }), "Allow grant"],
  ["a retiring service", { RetiringServicePrincipal: SERVICE.arn }, retire({ principal: SERVICE }), "Allow grant"],
  ["somebody else", retiredBy(ALICE.arn), retire({ principal: FOREIGNER }), "Deny implicit"],
  ["the grantee with RetireGrant", byGrantee, retire(), "Allow grant"],
  ["the grantee without RetireGrant", {}, retire(), "Deny implicit"],
  ["the grantee by the key policy alone", {}, retire({ keyPolicy: keyPolicy("*") }), "Deny implicit"],
  [
    "anybody by the key policy alone",
    {},
    retire({ keyPolicy: keyPolicy({ AWS: BOB.arn }), principal: BOB }),
    "Deny implicit",
  ],
  ["the issuing account's root", {}, retire({ principal: ROOT }), "Allow account-root"],
  [
    "a user of the issuing account by IAM",
    {},
    retire({ principal: BOB, identityPolicies: [retiring] }),
    "Allow grant-account",
  ],
  ["a user of the issuing account without IAM", {}, retire({ principal: BOB }), "Deny implicit"],
  ["IAM beyond a boundary", {}, retire({ identityPolicies: [retiring], permissionsBoundary: SILENT }), "Deny implicit"],
  ["another account's root", {}, retire({ principal: FOREIGN_ROOT }), "Deny implicit"],
  [
    "a user of another account by IAM",
    {},
    retire({ principal: FOREIGNER, identityPolicies: [retiring] }),
    "Deny implicit",
  ],
  [
    "a user of a retiring account by IAM",
    { RetiringPrincipal: rootOf(OTHER_ACCOUNT) },
    retire({ principal: FOREIGNER, identityPolicies: [retiring] }),
    "Allow grant-account",
  ],
  [
    "a denial in the key policy",
    byGrantee,
    retire({ keyPolicy: keyPolicy("*", { Effect: "Deny" }) }),
    "Deny explicit-deny:key-policy",
  ],
  [
    "a denial in IAM",
    byGrantee,
    retire({ identityPolicies: [iamPolicy({ Effect: "Deny" })] }),
    "Deny explicit-deny:iam",
  ],
  ["constraints, which do not apply", { ...byGrantee, ...equals({ a: "1" }) }, retire(), "Allow grant"],
  ["a source, which does not apply", { ...byGrantee, ...source }, retire(), "Allow grant"],
  ["a grant on another key", { ...byGrantee, KeyId: `${KEY}0` }, retire(), "Deny implicit"],
];

describe.each([
  ["grantees", GRANTEES],
  ["constraints", CONSTRAINTS],
  ["children", CHILDREN],
  ["who retires a grant", RETIREMENTS],
] as const)("%s", (_, rows) => {
  it.each(rows)("%s", (_what, grant, request, expected) => {
    expect(granted(grant, request)).toBe(expected);
  });
});

describe("several grants", () => {
  it("are looked at until one fits, those in the caller's own name first", () => {
    const wrong = { ...GRANT, GrantId: "g0", ...equals({ a: "1" }) };
    const ofAccount = { ...GRANT, GrantId: "g2", ...toAccount };
    const decision = ask({ grants: [wrong, ofAccount, GRANT], ...iam });
    expect(decision).toEqual({ decision: "Allow", reason: "grant", by: { grantId: "g1" } });
    expect(ask({ grants: [wrong, ofAccount], ...iam })).toMatchObject({ reason: "grant-account" });
    expect(ask({ grants: [wrong] }).reason).toBe("implicit");
  });

  it("leave what the key policy allows", () => {
    const wrong = { ...GRANT, ...toAccount };
    expect(reasonOf({ grants: [wrong], keyPolicy: keyPolicy({ AWS: ALICE.arn }) })).toBe("Allow key-policy");
    expect(reasonOf({ grants: [wrong], keyPolicy: DELEGATING, ...iam })).toBe("Allow grant-account");
    expect(
      reasonOf({ grants: [], keyPolicy: document({ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" }) }),
    ).toBe("Allow key-policy");
  });
});
