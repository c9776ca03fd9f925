/** `wasm-kms explain`: what a principal may do to a key, and which statement says so. */
import type { Explanation } from "../index.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import type { Settings } from "./file-commands.ts";
import { openHome } from "./home.ts";
import { keyReference } from "./key-choice.ts";
import { colorsFor } from "./terminal.ts";

export interface DecisionOptions {
  readonly principal: string;
  /** Of an assumed-role session. */
  readonly role?: string;
  readonly action: string;
  readonly key?: string;
  readonly context?: Readonly<Record<string, string>>;
  readonly json?: boolean;
}

const REASONS: Readonly<Record<Explanation["reason"], string>> = {
  "explicit-deny:key-policy": "the key policy denies it",
  "explicit-deny:iam": "a policy of the principal denies it",
  "explicit-deny:boundary": "the permissions boundary denies it",
  "explicit-deny:session": "the session policy denies it",
  "explicit-deny:scp": "a service control policy denies it",
  implicit: "nothing allows it",
  "key-policy": "the key policy allows it",
  "iam-delegated": "the key policy lets the account decide, and a policy of the principal allows it",
  "cross-account-both": "the key policy and a policy of the principal allow it, across accounts",
  grant: "a grant allows it",
  "grant-account": "a grant to the account and a policy of the principal allow it",
  "account-root": "the root of the account may do it",
  "iam-only": "a policy of the principal allows it",
  "reserved-alias": "aliases that begin with alias/aws/ are reserved",
};

/** The exit code tells the decision, for scripts. */
export async function explainDecision(options: DecisionOptions, settings: Settings): Promise<ExitCode> {
  const { io } = settings;
  const home = await openHome({ ...settings, env: io.env, create: false });
  try {
    const { principal, role: roleArn, action, key, context: encryptionContext } = options;
    const caller = home.service.as(
      roleArn === undefined ? principal : { type: "assumed-role", arn: principal, roleArn },
    );
    const explanation = await caller.explain({
      action,
      ...(key !== undefined && { key: keyReference(key) }),
      ...(encryptionContext !== undefined && { encryptionContext }),
    });
    io.stdout.write(`${options.json ? JSON.stringify(explanation, undefined, 2) : lines(explanation, settings)}\n`);
    return explanation.decision === "Allow" ? EXIT.ok : EXIT.failed;
  } finally {
    await home.close();
  }
}

function lines({ decision, reason, by, action, resource }: Explanation, { io }: Settings): string {
  const { bold, dim, green, red } = colorsFor(io.stdout, io);
  const verdict = decision === "Allow" ? green("Allow") : red("Deny");
  return [
    `${bold(verdict)}: ${REASONS[reason]} ${dim(`(${reason})`)}`,
    `  ${action} on ${resource}`,
    ...source(by),
  ].join("\n");
}

function source(by: Explanation["by"]): string[] {
  if (by === undefined) return [];
  if ("grantId" in by) return [`  by grant ${by.grantId}`];
  return [`  by statement ${by.index}${by.sid === undefined ? "" : ` "${by.sid}"`} of the ${by.policy}`];
}
