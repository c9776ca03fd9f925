/** RotateKeyOnDemand, ListKeyRotations. Source: AWS KMS API reference. */
import type { Key, MaterialEntry } from "../keys/key.ts";
import { ANY_STATE, USABLE } from "../keys/state.ts";
import { cutPage, invalidMarker, pageMembers, readMarker } from "../model/pages.ts";
import {
  boolean,
  includeKeyMaterial,
  keyMaterialId,
  keyMaterialState,
  keyRef,
  limit,
  marker,
  rotationType,
  timestamp,
} from "../model/scalars.ts";
import { list, required, struct, type ValueOf } from "../model/shape.ts";
import { operation } from "./operation.ts";

const DEFAULT_ROTATIONS_PER_PAGE = 100;
const MATERIAL_ID = /^[0-9a-f]{64}$/;

export const rotateKeyOnDemand = operation({
  name: "RotateKeyOnDemand",
  input: struct({ KeyId: required(keyRef) }),
  output: struct({ KeyId: keyRef }),
  targets: {
    key: {
      from: "KeyId",
      action: "kms:RotateKeyOnDemand",
      states: USABLE,
      alias: "invalid-arn",
      only: { material: "symmetric", code: "UnsupportedOperationException" },
    },
  },
  effect: "write",
  async handle({ keys: { key: target }, services, tx }) {
    services.keys.rotate(tx, target.key, target.arn);
    return { KeyId: target.key.keyId };
  },
});

const rotationsListEntry = struct({
  KeyId: keyRef,
  KeyMaterialId: keyMaterialId,
  KeyMaterialState: keyMaterialState,
  RotationDate: timestamp,
  RotationType: rotationType,
});

export const listKeyRotations = operation({
  name: "ListKeyRotations",
  input: struct({
    KeyId: required(keyRef),
    IncludeKeyMaterial: includeKeyMaterial,
    Limit: limit,
    Marker: marker,
  }),
  output: struct({ Rotations: list(rotationsListEntry), NextMarker: marker, Truncated: boolean }),
  targets: {
    key: {
      from: "KeyId",
      action: "kms:ListKeyRotations",
      states: ANY_STATE,
      alias: "invalid-arn",
      only: { material: "symmetric", code: "UnsupportedOperationException" },
    },
  },
  effect: "read",
  async handle({ input, keys: { key: target } }) {
    const after = readMarker(input.Marker, (text) => MATERIAL_ID.test(text));
    const all = target.key.materials.filter(
      (entry) => input.IncludeKeyMaterial === "ALL_KEY_MATERIAL" || entry.rotationType !== undefined,
    );
    const last = all.findIndex(({ materialId }) => materialId === after);
    if (after !== undefined && last < 0) throw invalidMarker();
    const rest = all.slice(last + 1);
    const page = cutPage(rest, input.Limit ?? DEFAULT_ROTATIONS_PER_PAGE, ({ materialId }) => materialId);
    return {
      Rotations: page.items.map((entry) => describeRotation(target.key, entry)),
      ...pageMembers(page.nextMarker),
    };
  },
});

function describeRotation(key: Key, entry: MaterialEntry): ValueOf<typeof rotationsListEntry> {
  return {
    KeyId: key.keyId,
    KeyMaterialId: entry.materialId,
    KeyMaterialState: entry === key.materials.at(-1) ? "CURRENT" : "NON_CURRENT",
    ...(entry.rotationType && { RotationDate: new Date(entry.createdAtMs), RotationType: entry.rotationType }),
  };
}
