/** Why a caller may do something to a key, or may not: the decision that the pipeline would make, for a person. */
import { decide } from "./authorization/authorize.ts";
import type { Caller } from "./env.ts";
import { KmsError } from "./errors.ts";
import { ANY_STATE } from "./keys/state.ts";
import { OPERATIONS } from "./operations/index.ts";
import type { AnyOperation, Target } from "./operations/operation.ts";
import type { Decision } from "./policy/policy.ts";
import type { ReadTransaction } from "./records/record-store.ts";
import type { Services } from "./services.ts";
import { resolveKey } from "./targets.ts";

/** What is asked: an action, and what a request for it would hold. */
export interface ExplainOptions {
  /** As "kms:Encrypt". */
  readonly action: string;
  /** A key id, key ARN or alias; absent for actions without a key, as "kms:CreateKey". */
  readonly key?: string;
  readonly encryptionContext?: Readonly<Record<string, string>>;
}

export interface Explanation extends Decision {
  readonly action: string;
  /** The ARN of the key, or "*". */
  readonly resource: string;
}

/** @throws {KmsError} NotFoundException for a key that is not there, ValidationException for an unknown action */
export async function explain(
  tx: ReadTransaction,
  services: Services,
  caller: Caller,
  { action, key: name, encryptionContext }: ExplainOptions,
): Promise<Explanation> {
  const operation: AnyOperation | undefined = Object.values<AnyOperation>(OPERATIONS).find((candidate) =>
    asks(candidate, action),
  );
  if (operation === undefined) throw new KmsError("ValidationException", `There is no action ${action}.`);
  const input = { KeyId: name, EncryptionContext: encryptionContext };
  const request = { tx, services, operation, input, caller };
  if (name === undefined) return { ...(await decide(request, { action, resource: "*" })), action, resource: "*" };
  const declared = operation.slots.find(([, target]) => target.action === action)?.[1];
  const target: Target = {
    action,
    states: ANY_STATE,
    alias: "allowed",
    crossAccount: true,
    ...declared,
    from: "KeyId",
    context: "EncryptionContext",
  };
  const key = await resolveKey(request, target, name);
  const decision = await decide(request, { action, resource: key.arn, key, target });
  return { ...decision, action, resource: key.arn };
}

function asks({ action, slots }: AnyOperation, wanted: string): boolean {
  return action === wanted || slots.some(([, target]) => target.action === wanted);
}
