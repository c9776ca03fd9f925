/** What the tests of the policy engine ask about: two accounts, their principals, one key. */
import type { Principal } from "../../src/env.ts";
import { type Decision, type EvaluationRequest, evaluate } from "../../src/policy/policy.ts";

export const ACCOUNT = "111122223333";
export const OTHER_ACCOUNT = "444455556666";
export const KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab";
export const KEY = `arn:aws:kms:us-east-1:${ACCOUNT}:key/${KEY_ID}`;
export const ALIAS = `arn:aws:kms:us-east-1:${ACCOUNT}:alias/app`;
export const NEW_KEY = `arn:aws:kms:us-east-1:${ACCOUNT}:key/*`;
export const rootOf = (account: string) => `arn:aws:iam::${account}:root`;

export const ALICE: Principal = { type: "user", arn: `arn:aws:iam::${ACCOUNT}:user/alice`, account: ACCOUNT };
export const BOB: Principal = { type: "user", arn: `arn:aws:iam::${ACCOUNT}:user/bob`, account: ACCOUNT };
export const FOREIGNER: Principal = {
  type: "user",
  arn: `arn:aws:iam::${OTHER_ACCOUNT}:user/eve`,
  account: OTHER_ACCOUNT,
};
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/path/app`;
export const SESSION: Principal = {
  type: "assumed-role",
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/app/worker`,
  account: ACCOUNT,
  roleArn: ROLE,
};
export const FEDERATED: Principal = {
  type: "federated-user",
  arn: `arn:aws:sts::${ACCOUNT}:federated-user/fred`,
  account: ACCOUNT,
};
export const ROOT: Principal = { type: "root", arn: rootOf(ACCOUNT), account: ACCOUNT };
export const FOREIGN_ROOT: Principal = { type: "root", arn: rootOf(OTHER_ACCOUNT), account: OTHER_ACCOUNT };
export const SERVICE: Principal = { type: "service", arn: "logs.amazonaws.com", account: "" };

export type Statement = Readonly<Record<string, unknown>>;

export function document(...statements: readonly Statement[]): object {
  return { Version: "2012-10-17", Statement: statements };
}

/** A key policy of one statement about every action, for these principals. */
export function keyPolicy(principal: unknown, rest: Statement = {}): object {
  return document({ Effect: "Allow", Principal: principal, Action: "kms:*", Resource: "*", ...rest });
}

/** An IAM policy of one statement about every action on everything. */
export function iamPolicy(rest: Statement = {}): object {
  return document({ Effect: "Allow", Action: "kms:*", Resource: "*", ...rest });
}

export const DELEGATING = keyPolicy({ AWS: rootOf(ACCOUNT) });
export const ALLOWING = iamPolicy();
export const DENYING = iamPolicy({ Effect: "Deny" });
/** Says nothing about what the tests ask. */
export const SILENT = iamPolicy({ Action: "s3:GetObject" });

/** Alice encrypts under the key, unless the test says otherwise. */
export function ask(request: Partial<EvaluationRequest>): Decision {
  return evaluate({ principal: ALICE, action: "kms:Encrypt", resource: KEY, ...request });
}

export function reasonOf(request: Partial<EvaluationRequest>): string {
  const { decision, reason } = ask(request);
  return `${decision} ${reason}`;
}
