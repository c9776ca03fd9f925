/**
 * Which states an operation allows, and what AWS answers in the others. Source: AWS KMS Developer Guide, "Key states
 * of KMS keys", notes 1 to 15 of its table.
 */
import { KmsError } from "../errors.ts";
import { keyState } from "../model/scalars.ts";
import type { KeyState } from "./key.ts";

export interface StateRule {
  readonly allowed: ReadonlySet<KeyState>;
  /** What follows the key ARN in the KMSInvalidStateException, where it is not the state itself. */
  readonly refusal?: string;
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
export const SWITCHABLE = allowing("Enabled", "Disabled", "Unavailable");
export const ALIASABLE = allowingAllBut("PendingDeletion", "PendingReplicaDeletion");
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
  if (rule.refusal !== undefined) throw new KmsError("KMSInvalidStateException", `${arn} ${rule.refusal}`);
  const code = state === "Disabled" ? "DisabledException" : "KMSInvalidStateException";
  throw new KmsError(code, `${arn} ${REFUSALS[state]}`);
}
