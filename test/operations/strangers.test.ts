/** What a stranger, of another account and without permission, learns of what is there: nothing. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Kms } from "../../src/index.ts";
import { ARN_PREFIX, failureOf, REGION, startService } from "./service.ts";

const STRANGER = "999999999999";
const ABSENT = "12345678-1234-4234-8234-123456789012";
const garbage = new Uint8Array(200);

let stranger: Kms;
let keys: Record<string, string>;
let ownKey: string;
let ownBlob: Uint8Array;

beforeAll(async () => {
  const { kms } = await startService();
  const symmetric = (await kms.execute("CreateKey", {})).KeyMetadata!.KeyId;
  const mac = await kms.execute("CreateKey", { KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" });
  await kms.execute("CreateAlias", { AliasName: "alias/there", TargetKeyId: symmetric });
  const source = (await kms.execute("CreateKey", {})).KeyMetadata!.KeyId;
  keys = {
    source: `key/${source}`,
    symmetric: `key/${symmetric}`,
    mac: `key/${mac.KeyMetadata!.KeyId}`,
    alias: "alias/there",
  };
  stranger = kms.inRealm({ region: REGION, accountId: STRANGER }).as("root");
  ownKey = (await stranger.execute("CreateKey", {})).KeyMetadata!.KeyId;
  ownBlob = (await stranger.execute("Encrypt", { KeyId: ownKey, Plaintext: Uint8Array.of(1) })).CiphertextBlob!;
});

const REQUESTS: Readonly<Record<string, (KeyId: string) => [operation: string, input: object]>> = {
  DescribeKey: (KeyId) => ["DescribeKey", { KeyId }],
  "Decrypt of garbage": (KeyId) => ["Decrypt", { KeyId, CiphertextBlob: garbage }],
  "Decrypt of another key's blob": (KeyId) => ["Decrypt", { KeyId, CiphertextBlob: ownBlob }],
  "ReEncrypt from garbage": (SourceKeyId) => [
    "ReEncrypt",
    { SourceKeyId, CiphertextBlob: garbage, DestinationKeyId: ownKey },
  ],
  "ReEncrypt to it": (DestinationKeyId) => ["ReEncrypt", { CiphertextBlob: ownBlob, DestinationKeyId }],
  "ReEncrypt to it, from what is not the stranger's": (DestinationKeyId) => [
    "ReEncrypt",
    {
      SourceKeyId: `${ARN_PREFIX}:${keys.source}`,
      CiphertextBlob: garbage,
      DestinationKeyId,
      DryRun: true,
      DryRunModifiers: ["IGNORE_CIPHERTEXT"],
    },
  ],
};

describe.each(Object.entries(REQUESTS))("%s", (_, request) => {
  it.each(["symmetric", "mac", "alias"])("answers alike whether or not there is such a key: %s", async (kind) => {
    const answerOf = async (resource: string) => {
      const arn = `${ARN_PREFIX}:${resource}`;
      const { name, message } = await failureOf(stranger.execute(...(request(arn) as [never, never])));
      return { name, message: message.replaceAll(arn, "ARN") };
    };
    const absent = await answerOf(kind === "alias" ? "alias/absent" : `key/${ABSENT}`);
    expect(absent.name).toBe("AccessDeniedException");
    expect(await answerOf(keys[kind]!)).toEqual(absent);
  });
});
