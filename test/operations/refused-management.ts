/** Wrong requests to the operations that manage keys. Sources: the public API model, and answers recorded by others. */
import { arn, type Case, CLOUDHSM_SETTINGS, UNKNOWN, validation } from "./refusal-case.ts";
import { ARN_PREFIX } from "./service.ts";

const aTag = [{ TagKey: "a", TagValue: "" }];
const tags = (count: number) => Array.from({ length: count }, (_, i) => ({ TagKey: `k${i}`, TagValue: "" }));
const ALIAS_REFUSED = "Key Aliases are not supported for this operation.";
const PRINCIPAL = "arn:aws:iam::111122223333:user/alice";
const GRANT_OPERATIONS = { Operations: ["Decrypt"], GranteePrincipal: PRINCIPAL };
const BY_ALIAS: readonly (readonly [operation: string, members: object])[] = [
  ["TagResource", { Tags: aTag }],
  ["UntagResource", { TagKeys: ["a"] }],
  ["ListResourceTags", {}],
  ["UpdateKeyDescription", { Description: "" }],
  ["GetKeyLastUsage", {}],
  ["ListKeyPolicies", {}],
  ["PutKeyPolicy", { Policy: "{}" }],
  ["GetKeyRotationStatus", {}],
  ["EnableKeyRotation", {}],
  ["DisableKeyRotation", {}],
  ["CreateGrant", GRANT_OPERATIONS],
  ["ListGrants", {}],
  ["RevokeGrant", { GrantId: "g" }],
  ["RetireGrant", { GrantId: "g" }],
  ["ReplicateKey", { ReplicaRegion: "eu-west-1" }],
  ["UpdatePrimaryRegion", { PrimaryRegion: "eu-west-1" }],
  ["DeleteImportedKeyMaterial", {}],
];
const ON_DOOMED: readonly (readonly [operation: string, members: object])[] = [
  ["TagResource", { Tags: aTag }],
  ["UntagResource", { TagKeys: ["a"] }],
  ["UpdateKeyDescription", { Description: "" }],
];

export const TAGS_AND_ALIASES: readonly Case[] = [
  ...BY_ALIAS.map(
    ([operation, members]): Case => [
      "an alias where only a key will do",
      operation,
      () => ({ KeyId: "alias/main", ...members }),
      "InvalidArnException",
      ALIAS_REFUSED,
    ],
  ),
  ...BY_ALIAS.map(
    ([operation, members]): Case => [
      "an unknown key",
      operation,
      () => ({ KeyId: UNKNOWN, ...members }),
      "NotFoundException",
      `Key '${arn(UNKNOWN)}' does not exist`,
    ],
  ),
  ...ON_DOOMED.map(
    ([operation, members]): Case => [
      "a key pending deletion",
      operation,
      (f) => ({ KeyId: f.doomed, ...members }),
      "KMSInvalidStateException",
      (f) => `${arn(f.doomed)} is pending deletion.`,
    ],
  ),
  [
    "equal tags",
    "TagResource",
    (f) => ({ KeyId: f.key, Tags: [...aTag, ...aTag] }),
    "TagException",
    "Duplicate tag keys",
  ],
  [
    "a reserved tag",
    "TagResource",
    (f) => ({ KeyId: f.key, Tags: [{ TagKey: "aws:a", TagValue: "" }] }),
    "TagException",
    "Tags beginning with aws: are reserved",
  ],
  [
    "a reserved tag",
    "UntagResource",
    (f) => ({ KeyId: f.key, TagKeys: ["aws:a"] }),
    "TagException",
    "Tags beginning with aws: are reserved",
  ],
  ["51 tags", "TagResource", (f) => ({ KeyId: f.key, Tags: tags(51) }), "TagException", "Too many tags"],
  ["51 tags", "CreateKey", () => ({ Tags: tags(51) }), "TagException", "Too many tags"],
  [
    "a long tag value",
    "TagResource",
    (f) => ({ KeyId: f.key, Tags: [{ TagKey: "a", TagValue: "v".repeat(257) }] }),
    "ValidationException",
    validation(
      `Value '${"v".repeat(257)}' at 'tags.1.member.tagValue' failed to satisfy constraint: Member must have length less than or equal to 256`,
    ),
  ],
  [
    "no tags at all",
    "TagResource",
    (f) => ({ KeyId: f.key }),
    "ValidationException",
    validation("Value null at 'tags' failed to satisfy constraint: Member must not be null"),
  ],
  [
    "51 tags a page",
    "ListResourceTags",
    (f) => ({ KeyId: f.key, Limit: 51 }),
    "ValidationException",
    validation("Value '51' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 50"),
  ],
  [
    "a marker of no listing",
    "ListResourceTags",
    (f) => ({ KeyId: f.key, Marker: "%" }),
    "InvalidMarkerException",
    "The marker is not one that this listing returned.",
  ],
  [
    "a marker of no listing",
    "ListKeyPolicies",
    (f) => ({ KeyId: f.key, Marker: "AAAA" }),
    "InvalidMarkerException",
    "The marker is not one that this listing returned.",
  ],
  [
    "an alias that is not there",
    "UpdateAlias",
    (f) => ({ AliasName: "alias/none", TargetKeyId: f.key }),
    "NotFoundException",
    `Alias ${ARN_PREFIX}:alias/none is not found.`,
  ],
  [
    "an alias for an alias",
    "UpdateAlias",
    () => ({ AliasName: "alias/main", TargetKeyId: "alias/main" }),
    "ValidationException",
    "Aliases must refer to keys. Not aliases",
  ],
  [
    "an alias for a key pending deletion",
    "UpdateAlias",
    (f) => ({ AliasName: "alias/main", TargetKeyId: f.doomed }),
    "KMSInvalidStateException",
    (f) => `${arn(f.doomed)} is pending deletion.`,
  ],
  [
    "a reserved alias",
    "UpdateAlias",
    (f) => ({ AliasName: "alias/aws/s3", TargetKeyId: f.key }),
    "InvalidAliasNameException",
    "The prefix alias/aws/ is reserved for AWS managed keys.",
  ],
  [
    "a description of 8,193 characters",
    "UpdateKeyDescription",
    (f) => ({ KeyId: f.key, Description: "d".repeat(8193) }),
    "ValidationException",
    validation(
      `Value '${"d".repeat(2048)}…' at 'description' failed to satisfy constraint: Member must have length less than or equal to 8192`,
    ),
  ],
];

export const GRANTS: readonly Case[] = [
  [
    "an operation that no grant can allow",
    "CreateGrant",
    (f) => ({ KeyId: f.key, ...GRANT_OPERATIONS, Operations: ["DeleteAlias"] }),
    "ValidationException",
    validation(
      "Value 'DeleteAlias' at 'operations.1.member' failed to satisfy constraint: Member must satisfy enum value set: " +
        "[Decrypt, Encrypt, GenerateDataKey, GenerateDataKeyWithoutPlaintext, ReEncryptFrom, ReEncryptTo, Sign, Verify, " +
        "GetPublicKey, CreateGrant, RetireGrant, DescribeKey, GenerateDataKeyPair, GenerateDataKeyPairWithoutPlaintext, " +
        "GenerateMac, VerifyMac, DeriveSharedSecret, Encapsulate, Decapsulate]",
    ),
  ],
  [
    "an id of no grant",
    "RevokeGrant",
    (f) => ({ KeyId: f.key, GrantId: "g" }),
    "InvalidGrantIdException",
    "The specified GrantId is not valid.",
  ],
  [
    "a dry run on an id of no grant",
    "RetireGrant",
    (f) => ({ KeyId: f.key, GrantId: "g", DryRun: true }),
    "InvalidGrantIdException",
    "The specified GrantId is not valid.",
  ],
  [
    "a token of no grant",
    "RetireGrant",
    () => ({ GrantToken: "t" }),
    "InvalidGrantTokenException",
    "The specified grant token is not valid.",
  ],
  ...[{}, { GrantToken: "t", GrantId: "g" }, { GrantId: "g" }].map(
    (input): Case => [
      `neither one name of a grant nor the other: ${Object.keys(input).join(" and ") || "none"}`,
      "RetireGrant",
      () => input,
      "ValidationException",
      "Please specify either GrantToken, or KeyId and GrantId.",
    ],
  ),
  [
    "101 grants a page",
    "ListGrants",
    (f) => ({ KeyId: f.key, Limit: 101 }),
    "ValidationException",
    validation("Value '101' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100"),
  ],
  [
    "101 grants a page",
    "ListRetirableGrants",
    () => ({ RetiringPrincipal: PRINCIPAL, Limit: 101 }),
    "ValidationException",
    validation("Value '101' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100"),
  ],
  [
    "no principal",
    "ListRetirableGrants",
    () => ({}),
    "ValidationException",
    "Please specify either RetiringPrincipal or RetiringServicePrincipal.",
  ],
  [
    "a marker of no listing",
    "ListGrants",
    (f) => ({ KeyId: f.key, Marker: "AAAA" }),
    "InvalidMarkerException",
    "The marker is not one that this listing returned.",
  ],
];

const importing = { ImportToken: new Uint8Array(8), EncryptedKeyMaterial: new Uint8Array(8) };

export const KEYS_OF_OTHER_KINDS: readonly Case[] = [
  ...(
    [
      ["GetParametersForImport", { WrappingAlgorithm: "RSAES_OAEP_SHA_256", WrappingKeySpec: "RSA_4096" }],
      ["ImportKeyMaterial", importing],
      ["DeleteImportedKeyMaterial", {}],
    ] as const
  ).map(
    ([operation, members]): Case => [
      "a key whose material is not imported",
      operation,
      (f) => ({ KeyId: f.key, ...members }),
      "UnsupportedOperationException",
      (f) => `${arn(f.key)} origin is AWS_KMS which is not valid for this operation.`,
    ],
  ),
  ...(
    [
      ["ReplicateKey", { ReplicaRegion: "eu-west-1" }],
      ["UpdatePrimaryRegion", { PrimaryRegion: "eu-west-1" }],
    ] as const
  ).map(
    ([operation, members]): Case => [
      "a key of one Region",
      operation,
      (f) => ({ KeyId: f.key, ...members }),
      "UnsupportedOperationException",
      (f) => `${arn(f.key)} is not a multi-region primary key.`,
    ],
  ),
  [
    "no Region",
    "ReplicateKey",
    (f) => ({ KeyId: f.key, ReplicaRegion: "mars" }),
    "ValidationException",
    validation(
      "Value 'mars' at 'replicaRegion' failed to satisfy constraint: Member must satisfy regular expression pattern: ^([a-z]+-){2,3}\\d+$",
    ),
  ],
  [
    "a rotation period of 89 days",
    "EnableKeyRotation",
    (f) => ({ KeyId: f.key, RotationPeriodInDays: 89 }),
    "ValidationException",
    validation(
      "Value '89' at 'rotationPeriodInDays' failed to satisfy constraint: Member must have value greater than or equal to 90",
    ),
  ],
  [
    "a policy without statements",
    "PutKeyPolicy",
    (f) => ({ KeyId: f.key, Policy: "{}" }),
    "MalformedPolicyDocumentException",
    "The policy is not valid: it has no statement.",
  ],
];

const secretAccessKey = "s".repeat(42);

export const CUSTOM_KEY_STORES: readonly Case[] = [
  ...["ConnectCustomKeyStore", "DisconnectCustomKeyStore", "DeleteCustomKeyStore", "UpdateCustomKeyStore"].map(
    (operation): Case => [
      "a store that is not there",
      operation,
      () => ({ CustomKeyStoreId: "cks-1" }),
      "CustomKeyStoreNotFoundException",
      "There is no custom key store 'cks-1'.",
    ],
  ),
  ...[{ CustomKeyStoreId: "cks-1" }, { CustomKeyStoreName: "cks-1" }].map(
    (input): Case => [
      "a store that is not there",
      "DescribeCustomKeyStores",
      () => input,
      "CustomKeyStoreNotFoundException",
      "There is no custom key store 'cks-1'.",
    ],
  ),
  [
    "a store by id and by name",
    "DescribeCustomKeyStores",
    () => ({ CustomKeyStoreId: "cks-1", CustomKeyStoreName: "name" }),
    "ValidationException",
    "Please specify either CustomKeyStoreId or CustomKeyStoreName, not both.",
  ],
  [
    "a store over a cluster, of which there is none",
    "CreateCustomKeyStore",
    () => ({ CustomKeyStoreName: "store", ...CLOUDHSM_SETTINGS }),
    "CloudHsmClusterNotFoundException",
    "The request was rejected because KMS cannot find the CloudHSM cluster with the specified cluster ID. Retry the " +
      "request with a different cluster ID.",
  ],
  [
    "a password that is too short, which is not shown",
    "CreateCustomKeyStore",
    () => ({ CustomKeyStoreName: "store", KeyStorePassword: "secret" }),
    "ValidationException",
    validation(
      "Value at 'keyStorePassword' failed to satisfy constraint: Member must have length greater than or equal to 7",
    ),
  ],
  [
    "credentials of a wrong form, which are not shown",
    "UpdateCustomKeyStore",
    () => ({
      CustomKeyStoreId: "cks-1",
      XksProxyAuthenticationCredential: { AccessKeyId: "a".repeat(20), RawSecretAccessKey: secretAccessKey },
    }),
    "ValidationException",
    "2 validation errors detected: Value at 'xksProxyAuthenticationCredential.accessKeyId' failed to satisfy constraint: " +
      "Member must satisfy regular expression pattern: ^[A-Z2-7]+$; " +
      "Value at 'xksProxyAuthenticationCredential.rawSecretAccessKey' failed to satisfy constraint: " +
      "Member must have length greater than or equal to 43",
  ],
];
