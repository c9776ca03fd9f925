/** GetKeyPolicy, ListKeyPolicies, PutKeyPolicy. Source: AWS KMS API reference, and "Default key policy" in the Developer Guide. */
import type { Realm } from "../env.ts";
import { KmsError } from "../errors.ts";
import { ANY_STATE } from "../keys/state.ts";
import { rootArn } from "../model/arn.ts";
import { cutPage, pageMembers, readMarker } from "../model/pages.ts";
import { boolean, keyRef, limit, marker, policy, policyName } from "../model/scalars.ts";
import { list, required, struct } from "../model/shape.ts";
import { notSupported, operation } from "./operation.ts";

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
  async handle({ input, services }) {
    const name = input.PolicyName ?? DEFAULT_POLICY_NAME;
    if (name !== DEFAULT_POLICY_NAME) throw new KmsError("NotFoundException", "No such policy exists");
    return { Policy: defaultPolicy(services.realm), PolicyName: name };
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
  effect: "read",
  async handle() {
    throw notSupported("PutKeyPolicy");
  },
});

/** The policy that AWS KMS gives to a key made without one: the account decides through IAM. */
function defaultPolicy(realm: Realm): string {
  const policyDocument = {
    Version: "2012-10-17",
    Id: "key-default-1",
    Statement: [
      {
        Sid: "Enable IAM User Permissions",
        Effect: "Allow",
        Principal: { AWS: rootArn(realm) },
        Action: "kms:*",
        Resource: "*",
      },
    ],
  };
  return JSON.stringify(policyDocument, undefined, 2);
}
