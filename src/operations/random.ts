/** GenerateRandom. Source: AWS KMS API reference. */
import { KmsError } from "../errors.ts";
import { ciphertextBlob, customKeyStoreId, numberOfBytes, plaintext, recipient } from "../model/scalars.ts";
import { struct } from "../model/shape.ts";
import { operation } from "./operation.ts";

export const generateRandom = operation({
  name: "GenerateRandom",
  input: struct({ NumberOfBytes: numberOfBytes, CustomKeyStoreId: customKeyStoreId, Recipient: recipient }),
  output: struct({ Plaintext: plaintext, CiphertextForRecipient: ciphertextBlob }),
  recipientGets: "Plaintext",
  action: "kms:GenerateRandom",
  targets: {},
  validate({ NumberOfBytes }) {
    if (NumberOfBytes === undefined) throw new KmsError("ValidationException", "NumberOfBytes is required.");
  },
  effect: "read",
  async handle({ input, services, tx }) {
    if (input.CustomKeyStoreId !== undefined) {
      await services.customKeyStores.get(tx, input.CustomKeyStoreId);
      // External key stores make no random bytes, and others there are not.
      throw new KmsError("UnsupportedOperationException");
    }
    const bytes = new Uint8Array(input.NumberOfBytes!);
    services.random.fill(bytes);
    return { Plaintext: bytes };
  },
});
