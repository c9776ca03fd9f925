/** Encrypt, Decrypt, ReEncrypt. Source: AWS KMS API reference. */
import { KmsError } from "../errors.ts";
import { USABLE } from "../keys/state.ts";
import {
  boolean,
  ciphertextBlob,
  dryRunModifiers,
  encryptionAlgorithm,
  encryptionContext,
  grantTokens,
  keyMaterialId,
  keyRef,
  plaintext,
  recipient,
} from "../model/scalars.ts";
import { required, struct } from "../model/shape.ts";
import { whenReady } from "../records/ready.ts";
import { operation } from "./operation.ts";

const ALGORITHM = "SYMMETRIC_DEFAULT" as const;

export const encrypt = operation({
  name: "Encrypt",
  input: struct({
    KeyId: required(keyRef),
    Plaintext: required(plaintext),
    EncryptionContext: encryptionContext,
    GrantTokens: grantTokens,
    EncryptionAlgorithm: encryptionAlgorithm,
    DryRun: boolean,
  }),
  output: struct({ CiphertextBlob: ciphertextBlob, KeyId: keyRef, EncryptionAlgorithm: encryptionAlgorithm }),
  targets: {
    key: {
      from: "KeyId",
      action: "kms:Encrypt",
      usage: "ENCRYPT_DECRYPT",
      states: USABLE,
      algorithm: "EncryptionAlgorithm",
      alias: "allowed",
    },
  },
  effect: "read",
  handle({ input, keys: { key: target }, services, tx }) {
    const sealed = services.cipher.encrypt(tx, target.key, input.Plaintext, input.EncryptionContext);
    return whenReady(sealed, ({ blob }) => ({
      CiphertextBlob: blob,
      KeyId: target.arn,
      EncryptionAlgorithm: ALGORITHM,
    }));
  },
});

export const decrypt = operation({
  name: "Decrypt",
  input: struct({
    CiphertextBlob: required(ciphertextBlob),
    EncryptionContext: encryptionContext,
    GrantTokens: grantTokens,
    KeyId: keyRef,
    EncryptionAlgorithm: encryptionAlgorithm,
    Recipient: recipient,
    DryRun: boolean,
    DryRunModifiers: dryRunModifiers,
  }),
  output: struct({
    KeyId: keyRef,
    Plaintext: plaintext,
    EncryptionAlgorithm: encryptionAlgorithm,
    CiphertextForRecipient: ciphertextBlob,
    KeyMaterialId: keyMaterialId,
  }),
  unsupported: ["Recipient", "DryRunModifiers"],
  targets: {
    key: {
      from: { blob: "CiphertextBlob", keyId: "KeyId" },
      action: "kms:Decrypt",
      usage: "ENCRYPT_DECRYPT",
      states: USABLE,
      algorithm: "EncryptionAlgorithm",
      alias: "allowed",
    },
  },
  effect: "read",
  handle({ input, keys: { key: target }, services, tx }) {
    const opening = services.cipher.decrypt(tx, target.key, input.CiphertextBlob, input.EncryptionContext);
    return whenReady(opening, (opened) => {
      if (opened === undefined) throw new KmsError("InvalidCiphertextException");
      return {
        KeyId: target.arn,
        Plaintext: opened.plaintext,
        EncryptionAlgorithm: ALGORITHM,
        KeyMaterialId: opened.materialId,
      };
    });
  },
});

export const reEncrypt = operation({
  name: "ReEncrypt",
  input: struct({
    CiphertextBlob: required(ciphertextBlob),
    SourceEncryptionContext: encryptionContext,
    SourceKeyId: keyRef,
    DestinationKeyId: required(keyRef),
    DestinationEncryptionContext: encryptionContext,
    SourceEncryptionAlgorithm: encryptionAlgorithm,
    DestinationEncryptionAlgorithm: encryptionAlgorithm,
    GrantTokens: grantTokens,
    DryRun: boolean,
    DryRunModifiers: dryRunModifiers,
  }),
  output: struct({
    CiphertextBlob: ciphertextBlob,
    SourceKeyId: keyRef,
    KeyId: keyRef,
    SourceEncryptionAlgorithm: encryptionAlgorithm,
    DestinationEncryptionAlgorithm: encryptionAlgorithm,
    SourceKeyMaterialId: keyMaterialId,
    DestinationKeyMaterialId: keyMaterialId,
  }),
  unsupported: ["DryRunModifiers"],
  targets: {
    source: {
      from: { blob: "CiphertextBlob", keyId: "SourceKeyId" },
      action: "kms:ReEncryptFrom",
      usage: "ENCRYPT_DECRYPT",
      states: USABLE,
      algorithm: "SourceEncryptionAlgorithm",
      alias: "allowed",
    },
    destination: {
      from: "DestinationKeyId",
      action: "kms:ReEncryptTo",
      usage: "ENCRYPT_DECRYPT",
      states: USABLE,
      algorithm: "DestinationEncryptionAlgorithm",
      alias: "allowed",
    },
  },
  effect: "read",
  async handle({ input, keys: { source, destination }, services, tx }) {
    const opened = await services.cipher.decrypt(tx, source.key, input.CiphertextBlob, input.SourceEncryptionContext);
    if (opened === undefined) throw new KmsError("InvalidCiphertextException");
    try {
      const sealed = await services.cipher.encrypt(
        tx,
        destination.key,
        opened.plaintext,
        input.DestinationEncryptionContext,
      );
      return {
        CiphertextBlob: sealed.blob,
        SourceKeyId: source.arn,
        KeyId: destination.arn,
        SourceEncryptionAlgorithm: ALGORITHM,
        DestinationEncryptionAlgorithm: ALGORITHM,
        SourceKeyMaterialId: opened.materialId,
        DestinationKeyMaterialId: sealed.materialId,
      };
    } finally {
      opened.plaintext.fill(0);
    }
  },
});
