/**
 * Which states an operation allows, and what AWS answers in the others. Source: AWS KMS Developer Guide, "Key states
 * of KMS keys", notes 1 to 15 of its table.
 */
import { KmsError } from "../errors.ts";
import { keyState } from "../model/scalars.ts";
import type { Key, KeyState, Origin } from "./key.ts";

export interface StateRule {
  readonly allowed: ReadonlySet<KeyState>;
  /** What follows the key ARN in the KMSInvalidStateException, where it is not the state itself. */
  readonly refusal?: string;
  /** Whether the states that only another origin has are answered by that origin. */
  readonly byOrigin?: true;
}

function allowing(...states: KeyState[]): StateRule {
  return { allowed: new Set(states) };
}

function allowingAllBut(...states: KeyState[]): StateRule {
  return { allowed: new Set(keyState.values.filter((state) => !states.includes(state))) };
}

/** Cryptographic operations. */
export const USABLE = allowing("Enabled", "Updating");
/** Reads, which work in every state. */
export const ANY_STATE = allowingAllBut();
/** Reads of what only keys have whose material AWS KMS made itself. */
export const ROTATION_READABLE: StateRule = { ...allowingAllBut("PendingImport", "Unavailable"), byOrigin: true };
export const ROTATION_SWITCHABLE: StateRule = { ...USABLE, byOrigin: true };
export const GRANTABLE = allowing("Enabled", "Unavailable", "Updating");
export const REPLICABLE = allowing("Enabled");
/** ImportKeyMaterial, whatever the origin; its two neighbours also refuse a key that is being updated. */
export const IMPORTABLE = allowingAllBut("Creating");
export const IMPORT_PREPARABLE = allowingAllBut("Creating", "Updating");
/** The same of a key of origin EXTERNAL. */
export const EXTERNAL_IMPORTABLE = allowingAllBut("PendingDeletion", "PendingReplicaDeletion", "Creating");
export const SWITCHABLE = allowing("Enabled", "Disabled", "Unavailable");
/** Changes of what is said of a key: tags, description, aliases. */
export const CHANGEABLE = allowingAllBut("PendingDeletion", "PendingReplicaDeletion");
export const DELETABLE = allowingAllBut("PendingDeletion", "PendingReplicaDeletion", "Updating");
export const PENDING_DELETION: StateRule = {
  allowed: new Set<KeyState>(["PendingDeletion", "PendingReplicaDeletion"]),
  refusal: "is not pending deletion (or pending replica deletion).",
};

const REFUSALS: Readonly<Record<KeyState, string>> = {
  Creating: "is creating.",
  Enabled: "is enabled.",
  Disabled: "is disabled.",
  PendingDeletion: "is pending deletion.",
  PendingImport: "is pending import.",
  PendingReplicaDeletion: "is pending deletion.",
  Unavailable: "is unavailable.",
  Updating: "is updating.",
};

/** @throws {KmsError} DisabledException, KMSInvalidStateException */
export function checkState(rule: StateRule, state: KeyState, arn: string): void {
  if (rule.allowed.has(state)) return;
  if (rule.byOrigin && state === "PendingImport") throw wrongOrigin(arn, "EXTERNAL");
  // Only a key in a custom key store is unavailable; AWS says nothing more.
  if (rule.byOrigin && state === "Unavailable") throw new KmsError("UnsupportedOperationException");
  if (rule.refusal !== undefined) throw new KmsError("KMSInvalidStateException", `${arn} ${rule.refusal}`);
  const code = state === "Disabled" ? "DisabledException" : "KMSInvalidStateException";
  throw new KmsError(code, `${arn} ${REFUSALS[state]}`);
}

/** Which origin an operation wants, and the states that it allows there. */
export interface OriginRule {
  readonly only: Origin;
  readonly states?: StateRule;
}

/** @throws {KmsError} UnsupportedOperationException, KMSInvalidStateException */
export function checkOrigin({ only, states }: OriginRule, { origin: other, state }: Key, arn: string): void {
  const origin: Origin = other ?? "AWS_KMS";
  if (origin !== only) throw wrongOrigin(arn, origin);
  if (states !== undefined) checkState(states, state, arn);
}

/** The refusal of an operation that keys of this origin do not know. */
export function wrongOrigin(arn: string, origin: Origin): KmsError {
  return new KmsError(
    "UnsupportedOperationException",
    `${arn} origin is ${origin} which is not valid for this operation.`,
  );
}
