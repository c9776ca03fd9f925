/** UpdateKeyDescription. Source: AWS KMS API reference. */
import { CHANGEABLE } from "../keys/state.ts";
import { description, keyRef } from "../model/scalars.ts";
import { required, struct } from "../model/shape.ts";
import { operation } from "./operation.ts";

export const updateKeyDescription = operation({
  name: "UpdateKeyDescription",
  input: struct({ KeyId: required(keyRef), Description: required(description) }),
  output: struct({}),
  targets: { key: { from: "KeyId", action: "kms:UpdateKeyDescription", states: CHANGEABLE, alias: "invalid-arn" } },
  effect: "write",
  async handle({ input, keys: { key: target }, services, tx }) {
    services.keys.update(tx, { ...target.key, description: input.Description });
    return {};
  },
});
