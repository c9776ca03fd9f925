/**
 * CreateGrant, ListGrants, ListRetirableGrants, RetireGrant, RevokeGrant. Source: AWS KMS API reference. No grant can be
 * made yet, so lists are empty, and no id or token is one of a grant.
 */
import { KmsError } from "../errors.ts";
import { ANY_STATE, GRANTABLE } from "../keys/state.ts";
import { readMarker } from "../model/pages.ts";
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
import { enumeration, list, required, type StringShape, struct } from "../model/shape.ts";
import { notSupported, operation } from "./operation.ts";

const GRANT_ID = /^[0-9a-f]{64}$/;

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
const grantsPage = struct({
  Grants: list(
    struct({
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
    }),
  ),
  NextMarker: marker,
  Truncated: boolean,
});

export const createGrant = operation({
  name: "CreateGrant",
  input: struct({
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
  }),
  output: struct({ GrantToken: grantToken, GrantId: grantId }),
  targets: { key: { from: "KeyId", action: "kms:CreateGrant", states: GRANTABLE, alias: "invalid-arn", crossAccount: true } },
  effect: "read",
  async handle() {
    throw notSupported("CreateGrant");
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
  targets: { key: { from: "KeyId", action: "kms:ListGrants", states: ANY_STATE, alias: "invalid-arn", crossAccount: true } },
  effect: "read",
  async handle({ input }) {
    readMarker(input.Marker, isGrantId);
    return { Grants: [], Truncated: false };
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
  async handle({ input }) {
    readMarker(input.Marker, isGrantId);
    return { Grants: [], Truncated: false };
  },
});

export const retireGrant = operation({
  name: "RetireGrant",
  input: struct({ GrantToken: grantToken, KeyId: keyRef, GrantId: grantId, DryRun: boolean }),
  output: struct({}),
  targets: {
    key: { from: "KeyId", action: "kms:RetireGrant", states: ANY_STATE, alias: "invalid-arn", optional: true, crossAccount: true },
  },
  validate({ GrantToken, KeyId, GrantId }) {
    const byToken = GrantToken !== undefined && KeyId === undefined && GrantId === undefined;
    const byId = GrantToken === undefined && KeyId !== undefined && GrantId !== undefined;
    if (byToken || byId) return;
    throw new KmsError("ValidationException", "Please specify either GrantToken, or KeyId and GrantId.");
  },
  effect: "read",
  async handle({ input }) {
    if (input.GrantToken === undefined) throw unknownGrant();
    throw new KmsError("InvalidGrantTokenException", "The specified grant token is not valid.");
  },
});

export const revokeGrant = operation({
  name: "RevokeGrant",
  input: struct({ KeyId: required(keyRef), GrantId: required(grantId), DryRun: boolean }),
  output: struct({}),
  targets: { key: { from: "KeyId", action: "kms:RevokeGrant", states: ANY_STATE, alias: "invalid-arn", crossAccount: true } },
  effect: "read",
  async handle() {
    throw unknownGrant();
  },
});

function isGrantId(text: string): boolean {
  return GRANT_ID.test(text);
}

function unknownGrant(): KmsError {
  return new KmsError("InvalidGrantIdException", "The specified GrantId is not valid.");
}
