/**
 * The one pipeline that every request takes, over every transport:
 * admit (check and copy) -> validate -> one transaction -> resolve, authorize, check (targets.ts) -> handle -> DryRun,
 * with one `finally` that wipes what was sensitive, and the audit event, whatever happened.
 */
import type { AuditSink } from "./audit/audit.ts";
import type { Caller, Clock } from "./env.ts";
import { KeystoreError, KmsError } from "./errors.ts";
import type { UsingOperation } from "./keys/last-usage.ts";
import { admit, dismiss } from "./model/admit.ts";
import { keyIdOfArn } from "./model/arn.ts";
import { wipeSensitive } from "./model/sensitive.ts";
import { operationNamed } from "./operations/index.ts";
import { type AnyOperation, ignoresCiphertext } from "./operations/operation.ts";
import { type Ready, whenReady } from "./records/ready.ts";
import type { ReadTransaction, Records, Transaction } from "./records/record-store.ts";
import type { Services } from "./services.ts";
import { authorizeAction, passTargets } from "./targets.ts";

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
    const { audit, clock, services } = this.#options;
    const keyArns: string[] = [];
    let admitted: Members | undefined;
    let operation: AnyOperation | undefined;
    let output: object | undefined;
    let failure: KmsError | undefined;
    try {
      operation = operationNamed(name);
      admitted = admit(operation.input, input) as Members;
      refuseUnsupported(operation, admitted);
      operation.validate?.(admitted);
      const running = this.#run(operation, admitted, caller, keyArns);
      output = running instanceof Promise ? await running : running;
    } catch (error) {
      failure = asKmsError(error);
    } finally {
      if (operation !== undefined && admitted !== undefined) dismiss(operation.input, admitted);
    }
    const timeMs = clock.nowMs();
    try {
      const recorded = audit?.({ timeMs, caller, operation: name, keyArns, errorCode: failure?.code });
      if (recorded instanceof Promise) await recorded;
    } catch (error) {
      throw asKmsError(error);
    }
    if (output === undefined) throw failure;
    if (operation?.usesKeys) {
      const usage = { operation: name as UsingOperation, atMs: timeMs, requestId: caller.requestId };
      for (const arn of keyArns) services.lastUsage.note(keyIdOfArn(arn), usage);
      if (services.lastUsage.isFull) await this.rest();
    }
    return output;
  }

  /** Writes what may be written late. It is bookkeeping: where it cannot be written it is lost, and nothing fails. */
  async rest(): Promise<void> {
    const { records, services } = this.#options;
    const { lastUsage } = services;
    try {
      if (!lastUsage.isEmpty) lastUsage.settle(await records.write((tx) => lastUsage.writeAll(tx)));
    } catch {}
  }

  #run(operation: AnyOperation, input: Members, caller: Caller, keyArns: string[]): Ready<object> {
    const { preparation } = operation;
    if (preparation === undefined) return this.#transact(operation, input, caller, keyArns, undefined);
    authorizeAction(this.#options.services, caller, operation);
    return preparation.prepare(input, this.#options.services).then(async (prepared) => {
      try {
        return await this.#transact(operation, input, caller, keyArns, prepared);
      } finally {
        preparation.dispose(prepared);
      }
    });
  }

  #transact(
    operation: AnyOperation,
    input: Members,
    caller: Caller,
    keyArns: string[],
    prepared: unknown,
  ): Ready<object> {
    const { records, services } = this.#options;
    const work = (tx: ReadTransaction) => {
      keyArns.length = 0;
      const checking = services.grants.checkGrantTokens(tx, (input.GrantTokens ?? []) as string[]);
      const passing = whenReady(checking, () => passTargets({ tx, services, operation, input, caller }, keyArns));
      const handling = whenReady(passing, (keys) => {
        if (ignoresCiphertext(input)) throw dryRunPassed();
        return operation.handle({ input, keys, services, caller, tx, prepared });
      });
      return input.DryRun === true ? whenReady(handling, (output) => endDryRun(operation, output)) : handling;
    };
    if (operation.effect === "read") return records.read(work);
    return this.#write(work);
  }

  /** Runs a write, and takes along some of what is to be written late. */
  async #write(work: (tx: Transaction) => Ready<object>): Promise<object> {
    const { records, services } = this.#options;
    await this.#purge();
    const [output, usages] = await records.write(
      async (tx) => [await work(tx), await services.lastUsage.writeSome(tx)] as const,
    );
    services.lastUsage.settle(usages);
    return output;
  }

  /** Removes keys whose deletion has come due, and the aliases that point at them. */
  async #purge(): Promise<void> {
    const { records, services } = this.#options;
    const { keys, aliases, grants, lastUsage } = services;
    for (const due of await records.read((tx) => keys.listDue(tx))) {
      try {
        await records.write(async (tx) => {
          if (!(await keys.remove(tx, due))) return;
          await aliases.forgetKey(tx, due.keyId);
          await grants.forgetKey(tx, due.keyId);
          lastUsage.forgetKey(tx, due.keyId);
        });
      } catch (error) {
        // A record that does not open must not stand in the way of every other request. It is not deleted either.
        if (!(error instanceof KeystoreError)) throw error;
      }
    }
    if (!grants.mayHaveForgotten) return;
    try {
      await records.write((tx) => grants.sweep(tx));
    } catch (error) {
      if (!(error instanceof KeystoreError)) throw error;
    }
  }
}

/** Throws, inside the transaction, so that nothing of it is written. */
function endDryRun(operation: AnyOperation, output: object): never {
  wipeSensitive(operation.output, output as Members);
  throw dryRunPassed();
}

function dryRunPassed(): KmsError {
  return new KmsError("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.");
}

function refuseUnsupported(operation: AnyOperation, input: Members): void {
  for (const member of operation.unsupported ?? []) {
    if (input[member] !== undefined) {
      throw new KmsError("UnsupportedOperationException", `The member ${member} is not supported in this Region.`);
    }
  }
}

/** Whatever is not an answer of ours is a bug or a failing store: hidden from the caller, kept as the cause. */
function asKmsError(error: unknown): KmsError {
  if (error instanceof KmsError) return error;
  return new KmsError("KMSInternalException", "The request failed inside the key management service.", {
    cause: error,
  });
}
