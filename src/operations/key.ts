/** CreateKey, DescribeKey, ListKeys. Source: AWS KMS API reference. */
import { algorithmsOf, KEY_SPECS, type PairSpec, type SupportedKeySpec } from "../crypto/algorithms.ts";
import { KmsError } from "../errors.ts";
import { newMultiRegion } from "../keys/multi-region.ts";
import { ANY_STATE } from "../keys/state.ts";
import { isKeyId, keyArn } from "../model/arn.ts";
import { cutPage, pageMembers, readMarker } from "../model/pages.ts";
import {
  arn,
  boolean,
  customerMasterKeySpec,
  customKeyStoreId,
  description,
  grantTokens,
  keyRef,
  keySpec,
  keyUsage,
  limit,
  marker,
  origin,
  policy,
  tag,
  xksKeyId,
} from "../model/scalars.ts";
import { list, required, struct, type ValueOf } from "../model/shape.ts";
import { addToStore, checkExternalKey, checkStoreMembers, isInStore, placeOf } from "./external-key.ts";
import { describeMetadata, keyMetadata } from "./key-metadata.ts";
import { checkedKeyPolicy } from "./key-policy.ts";
import { operation } from "./operation.ts";
import { checkTags } from "./tag.ts";

const DEFAULT_KEYS_PER_PAGE = 100;
/** Specs whose keys have no form that everybody writes alike yet. */
const NOT_IMPORTED = /^ML_/;

const createKeyInput = struct({
  Policy: policy,
  Description: description,
  KeyUsage: keyUsage,
  CustomerMasterKeySpec: customerMasterKeySpec,
  KeySpec: keySpec,
  Origin: origin,
  CustomKeyStoreId: customKeyStoreId,
  BypassPolicyLockoutSafetyCheck: boolean,
  Tags: list(tag),
  MultiRegion: boolean,
  XksKeyId: xksKeyId,
});

export const createKey = operation({
  name: "CreateKey",
  input: createKeyInput,
  output: struct({ KeyMetadata: keyMetadata }),
  action: "kms:CreateKey",
  tags: ({ Tags }) => Tags !== undefined && Tags.length > 0,
  targets: {},
  validate(input) {
    checkSpec(input);
    checkTags(input.Tags ?? []);
  },
  effect: "write",
  preparation: {
    async prepare(input, services, preparing) {
      const { keyPairs } = services;
      if (isInStore(input)) await checkExternalKey(input, services, preparing);
      const spec = specOf(input);
      if (input.Origin === "EXTERNAL") return undefined;
      return KEY_SPECS[spec].material === "pair" ? keyPairs.generate(spec as PairSpec) : undefined;
    },
    dispose: (pair) => pair?.privateKey.fill(0),
  },
  async handle({ input, services, tx, prepared: pair, mayPutKeyPolicy }) {
    const { Policy: text, BypassPolicyLockoutSafetyCheck } = input;
    const checked = { BypassPolicyLockoutSafetyCheck, services, tx, mayPutKeyPolicy };
    const policy = text === undefined ? undefined : await checkedKeyPolicy({ text, ...checked });
    const tags = (input.Tags ?? []).map(({ TagKey, TagValue }) => ({ TagKey, TagValue }));
    const keySpec = specOf(input);
    const { Description: description = "", KeyUsage: keyUsage = "ENCRYPT_DECRYPT" } = input;
    await services.keyCount.add(tx);
    const multiRegion = input.MultiRegion === true ? newMultiRegion(services.realm.region) : undefined;
    const optional = { ...(policy && { policy }), ...(multiRegion && { multiRegion }), ...originOf(input) };
    const place = isInStore(input) && placeOf(input);
    const key = services.keys.create(tx, { keySpec, keyUsage, description, tags, pair, ...optional, ...place });
    await addToStore(input, services, tx, key.keyId);
    return { KeyMetadata: describeMetadata(key, services.realm) };
  },
});

export const describeKey = operation({
  name: "DescribeKey",
  input: struct({ KeyId: required(keyRef), GrantTokens: grantTokens }),
  output: struct({ KeyMetadata: keyMetadata }),
  targets: {
    key: { from: "KeyId", action: "kms:DescribeKey", states: ANY_STATE, alias: "allowed", crossAccount: true },
  },
  effect: "read",
  handle: async ({ keys: { key: target }, services }) => ({
    KeyMetadata: describeMetadata(target.key, services.realm),
  }),
});

export const listKeys = operation({
  name: "ListKeys",
  input: struct({ Limit: limit, Marker: marker }),
  output: struct({
    Keys: list(struct({ KeyId: keyRef, KeyArn: arn })),
    NextMarker: marker,
    Truncated: boolean,
  }),
  action: "kms:ListKeys",
  targets: {},
  effect: "read",
  async handle({ input, services, tx }) {
    const perPage = input.Limit ?? DEFAULT_KEYS_PER_PAGE;
    const ids = await services.keys.list(tx, readMarker(input.Marker, isKeyId), perPage + 1);
    const page = cutPage(ids, perPage, (id) => id);
    const keys = [];
    for (const id of page.items) {
      // A key whose deletion has come due is gone, though its records may still stand.
      if ((await services.keys.find(tx, id)) === undefined) continue;
      keys.push({ KeyId: id, KeyArn: keyArn(services.realm, id) });
    }
    return { Keys: keys, ...pageMembers(page.nextMarker) };
  },
});

/** @throws {KmsError} ValidationException, UnsupportedOperationException */
function checkSpec(input: ValueOf<typeof createKeyInput>): void {
  if (input.KeySpec !== undefined && input.CustomerMasterKeySpec !== undefined) {
    throw new KmsError(
      "ValidationException",
      "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.",
    );
  }
  const spec = specOf(input);
  if (input.KeyUsage === undefined && spec !== "SYMMETRIC_DEFAULT") {
    throw new KmsError(
      "ValidationException",
      "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
    );
  }
  if (input.KeyUsage !== undefined && algorithmsOf(spec, input.KeyUsage).length === 0) {
    throw new KmsError("ValidationException", `KeyUsage ${input.KeyUsage} is not compatible with KeySpec ${spec}`);
  }
  checkStoreMembers(input, spec);
  if (input.Origin === "EXTERNAL" && NOT_IMPORTED.test(spec)) {
    throw new KmsError(
      "UnsupportedOperationException",
      `Key material of KeySpec ${spec} cannot be imported: leave Origin out, and AWS KMS makes it.`,
    );
  }
  if (input.Origin !== undefined && input.Origin !== "AWS_KMS" && input.Origin !== "EXTERNAL" && !isInStore(input)) {
    throw new KmsError("UnsupportedOperationException", `Origin ${input.Origin} is not supported in this Region`);
  }
}

function originOf({ Origin }: ValueOf<typeof createKeyInput>) {
  return Origin === "EXTERNAL" ? { origin: Origin } : {};
}

/** @throws {KmsError} UnsupportedOperationException for SM2 */
function specOf({ KeySpec, CustomerMasterKeySpec }: ValueOf<typeof createKeyInput>): SupportedKeySpec {
  const spec = KeySpec ?? CustomerMasterKeySpec ?? "SYMMETRIC_DEFAULT";
  if (spec !== "SM2") return spec;
  throw new KmsError("UnsupportedOperationException", `KeySpec ${spec} is not supported in this Region`);
}
