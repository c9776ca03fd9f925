/** Encapsulate, Decapsulate. Source: AWS KMS API reference; FIPS 203. */
import { KmsError } from "../errors.ts";
import { USABLE } from "../keys/state.ts";
import { boolean, ciphertextBlob, encapsulationAlgorithm, grantTokens, keyRef, plaintext } from "../model/scalars.ts";
import { required, struct } from "../model/shape.ts";
import { operation } from "./operation.ts";

const request = {
  KeyId: required(keyRef),
  EncapsulationAlgorithm: required(encapsulationAlgorithm),
  GrantTokens: grantTokens,
  DryRun: boolean,
};
const response = { KeyId: keyRef, SharedSecret: plaintext, EncapsulationAlgorithm: encapsulationAlgorithm };

const KEM_KEY = {
  from: "KeyId",
  usage: "ENCAPSULATE_DECAPSULATE",
  states: USABLE,
  algorithm: "EncapsulationAlgorithm",
  alias: "allowed",
  crossAccount: true,
} as const;

export const encapsulate = operation({
  name: "Encapsulate",
  input: struct(request),
  output: struct({ ...response, SharedSecretCiphertextBlob: ciphertextBlob }),
  targets: { key: { ...KEM_KEY, action: "kms:Encapsulate" } },
  effect: "read",
  async handle({ input, keys: { key: target }, services, tx }) {
    const { pair } = await services.keys.pair(tx, target.key);
    const { sharedSecret, ciphertext } = await pair.encapsulate();
    return {
      KeyId: target.arn,
      SharedSecret: sharedSecret,
      SharedSecretCiphertextBlob: ciphertext,
      EncapsulationAlgorithm: input.EncapsulationAlgorithm,
    };
  },
});

export const decapsulate = operation({
  name: "Decapsulate",
  input: struct({ ...request, SharedSecretCiphertextBlob: required(ciphertextBlob) }),
  output: struct(response),
  targets: { key: { ...KEM_KEY, action: "kms:Decapsulate" } },
  effect: "read",
  async handle({ input, keys: { key: target }, services, tx }) {
    const { pair } = await services.keys.pair(tx, target.key);
    const sharedSecret = await pair.decapsulate(input.SharedSecretCiphertextBlob);
    if (sharedSecret === undefined) throw new KmsError("InvalidCiphertextException");
    return { KeyId: target.arn, SharedSecret: sharedSecret, EncapsulationAlgorithm: input.EncapsulationAlgorithm };
  },
});
