/** ReplicateKey, UpdatePrimaryRegion. Source: AWS KMS API reference. Both answer before the other Region is done. */
import { KmsError } from "../errors.ts";
import type { Key } from "../keys/key.ts";
import { isMultiRegion, type MultiRegionKey } from "../keys/multi-region.ts";
import { checkState, REPLICABLE, USABLE } from "../keys/state.ts";
import { keyArn } from "../model/arn.ts";
import { boolean, description, keyRef, policy, regionName, tag } from "../model/scalars.ts";
import { list, required, struct } from "../model/shape.ts";
import { describeMetadata, keyMetadata } from "./key-metadata.ts";
import { checkedKeyPolicy } from "./key-policy.ts";
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
  targets: {
    key: {
      from: "KeyId",
      action: "kms:ReplicateKey",
      states: REPLICABLE,
      alias: "invalid-arn",
      region: "primary",
    },
  },
  elsewhere: { region: "ReplicaRegion", action: "kms:CreateKey", onKey: false },
  validate: ({ Tags }) => checkTags(Tags ?? []),
  effect: "write",
  async handle({ input, keys: { key: target }, services, tx, mayPutKeyPolicy }) {
    const { ReplicaRegion: region, Policy: text, BypassPolicyLockoutSafetyCheck } = input;
    const key = primary(target.key);
    const checked = { BypassPolicyLockoutSafetyCheck, services, tx, mayPutKeyPolicy };
    const policyText = text === undefined ? undefined : await checkedKeyPolicy({ text, ...checked });
    const tags = (input.Tags ?? []).map(({ TagKey, TagValue }) => ({ TagKey, TagValue }));
    const { Description = "" } = input;
    const createdAtMs = services.clock.nowMs();
    const attributes = { description: Description, tags, createdAtMs, ...(policyText && { policy: policyText }) };
    await services.replication.begin(tx, key, region, attributes);
    const there = services.inRegion(region);
    return {
      ReplicaKeyMetadata: describeMetadata(replicaOf(key, region, attributes), there.realm),
      ReplicaPolicy: policyText ?? there.defaultKeyPolicy.text,
      ReplicaTags: tags,
    };
  },
});

export const updatePrimaryRegion = operation({
  name: "UpdatePrimaryRegion",
  input: struct({ KeyId: required(keyRef), PrimaryRegion: required(regionName) }),
  output: struct({}),
  targets: {
    key: {
      from: "KeyId",
      action: "kms:UpdatePrimaryRegion",
      states: USABLE,
      alias: "invalid-arn",
      region: "primary",
    },
  },
  elsewhere: { region: "PrimaryRegion", action: "kms:UpdatePrimaryRegion", onKey: true },
  effect: "write",
  async handle({ input: { PrimaryRegion: region }, keys: { key: target }, services, tx }) {
    const key = primary(target.key);
    const { nextPrimaryRegion, replicaRegions } = key.multiRegion;
    if (nextPrimaryRegion === region) return {};
    // It is under way to another Region.
    checkState(REPLICABLE, key.state, target.arn);
    const there = services.inRegion(region);
    const arn = keyArn(there.realm, key.keyId);
    const replica = await there.records.read(async (other) => there.keys.find(other, key.keyId));
    if (replica === undefined) throw new KmsError("NotFoundException", `Key '${arn}' does not exist`);
    checkState(REPLICABLE, replica.state, arn);
    if (!replicaRegions.includes(region)) throw new KmsError("KMSInvalidStateException", `${arn} is creating.`);
    await services.replication.promote(tx, key, region);
    return {};
  },
});

/** The replica as it begins, and as its list of Regions will be. */
function replicaOf(key: MultiRegionKey, region: string, attributes: Pick<Key, "description" | "createdAtMs">): Key {
  const replicaRegions = [...key.multiRegion.replicaRegions.filter((other) => other !== region), region];
  return { ...key, ...attributes, state: "Creating", multiRegion: { ...key.multiRegion, replicaRegions } };
}

/** The kernel lets no other key come here. */
function primary(key: Key): MultiRegionKey {
  if (!isMultiRegion(key)) throw new TypeError("Only a multi-Region key has a primary.");
  return key;
}
