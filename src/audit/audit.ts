/**
 * What is recorded of every request, whatever became of it, and who may receive it.
 */
import type { Attestation } from "../enclaves/recipient.ts";
import type { Caller, Realm } from "../env.ts";
import type { KmsErrorCode } from "../errors.ts";
import type { StructShape } from "../model/shape.ts";

type Members = Readonly<Record<string, unknown>>;

/** A request and its outcome. Members still hold secrets: a sink writes down only what their shapes call harmless. */
export interface AuditEvent {
  readonly timeMs: number;
  readonly caller: Caller;
  /** Where the request was sent. */
  readonly realm: Realm;
  readonly operation: string;
  /** Whether nobody asked for it: its time had come. */
  readonly isServiceEvent?: true;
  /** Whether the operation changes nothing. */
  readonly readOnly: boolean;
  /** The ARNs of the keys that the request was resolved to, in order of the operation's targets. */
  readonly keyArns: readonly string[];
  /** Admitted members with their shape; absent if the request was refused before. Valid until the sink returns. */
  readonly input?: { readonly shape: StructShape; readonly members: Members } | undefined;
  /** Valid until the sink returns. */
  readonly output?: { readonly shape: StructShape; readonly members: Members } | undefined;
  /** Of the enclave that has asked, verified. */
  readonly recipient?: Attestation | undefined;
  /** `undefined` if the request succeeded. */
  readonly errorCode: KmsErrorCode | undefined;
  readonly errorMessage?: string | undefined;
}

/**
 * Receives every event before the caller gets the answer; a promise is waited for. Of an operation that changes
 * something, the event of its success comes before the change is committed: if the sink fails then, nothing is changed
 * and the caller gets a KMSInternalException. If the commit fails afterwards, an event of the failure with the same
 * request id follows.
 */
export type AuditSink = (event: AuditEvent) => unknown;
