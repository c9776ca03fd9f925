/** TagResource, UntagResource, ListResourceTags, and what tags must satisfy. Source: AWS KMS API reference. */
import { KmsError } from "../errors.ts";
import type { Key } from "../keys/key.ts";
import { ANY_STATE, CHANGEABLE } from "../keys/state.ts";
import { cutPage, pageMembers, readMarker } from "../model/pages.ts";
import { boolean, keyRef, limitTo50, marker, tag, tagKey } from "../model/scalars.ts";
import { list, required, struct, type ValueOf } from "../model/shape.ts";
import { operation } from "./operation.ts";

const MAX_TAGS = 50;
const MAX_KEY_LENGTH = 128;
const DEFAULT_TAGS_PER_PAGE = 50;
const RESERVED_PREFIX = "aws:";

type Tag = ValueOf<typeof tag>;

export const tagResource = operation({
  name: "TagResource",
  input: struct({ KeyId: required(keyRef), Tags: required(list(tag)) }),
  output: struct({}),
  targets: { key: { from: "KeyId", action: "kms:TagResource", states: CHANGEABLE, alias: "invalid-arn" } },
  validate: ({ Tags }) => checkTags(Tags),
  effect: "write",
  async handle({ input, keys: { key: target }, services, tx }) {
    const added = input.Tags.map(({ TagKey, TagValue }) => ({ TagKey, TagValue }));
    const replaced = new Set(added.map(({ TagKey }) => TagKey));
    const tags = [...target.key.tags.filter(({ TagKey }) => !replaced.has(TagKey)), ...added];
    checkCount(tags);
    services.keys.update(tx, { ...target.key, tags });
    return {};
  },
});

export const untagResource = operation({
  name: "UntagResource",
  input: struct({ KeyId: required(keyRef), TagKeys: required(list(tagKey)) }),
  output: struct({}),
  targets: { key: { from: "KeyId", action: "kms:UntagResource", states: CHANGEABLE, alias: "invalid-arn" } },
  validate: ({ TagKeys }) => checkNotReserved(TagKeys),
  effect: "write",
  async handle({ input, keys: { key: target }, services, tx }) {
    const removed = new Set(input.TagKeys);
    const tags = target.key.tags.filter(({ TagKey }) => !removed.has(TagKey));
    services.keys.update(tx, { ...target.key, tags });
    return {};
  },
});

export const listResourceTags = operation({
  name: "ListResourceTags",
  input: struct({ KeyId: required(keyRef), Limit: limitTo50, Marker: marker }),
  output: struct({ Tags: list(tag), NextMarker: marker, Truncated: boolean }),
  targets: { key: { from: "KeyId", action: "kms:ListResourceTags", states: ANY_STATE, alias: "invalid-arn" } },
  effect: "read",
  async handle({ input, keys: { key: target } }) {
    const after = readMarker(input.Marker, (text) => text !== "" && text.length <= MAX_KEY_LENGTH);
    const rest = inOrder(target.key).filter(({ TagKey }) => after === undefined || TagKey > after);
    const page = cutPage(rest, input.Limit ?? DEFAULT_TAGS_PER_PAGE, ({ TagKey }) => TagKey);
    return { Tags: page.items.map((shown) => ({ ...shown })), ...pageMembers(page.nextMarker) };
  },
});

/** Tags that are to be put on a key. @throws {KmsError} TagException */
export function checkTags(tags: readonly Tag[]): void {
  checkCount(tags);
  const keys = tags.map(({ TagKey }) => TagKey);
  if (new Set(keys).size < keys.length) throw new KmsError("TagException", "Duplicate tag keys");
  checkNotReserved(keys);
  // A marker is the UTF-8 of a tag's key, which a lone surrogate has none of.
  if (!tags.every(({ TagKey, TagValue }) => TagKey.isWellFormed() && TagValue.isWellFormed())) {
    throw new KmsError("TagException", "Tags must be well-formed Unicode");
  }
}

function checkCount(tags: readonly Tag[]): void {
  if (tags.length > MAX_TAGS) throw new KmsError("TagException", "Too many tags");
}

function checkNotReserved(tagKeys: readonly string[]): void {
  if (tagKeys.some((key) => key.startsWith(RESERVED_PREFIX))) {
    throw new KmsError("TagException", "Tags beginning with aws: are reserved");
  }
}

/** By key, so that a page starts after the last one whatever was tagged or untagged in between. */
function inOrder({ tags }: Key): readonly Tag[] {
  return [...tags].sort((a, b) => (a.TagKey < b.TagKey ? -1 : 1));
}
