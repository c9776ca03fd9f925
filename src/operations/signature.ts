/** Sign, Verify, GetPublicKey. Source: AWS KMS API reference. */
import { type MessageType, SIGNING_ALGORITHMS, type SigningAlgorithm } from "../crypto/algorithms.ts";
import { KmsError } from "../errors.ts";
import type { Key } from "../keys/key.ts";
import { USABLE } from "../keys/state.ts";
import {
  boolean,
  ciphertextBlob,
  customerMasterKeySpec,
  grantTokens,
  keyRef,
  keySpec,
  keyUsage,
  messageType,
  plaintext,
  publicKey,
  signingAlgorithm,
} from "../model/scalars.ts";
import { required, struct, type ValueOf } from "../model/shape.ts";
import { describeSpec, publicAlgorithmLists } from "./key-spec.ts";
import { operation } from "./operation.ts";

const request = {
  KeyId: required(keyRef),
  Message: required(plaintext),
  MessageType: messageType,
  SigningAlgorithm: required(signingAlgorithm),
  GrantTokens: grantTokens,
  DryRun: boolean,
};
const signInput = struct(request);

const SIGNING_KEY = {
  from: "KeyId",
  usage: "SIGN_VERIFY",
  states: USABLE,
  algorithm: "SigningAlgorithm",
  alias: "allowed",
  crossAccount: true,
} as const;

export const sign = operation({
  name: "Sign",
  input: signInput,
  output: struct({ KeyId: keyRef, Signature: ciphertextBlob, SigningAlgorithm: signingAlgorithm }),
  targets: { key: { ...SIGNING_KEY, action: "kms:Sign" } },
  effect: "read",
  async handle({ input, keys: { key: target }, services, tx }) {
    const { algorithm, type } = checkMessage(target.key, input);
    const { pair } = await services.keys.pair(tx, target.key);
    const signature = await pair.sign(algorithm, input.Message, type);
    return { KeyId: target.arn, Signature: signature, SigningAlgorithm: algorithm };
  },
});

export const verify = operation({
  name: "Verify",
  input: struct({ ...request, Signature: required(ciphertextBlob) }),
  output: struct({ KeyId: keyRef, SignatureValid: boolean, SigningAlgorithm: signingAlgorithm }),
  targets: { key: { ...SIGNING_KEY, action: "kms:Verify" } },
  effect: "read",
  async handle({ input, keys: { key: target }, services, tx }) {
    const { algorithm, type } = checkMessage(target.key, input);
    const { pair } = await services.keys.pair(tx, target.key);
    if (!(await pair.verify(algorithm, input.Message, type, input.Signature))) {
      throw new KmsError("KMSInvalidSignatureException");
    }
    return { KeyId: target.arn, SignatureValid: true, SigningAlgorithm: algorithm };
  },
});

export const getPublicKey = operation({
  name: "GetPublicKey",
  input: struct({ KeyId: required(keyRef), GrantTokens: grantTokens }),
  output: struct({
    KeyId: keyRef,
    PublicKey: publicKey,
    CustomerMasterKeySpec: customerMasterKeySpec,
    KeySpec: keySpec,
    KeyUsage: keyUsage,
    ...publicAlgorithmLists,
  }),
  targets: {
    key: {
      from: "KeyId",
      action: "kms:GetPublicKey",
      states: USABLE,
      alias: "allowed",
      crossAccount: true,
      only: { material: "pair", code: "UnsupportedOperationException" },
    },
  },
  effect: "read",
  async handle({ keys: { key: target }, services, tx }) {
    const material = await services.keys.pair(tx, target.key);
    return { KeyId: target.arn, PublicKey: material.publicKey.slice(), ...describeSpec(target.key) };
  },
});

/** @throws {KmsError} ValidationException if the message is not of a type or length that the algorithm takes */
function checkMessage(key: Key, input: ValueOf<typeof signInput>): { algorithm: SigningAlgorithm; type: MessageType } {
  const algorithm = input.SigningAlgorithm as SigningAlgorithm;
  const type = input.MessageType ?? "RAW";
  const row = SIGNING_ALGORITHMS[algorithm];
  if (!(row.messageTypes as readonly MessageType[]).includes(type)) {
    const isOfSpec = type === "EXTERNAL_MU" || row.scheme === "ml-dsa";
    const holder = isOfSpec ? `key spec ${key.keySpec}` : `algorithm ${algorithm}`;
    throw new KmsError("ValidationException", `Message type ${type} is incompatible with ${holder}.`);
  }
  if (type !== "RAW" && input.Message.length !== row.digestBytes) {
    throw new KmsError("ValidationException", `Digest is invalid length for algorithm ${algorithm}.`);
  }
  return { algorithm, type };
}
