/**
 * The one pipeline that every request takes, over every transport:
 * admit (check and copy) -> one transaction -> resolve, authorize, check (targets.ts) -> handle,
 * with one `finally` that wipes what was sensitive and records the audit event, whatever happened.
 */
import type { AuditSink } from "./audit/audit.ts";
import type { Caller, Clock } from "./env.ts";
import { KmsError } from "./errors.ts";
import { admit } from "./model/admit.ts";
import type { StructShape } from "./model/shape.ts";
import { findOperation } from "./operations/index.ts";
import type { AnyOperation } from "./operations/operation.ts";
import type { ReadTransaction, Records } from "./records/record-store.ts";
import type { Services } from "./services.ts";
import { passTargets } from "./targets.ts";

type Members = Record<string, unknown>;

export interface KernelOptions {
  readonly records: Records;
  readonly services: Services;
  readonly clock: Clock;
  readonly audit?: AuditSink | undefined;
}

export class Kernel {
  readonly #options: KernelOptions;

  constructor(options: KernelOptions) {
    this.#options = options;
  }

  /**
   * Runs one request.
   * @param name the operation's AWS name, as "Encrypt"
   * @param input its members; copied before anything else happens
   * @throws {KmsError} and nothing else
   */
  async execute(name: string, input: unknown, caller: Caller): Promise<object> {
    const { audit, clock } = this.#options;
    const keyArns: string[] = [];
    let admitted: Members | undefined;
    let operation: AnyOperation | undefined;
    let failure: KmsError | undefined;
    try {
      operation = findOperation(name);
      if (operation === undefined) throw new KmsError("UnknownOperationException", `Unknown operation '${name}'.`);
      admitted = admit(operation.input, input) as Members;
      refuseUnsupported(operation, admitted);
      return await this.#run(operation, admitted, caller, keyArns);
    } catch (error) {
      failure = asKmsError(error);
      throw failure;
    } finally {
      if (operation !== undefined && admitted !== undefined) wipeSensitive(operation.input, admitted);
      audit?.({ timeMs: clock.nowMs(), caller, operation: name, keyArns, errorCode: failure?.code });
    }
  }

  async #run(operation: AnyOperation, input: Members, caller: Caller, keyArns: string[]): Promise<object> {
    const { records, services } = this.#options;
    const work = async (tx: ReadTransaction) => {
      keyArns.length = 0;
      const keys = await passTargets({ tx, services, operation, input, caller }, keyArns);
      return operation.handle({ input, keys, services, tx });
    };
    if (operation.effect === "read") return records.read(work);
    await this.#purge();
    return records.write(work);
  }

  /** Removes keys whose deletion has come due, and the aliases that point at them. */
  async #purge(): Promise<void> {
    const { records, services } = this.#options;
    await records.write(async (tx) => {
      for (const keyId of await services.keys.purge(tx)) await services.aliases.forgetKey(tx, keyId);
    });
  }
}

function refuseUnsupported(operation: AnyOperation, input: Members): void {
  for (const member of operation.unsupported ?? []) {
    if (input[member] !== undefined) {
      throw new KmsError("UnsupportedOperationException", `The member ${member} is not supported in this Region.`);
    }
  }
}

function wipeSensitive(shape: StructShape, input: Members): void {
  for (const { name, shape: memberShape } of shape.entries) {
    if (memberShape.kind === "blob" && memberShape.sensitive) (input[name] as Uint8Array | undefined)?.fill(0);
  }
}

/** Whatever is not an answer of ours is a bug or a failing store: hidden from the caller, kept as the cause. */
function asKmsError(error: unknown): KmsError {
  if (error instanceof KmsError) return error;
  return new KmsError("KMSInternalException", "The request failed inside the key management service.", {
    cause: error,
  });
}
