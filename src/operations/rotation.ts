/**
 * EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus, RotateKeyOnDemand, ListKeyRotations. Source: AWS KMS API
 * reference.
 */
import { KmsError } from "../errors.ts";
import type { ImportedMaterial, Key, MaterialEntry } from "../keys/key.ts";
import { DEFAULT_PERIOD_DAYS, shownRotation } from "../keys/rotation.ts";
import { ANY_STATE, ROTATION_READABLE, ROTATION_SWITCHABLE, USABLE, wrongOrigin } from "../keys/state.ts";
import { cutPage, invalidMarker, pageMembers, readMarker } from "../model/pages.ts";
import {
  boolean,
  expirationModel,
  includeKeyMaterial,
  keyMaterialDescription,
  keyMaterialId,
  keyMaterialState,
  keyRef,
  limit,
  marker,
  rotationPeriodInDays,
  rotationType,
  timestamp,
} from "../model/scalars.ts";
import { enumeration, list, required, struct, type ValueOf } from "../model/shape.ts";
import type { Services } from "../services.ts";
import { expiryOf } from "./key-metadata.ts";
import { operation, type ResolvedKey } from "./operation.ts";

const DEFAULT_ROTATIONS_PER_PAGE = 100;
const MAX_ON_DEMAND_ROTATIONS = 25;
const MATERIAL_ID = /^[0-9a-f]{64}$/;

/** Automatic rotation is for material that was made here. */
const MADE_HERE = { only: "AWS_KMS" } as const;
/** Keys of other specs are not rotated. AWS answers without a message. */
const ROTATABLE_KEY = {
  from: "KeyId",
  alias: "invalid-arn",
  only: { material: "symmetric", code: "UnsupportedOperationException" },
} as const;

export const enableKeyRotation = operation({
  name: "EnableKeyRotation",
  input: struct({ KeyId: required(keyRef), RotationPeriodInDays: rotationPeriodInDays }),
  output: struct({}),
  targets: {
    key: {
      ...ROTATABLE_KEY,
      action: "kms:EnableKeyRotation",
      states: ROTATION_SWITCHABLE,
      origin: MADE_HERE,
      region: "no-replica",
    },
  },
  effect: "write",
  async handle({ input, keys: { key: target }, services, tx }) {
    await services.rotations.enable(tx, target.key, input.RotationPeriodInDays ?? DEFAULT_PERIOD_DAYS);
    return {};
  },
});

export const disableKeyRotation = operation({
  name: "DisableKeyRotation",
  input: struct({ KeyId: required(keyRef) }),
  output: struct({}),
  targets: {
    key: {
      ...ROTATABLE_KEY,
      action: "kms:DisableKeyRotation",
      states: ROTATION_SWITCHABLE,
      origin: MADE_HERE,
      region: "no-replica",
    },
  },
  effect: "write",
  async handle({ keys: { key: target }, services, tx }) {
    await services.rotations.disable(tx, target.key);
    return {};
  },
});

export const getKeyRotationStatus = operation({
  name: "GetKeyRotationStatus",
  input: struct({ KeyId: required(keyRef) }),
  output: struct({
    KeyRotationEnabled: boolean,
    KeyId: keyRef,
    RotationPeriodInDays: rotationPeriodInDays,
    NextRotationDate: timestamp,
    OnDemandRotationStartDate: timestamp,
  }),
  targets: {
    key: {
      from: "KeyId",
      action: "kms:GetKeyRotationStatus",
      states: ROTATION_READABLE,
      origin: MADE_HERE,
      alias: "invalid-arn",
      crossAccount: true,
    },
  },
  effect: "read",
  // Keys that cannot be rotated are told the same: it is no error to ask.
  async handle({ keys: { key: target } }) {
    const rotation = shownRotation(target.key);
    return {
      KeyRotationEnabled: rotation !== undefined,
      KeyId: target.arn,
      ...(rotation && {
        RotationPeriodInDays: rotation.periodDays,
        NextRotationDate: new Date(rotation.nextAtMs),
      }),
    };
  },
});

export const rotateKeyOnDemand = operation({
  name: "RotateKeyOnDemand",
  input: struct({ KeyId: required(keyRef) }),
  output: struct({ KeyId: keyRef }),
  targets: { key: { ...ROTATABLE_KEY, action: "kms:RotateKeyOnDemand", states: USABLE, region: "no-replica" } },
  effect: "write",
  async handle({ keys: { key: target }, services, tx }) {
    refuseInStore(target);
    checkOnDemandLimit(target.key, target.arn);
    const { keys, imports, replication } = services;
    const isImported = target.key.origin === "EXTERNAL";
    const rotated = isImported ? imports.rotate(tx, target.key, target.arn) : keys.rotate(tx, target.key, "ON_DEMAND");
    await replication.spread(tx, target.key, rotated);
    return { KeyId: target.key.keyId };
  },
});

/** A key in a custom key store has one material for ever. @throws {KmsError} UnsupportedOperationException */
function refuseInStore({ key, arn }: ResolvedKey): void {
  if (key.customKeyStoreId !== undefined) throw wrongOrigin(arn, key.origin!);
}

/** @throws {KmsError} LimitExceededException */
function checkOnDemandLimit({ materials }: Key, arn: string): void {
  const onDemand = materials.filter(({ rotationType }) => rotationType === "ON_DEMAND");
  if (onDemand.length < MAX_ON_DEMAND_ROTATIONS) return;
  throw new KmsError(
    "LimitExceededException",
    "The on-demand rotations limit has been reached for the given keyId. " +
      `No more on-demand rotations can be performed for this key: ${arn}`,
  );
}

const rotationsListEntry = struct({
  KeyId: keyRef,
  KeyMaterialId: keyMaterialId,
  KeyMaterialDescription: keyMaterialDescription,
  ImportState: enumeration("IMPORTED", "PENDING_IMPORT"),
  KeyMaterialState: keyMaterialState,
  ExpirationModel: expirationModel,
  ValidTo: timestamp,
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
  targets: { key: { ...ROTATABLE_KEY, action: "kms:ListKeyRotations", states: ANY_STATE } },
  effect: "read",
  async handle({ input, keys: { key: target }, services }) {
    const after = readMarker(input.Marker, (text) => MATERIAL_ID.test(text));
    const all = services.imports
      .associated(target.key)
      .filter((entry) => input.IncludeKeyMaterial === "ALL_KEY_MATERIAL" || entry.rotationType !== undefined);
    const last = all.findIndex(({ materialId }) => materialId === after);
    if (after !== undefined && last < 0) throw invalidMarker();
    const rest = all.slice(last + 1);
    const page = cutPage(rest, input.Limit ?? DEFAULT_ROTATIONS_PER_PAGE, ({ materialId }) => materialId);
    const state = await pendingStateOf(target.key, services);
    return {
      Rotations: page.items.map((entry) => describeRotation(target.key, entry, state)),
      ...pageMembers(page.nextMarker),
    };
  },
});

type MaterialState = ValueOf<typeof keyMaterialState>;

/** What is to be said of material that waits for its rotation: in a primary, whether its replicas have it. */
async function pendingStateOf(key: Key, { replication }: Services): Promise<MaterialState> {
  const { pendingMaterial } = key;
  if (pendingMaterial === undefined || replication.isReplica(key)) return "PENDING_ROTATION";
  const lacking = await replication.lacking(key, pendingMaterial);
  return lacking.length > 0 ? "PENDING_MULTI_REGION_IMPORT_AND_ROTATION" : "PENDING_ROTATION";
}

function describeRotation(
  key: Key,
  entry: MaterialEntry,
  pendingState: MaterialState,
): ValueOf<typeof rotationsListEntry> {
  const { materialId, rotationType, createdAtMs, imported } = entry;
  return {
    KeyId: key.keyId,
    KeyMaterialId: materialId,
    KeyMaterialState: entry === key.pendingMaterial ? pendingState : materialStateOf(key, entry),
    ...(rotationType && { RotationDate: new Date(createdAtMs), RotationType: rotationType }),
    ...(imported && describeImport(imported)),
  };
}

function materialStateOf({ materials }: Key, entry: MaterialEntry): MaterialState {
  return entry === materials.at(-1) ? "CURRENT" : "NON_CURRENT";
}

function describeImport({ description, validToMs, isMissing }: ImportedMaterial) {
  return {
    ImportState: isMissing ? ("PENDING_IMPORT" as const) : ("IMPORTED" as const),
    ...(description !== undefined && { KeyMaterialDescription: description }),
    ...(!isMissing && expiryOf(validToMs)),
  };
}
