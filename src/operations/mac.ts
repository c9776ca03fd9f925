/** GenerateMac, VerifyMac. Source: AWS KMS API reference. */
import { KmsError } from "../errors.ts";
import { USABLE } from "../keys/state.ts";
import { boolean, ciphertextBlob, grantTokens, keyRef, macAlgorithm, plaintext } from "../model/scalars.ts";
import { required, struct } from "../model/shape.ts";
import { whenReady } from "../records/ready.ts";
import { operation } from "./operation.ts";

const request = {
  Message: required(plaintext),
  KeyId: required(keyRef),
  MacAlgorithm: required(macAlgorithm),
  GrantTokens: grantTokens,
  DryRun: boolean,
};

const MAC_KEY = {
  from: "KeyId",
  usage: "GENERATE_VERIFY_MAC",
  states: USABLE,
  algorithm: "MacAlgorithm",
  alias: "allowed",
  crossAccount: true,
} as const;

export const generateMac = operation({
  name: "GenerateMac",
  input: struct(request),
  output: struct({ Mac: ciphertextBlob, MacAlgorithm: macAlgorithm, KeyId: keyRef }),
  targets: { key: { ...MAC_KEY, action: "kms:GenerateMac" } },
  effect: "read",
  handle({ input, keys: { key: target }, services, tx }) {
    const { MacAlgorithm, Message } = input;
    return whenReady(services.macs.generate(tx, target.key, MacAlgorithm, Message), (Mac) => ({
      Mac,
      MacAlgorithm,
      KeyId: target.arn,
    }));
  },
});

export const verifyMac = operation({
  name: "VerifyMac",
  input: struct({ ...request, Mac: required(ciphertextBlob) }),
  output: struct({ KeyId: keyRef, MacValid: boolean, MacAlgorithm: macAlgorithm }),
  targets: { key: { ...MAC_KEY, action: "kms:VerifyMac" } },
  effect: "read",
  handle({ input, keys: { key: target }, services, tx }) {
    const { MacAlgorithm, Message, Mac } = input;
    return whenReady(services.macs.verify(tx, target.key, MacAlgorithm, Message, Mac), (isValid) => {
      if (!isValid) throw new KmsError("KMSInvalidMacException");
      return { KeyId: target.arn, MacValid: true, MacAlgorithm };
    });
  },
});
