/** CreateGrant, ListGrants, ListRetirableGrants, RetireGrant, RevokeGrant. Source: AWS KMS API reference. */
import type { Caller } from "../env.ts";
import { KmsError } from "../errors.ts";
import { type Grant, isGrantId, type NewGrant } from "../grants/grant.ts";
import { readGrantToken } from "../grants/grant-token.ts";
import { type Grants, invalidGrantToken } from "../grants/grants.ts";
import { principalArnOf } from "../grants/principals.ts";
import { ANY_STATE, GRANTABLE } from "../keys/state.ts";
import { rootArn } from "../model/arn.ts";
import { cutPage, pageMembers, readMarker } from "../model/pages.ts";
import {
  boolean,
  encryptionContext,
  grantToken,
  grantTokens,
  keyRef,
  limitTo100,
  marker,
  timestamp,
} from "../model/scalars.ts";
import { enumeration, list, required, type StringShape, struct, type ValueOf } from "../model/shape.ts";
import type { ReadTransaction, Transaction } from "../records/record-store.ts";
import type { Services } from "../services.ts";
import { checkForKey, checkTogether } from "./grant-rules.ts";
import { operation, type ResolvedKey } from "./operation.ts";

const DEFAULT_GRANTS_PER_PAGE = 50;

const grantId: StringShape = { kind: "string", minLength: 1, maxLength: 128 };
const grantName: StringShape = {
  kind: "string",
  minLength: 1,
  maxLength: 256,
  pattern: { text: "^[a-zA-Z0-9:/_-]+$", matches: /^[a-zA-Z0-9:/_-]+$/ },
};
const principal: StringShape = {
  kind: "string",
  minLength: 1,
  maxLength: 256,
  pattern: { text: "^[\\w+=,.@:/-]+$", matches: /^[\w+=,.@:/-]+$/ },
};
const servicePrincipal: StringShape = {
  kind: "string",
  minLength: 1,
  maxLength: 128,
  pattern: {
    text: "^([A-Za-z0-9\\-]+)\\.([A-Za-z0-9\\-]+)(\\.[A-Za-z0-9\\-]+)+$",
    matches: /^[A-Za-z0-9-]+\.[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/,
  },
};
const sourceArn: StringShape = {
  kind: "string",
  minLength: 20,
  maxLength: 512,
  pattern: {
    text: "^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$",
    matches: /^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$/,
  },
};
const grantOperations = list(
  enumeration(
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "Sign",
    "Verify",
    "GetPublicKey",
    "CreateGrant",
    "RetireGrant",
    "DescribeKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateMac",
    "VerifyMac",
    "DeriveSharedSecret",
    "Encapsulate",
    "Decapsulate",
  ),
);
const constraints = struct({
  EncryptionContextSubset: encryptionContext,
  EncryptionContextEquals: encryptionContext,
  SourceArn: sourceArn,
});
const grantEntry = struct({
  KeyId: keyRef,
  GrantId: grantId,
  Name: grantName,
  CreationDate: timestamp,
  GranteePrincipal: principal,
  RetiringPrincipal: principal,
  IssuingAccount: principal,
  Operations: grantOperations,
  Constraints: constraints,
  GranteeServicePrincipal: servicePrincipal,
  RetiringServicePrincipal: servicePrincipal,
});
const grantsPage = struct({ Grants: list(grantEntry), NextMarker: marker, Truncated: boolean });
const createGrantInput = struct({
  KeyId: required(keyRef),
  Operations: required(grantOperations),
  GranteePrincipal: principal,
  RetiringPrincipal: principal,
  Constraints: constraints,
  GrantTokens: grantTokens,
  Name: grantName,
  DryRun: boolean,
  GranteeServicePrincipal: servicePrincipal,
  RetiringServicePrincipal: servicePrincipal,
});

export const createGrant = operation({
  name: "CreateGrant",
  input: createGrantInput,
  output: struct({ GrantToken: grantToken, GrantId: grantId }),
  targets: {
    key: { from: "KeyId", action: "kms:CreateGrant", states: GRANTABLE, alias: "invalid-arn", crossAccount: true },
  },
  validate: checkTogether,
  effect: "write",
  async handle({ input, keys: { key: target }, services, caller, tx }) {
    const { key } = target;
    checkForKey(input, key);
    const { GrantId } = await services.grants.create(
      tx,
      key.keyId,
      await newGrant(input, target, caller, services, tx),
    );
    if (key.hasGrants === undefined) services.keys.update(tx, { ...key, hasGrants: true });
    return { GrantToken: services.grants.newToken(key.keyId, GrantId), GrantId };
  },
});

export const listGrants = operation({
  name: "ListGrants",
  input: struct({
    KeyId: required(keyRef),
    Limit: limitTo100,
    Marker: marker,
    GrantId: grantId,
    GranteePrincipal: principal,
    GranteeServicePrincipal: servicePrincipal,
  }),
  output: grantsPage,
  targets: {
    key: { from: "KeyId", action: "kms:ListGrants", states: ANY_STATE, alias: "invalid-arn", crossAccount: true },
  },
  effect: "read",
  async handle({ input, keys: { key: target }, services: { grants, realm }, tx }) {
    const { GrantId, GranteePrincipal, GranteeServicePrincipal } = input;
    const { keyId } = target.key;
    const after = readMarker(input.Marker, isGrantId);
    const perPage = input.Limit ?? DEFAULT_GRANTS_PER_PAGE;
    const principalArn = GranteePrincipal && principalArnOf(GranteePrincipal, realm.partition);
    const grantee = principalArn ?? GranteeServicePrincipal;
    let found: readonly Grant[];
    if (GrantId !== undefined) {
      const grant = isGrantId(GrantId) ? await grants.find(tx, keyId, GrantId) : invalidGrantId();
      found = grant === undefined ? [] : [grant];
    } else if (grantee !== undefined) {
      found = await grants.listOfGrantee(tx, keyId, grantee);
    } else {
      found = await grants.list(tx, keyId, after, perPage + 1);
    }
    const matching = found.filter(
      (grant) =>
        (after === undefined || grant.GrantId > after) &&
        (principalArn === undefined || grant.GranteePrincipal === principalArn) &&
        (GranteeServicePrincipal === undefined || grant.GranteeServicePrincipal === GranteeServicePrincipal),
    );
    const page = cutPage(matching, perPage, (grant) => grant.GrantId);
    return { Grants: page.items.map(describeGrant), ...pageMembers(page.nextMarker) };
  },
});

export const listRetirableGrants = operation({
  name: "ListRetirableGrants",
  input: struct({
    Limit: limitTo100,
    Marker: marker,
    RetiringPrincipal: principal,
    RetiringServicePrincipal: servicePrincipal,
  }),
  output: grantsPage,
  action: "kms:ListRetirableGrants",
  targets: {},
  validate({ RetiringPrincipal, RetiringServicePrincipal }) {
    if ((RetiringPrincipal === undefined) !== (RetiringServicePrincipal === undefined)) return;
    throw new KmsError("ValidationException", "Please specify either RetiringPrincipal or RetiringServicePrincipal.");
  },
  effect: "read",
  async handle({ input, services: { grants, keys, realm }, tx }) {
    const { RetiringPrincipal, RetiringServicePrincipal } = input;
    const retirer = RetiringServicePrincipal ?? principalArnOf(RetiringPrincipal!, realm.partition);
    const after = readMarker(input.Marker, isGrantId);
    const perPage = input.Limit ?? DEFAULT_GRANTS_PER_PAGE;
    const page = cutPage(await grants.listRetirable(tx, retirer, after, perPage + 1), perPage, (e) => e.grantId);
    const shown = [];
    for (const { grant, accountId, keyId } of page.items) {
      if (grant === undefined) continue;
      // A grant goes with its key, though its record may still stand.
      if (accountId === realm.accountId && (await keys.find(tx, keyId)) === undefined) continue;
      shown.push(describeGrant(grant));
    }
    return { Grants: shown, ...pageMembers(page.nextMarker) };
  },
});

export const retireGrant = operation({
  name: "RetireGrant",
  input: struct({ GrantToken: grantToken, KeyId: keyRef, GrantId: grantId, DryRun: boolean }),
  output: struct({}),
  targets: {
    key: {
      from: { grantToken: "GrantToken", keyId: "KeyId", grantId: "GrantId" },
      action: "kms:RetireGrant",
      states: ANY_STATE,
      alias: "invalid-arn",
      crossAccount: true,
    },
  },
  validate({ GrantToken, KeyId, GrantId }) {
    const byToken = GrantToken !== undefined && KeyId === undefined && GrantId === undefined;
    const byId = GrantToken === undefined && KeyId !== undefined && GrantId !== undefined;
    if (byToken || byId) return;
    throw new KmsError("ValidationException", "Please specify either GrantToken, or KeyId and GrantId.");
  },
  effect: "write",
  async handle({ input, keys: { key: target }, services: { grants }, tx }) {
    const { GrantToken } = input;
    if (GrantToken === undefined) {
      await removeGrant(grants, tx, target.key.keyId, input.GrantId!);
      return {};
    }
    const named = readGrantToken(GrantToken);
    const grant = named && (await grants.find(tx, target.key.keyId, named.grantId));
    if (grant === undefined) throw invalidGrantToken();
    await grants.remove(tx, target.key.keyId, grant);
    return {};
  },
});

export const revokeGrant = operation({
  name: "RevokeGrant",
  input: struct({ KeyId: required(keyRef), GrantId: required(grantId), DryRun: boolean }),
  output: struct({}),
  targets: {
    key: { from: "KeyId", action: "kms:RevokeGrant", states: ANY_STATE, alias: "invalid-arn", crossAccount: true },
  },
  effect: "write",
  async handle({ input, keys: { key: target }, services: { grants }, tx }) {
    await removeGrant(grants, tx, target.key.keyId, input.GrantId);
    return {};
  },
});

/** @throws {KmsError} InvalidGrantIdException, NotFoundException */
async function removeGrant(grants: Grants, tx: Transaction, keyId: string, GrantId: string): Promise<void> {
  if (!isGrantId(GrantId)) invalidGrantId();
  const grant = await grants.find(tx, keyId, GrantId);
  if (grant === undefined) throw new KmsError("NotFoundException", `Grant ID ${GrantId} not found`);
  await grants.remove(tx, keyId, grant);
}

/** @throws {KmsError} InvalidArnException */
async function newGrant(
  input: ValueOf<typeof createGrantInput>,
  { arn }: ResolvedKey,
  { principal: issuer }: Caller,
  { realm, directory }: Services,
  tx: ReadTransaction,
): Promise<NewGrant> {
  const arnOf = (text: string | undefined) => (text === undefined ? undefined : principalArnOf(text, realm.partition));
  const GranteePrincipal = arnOf(input.GranteePrincipal);
  const { Constraints = {} } = input;
  return {
    KeyId: arn,
    Name: input.Name,
    GranteePrincipal,
    GranteeServicePrincipal: input.GranteeServicePrincipal,
    granteeId: GranteePrincipal === undefined ? undefined : await directory.userIdOf(GranteePrincipal, tx),
    RetiringPrincipal: arnOf(input.RetiringPrincipal),
    RetiringServicePrincipal: input.RetiringServicePrincipal,
    Operations: [...new Set(input.Operations)],
    Constraints: Object.keys(Constraints).length > 0 ? Constraints : undefined,
    // A service issues in the name of the key's account.
    IssuingAccount: rootArn(issuer.account === "" ? realm : { ...realm, accountId: issuer.account }),
  };
}

/** A copy: the grant belongs to the store, and the caller may change what it gets. */
function describeGrant(grant: Grant): ValueOf<typeof grantEntry> {
  return {
    KeyId: grant.KeyId,
    GrantId: grant.GrantId,
    Name: grant.Name ?? "",
    CreationDate: new Date(grant.createdAtMs),
    ...present("GranteePrincipal", grant.GranteePrincipal),
    ...present("GranteeServicePrincipal", grant.GranteeServicePrincipal),
    ...present("RetiringPrincipal", grant.RetiringPrincipal),
    ...present("RetiringServicePrincipal", grant.RetiringServicePrincipal),
    IssuingAccount: grant.IssuingAccount,
    Operations: [...grant.Operations] as ValueOf<typeof grantOperations>,
    ...present("Constraints", grant.Constraints && describeConstraints(grant.Constraints)),
  };
}

function describeConstraints(kept: NonNullable<Grant["Constraints"]>): ValueOf<typeof constraints> {
  const { EncryptionContextEquals, EncryptionContextSubset, SourceArn } = kept;
  return {
    ...present("EncryptionContextEquals", EncryptionContextEquals && { ...EncryptionContextEquals }),
    ...present("EncryptionContextSubset", EncryptionContextSubset && { ...EncryptionContextSubset }),
    ...present("SourceArn", SourceArn),
  };
}

/** A member, or none. */
function present<N extends string, T>(name: N, value: T | undefined): { [K in N]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { [K in N]?: T };
}

function invalidGrantId(): never {
  throw new KmsError("InvalidGrantIdException", "The specified GrantId is not valid.");
}
