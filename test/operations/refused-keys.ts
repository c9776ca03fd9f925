/** Wrong names and states of keys, ciphertexts and dry runs. Sources: the public API model, and answers recorded by others. */
import { arn, type Case, enabledPlaintext, NO_MESSAGE, UNKNOWN } from "./refusal-case.ts";
import { ACCOUNT, ARN_PREFIX, REGION } from "./service.ts";

export const NAMES: readonly Case[] = [
  [
    "an unknown key",
    "DescribeKey",
    () => ({ KeyId: UNKNOWN }),
    "NotFoundException",
    `Key '${arn(UNKNOWN)}' does not exist`,
  ],
  [
    "an id of no form",
    "DescribeKey",
    () => ({ KeyId: "fake-key-id" }),
    "NotFoundException",
    "Invalid keyId 'fake-key-id'",
  ],
  ["a bad id in an ARN", "DescribeKey", () => ({ KeyId: arn("x") }), "NotFoundException", "Invalid keyId x"],
  [
    "an ARN of another Region",
    "DescribeKey",
    (f) => ({ KeyId: arn(f.key).replace(REGION, "eu-west-1") }),
    "NotFoundException",
    "Invalid arn eu-west-1",
  ],
  ...["x", `${ACCOUNT}/${REGION}/alias/foo`, "../..", `${ACCOUNT} `].map(
    (account): Case => [
      "an ARN of what is no account",
      "DescribeKey",
      (f) => ({ KeyId: arn(f.key).replace(ACCOUNT, account) }),
      "NotFoundException",
      (f) => `Invalid arn ${arn(f.key).replace(ACCOUNT, account)}`,
    ],
  ),
  [
    "an ARN of another account",
    "DescribeKey",
    (f) => ({ KeyId: arn(f.key).replace(ACCOUNT, "999999999999") }),
    "AccessDeniedException",
    (f) =>
      `User: arn:aws:iam::${ACCOUNT}:root is not authorized to perform: kms:DescribeKey on resource: ` +
      `${arn(f.key).replace(ACCOUNT, "999999999999")} because the resource does not exist in this Region, ` +
      "no resource-based policies allow access, or a resource-based policy explicitly denies access",
  ],
  [
    "an unknown alias",
    "Encrypt",
    () => ({ KeyId: "alias/none", ...enabledPlaintext }),
    "NotFoundException",
    `Alias ${ARN_PREFIX}:alias/none is not found.`,
  ],
  ...[
    "EnableKey",
    "DisableKey",
    "ScheduleKeyDeletion",
    "CancelKeyDeletion",
    "GetKeyPolicy",
    "RotateKeyOnDemand",
    "ListKeyRotations",
    "ListAliases",
  ].map(
    (operation): Case => [
      "an alias where only a key will do",
      operation,
      () => ({ KeyId: "alias/main" }),
      "InvalidArnException",
      "Key Aliases are not supported for this operation.",
    ],
  ),
  [
    "an alias longer than any can be",
    "Encrypt",
    () => ({ KeyId: `alias/${"a".repeat(2000)}`, ...enabledPlaintext }),
    "NotFoundException",
    `Alias ${ARN_PREFIX}:alias/${"a".repeat(2000)} is not found.`,
  ],
  [
    "an ARN without its resource type",
    "DescribeKey",
    (f) => ({ KeyId: `${ARN_PREFIX}:${f.key}` }),
    "NotFoundException",
    (f) => `Invalid arn ${ARN_PREFIX}:${f.key}`,
  ],
  [
    "an alias without its prefix, to be deleted",
    "DeleteAlias",
    () => ({ AliasName: "main" }),
    "ValidationException",
    'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
  ],
  [
    "an alias without its prefix",
    "CreateAlias",
    (f) => ({ AliasName: "main", TargetKeyId: f.key }),
    "ValidationException",
    'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
  ],
  [
    "an alias that exists",
    "CreateAlias",
    (f) => ({ AliasName: "alias/main", TargetKeyId: f.key }),
    "AlreadyExistsException",
    `An alias with the name ${ARN_PREFIX}:alias/main already exists`,
  ],
  [
    "an alias for an alias",
    "CreateAlias",
    () => ({ AliasName: "alias/new", TargetKeyId: "alias/main" }),
    "ValidationException",
    "Aliases must refer to keys. Not aliases",
  ],
  [
    "an alias that is not there",
    "DeleteAlias",
    () => ({ AliasName: "alias/none" }),
    "NotFoundException",
    `Alias ${ARN_PREFIX}:alias/none is not found.`,
  ],
  [
    "another policy name",
    "GetKeyPolicy",
    (f) => ({ KeyId: f.key, PolicyName: "mine" }),
    "NotFoundException",
    "No such policy exists",
  ],
];

export const STATES: readonly Case[] = [
  [
    "a disabled key",
    "Encrypt",
    (f) => ({ KeyId: f.disabled, ...enabledPlaintext }),
    "DisabledException",
    (f) => `${arn(f.disabled)} is disabled.`,
  ],
  [
    "a key pending deletion",
    "Encrypt",
    (f) => ({ KeyId: f.doomed, ...enabledPlaintext }),
    "KMSInvalidStateException",
    (f) => `${arn(f.doomed)} is pending deletion.`,
  ],
  [
    "enabling a key pending deletion",
    "EnableKey",
    (f) => ({ KeyId: f.doomed }),
    "KMSInvalidStateException",
    (f) => `${arn(f.doomed)} is pending deletion.`,
  ],
  [
    "cancelling what is not pending",
    "CancelKeyDeletion",
    (f) => ({ KeyId: f.key }),
    "KMSInvalidStateException",
    (f) => `${arn(f.key)} is not pending deletion (or pending replica deletion).`,
  ],
  [
    "rotating a disabled key",
    "RotateKeyOnDemand",
    (f) => ({ KeyId: f.disabled }),
    "DisabledException",
    (f) => `${arn(f.disabled)} is disabled.`,
  ],
];

export const CIPHERTEXTS: readonly Case[] = [
  ["garbage", "Decrypt", () => ({ CiphertextBlob: new Uint8Array(200) }), "InvalidCiphertextException", NO_MESSAGE],
  [
    "another context",
    "Decrypt",
    (f) => ({ CiphertextBlob: f.blob, EncryptionContext: { ab: "d" } }),
    "InvalidCiphertextException",
    NO_MESSAGE,
  ],
  [
    "a context that only concatenates alike",
    "Decrypt",
    (f) => ({ CiphertextBlob: f.blob, EncryptionContext: { a: "bc" } }),
    "InvalidCiphertextException",
    NO_MESSAGE,
  ],
  ["no context", "Decrypt", (f) => ({ CiphertextBlob: f.blob }), "InvalidCiphertextException", NO_MESSAGE],
  [
    "another key's id",
    "Decrypt",
    (f) => ({ CiphertextBlob: f.blob, KeyId: f.other, EncryptionContext: { ab: "c" } }),
    "IncorrectKeyException",
    "The key ID in the request does not identify a CMK that can perform this operation.",
  ],
  [
    "garbage and another key's id",
    "Decrypt",
    (f) => ({ CiphertextBlob: new Uint8Array(9), KeyId: f.other }),
    "InvalidCiphertextException",
    NO_MESSAGE,
  ],
  [
    "garbage",
    "ReEncrypt",
    (f) => ({ CiphertextBlob: new Uint8Array(200), DestinationKeyId: f.key }),
    "InvalidCiphertextException",
    NO_MESSAGE,
  ],
];

export const DRY_RUN: readonly Case[] = [
  [
    "a dry run",
    "Encrypt",
    (f) => ({ KeyId: f.key, ...enabledPlaintext, DryRun: true }),
    "DryRunOperationException",
    "The request would have succeeded, but the DryRun option is set.",
  ],
  [
    "a dry run of what would fail: another context",
    "Decrypt",
    (f) => ({ CiphertextBlob: f.blob, DryRun: true }),
    "InvalidCiphertextException",
    NO_MESSAGE,
  ],
  [
    "a dry run of what would fail: another source context",
    "ReEncrypt",
    (f) => ({ CiphertextBlob: f.blob, DestinationKeyId: f.key, DryRun: true }),
    "InvalidCiphertextException",
    NO_MESSAGE,
  ],
  [
    "a dry run of what would fail: no size",
    "GenerateDataKey",
    (f) => ({ KeyId: f.key, DryRun: true }),
    "ValidationException",
    "Please specify either number of bytes or key spec.",
  ],
  [
    "a dry run of what would succeed",
    "Decrypt",
    (f) => ({ CiphertextBlob: f.blob, EncryptionContext: { ab: "c" }, DryRun: true }),
    "DryRunOperationException",
    "The request would have succeeded, but the DryRun option is set.",
  ],
  [
    "a dry run on a disabled key",
    "Encrypt",
    (f) => ({ KeyId: f.disabled, ...enabledPlaintext, DryRun: true }),
    "DisabledException",
    (f) => `${arn(f.disabled)} is disabled.`,
  ],
];
