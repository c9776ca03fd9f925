/** GetKeyPolicy. Source: AWS KMS API reference, and "Default key policy" in the Developer Guide. */
import type { Realm } from "../env.ts";
import { KmsError } from "../errors.ts";
import { ANY_STATE } from "../keys/state.ts";
import { rootArn } from "../model/arn.ts";
import { keyRef, policy, policyName } from "../model/scalars.ts";
import { required, struct } from "../model/shape.ts";
import { operation } from "./operation.ts";

const DEFAULT_POLICY_NAME = "default";

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
