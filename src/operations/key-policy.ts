/** GetKeyPolicy, ListKeyPolicies, PutKeyPolicy. Source: AWS KMS API reference, and "Default key policy" in the Developer Guide. */
import { KmsError } from "../errors.ts";
import { ANY_STATE } from "../keys/state.ts";
import { cutPage, pageMembers, readMarker } from "../model/pages.ts";
import { boolean, keyRef, limit, marker, policy, policyName } from "../model/scalars.ts";
import { list, required, struct } from "../model/shape.ts";
import { type Policy, parsePolicy } from "../policy/policy.ts";
import type { Ready } from "../records/ready.ts";
import type { ReadTransaction } from "../records/record-store.ts";
import type { Services } from "../services.ts";
import { operation } from "./operation.ts";

const DEFAULT_POLICY_NAME = "default";
/** The only name that a policy can have. */
const POLICY_NAMES: readonly string[] = [DEFAULT_POLICY_NAME];
const DEFAULT_POLICIES_PER_PAGE = 100;

export const getKeyPolicy = operation({
  name: "GetKeyPolicy",
  input: struct({ KeyId: required(keyRef), PolicyName: policyName }),
  output: struct({ Policy: policy, PolicyName: policyName }),
  targets: { key: { from: "KeyId", action: "kms:GetKeyPolicy", states: ANY_STATE, alias: "invalid-arn" } },
  effect: "read",
  async handle({ input, keys: { key: target }, services }) {
    const { PolicyName = DEFAULT_POLICY_NAME } = input;
    checkName(PolicyName);
    return { Policy: target.key.policy ?? services.defaultKeyPolicy.text, PolicyName };
  },
});

export const listKeyPolicies = operation({
  name: "ListKeyPolicies",
  input: struct({ KeyId: required(keyRef), Limit: limit, Marker: marker }),
  output: struct({ PolicyNames: list(policyName), NextMarker: marker, Truncated: boolean }),
  targets: { key: { from: "KeyId", action: "kms:ListKeyPolicies", states: ANY_STATE, alias: "invalid-arn" } },
  effect: "read",
  async handle({ input }) {
    const after = readMarker(input.Marker, (text) => POLICY_NAMES.includes(text));
    const rest = POLICY_NAMES.filter((name) => after === undefined || name > after);
    const page = cutPage(rest, input.Limit ?? DEFAULT_POLICIES_PER_PAGE, (name) => name);
    return { PolicyNames: [...page.items], ...pageMembers(page.nextMarker) };
  },
});

export const putKeyPolicy = operation({
  name: "PutKeyPolicy",
  input: struct({
    KeyId: required(keyRef),
    Policy: required(policy),
    PolicyName: policyName,
    BypassPolicyLockoutSafetyCheck: boolean,
  }),
  output: struct({}),
  targets: { key: { from: "KeyId", action: "kms:PutKeyPolicy", states: ANY_STATE, alias: "invalid-arn" } },
  validate: ({ PolicyName = DEFAULT_POLICY_NAME }) => checkName(PolicyName),
  effect: "write",
  async handle({ input, keys: { key: target }, services, tx, mayPutKeyPolicy }) {
    const { Policy: text, BypassPolicyLockoutSafetyCheck } = input;
    const policy = await checkedKeyPolicy({ text, BypassPolicyLockoutSafetyCheck, services, tx, mayPutKeyPolicy });
    services.keys.update(tx, { ...target.key, policy });
    return {};
  },
});

/** A policy that is about to be put, and what it is checked with. */
interface NewKeyPolicy {
  readonly text: string;
  readonly BypassPolicyLockoutSafetyCheck: boolean | undefined;
  readonly services: Services;
  readonly tx: ReadTransaction;
  readonly mayPutKeyPolicy: (policy: Policy) => Ready<boolean>;
}

/**
 * The text of a policy that a key may have: well formed, naming nobody who is known not to be there, and not locking out
 * who puts it, unless that check is waived.
 * @throws {KmsError} MalformedPolicyDocumentException, LimitExceededException
 */
export async function checkedKeyPolicy(given: NewKeyPolicy): Promise<string> {
  const { text, BypassPolicyLockoutSafetyCheck, services, tx, mayPutKeyPolicy } = given;
  const policy = parsePolicy(text, "key");
  for (const arn of policy.principalArns) {
    if ((await services.directory.exists(arn, tx)) !== false) continue;
    throw malformed(`Policy contains a statement with one or more invalid principals: there is no ${arn}.`);
  }
  if (BypassPolicyLockoutSafetyCheck === true || (await mayPutKeyPolicy(policy))) return text;
  throw malformed("The new key policy will not allow you to update the key policy in the future.");
}

function malformed(message: string): KmsError {
  return new KmsError("MalformedPolicyDocumentException", message);
}

function checkName(name: string): void {
  if (name !== DEFAULT_POLICY_NAME) throw new KmsError("NotFoundException", "No such policy exists");
}
