/** GenerateDataKey and GenerateDataKeyPair, with and without plaintext. Source: AWS KMS API reference. */
import { DEFAULT_ALGORITHM, type PairSpec } from "../crypto/algorithms.ts";
import { KmsError } from "../errors.ts";
import { USABLE } from "../keys/state.ts";
import {
  boolean,
  ciphertextBlob,
  dataKeyPairSpec,
  dataKeySpec,
  encryptionContext,
  grantTokens,
  keyMaterialId,
  keyRef,
  numberOfBytes,
  plaintext,
  publicKey,
  recipient,
} from "../model/scalars.ts";
import { required, struct, type ValueOf } from "../model/shape.ts";
import { cleaningUp, whenReady } from "../records/ready.ts";
import type { ReadTransaction } from "../records/record-store.ts";
import { secretBytes } from "../secret-bytes.ts";
import type { Services } from "../services.ts";
import { operation, type ResolvedKey } from "./operation.ts";

/** The key that data keys are sealed under. */
const SEALING_KEY = {
  from: "KeyId",
  usage: "ENCRYPT_DECRYPT",
  states: USABLE,
  alias: "allowed",
  crossAccount: true,
  only: {
    material: "symmetric",
    code: "InvalidKeyUsageException",
    message: "You cannot generate a data key with an asymmetric CMK",
  },
} as const;

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
  recipientGets: "Plaintext",
  validate: checkSize,
  targets: {
    key: { ...SEALING_KEY, action: "kms:GenerateDataKey" },
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
    key: { ...SEALING_KEY, action: "kms:GenerateDataKeyWithoutPlaintext" },
  },
  effect: "read",
  async handle({ input, keys, services, tx }) {
    const { Plaintext, ...rest } = await makeDataKey(input, keys.key, services, tx);
    Plaintext.fill(0);
    return rest;
  },
});

const pairRequest = {
  KeyId: required(keyRef),
  KeyPairSpec: required(dataKeyPairSpec),
  EncryptionContext: encryptionContext,
  GrantTokens: grantTokens,
  DryRun: boolean,
};
const pairInputWithPlaintext = struct({ ...pairRequest, Recipient: recipient });
const pairInputWithoutPlaintext = struct(pairRequest);
const pairResponse = {
  PrivateKeyCiphertextBlob: ciphertextBlob,
  PublicKey: publicKey,
  KeyId: keyRef,
  KeyPairSpec: dataKeyPairSpec,
  KeyMaterialId: keyMaterialId,
};

const DRY_RUN_SPEC: PairSpec = "ECC_NIST_P256";

type PairInput = ValueOf<typeof pairInputWithoutPlaintext>;

export const generateDataKeyPair = operation({
  name: "GenerateDataKeyPair",
  input: pairInputWithPlaintext,
  output: struct({ ...pairResponse, PrivateKeyPlaintext: plaintext, CiphertextForRecipient: ciphertextBlob }),
  recipientGets: "PrivateKeyPlaintext",
  validate: checkPairSpec,
  targets: { key: { ...SEALING_KEY, action: "kms:GenerateDataKeyPair" } },
  effect: "read",
  handle: ({ input, keys, services, tx }) => makePair(input, keys.key, services, tx),
});

export const generateDataKeyPairWithoutPlaintext = operation({
  name: "GenerateDataKeyPairWithoutPlaintext",
  input: pairInputWithoutPlaintext,
  output: struct(pairResponse),
  validate: checkPairSpec,
  targets: { key: { ...SEALING_KEY, action: "kms:GenerateDataKeyPairWithoutPlaintext" } },
  effect: "read",
  async handle({ input, keys, services, tx }) {
    const { PrivateKeyPlaintext, ...rest } = await makePair(input, keys.key, services, tx);
    PrivateKeyPlaintext.fill(0);
    return rest;
  },
});

function makeDataKey(input: DataKeyInput, target: ResolvedKey, services: Services, tx: ReadTransaction) {
  const dataKey = secretBytes(input.NumberOfBytes ?? DATA_KEY_BYTES[input.KeySpec!]);
  const seal = () => {
    services.random.fill(dataKey);
    return whenReady(
      services.cipher.encrypt(tx, target.key, DEFAULT_ALGORITHM, dataKey, input.EncryptionContext),
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

async function makePair(input: PairInput, target: ResolvedKey, services: Services, tx: ReadTransaction) {
  // Nobody sees the pair of a dry run, and one of RSA takes seconds.
  const spec = input.DryRun === true ? DRY_RUN_SPEC : (input.KeyPairSpec as PairSpec);
  const pair = await services.keyPairs.generate(spec);
  const seal = () =>
    services.cipher.encrypt(tx, target.key, DEFAULT_ALGORITHM, pair.privateKey, input.EncryptionContext);
  const { blob, materialId } = await cleaningUp(seal, () => pair.privateKey.fill(0));
  return {
    PrivateKeyCiphertextBlob: blob,
    PrivateKeyPlaintext: pair.privateKey,
    PublicKey: pair.publicKey,
    KeyId: target.arn,
    KeyPairSpec: input.KeyPairSpec,
    KeyMaterialId: materialId,
  };
}

function checkPairSpec({ KeyPairSpec }: PairInput): void {
  if (KeyPairSpec !== "SM2") return;
  throw new KmsError("UnsupportedOperationException", "KeyPairSpec SM2 is not supported in this Region");
}
