/**
 * Which states an operation allows, and what AWS answers in the others. Source: AWS KMS Developer Guide, "Key states
 * of KMS keys", notes 1 to 15 of its table.
 */
import { KmsError } from "../errors.ts";
import { keyState, type origin as originShape } from "../model/scalars.ts";
import type { ValueOf } from "../model/shape.ts";
import type { KeyState } from "./key.ts";

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
/** ImportKeyMaterial; its two neighbours also refuse a key that is being updated. */
export const IMPORTABLE = allowingAllBut("Creating");
export const IMPORT_PREPARABLE = allowingAllBut("Creating", "Updating");
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

/** The refusal of an operation that keys of this origin do not know. */
export function wrongOrigin(arn: string, origin: ValueOf<typeof originShape>): KmsError {
  return new KmsError(
    "UnsupportedOperationException",
    `${arn} origin is ${origin} which is not valid for this operation.`,
  );
}
