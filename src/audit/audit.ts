/**
 * What is recorded of every request, whatever became of it. Names and outcomes only: no plaintext, no ciphertext, no
 * encryption context value ever stands in an event.
 */
import type { Caller } from "../env.ts";
import type { KmsErrorCode } from "../errors.ts";

export interface AuditEvent {
  readonly timeMs: number;
  readonly caller: Caller;
  readonly operation: string;
  /** The ARNs of the keys that the request was resolved to, in order of the operation's targets. */
  readonly keyArns: readonly string[];
  /** `undefined` if the request succeeded. */
  readonly errorCode: KmsErrorCode | undefined;
}

/**
 * Receives every event before the caller gets the answer; a promise is waited for. If it fails, the caller gets a
 * KMSInternalException instead of the answer; what the request has changed stays changed.
 */
export type AuditSink = (event: AuditEvent) => unknown;
