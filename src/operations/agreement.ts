/** DeriveSharedSecret. Source: AWS KMS API reference; ECDH of SP 800-56A, the shared secret Z as it is. */
import { KmsError } from "../errors.ts";
import { USABLE } from "../keys/state.ts";
import {
  boolean,
  ciphertextBlob,
  grantTokens,
  keyAgreementAlgorithm,
  keyRef,
  origin,
  plaintext,
  publicKey,
  recipient,
} from "../model/scalars.ts";
import { required, struct } from "../model/shape.ts";
import { operation } from "./operation.ts";

export const deriveSharedSecret = operation({
  name: "DeriveSharedSecret",
  input: struct({
    KeyId: required(keyRef),
    KeyAgreementAlgorithm: required(keyAgreementAlgorithm),
    PublicKey: required(publicKey),
    GrantTokens: grantTokens,
    DryRun: boolean,
    Recipient: recipient,
  }),
  output: struct({
    KeyId: keyRef,
    SharedSecret: plaintext,
    CiphertextForRecipient: ciphertextBlob,
    KeyAgreementAlgorithm: keyAgreementAlgorithm,
    KeyOrigin: origin,
  }),
  recipientGets: "SharedSecret",
  targets: {
    key: {
      from: "KeyId",
      action: "kms:DeriveSharedSecret",
      usage: "KEY_AGREEMENT",
      states: USABLE,
      algorithm: "KeyAgreementAlgorithm",
      alias: "allowed",
      crossAccount: true,
    },
  },
  effect: "read",
  async handle({ input, keys: { key: target }, services, tx }) {
    const { pair } = await services.keys.pair(tx, target.key);
    const sharedSecret = await pair.agree(input.PublicKey);
    if (sharedSecret === undefined) {
      throw new KmsError("ValidationException", `The public key is not a valid key of key spec ${target.key.keySpec}.`);
    }
    return {
      KeyId: target.arn,
      SharedSecret: sharedSecret,
      KeyAgreementAlgorithm: input.KeyAgreementAlgorithm,
      KeyOrigin: "AWS_KMS" as const,
    };
  },
});
