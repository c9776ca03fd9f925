/** GetKeyLastUsage. Source: AWS KMS API reference. What is promised of the answer: keys/last-usage.ts. */
import { ANY_STATE } from "../keys/state.ts";
import { keyRef, timestamp } from "../model/scalars.ts";
import { enumeration, required, type StringShape, struct } from "../model/shape.ts";
import { operation } from "./operation.ts";

const eventId: StringShape = { kind: "string" };

export const getKeyLastUsage = operation({
  name: "GetKeyLastUsage",
  input: struct({ KeyId: required(keyRef) }),
  output: struct({
    KeyId: keyRef,
    KeyLastUsage: struct({
      Operation: enumeration(
        "Decrypt",
        "DeriveSharedSecret",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateMac",
        "ReEncrypt",
        "Sign",
        "Verify",
        "VerifyMac",
        "Encapsulate",
        "Decapsulate",
      ),
      Timestamp: timestamp,
      CloudTrailEventId: eventId,
      KmsRequestId: eventId,
    }),
    TrackingStartDate: timestamp,
    KeyCreationDate: timestamp,
  }),
  targets: { key: { from: "KeyId", action: "kms:GetKeyLastUsage", states: ANY_STATE, alias: "invalid-arn" } },
  effect: "read",
  async handle({ keys: { key: target }, services, tx }) {
    const { keyId, createdAtMs } = target.key;
    const last = await services.lastUsage.find(tx, keyId);
    return {
      KeyId: target.arn,
      KeyLastUsage:
        last === undefined
          ? {}
          : { Operation: last.operation, Timestamp: new Date(last.atMs), KmsRequestId: last.requestId },
      // Every key is tracked from its first day on.
      TrackingStartDate: new Date(createdAtMs),
      KeyCreationDate: new Date(createdAtMs),
    };
  },
});
