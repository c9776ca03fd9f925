/** What AWS answers to wrong requests: code and text, over every transport. Sources: the table of recorded answers. */
import { beforeAll, describe, expect, it } from "vitest";
import { ACCOUNT, ARN_PREFIX, type Call, failureOf, REGION, startService, TRANSPORTS } from "./service.ts";

const UNKNOWN = "00000000-0000-4000-8000-000000000000";
const NO_MESSAGE = "UnknownError";
const enabledPlaintext = { Plaintext: new Uint8Array(8) };

interface Fixture {
  readonly key: string;
  readonly other: string;
  readonly disabled: string;
  readonly doomed: string;
  readonly blob: Uint8Array;
}

type Case = readonly [
  what: string,
  operation: string,
  input: (f: Fixture) => object,
  name: string,
  message: string | ((f: Fixture) => string),
];

const arn = (keyId: string) => `${ARN_PREFIX}:key/${keyId}`;
const validation = (text: string) => `1 validation error detected: ${text}`;

const NAMES: readonly Case[] = [
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
  [
    "an ARN of another account",
    "DescribeKey",
    (f) => ({ KeyId: arn(f.key).replace(ACCOUNT, "999999999999") }),
    "NotFoundException",
    (f) => `Key '${arn(f.key).replace(ACCOUNT, "999999999999")}' does not exist`,
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

const STATES: readonly Case[] = [
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

const MEMBERS: readonly Case[] = [
  [
    "no key id",
    "DescribeKey",
    () => ({}),
    "ValidationException",
    validation("Value null at 'keyId' failed to satisfy constraint: Member must not be null"),
  ],
  [
    "an empty key id",
    "DescribeKey",
    () => ({ KeyId: "" }),
    "ValidationException",
    "2 validation errors detected: Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
      "Value '' at 'keyId' failed to satisfy constraint: Member must satisfy regular expression pattern: ^\\p{ASCII}+$",
  ],
  [
    "an empty plaintext",
    "Encrypt",
    (f) => ({ KeyId: f.key, Plaintext: new Uint8Array(0) }),
    "ValidationException",
    validation("Value at 'plaintext' failed to satisfy constraint: Member must have length greater than or equal to 1"),
  ],
  [
    "a plaintext of 4,097 bytes",
    "Encrypt",
    (f) => ({ KeyId: f.key, Plaintext: new Uint8Array(4097) }),
    "ValidationException",
    validation("Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096"),
  ],
  [
    "1,025 random bytes",
    "GenerateRandom",
    () => ({ NumberOfBytes: 1025 }),
    "ValidationException",
    validation(
      "Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024",
    ),
  ],
  ["no number of random bytes", "GenerateRandom", () => ({}), "ValidationException", "NumberOfBytes is required."],
  [
    "a data key of no size",
    "GenerateDataKey",
    (f) => ({ KeyId: f.key }),
    "ValidationException",
    "Please specify either number of bytes or key spec.",
  ],
  [
    "a data key of two sizes",
    "GenerateDataKeyWithoutPlaintext",
    (f) => ({ KeyId: f.key, KeySpec: "AES_256", NumberOfBytes: 32 }),
    "ValidationException",
    "Please specify either number of bytes or key spec.",
  ],
  [
    "an algorithm of another spec",
    "Encrypt",
    (f) => ({ KeyId: f.key, ...enabledPlaintext, EncryptionAlgorithm: "RSAES_OAEP_SHA_256" }),
    "InvalidKeyUsageException",
    "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.",
  ],
  [
    "a window of 6 days",
    "ScheduleKeyDeletion",
    (f) => ({ KeyId: f.key, PendingWindowInDays: 6 }),
    "ValidationException",
    "PendingWindowInDays must be between 7 and 30, but it is 6.",
  ],
  [
    "a lone surrogate in the context",
    "Encrypt",
    (f) => ({ KeyId: f.key, ...enabledPlaintext, EncryptionContext: { "\ud800": "1" } }),
    "ValidationException",
    validation("Value at 'encryptionContext' failed to satisfy constraint: Member must be well-formed Unicode"),
  ],
  [
    "a context of more than 8 KiB",
    "Encrypt",
    (f) => ({ KeyId: f.key, ...enabledPlaintext, EncryptionContext: { a: "x".repeat(8192) } }),
    "ValidationException",
    validation(
      "Value at 'encryptionContext' failed to satisfy constraint: Member must have length less than or equal to 8192",
    ),
  ],
  [
    "a marker of no listing",
    "ListKeys",
    () => ({ Marker: "AAAA" }),
    "InvalidMarkerException",
    "The marker is not one that this listing returned.",
  ],
  [
    "101 aliases a page",
    "ListAliases",
    () => ({ Limit: 101 }),
    "ValidationException",
    validation("Value '101' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100"),
  ],
  [
    "both names of the key spec",
    "CreateKey",
    () => ({ KeySpec: "SYMMETRIC_DEFAULT", CustomerMasterKeySpec: "SYMMETRIC_DEFAULT" }),
    "ValidationException",
    "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.",
  ],
  [
    "a usage that does not suit the spec",
    "CreateKey",
    () => ({ KeyUsage: "SIGN_VERIFY" }),
    "ValidationException",
    "KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT",
  ],
  [
    "SM2",
    "CreateKey",
    () => ({ KeySpec: "SM2" }),
    "UnsupportedOperationException",
    "KeySpec SM2 is not supported in this Region",
  ],
  [
    "equal tags",
    "CreateKey",
    () => ({ Tags: [1, 2].map(() => ({ TagKey: "a", TagValue: "" })) }),
    "TagException",
    "Duplicate tag keys",
  ],
  [
    "a reserved tag",
    "CreateKey",
    () => ({ Tags: [{ TagKey: "aws:a", TagValue: "" }] }),
    "TagException",
    "Tags beginning with aws: are reserved",
  ],
  [
    "a long tag key",
    "CreateKey",
    () => ({ Tags: [{ TagKey: "k".repeat(129), TagValue: "" }] }),
    "ValidationException",
    validation(
      `Value '${"k".repeat(129)}' at 'tags.1.member.tagKey' failed to satisfy constraint: Member must have length less than or equal to 128`,
    ),
  ],
];

const CIPHERTEXTS: readonly Case[] = [
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

const DRY_RUN: readonly Case[] = [
  [
    "a dry run",
    "Encrypt",
    (f) => ({ KeyId: f.key, ...enabledPlaintext, DryRun: true }),
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

const GROUPS = { NAMES, STATES, MEMBERS, CIPHERTEXTS, DRY_RUN };

async function prepare(call: Call): Promise<Fixture> {
  const create = async () => (await call("CreateKey", {})).KeyMetadata.KeyId as string;
  const [key, other, disabled, doomed] = [await create(), await create(), await create(), await create()];
  await call("CreateAlias", { AliasName: "alias/main", TargetKeyId: key });
  await call("DisableKey", { KeyId: disabled });
  await call("ScheduleKeyDeletion", { KeyId: doomed });
  const { CiphertextBlob } = await call("Encrypt", { KeyId: key, ...enabledPlaintext, EncryptionContext: { ab: "c" } });
  return { key, other, disabled, doomed, blob: CiphertextBlob };
}

describe.each(TRANSPORTS)("refused through %s", (_, connect) => {
  let call: Call;
  let fixture: Fixture;
  beforeAll(async () => {
    call = connect((await startService()).kms);
    fixture = await prepare(call);
  });

  describe.each(Object.entries(GROUPS))("%s", (_group, cases) => {
    it.each(cases)("%s: %s", async (_what, operation, input, name, message) => {
      const failure = await failureOf(call(operation, input(fixture)));
      const expected = typeof message === "string" ? message : message(fixture);
      expect(failure).toEqual({ name, message: expected });
    });
  });
});
