/** GenerateDataKey, GenerateDataKeyWithoutPlaintext. Source: AWS KMS API reference. */
import { KmsError } from "../errors.ts";
import { USABLE } from "../keys/state.ts";
import {
  boolean,
  ciphertextBlob,
  dataKeySpec,
  encryptionContext,
  grantTokens,
  keyMaterialId,
  keyRef,
  numberOfBytes,
  plaintext,
  recipient,
} from "../model/scalars.ts";
import { required, struct, type ValueOf } from "../model/shape.ts";
import { cleaningUp, whenReady } from "../records/ready.ts";
import type { ReadTransaction } from "../records/record-store.ts";
import { secretBytes } from "../secret-bytes.ts";
import type { Services } from "../services.ts";
import { operation, type ResolvedKey } from "./operation.ts";

const DATA_KEY_BYTES: Readonly<Record<ValueOf<typeof dataKeySpec>, number>> = { AES_128: 16, AES_256: 32 };

const request = {
  KeyId: required(keyRef),
  EncryptionContext: encryptionContext,
  NumberOfBytes: numberOfBytes,
  KeySpec: dataKeySpec,
  GrantTokens: grantTokens,
  DryRun: boolean,
};
const inputWithPlaintext = struct({ ...request, Recipient: recipient });
const inputWithoutPlaintext = struct(request);

type DataKeyInput = ValueOf<typeof inputWithoutPlaintext>;

export const generateDataKey = operation({
  name: "GenerateDataKey",
  input: inputWithPlaintext,
  output: struct({
    CiphertextBlob: ciphertextBlob,
    Plaintext: plaintext,
    KeyId: keyRef,
    CiphertextForRecipient: ciphertextBlob,
    KeyMaterialId: keyMaterialId,
  }),
  unsupported: ["Recipient"],
  validate: checkSize,
  targets: {
    key: {
      from: "KeyId",
      action: "kms:GenerateDataKey",
      usage: "ENCRYPT_DECRYPT",
      states: USABLE,
      alias: "allowed",
    },
  },
  effect: "read",
  handle: ({ input, keys, services, tx }) => makeDataKey(input, keys.key, services, tx),
});

export const generateDataKeyWithoutPlaintext = operation({
  name: "GenerateDataKeyWithoutPlaintext",
  input: inputWithoutPlaintext,
  output: struct({ CiphertextBlob: ciphertextBlob, KeyId: keyRef, KeyMaterialId: keyMaterialId }),
  validate: checkSize,
  targets: {
    key: {
      from: "KeyId",
      action: "kms:GenerateDataKeyWithoutPlaintext",
      usage: "ENCRYPT_DECRYPT",
      states: USABLE,
      alias: "allowed",
    },
  },
  effect: "read",
  async handle({ input, keys, services, tx }) {
    const { Plaintext, ...rest } = await makeDataKey(input, keys.key, services, tx);
    Plaintext.fill(0);
    return rest;
  },
});

function makeDataKey(input: DataKeyInput, target: ResolvedKey, services: Services, tx: ReadTransaction) {
  const dataKey = secretBytes(input.NumberOfBytes ?? DATA_KEY_BYTES[input.KeySpec!]);
  const seal = () => {
    services.random.fill(dataKey);
    return whenReady(
      services.cipher.encrypt(tx, target.key, dataKey, input.EncryptionContext),
      ({ blob, materialId }) => ({
        CiphertextBlob: blob,
        Plaintext: dataKey,
        KeyId: target.arn,
        KeyMaterialId: materialId,
      }),
    );
  };
  return cleaningUp(seal, () => dataKey.fill(0));
}

function checkSize({ NumberOfBytes, KeySpec }: DataKeyInput): void {
  if ((NumberOfBytes === undefined) === (KeySpec === undefined)) {
    throw new KmsError("ValidationException", "Please specify either number of bytes or key spec.");
  }
}
