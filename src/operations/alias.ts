/** CreateAlias, UpdateAlias, DeleteAlias, ListAliases. Source: AWS KMS API reference. */
import type { Alias } from "../aliases/aliases.ts";
import type { Realm } from "../env.ts";
import { KmsError } from "../errors.ts";
import { isSymmetric, type Key } from "../keys/key.ts";
import { ANY_STATE, CHANGEABLE } from "../keys/state.ts";
import { aliasArn } from "../model/arn.ts";
import { cutPage, pageMembers, readMarker } from "../model/pages.ts";
import { aliasName, arn, boolean, keyRef, limitTo100, marker, timestamp } from "../model/scalars.ts";
import { list, required, struct, type ValueOf } from "../model/shape.ts";
import { operation } from "./operation.ts";

const PREFIX = "alias/";
const RESERVED_PREFIX = "alias/aws/";
const DEFAULT_ALIASES_PER_PAGE = 50;

export const createAlias = operation({
  name: "CreateAlias",
  input: struct({ AliasName: required(aliasName), TargetKeyId: required(keyRef) }),
  output: struct({}),
  aliasName: "AliasName",
  targets: { key: { from: "TargetKeyId", action: "kms:CreateAlias", states: CHANGEABLE, alias: "must-be-key" } },
  validate: ({ AliasName }) => checkAliasName(AliasName),
  effect: "write",
  async handle({ input, keys: { key: target }, services, tx }) {
    if ((await services.aliases.find(tx, input.AliasName)) !== undefined) {
      const taken = aliasArn(services.realm, input.AliasName);
      throw new KmsError("AlreadyExistsException", `An alias with the name ${taken} already exists`);
    }
    await services.aliases.create(tx, input.AliasName, target.key.keyId);
    return {};
  },
});

export const updateAlias = operation({
  name: "UpdateAlias",
  input: struct({ AliasName: required(aliasName), TargetKeyId: required(keyRef) }),
  output: struct({}),
  aliasName: "AliasName",
  targets: {
    // An alias can be led away from any key, also from one that is pending deletion.
    source: { from: "AliasName", action: "kms:UpdateAlias", states: ANY_STATE, alias: "allowed" },
    key: { from: "TargetKeyId", action: "kms:UpdateAlias", states: CHANGEABLE, alias: "must-be-key" },
  },
  validate: ({ AliasName }) => checkAliasName(AliasName),
  effect: "write",
  async handle({ input, keys: { source, key: target }, services, tx }) {
    if (!areAlike(source.key, target.key)) {
      throw new KmsError(
        "ValidationException",
        "The current and the new KMS key of an alias must be of the same type and have the same key usage. " +
          `${source.arn} is ${kindOf(source.key)}; ${target.arn} is ${kindOf(target.key)}.`,
      );
    }
    // The source was resolved through this alias, in this transaction.
    const alias = await services.aliases.find(tx, input.AliasName);
    await services.aliases.update(tx, alias!, target.key.keyId);
    return {};
  },
});

export const deleteAlias = operation({
  name: "DeleteAlias",
  input: struct({ AliasName: required(aliasName) }),
  output: struct({}),
  aliasName: "AliasName",
  targets: { key: { from: "AliasName", action: "kms:DeleteAlias", states: ANY_STATE, alias: "allowed" } },
  validate: ({ AliasName }) => checkAliasName(AliasName),
  effect: "write",
  async handle({ input, services, tx }) {
    // The target was resolved through this alias, in this transaction.
    const alias = await services.aliases.find(tx, input.AliasName);
    await services.aliases.remove(tx, alias!);
    return {};
  },
});

const aliasListEntry = struct({
  AliasName: aliasName,
  AliasArn: arn,
  TargetKeyId: keyRef,
  CreationDate: timestamp,
  LastUpdatedDate: timestamp,
});

export const listAliases = operation({
  name: "ListAliases",
  input: struct({ KeyId: keyRef, Limit: limitTo100, Marker: marker }),
  output: struct({ Aliases: list(aliasListEntry), NextMarker: marker, Truncated: boolean }),
  action: "kms:ListAliases",
  targets: {
    key: { from: "KeyId", action: "kms:ListAliases", states: ANY_STATE, alias: "invalid-arn", optional: true },
  },
  effect: "read",
  async handle({ input, keys: { key: target }, services, tx }) {
    const after = readMarker(input.Marker, (text) => text.startsWith(PREFIX));
    const perPage = input.Limit ?? DEFAULT_ALIASES_PER_PAGE;
    const aliases =
      target === undefined
        ? await services.aliases.list(tx, after, perPage + 1)
        : (await services.aliases.ofKey(tx, target.key.keyId)).filter(
            (a) => after === undefined || a.aliasName > after,
          );
    const page = cutPage(aliases, perPage, (alias) => alias.aliasName);
    const shown = [];
    for (const alias of page.items) {
      // An alias goes with its key, though its record may still stand.
      if ((await services.keys.find(tx, alias.targetKeyId)) === undefined) continue;
      shown.push(describeAlias(alias, services.realm));
    }
    return { Aliases: shown, ...pageMembers(page.nextMarker) };
  },
});

/** Of one type (symmetric or not) and usage; HMAC keys have a usage of their own. */
function areAlike(a: Key, b: Key): boolean {
  return a.keyUsage === b.keyUsage && isSymmetric(a) === isSymmetric(b);
}

function kindOf({ keySpec, keyUsage }: Key): string {
  return `${keySpec} for ${keyUsage}`;
}

/** @throws {KmsError} ValidationException, InvalidAliasNameException */
function checkAliasName(name: string): void {
  if (!name.startsWith(PREFIX)) {
    throw new KmsError(
      "ValidationException",
      'Alias must start with the prefix "alias/". Please see ' +
        "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
    );
  }
  if (name === PREFIX) throw new KmsError("ValidationException", "Invalid identifier");
  if (name.includes(":")) {
    throw new KmsError("ValidationException", `${name} contains invalid characters for an alias`);
  }
  if (name.startsWith(RESERVED_PREFIX)) {
    throw new KmsError("InvalidAliasNameException", `The prefix ${RESERVED_PREFIX} is reserved for AWS managed keys.`);
  }
}

function describeAlias(alias: Alias, realm: Realm): ValueOf<typeof aliasListEntry> {
  return {
    AliasName: alias.aliasName,
    AliasArn: aliasArn(realm, alias.aliasName),
    TargetKeyId: alias.targetKeyId,
    CreationDate: new Date(alias.createdAtMs),
    LastUpdatedDate: new Date(alias.updatedAtMs),
  };
}
