/** Callers and policies for tests of who may do what. */
import { ACCOUNT } from "./service.ts";

export const ROOT = `arn:aws:iam::${ACCOUNT}:root`;
export const ALICE = `arn:aws:iam::${ACCOUNT}:user/alice`;
/** What makes IAM policies of the account count. */
export const DELEGATION = { Effect: "Allow", Principal: { AWS: ROOT }, Action: "kms:*", Resource: "*" };

export const policyOf = (...Statement: object[]) => ({ Version: "2012-10-17", Statement });
export const keyPolicy = (...statements: object[]) => JSON.stringify(policyOf(...statements));
export const allow = (Action: string | string[], rest: object = {}) => ({
  Effect: "Allow",
  Action,
  Resource: "*",
  ...rest,
});

/** "success", or the code of the error that `work` ends in. */
export const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "success",
    (error: { code: string }) => error.code,
  );
