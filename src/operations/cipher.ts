/** Encrypt, Decrypt, ReEncrypt. Source: AWS KMS API reference. */
import { DEFAULT_ALGORITHM } from "../crypto/algorithms.ts";
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
import { ignoresCiphertext, operation } from "./operation.ts";

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
      context: "EncryptionContext",
      alias: "allowed",
      crossAccount: true,
    },
  },
  effect: "read",
  handle({ input, keys: { key: target }, services, tx }) {
    const { EncryptionAlgorithm = DEFAULT_ALGORITHM, Plaintext, EncryptionContext } = input;
    const sealed = services.cipher.encrypt(tx, target.key, EncryptionAlgorithm, Plaintext, EncryptionContext);
    return whenReady(sealed, ({ blob }) => ({ CiphertextBlob: blob, KeyId: target.arn, EncryptionAlgorithm }));
  },
});

export const decrypt = operation({
  name: "Decrypt",
  input: struct({
    CiphertextBlob: ciphertextBlob,
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
  recipientGets: "Plaintext",
  validate: checkCiphertext,
  targets: {
    key: {
      from: { blob: "CiphertextBlob", keyId: "KeyId" },
      action: "kms:Decrypt",
      usage: "ENCRYPT_DECRYPT",
      states: USABLE,
      algorithm: "EncryptionAlgorithm",
      context: "EncryptionContext",
      alias: "allowed",
      crossAccount: true,
    },
  },
  effect: "read",
  handle({ input, keys: { key: target }, services, tx }) {
    const { EncryptionAlgorithm = DEFAULT_ALGORITHM, CiphertextBlob, EncryptionContext } = input;
    const opening = services.cipher.decrypt(tx, target.key, EncryptionAlgorithm, CiphertextBlob!, EncryptionContext);
    return whenReady(opening, (opened) => {
      if (opened === undefined) throw new KmsError("InvalidCiphertextException");
      return {
        KeyId: target.arn,
        Plaintext: opened.plaintext,
        EncryptionAlgorithm,
        KeyMaterialId: opened.materialId,
      };
    });
  },
});

export const reEncrypt = operation({
  name: "ReEncrypt",
  input: struct({
    CiphertextBlob: ciphertextBlob,
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
  validate: checkCiphertext,
  targets: {
    source: {
      from: { blob: "CiphertextBlob", keyId: "SourceKeyId" },
      action: "kms:ReEncryptFrom",
      usage: "ENCRYPT_DECRYPT",
      states: USABLE,
      algorithm: "SourceEncryptionAlgorithm",
      context: "SourceEncryptionContext",
      alias: "allowed",
      crossAccount: true,
    },
    destination: {
      from: "DestinationKeyId",
      action: "kms:ReEncryptTo",
      usage: "ENCRYPT_DECRYPT",
      states: USABLE,
      algorithm: "DestinationEncryptionAlgorithm",
      context: "DestinationEncryptionContext",
      alias: "allowed",
      crossAccount: true,
    },
  },
  effect: "read",
  async handle({ input, keys: { source, destination }, tx }) {
    const { SourceEncryptionAlgorithm = DEFAULT_ALGORITHM, DestinationEncryptionAlgorithm = DEFAULT_ALGORITHM } = input;
    const opened = await source.services.cipher.decrypt(
      tx,
      source.key,
      SourceEncryptionAlgorithm,
      input.CiphertextBlob!,
      input.SourceEncryptionContext,
    );
    if (opened === undefined) throw new KmsError("InvalidCiphertextException");
    try {
      const sealed = await destination.services.cipher.encrypt(
        tx,
        destination.key,
        DestinationEncryptionAlgorithm,
        opened.plaintext,
        input.DestinationEncryptionContext,
      );
      return {
        CiphertextBlob: sealed.blob,
        SourceKeyId: source.arn,
        KeyId: destination.arn,
        SourceEncryptionAlgorithm,
        DestinationEncryptionAlgorithm,
        SourceKeyMaterialId: opened.materialId,
        DestinationKeyMaterialId: sealed.materialId,
      };
    } finally {
      opened.plaintext.fill(0);
    }
  },
});

interface CiphertextMembers {
  readonly CiphertextBlob?: Uint8Array | undefined;
  readonly DryRun?: boolean | undefined;
  readonly DryRunModifiers?: readonly string[] | undefined;
}

/**
 * Only a dry run that ignores it may leave the ciphertext out (targets.ts then takes the key that the request names).
 * @throws {KmsError} ValidationException
 */
function checkCiphertext(input: CiphertextMembers): void {
  const { CiphertextBlob, DryRun, DryRunModifiers = [] } = input;
  if (DryRunModifiers.length > 0 && DryRun !== true) {
    throw new KmsError("ValidationException", "DryRunModifiers can only be specified when DryRun is true.");
  }
  if (CiphertextBlob !== undefined || ignoresCiphertext(input)) return;
  throw new KmsError(
    "ValidationException",
    "1 validation error detected: " +
      "Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null",
  );
}
