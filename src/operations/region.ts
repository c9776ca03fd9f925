/** ReplicateKey, UpdatePrimaryRegion. Source: AWS KMS API reference. No key is a multi-Region key yet. */
import { KmsError } from "../errors.ts";
import { REPLICABLE, USABLE } from "../keys/state.ts";
import { boolean, description, keyRef, policy, regionName, tag } from "../model/scalars.ts";
import { list, required, struct } from "../model/shape.ts";
import { keyMetadata } from "./key-metadata.ts";
import { operation } from "./operation.ts";
import { checkTags } from "./tag.ts";

export const replicateKey = operation({
  name: "ReplicateKey",
  input: struct({
    KeyId: required(keyRef),
    ReplicaRegion: required(regionName),
    Policy: policy,
    BypassPolicyLockoutSafetyCheck: boolean,
    Description: description,
    Tags: list(tag),
  }),
  output: struct({ ReplicaKeyMetadata: keyMetadata, ReplicaPolicy: policy, ReplicaTags: list(tag) }),
  targets: { key: { from: "KeyId", action: "kms:ReplicateKey", states: REPLICABLE, alias: "invalid-arn" } },
  validate: ({ Tags }) => checkTags(Tags ?? []),
  effect: "read",
  async handle({ keys: { key: target } }) {
    throw notPrimary(target.arn);
  },
});

export const updatePrimaryRegion = operation({
  name: "UpdatePrimaryRegion",
  input: struct({ KeyId: required(keyRef), PrimaryRegion: required(regionName) }),
  output: struct({}),
  targets: { key: { from: "KeyId", action: "kms:UpdatePrimaryRegion", states: USABLE, alias: "invalid-arn" } },
  effect: "read",
  async handle({ keys: { key: target } }) {
    throw notPrimary(target.arn);
  },
});

function notPrimary(arn: string): KmsError {
  return new KmsError("UnsupportedOperationException", `${arn} is not a multi-region primary key.`);
}
