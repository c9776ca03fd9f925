/** Decisions of the policy engine: on the key policy that the AWS console writes, with two IAM policies beside it. */
import type { Principal } from "../../src/env.ts";
import {
  type ContextSource,
  type Decision,
  evaluate,
  judge,
  type PolicyInput,
  parsePolicy,
  type Reason,
} from "../../src/policy/policy.ts";
import { consoleKeyPolicy } from "../console-policy.ts";
import type { Case, Contender, Plan } from "../contender.ts";
import { Ring } from "../job.ts";
import {
  COMPILE_CASE,
  EVALUATE_CASE,
  EVALUATE_COMPILED,
  EVALUATE_TEXT,
  JSON_PARSE,
  JUDGE,
  PARSE_POLICY,
  PATTERN_CASE,
  STARS,
} from "../names.ts";

const LAYER = "policy";
const ACCOUNT = "111122223333";
const KEY_ARN = `arn:aws:kms:us-east-1:${ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
const KEY_POLICY = consoleKeyPolicy(ACCOUNT);
const VALUE_LENGTH = 8000;
const STAR_COUNT = 200;

const IAM_POLICIES = [
  {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: ["s3:GetObject", "s3:PutObject"], Resource: "arn:aws:s3:::reports/*" },
      { Effect: "Allow", Action: ["kms:ListKeys", "kms:ListAliases"], Resource: "*" },
    ],
  },
  {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*"],
        Resource: `arn:aws:kms:*:${ACCOUNT}:key/*`,
        Condition: { StringEquals: { "kms:EncryptionContext:team": "red" } },
      },
      { Effect: "Deny", Action: "kms:*", Resource: "*", Condition: { Bool: { "aws:SecureTransport": "false" } } },
    ],
  },
].map((policy) => JSON.stringify(policy));

interface Asked {
  readonly principal: Principal;
  readonly action: string;
  readonly context: Readonly<Record<string, string>>;
  readonly reason: Reason;
}

const user: Principal = { type: "user", arn: `arn:aws:iam::${ACCOUNT}:user/alice`, account: ACCOUNT };
const session: Principal = {
  type: "assumed-role",
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/App/worker`,
  account: ACCOUNT,
  roleArn: `arn:aws:iam::${ACCOUNT}:role/App`,
};
const context = (team: string, secure: boolean) => ({
  "aws:SecureTransport": String(secure),
  "aws:SourceIp": "203.0.113.5",
  "kms:CallerAccount": ACCOUNT,
  "kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
  "kms:EncryptionContext:team": team,
});

/** Each way to a decision; the users that IAM allows are the most work. */
const QUESTIONS: readonly Asked[] = [
  { principal: user, action: "kms:Encrypt", context: context("red", true), reason: "iam-delegated" },
  { principal: session, action: "kms:Decrypt", context: context("red", true), reason: "key-policy" },
  { principal: user, action: "kms:GenerateDataKey", context: context("red", true), reason: "iam-delegated" },
  { principal: user, action: "kms:Encrypt", context: context("blue", true), reason: "implicit" },
  { principal: session, action: "kms:Encrypt", context: context("red", false), reason: "explicit-deny:iam" },
];

export function policyPlans(): Plan[] {
  return [
    { layer: LAYER, case: EVALUATE_CASE, bytes: KEY_POLICY.length, prepare: decisions },
    { layer: LAYER, case: COMPILE_CASE, bytes: KEY_POLICY.length, prepare: compiling },
    { layer: LAYER, case: PATTERN_CASE, bytes: VALUE_LENGTH, prepare: patterns },
  ];
}

function decisions(): Case {
  const compiled = { key: parsePolicy(KEY_POLICY, "key"), iam: IAM_POLICIES.map((text) => parsePolicy(text, "iam")) };
  const evaluating = (subject: string, keyPolicy: PolicyInput, identityPolicies: readonly PolicyInput[]) => {
    const questions = new Ring(QUESTIONS);
    return deciding(subject, questions, () => {
      const { principal, action, context } = questions.next();
      return evaluate({ principal, action, resource: KEY_ARN, keyPolicy, identityPolicies, context });
    });
  };
  const questions = new Ring(QUESTIONS);
  const sources = new Map(QUESTIONS.map((asked) => [asked, sourceOf(asked)]));
  return {
    contenders: [
      evaluating(EVALUATE_TEXT, KEY_POLICY, IAM_POLICIES),
      evaluating(EVALUATE_COMPILED, compiled.key, compiled.iam),
      deciding(JUDGE, questions, () => {
        const asked = questions.next();
        const { principal, action } = asked;
        const { key: keyPolicy, iam: identityPolicies } = compiled;
        return judge({
          principal,
          action,
          resource: KEY_ARN,
          keyPolicy,
          identityPolicies,
          context: sources.get(asked)!,
        });
      }),
    ],
    baselines: [{ fastestOf: [EVALUATE_TEXT] }],
  };
}

/** As the service has it: the names of keys are known, values are looked up when they are asked for. */
function sourceOf({ context }: Asked): ContextSource {
  const values = new Map(Object.entries(context).map(([name, value]) => [name.toLowerCase(), value]));
  return { get: (key) => values.get(key) };
}

function deciding(subject: string, questions: Ring<Asked>, run: () => Decision): Contender {
  return {
    subject,
    run,
    async validate() {
      for (let i = 0; i < QUESTIONS.length; i++) {
        const { reason } = run();
        const [asked] = questions.last(1);
        if (reason !== asked!.reason) throw new Error(`It decided "${reason}" instead of "${asked!.reason}".`);
      }
    },
  };
}

function compiling(): Case {
  const contender = (subject: string, run: () => object): Contender => ({
    subject,
    run,
    async validate() {
      const { principalArns } = parsePolicy(run(), "key");
      if (principalArns.length !== 3) throw new Error(`It names ${principalArns.length} principals.`);
    },
  });
  return {
    contenders: [
      {
        ...contender(PARSE_POLICY, () => JSON.parse(parsePolicy(KEY_POLICY, "key").text)),
        run: () => parsePolicy(KEY_POLICY, "key"),
      },
      contender(JSON_PARSE, () => JSON.parse(KEY_POLICY)),
    ],
    baselines: [{ fastestOf: [JSON_PARSE] }],
  };
}

/** Patterns against a value of 8,000 characters that almost fits them. */
function patterns(): Case {
  const half = "a".repeat(VALUE_LENGTH / 2);
  const contender = (subject: string, pattern: string): Contender => {
    const Condition = { StringLike: { "kms:EncryptionContext:x": pattern } };
    const Statement = [{ Effect: "Allow", Principal: "*", Action: "kms:*", Resource: "*", Condition }];
    const keyPolicy = parsePolicy({ Version: "2012-10-17", Statement }, "key");
    const values = new Ring(["a", "b"].map((start) => start + "a".repeat(VALUE_LENGTH - 1)));
    const decide = (value: string) =>
      evaluate({
        principal: user,
        action: "kms:Encrypt",
        resource: KEY_ARN,
        keyPolicy,
        context: { "kms:EncryptionContext:x": value },
      });
    return {
      subject,
      run: () => decide(values.next()),
      async validate() {
        const fitting = pattern.replaceAll("*", "").replaceAll("?", "a");
        if (decide(fitting).decision !== "Allow") throw new Error("It denies a value that fits.");
        if (decide(values.next()).decision !== "Deny") throw new Error("It allows a value that does not fit.");
      },
    };
  };
  return {
    contenders: [
      contender(STARS, `${"*a".repeat(STAR_COUNT)}b`),
      contender("10,000 stars", `${"a*".repeat(10_000)}b`),
      contender("4,000 characters and a question mark", `*${half}?b*`),
      contender("4,000 characters that nearly repeat themselves", `*${half}b${half.slice(2)}*`),
    ],
    baselines: [{ fastestOf: [STARS] }],
  };
}
