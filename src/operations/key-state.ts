/** EnableKey, DisableKey, ScheduleKeyDeletion, CancelKeyDeletion. Source: AWS KMS API reference. */
import { KmsError } from "../errors.ts";
import { DELETABLE, PENDING_DELETION, SWITCHABLE } from "../keys/state.ts";
import { keyRef, keyState, pendingWindowInDays, timestamp } from "../model/scalars.ts";
import { required, struct } from "../model/shape.ts";
import { operation } from "./operation.ts";

const DEFAULT_WINDOW_DAYS = 30;
const MIN_WINDOW_DAYS = 7;
const MAX_WINDOW_DAYS = 30;

const byKeyId = struct({ KeyId: required(keyRef) });
const nothing = struct({});

export const enableKey = operation({
  name: "EnableKey",
  input: byKeyId,
  output: nothing,
  targets: { key: { from: "KeyId", action: "kms:EnableKey", states: SWITCHABLE, alias: "invalid-arn" } },
  effect: "write",
  async handle({ keys: { key: target }, services, tx }) {
    const enabled = services.keys.update(tx, { ...target.key, state: "Enabled" });
    await services.rotations.resume(tx, enabled);
    return {};
  },
});

export const disableKey = operation({
  name: "DisableKey",
  input: byKeyId,
  output: nothing,
  targets: { key: { from: "KeyId", action: "kms:DisableKey", states: SWITCHABLE, alias: "invalid-arn" } },
  effect: "write",
  async handle({ keys: { key: target }, services, tx }) {
    services.keys.update(tx, { ...target.key, state: "Disabled" });
    return {};
  },
});

export const scheduleKeyDeletion = operation({
  name: "ScheduleKeyDeletion",
  input: struct({ KeyId: required(keyRef), PendingWindowInDays: pendingWindowInDays }),
  output: struct({
    KeyId: keyRef,
    DeletionDate: timestamp,
    KeyState: keyState,
    PendingWindowInDays: pendingWindowInDays,
  }),
  targets: { key: { from: "KeyId", action: "kms:ScheduleKeyDeletion", states: DELETABLE, alias: "invalid-arn" } },
  validate({ PendingWindowInDays: windowDays = DEFAULT_WINDOW_DAYS }) {
    if (windowDays >= MIN_WINDOW_DAYS && windowDays <= MAX_WINDOW_DAYS) return;
    throw new KmsError(
      "ValidationException",
      `PendingWindowInDays must be between ${MIN_WINDOW_DAYS} and ${MAX_WINDOW_DAYS}, but it is ${windowDays}.`,
    );
  },
  effect: "write",
  async handle({ input, keys: { key: target }, services, tx }) {
    const windowDays = input.PendingWindowInDays ?? DEFAULT_WINDOW_DAYS;
    if (await services.replication.hasReplicas(tx, target.key)) {
      const { state } = services.replication.scheduleDeletion(tx, target.key, windowDays);
      return { KeyId: target.arn, KeyState: state, PendingWindowInDays: windowDays };
    }
    const doomed = services.keys.scheduleDeletion(tx, target.key, windowDays);
    return {
      KeyId: target.arn,
      DeletionDate: new Date(doomed.deletionAtMs),
      KeyState: doomed.state,
      PendingWindowInDays: windowDays,
    };
  },
});

export const cancelKeyDeletion = operation({
  name: "CancelKeyDeletion",
  input: byKeyId,
  output: struct({ KeyId: keyRef }),
  targets: { key: { from: "KeyId", action: "kms:CancelKeyDeletion", states: PENDING_DELETION, alias: "invalid-arn" } },
  effect: "write",
  async handle({ keys: { key: target }, services, tx }) {
    services.keys.cancelDeletion(tx, target.key);
    return { KeyId: target.arn };
  },
});
