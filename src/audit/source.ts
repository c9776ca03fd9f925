/** An audit trail as it is asked for: opened by the service, which knows who signs and what hashes. */
import type { AuditOutput } from "./trail.ts";

/** What `createKms({ audit })` takes besides a function. */
export interface AuditSource {
  openOutput(): AuditOutput;
}

/** Lines of the trail as they are written; a promise is waited for, and a failure fails the changes that wait for it. */
export type LineReceiver = (lines: string) => unknown;

/** A trail that goes to a function, in batches of whole lines. */
export function auditTo(receive: LineReceiver): AuditSource {
  const decoder = new TextDecoder();
  return {
    openOutput: () => ({
      begin: async () => undefined,
      append: async (bytes) => void (await receive(decoder.decode(bytes))),
      isFull: () => false,
      close: async () => undefined,
    }),
  };
}
