/** Who decides, in which order, and what the decision says: each rule both ways. */
import { describe, expect, it } from "vitest";
import { type EvaluationRequest, evaluate, parsePolicy } from "../../src/policy/policy.ts";
import {
  ACCOUNT,
  ALIAS,
  ALICE,
  ALLOWING,
  ask,
  BOB,
  DELEGATING,
  DENYING,
  document,
  FEDERATED,
  FOREIGN_ROOT,
  FOREIGNER,
  iamPolicy,
  KEY,
  KEY_ID,
  keyPolicy,
  NEW_KEY,
  OTHER_ACCOUNT,
  ROLE,
  ROOT,
  reasonOf,
  SERVICE,
  SESSION,
  SILENT,
} from "./asking.ts";

type Row = readonly [what: string, request: Partial<EvaluationRequest>, expected: string];

const ofAlice = keyPolicy({ AWS: ALICE.arn });
const denyingKey = document(
  { Effect: "Allow", Principal: "*", Action: "kms:*", Resource: "*" },
  { Sid: "no", Effect: "Deny", Principal: { AWS: ALICE.arn }, Action: "kms:Encrypt", Resource: "*" },
);
const allowed = { keyPolicy: ofAlice, identityPolicies: [ALLOWING] };

const DENIALS: readonly Row[] = [
  ["the key policy", { keyPolicy: denyingKey }, "Deny explicit-deny:key-policy"],
  ["the key policy, of another action", { keyPolicy: denyingKey, action: "kms:Decrypt" }, "Allow key-policy"],
  ["the key policy, of somebody else", { keyPolicy: denyingKey, principal: BOB }, "Allow key-policy"],
  ["an identity policy", { ...allowed, identityPolicies: [ALLOWING, DENYING] }, "Deny explicit-deny:iam"],
  ["a permissions boundary", { ...allowed, permissionsBoundary: DENYING }, "Deny explicit-deny:boundary"],
  ["a session policy", { ...allowed, sessionPolicy: DENYING }, "Deny explicit-deny:session"],
  ["a service control policy", { ...allowed, serviceControlPolicies: [ALLOWING, DENYING] }, "Deny explicit-deny:scp"],
  [
    "the key policy before all others",
    {
      keyPolicy: denyingKey,
      identityPolicies: [DENYING],
      permissionsBoundary: DENYING,
      sessionPolicy: DENYING,
      serviceControlPolicies: [DENYING],
    },
    "Deny explicit-deny:key-policy",
  ],
  ["IAM without delegation", { keyPolicy: ofAlice, identityPolicies: [DENYING] }, "Deny explicit-deny:iam"],
  ["no policy at all", {}, "Deny implicit"],
];

const AT_HOME: readonly Row[] = [
  ["a user by name", { keyPolicy: ofAlice }, "Allow key-policy"],
  ["another user", { keyPolicy: ofAlice, principal: BOB }, "Deny implicit"],
  [
    "a user whose name differs by case",
    { keyPolicy: ofAlice, principal: { ...ALICE, arn: ALICE.arn.replace("alice", "Alice") } },
    "Deny implicit",
  ],
  ["everybody", { keyPolicy: keyPolicy("*") }, "Allow key-policy"],
  ["everybody, as AWS", { keyPolicy: keyPolicy({ AWS: "*" }) }, "Allow key-policy"],
  ["a role for its session", { keyPolicy: keyPolicy({ AWS: ROLE }), principal: SESSION }, "Allow key-policy"],
  ["a session by name", { keyPolicy: keyPolicy({ AWS: SESSION.arn }), principal: SESSION }, "Allow key-policy"],
  ["a federated user", { keyPolicy: keyPolicy({ AWS: FEDERATED.arn }), principal: FEDERATED }, "Allow key-policy"],
  [
    "a role whose session claims it by its ARN alone",
    { keyPolicy: keyPolicy({ AWS: `arn:aws:iam::${ACCOUNT}:role/app` }), principal: SESSION },
    "Deny implicit",
  ],
  ["the account and IAM", { keyPolicy: DELEGATING, identityPolicies: [ALLOWING] }, "Allow iam-delegated"],
  ["the account alone", { keyPolicy: DELEGATING }, "Deny implicit"],
  [
    "the account by its twelve digits",
    { keyPolicy: keyPolicy({ AWS: ACCOUNT }), identityPolicies: [ALLOWING] },
    "Allow iam-delegated",
  ],
  ["IAM alone", { keyPolicy: keyPolicy({ AWS: BOB.arn }), identityPolicies: [ALLOWING] }, "Deny implicit"],
  ["IAM without a key policy", { identityPolicies: [ALLOWING] }, "Deny implicit"],
  [
    "the account for another action",
    { keyPolicy: keyPolicy({ AWS: ACCOUNT }, { Action: "kms:Decrypt" }), identityPolicies: [ALLOWING] },
    "Deny implicit",
  ],
  [
    "the account under a condition that fails",
    {
      keyPolicy: keyPolicy({ AWS: ACCOUNT }, { Condition: { Bool: { "aws:SecureTransport": "true" } } }),
      identityPolicies: [ALLOWING],
      context: { "aws:SecureTransport": false },
    },
    "Deny implicit",
  ],
  [
    "the account under a condition that holds",
    {
      keyPolicy: keyPolicy({ AWS: ACCOUNT }, { Condition: { Bool: { "aws:SecureTransport": "true" } } }),
      identityPolicies: [ALLOWING],
      context: { "AWS:securetransport": true },
    },
    "Allow iam-delegated",
  ],
  ["root by the account's statement", { keyPolicy: DELEGATING, principal: ROOT }, "Allow account-root"],
  ["root without it", { keyPolicy: ofAlice, principal: ROOT, identityPolicies: [ALLOWING] }, "Deny implicit"],
  ["root as everybody", { keyPolicy: keyPolicy("*"), principal: ROOT }, "Allow key-policy"],
];

const silentBoundary = { permissionsBoundary: SILENT };
const silentSession = { sessionPolicy: SILENT };
const ofRole = { keyPolicy: keyPolicy({ AWS: ROLE }), principal: SESSION };
const ofSession = { keyPolicy: keyPolicy({ AWS: SESSION.arn }), principal: SESSION };
const delegated = { keyPolicy: DELEGATING, identityPolicies: [ALLOWING] };

const LIMITS: readonly Row[] = [
  ["a boundary, a user by name", { keyPolicy: ofAlice, ...silentBoundary }, "Allow key-policy"],
  ["a boundary, everybody", { keyPolicy: keyPolicy("*"), ...silentBoundary }, "Allow key-policy"],
  ["a boundary, a role", { ...ofRole, ...silentBoundary }, "Deny implicit"],
  ["a session policy, a role", { ...ofRole, ...silentSession }, "Deny implicit"],
  [
    "a boundary and session policy that allow, a role",
    { ...ofRole, permissionsBoundary: ALLOWING, sessionPolicy: ALLOWING },
    "Allow key-policy",
  ],
  ["a boundary, a session by name", { ...ofSession, ...silentBoundary }, "Allow key-policy"],
  ["a session policy, a session by name", { ...ofSession, ...silentSession }, "Allow key-policy"],
  ["a boundary, IAM", { ...delegated, ...silentBoundary }, "Deny implicit"],
  ["a session policy, IAM", { ...delegated, ...silentSession }, "Deny implicit"],
  ["a boundary that allows, IAM", { ...delegated, permissionsBoundary: ALLOWING }, "Allow iam-delegated"],
  ["a boundary that allows, but no IAM", { keyPolicy: DELEGATING, permissionsBoundary: ALLOWING }, "Deny implicit"],
  ["a silent SCP", { keyPolicy: ofAlice, serviceControlPolicies: [SILENT] }, "Deny implicit"],
  [
    "one SCP of two that allows",
    { keyPolicy: ofAlice, serviceControlPolicies: [SILENT, ALLOWING] },
    "Allow key-policy",
  ],
  ["no SCP", { keyPolicy: ofAlice, serviceControlPolicies: [] }, "Allow key-policy"],
  [
    "a role through one statement and its session through the next",
    {
      keyPolicy: document(
        { Effect: "Allow", Principal: { AWS: ROLE }, Action: "*", Resource: "*" },
        { Effect: "Allow", Principal: { AWS: SESSION.arn }, Action: "*", Resource: "*" },
      ),
      principal: SESSION,
      ...silentSession,
    },
    "Allow key-policy",
  ],
];

const foreign = { principal: FOREIGNER };
const ACROSS: readonly Row[] = [
  [
    "both sides, by name",
    { ...foreign, keyPolicy: keyPolicy({ AWS: FOREIGNER.arn }), identityPolicies: [ALLOWING] },
    "Allow cross-account-both",
  ],
  [
    "both sides, by account",
    { ...foreign, keyPolicy: keyPolicy({ AWS: OTHER_ACCOUNT }), identityPolicies: [ALLOWING] },
    "Allow cross-account-both",
  ],
  [
    "both sides, everybody",
    { ...foreign, keyPolicy: keyPolicy("*"), identityPolicies: [ALLOWING] },
    "Allow cross-account-both",
  ],
  ["the key's side alone", { ...foreign, keyPolicy: keyPolicy({ AWS: FOREIGNER.arn }) }, "Deny implicit"],
  ["the key's side alone, everybody", { ...foreign, keyPolicy: keyPolicy("*") }, "Deny implicit"],
  ["the caller's side alone", { ...foreign, keyPolicy: DELEGATING, identityPolicies: [ALLOWING] }, "Deny implicit"],
  [
    "a boundary of the caller's",
    { ...foreign, keyPolicy: keyPolicy("*"), identityPolicies: [ALLOWING], ...silentBoundary },
    "Deny implicit",
  ],
  [
    "the other account's root",
    { principal: FOREIGN_ROOT, keyPolicy: keyPolicy({ AWS: OTHER_ACCOUNT }) },
    "Allow cross-account-both",
  ],
  ["the other account's root, unnamed", { principal: FOREIGN_ROOT, keyPolicy: DELEGATING }, "Deny implicit"],
  [
    "a service by name",
    { principal: SERVICE, keyPolicy: keyPolicy({ Service: "logs.amazonaws.com" }) },
    "Allow key-policy",
  ],
  ["another service", { principal: SERVICE, keyPolicy: keyPolicy({ Service: "s3.amazonaws.com" }) }, "Deny implicit"],
  ["a service where the account is named", { principal: SERVICE, keyPolicy: DELEGATING }, "Deny implicit"],
  ["a user where a service is named", { keyPolicy: keyPolicy({ Service: "logs.amazonaws.com" }) }, "Deny implicit"],
  [
    "a service and a silent SCP",
    { principal: SERVICE, keyPolicy: keyPolicy({ Service: SERVICE.arn }), serviceControlPolicies: [SILENT] },
    "Allow key-policy",
  ],
];

const alias = (action: string, rest: Partial<EvaluationRequest> = {}) => ({ action, resource: ALIAS, ...rest });
const withIam = { identityPolicies: [ALLOWING] };
const reserved = ALIAS.replace("alias/app", "alias/aws/s3");

const WITHOUT_KEY: readonly Row[] = [
  ["ListKeys by IAM", { action: "kms:ListKeys", resource: "*", ...withIam }, "Allow iam-only"],
  ["ListKeys without IAM", { action: "kms:ListKeys", resource: "*" }, "Deny implicit"],
  ["ListKeys in another spelling", { action: "KMS:listkeys", resource: "*", ...withIam }, "Allow iam-only"],
  [
    "ListKeys by IAM for keys",
    { action: "kms:ListKeys", resource: "*", identityPolicies: [iamPolicy({ Resource: KEY })] },
    "Deny implicit",
  ],
  ["CreateKey by root", { action: "kms:CreateKey", resource: "*", principal: ROOT }, "Allow account-root"],
  [
    "CreateKey beyond a boundary",
    { action: "kms:CreateKey", resource: "*", ...withIam, ...silentBoundary },
    "Deny implicit",
  ],
  [
    "GenerateRandom, denied",
    { action: "kms:GenerateRandom", resource: "*", identityPolicies: [ALLOWING, DENYING] },
    "Deny explicit-deny:iam",
  ],
  [
    "CreateKey by a service",
    { action: "kms:CreateKey", resource: "*", principal: SERVICE, ...withIam },
    "Deny implicit",
  ],
  ["CreateKey by a key policy", { action: "kms:CreateKey", resource: KEY, keyPolicy: keyPolicy("*") }, "Deny implicit"],
  [
    "TagResource on a key still to be made",
    { action: "kms:TagResource", resource: NEW_KEY, ...withIam },
    "Allow iam-only",
  ],
  ["Encrypt on all keys", { resource: NEW_KEY, ...withIam }, "Deny implicit"],
  ["Encrypt on anything", { resource: "*", ...withIam }, "Deny implicit"],
  ["Encrypt on an alias", { resource: ALIAS, ...withIam }, "Deny implicit"],
  ["Encrypt on an alias, by root", { resource: ALIAS, principal: ROOT }, "Deny implicit"],
  ["Encrypt on a key id", { resource: KEY_ID, ...withIam }, "Deny implicit"],
  ["CreateAlias by IAM", alias("kms:CreateAlias", withIam), "Allow iam-only"],
  [
    "CreateAlias by IAM for that alias",
    alias("kms:CreateAlias", { identityPolicies: [iamPolicy({ Resource: ALIAS })] }),
    "Allow iam-only",
  ],
  [
    "CreateAlias by IAM for another alias",
    alias("kms:CreateAlias", { identityPolicies: [iamPolicy({ Resource: `${ALIAS}2` })] }),
    "Deny implicit",
  ],
  ["DeleteAlias by root", alias("kms:DeleteAlias", { principal: ROOT }), "Allow account-root"],
  ["UpdateAlias of another account", alias("kms:UpdateAlias", { ...withIam, principal: FOREIGNER }), "Deny implicit"],
  ["CreateAlias, key side", { action: "kms:CreateAlias", ...delegated }, "Allow iam-delegated"],
  ["CreateAlias, key side, IAM alone", { action: "kms:CreateAlias", ...withIam }, "Deny implicit"],
  [
    "CreateAlias of a reserved name",
    { ...alias("kms:CreateAlias", withIam), resource: reserved },
    "Deny reserved-alias",
  ],
  [
    "UpdateAlias of a reserved name",
    { ...alias("kms:UpdateAlias", withIam), resource: reserved },
    "Deny reserved-alias",
  ],
  [
    "DeleteAlias of a reserved name, by root",
    { ...alias("kms:DeleteAlias"), resource: reserved, principal: ROOT },
    "Deny reserved-alias",
  ],
  [
    "the denial of a reserved name",
    { ...alias("kms:CreateAlias", { identityPolicies: [DENYING] }), resource: reserved },
    "Deny explicit-deny:iam",
  ],
];

describe.each([
  ["denials", DENIALS],
  ["the key's own account", AT_HOME],
  ["what boundaries, sessions and organizations limit", LIMITS],
  ["other accounts and services", ACROSS],
  ["what touches no key", WITHOUT_KEY],
] as const)("%s", (_, rows) => {
  it.each(rows)("%s", (_what, request, expected) => {
    expect(reasonOf(request)).toBe(expected);
  });
});

describe("a new key's policy, put to the test before there is a key", () => {
  const put = { action: "kms:PutKeyPolicy", resource: NEW_KEY };

  it("decides, not IAM alone", () => {
    expect(reasonOf({ ...put, ...withIam, keyPolicy: keyPolicy({ AWS: BOB.arn }) })).toBe("Deny implicit");
    expect(reasonOf({ ...put, keyPolicy: keyPolicy({ AWS: BOB.arn }), principal: ROOT })).toBe("Deny implicit");
    expect(reasonOf({ ...put, keyPolicy: ofAlice })).toBe("Allow key-policy");
    expect(reasonOf({ ...put, keyPolicy: DELEGATING, principal: ROOT })).toBe("Allow account-root");
    expect(reasonOf({ ...put, ...delegated })).toBe("Allow iam-delegated");
  });
});

describe("what decided", () => {
  it("is named with its policy, its Sid and its place", () => {
    expect(ask({ keyPolicy: denyingKey }).by).toEqual({ policy: "key policy", sid: "no", index: 1 });
    expect(ask({ ...delegated, identityPolicies: [SILENT, ALLOWING] }).by).toMatchObject({
      policy: "identity policy",
      index: 0,
    });
    expect(ask({ keyPolicy: DELEGATING, principal: ROOT }).by).toMatchObject({ policy: "key policy" });
    expect(ask({ ...allowed, sessionPolicy: DENYING }).by).toMatchObject({ policy: "session policy" });
    expect(ask({}).by).toBeUndefined();
  });
});

describe("policies that cannot be read", () => {
  const broken = ["", "{", "[]", "null", '{"Statement":[]}', '{"Statement":[{"Effect":"Perhaps"}]}'];

  it.each(broken)("deny everything: %s", (text) => {
    expect(reasonOf({ ...allowed, keyPolicy: text })).toBe("Deny implicit");
    expect(reasonOf({ keyPolicy: ofAlice, identityPolicies: [text] })).toBe("Deny implicit");
    expect(reasonOf({ keyPolicy: ofAlice, permissionsBoundary: text })).toBe("Deny implicit");
    expect(reasonOf({ keyPolicy: ofAlice, sessionPolicy: text })).toBe("Deny implicit");
    expect(reasonOf({ keyPolicy: ofAlice, serviceControlPolicies: [text] })).toBe("Deny implicit");
  });

  it("are refused in the place of the other kind, where their denials would be lost", () => {
    const denial = parsePolicy(DENYING, "iam");
    expect(reasonOf({ ...delegated, keyPolicy: denial })).toBe("Deny implicit");
    expect(reasonOf({ keyPolicy: ofAlice, identityPolicies: [parsePolicy(ofAlice, "key")] })).toBe("Deny implicit");
    expect(reasonOf({ keyPolicy: ofAlice, identityPolicies: [denial] })).toBe("Deny explicit-deny:iam");
  });
});

describe("the forms of a policy", () => {
  it("are text, object and compiled policy, with one answer", () => {
    for (const policy of [JSON.stringify(ofAlice), ofAlice, parsePolicy(ofAlice, "key")]) {
      for (let i = 0; i < 3; i++) {
        expect(reasonOf({ keyPolicy: policy })).toBe("Allow key-policy");
        expect(reasonOf({ keyPolicy: policy, principal: BOB })).toBe("Deny implicit");
      }
    }
  });

  it("may be many, beyond what is remembered", () => {
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 600; i++) {
        const mine: EvaluationRequest = {
          principal: { ...ALICE, arn: `arn:aws:iam::${ACCOUNT}:user/u${i}` },
          action: "kms:Encrypt",
          resource: KEY,
          keyPolicy: JSON.stringify(keyPolicy({ AWS: `arn:aws:iam::${ACCOUNT}:user/u${i}` })),
        };
        expect(evaluate(mine).reason).toBe("key-policy");
      }
    }
  });
});
