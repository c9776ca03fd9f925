/**
 * The one pipeline that every request takes, over every transport:
 * admit (check and copy) -> validate -> one transaction -> resolve, authorize, check (targets.ts) -> handle -> DryRun,
 * with one `finally` that wipes what was sensitive, and the audit event, whatever happened.
 */
import { sealedAnswer, verifyRecipient } from "./attestation.ts";
import type { AuditEvent, AuditSink } from "./audit/audit.ts";
import { decide } from "./authorization/authorize.ts";
import { denyNobody } from "./authorization/denial.ts";
import type { Recipient, RecipientVerifier } from "./enclaves/recipient.ts";
import type { Caller, Clock } from "./env.ts";
import { KeystoreError, KmsError } from "./errors.ts";
import type { UsingOperation } from "./keys/last-usage.ts";
import { admit, dismiss } from "./model/admit.ts";
import { keyArn } from "./model/arn.ts";
import { wipeSensitive } from "./model/sensitive.ts";
import { operationNamed } from "./operations/index.ts";
import { type AnyOperation, ignoresCiphertext, type ResolvedKey } from "./operations/operation.ts";
import type { Policy } from "./policy/policy.ts";
import { priceGroupOf } from "./quota/prices.ts";
import { cleaningUp, type Ready, whenReady } from "./records/ready.ts";
import type { ReadTransaction, Records, Transaction } from "./records/record-store.ts";
import type { Services } from "./services.ts";
import { authorizeAction, passTargets, type TargetRequest } from "./targets.ts";

type Members = Record<string, unknown>;

export interface KernelOptions {
  readonly records: Records;
  readonly services: Services;
  readonly clock: Clock;
  readonly audit?: AuditSink | undefined;
  /** Absent where no enclave is answered. */
  readonly enclaves?: RecipientVerifier | undefined;
}

/** A request that has been admitted, and what has become of it so far. */
interface Running {
  readonly operation: AnyOperation;
  readonly input: Members;
  readonly caller: Caller;
  /** The keys that it was resolved to. */
  keys: readonly ResolvedKey[];
  /** The enclave that has asked, verified. */
  recipient: Recipient | undefined;
  /** Whether the event of its success has been recorded. */
  isRecorded: boolean;
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
   * @param caller nobody, unless one is given
   * @throws {KmsError} and nothing else
   */
  async execute(name: string, input: unknown, caller: Caller | undefined): Promise<object> {
    if (caller === undefined) throw denyNobody();
    let running: Running | undefined;
    let output: object | undefined;
    let failure: KmsError | undefined;
    try {
      const operation = operationNamed(name);
      const admitted = admit(operation.input, input) as Members;
      running = { operation, input: admitted, caller, keys: [], recipient: undefined, isRecorded: false };
      refuseUnsupported(operation, running.input);
      operation.validate?.(running.input);
      const answering = this.#run(running);
      output = answering instanceof Promise ? await answering : answering;
    } catch (error) {
      failure = asKmsError(error);
    } finally {
      if (running !== undefined) dismiss(running.operation.input, running.input);
    }
    const { audit } = this.#options;
    if (audit !== undefined && (failure !== undefined || running?.isRecorded === false)) {
      const event = this.#eventOf(name, caller, running, output, failure);
      // What is not on record nobody gets.
      const forget = () => running && output && wipeSensitive(running.operation.output, output as Members);
      const recorded = cleaningUp(() => record(audit, event), forget);
      if (recorded instanceof Promise) await recorded;
    }
    if (output === undefined) throw failure;
    this.#noteUsage(running!);
    if (this.#options.services.lastUsage.isFull) await this.rest();
    return output;
  }

  /** Writes what may be written late. It is bookkeeping: where it cannot be written it is lost, and nothing fails. */
  async rest(): Promise<void> {
    const { records, services, clock } = this.#options;
    const { lastUsage, metering } = services;
    if (lastUsage.isEmpty && metering.isEmpty) return;
    try {
      const [usages, added] = await records.write(
        async (tx) => [await lastUsage.writeAll(tx), await metering.add(tx)] as const,
      );
      lastUsage.settle(usages);
      metering.settle(added, clock.nowMs());
    } catch {}
  }

  #run(running: Running): Ready<object> {
    const { operation, input } = running;
    // What has targets is counted once its keys are known.
    if (operation.slots.length === 0) this.#options.services.requestQuotas?.take(operation.name, [], undefined);
    return input.Recipient === undefined ? this.#proceed(running) : this.#answerEnclave(running);
  }

  async #answerEnclave(running: Running): Promise<object> {
    const { enclaves, clock, services } = this.#options;
    const recipient = await verifyRecipient(enclaves, running.input.Recipient as object, clock.nowMs());
    running.recipient = recipient;
    const output = (await this.#proceed(running)) as Members;
    return sealedAnswer(running.operation, output, recipient, services.random);
  }

  #proceed(running: Running): Ready<object> {
    const { records, services } = this.#options;
    const { operation, input } = running;
    const { preparation } = operation;
    if (preparation === undefined) return this.#transact(running, undefined);
    const prepare = async () => {
      await records.read((tx) => authorizeAction(this.#requestOf(running, tx)));
      const prepared = await preparation.prepare(input, services);
      try {
        return await this.#transact(running, prepared);
      } finally {
        preparation.dispose(prepared);
      }
    };
    return prepare();
  }

  #transact(running: Running, prepared: unknown): Ready<object> {
    const { records, audit } = this.#options;
    const { operation, input, caller } = running;
    const work = (tx: ReadTransaction) => {
      const request = this.#requestOf(running, tx);
      const pass = () =>
        passTargets(request, (keys) => {
          running.keys = keys;
        });
      const passing = input.GrantTokens === undefined ? pass() : whenReady(checkTokens(request), pass);
      const handling = whenReady(passing, (keys) => {
        if (ignoresCiphertext(input)) throw dryRunPassed();
        const services = running.keys[0]?.services ?? request.services;
        const mayPutKeyPolicy = (policy: Policy) => this.#mayPutKeyPolicy(request, running.keys[0], policy);
        return operation.handle({ input, keys, services, caller, mayPutKeyPolicy, tx, prepared });
      });
      return input.DryRun === true ? whenReady(handling, (output) => endDryRun(operation, output)) : handling;
    };
    if (operation.effect === "read") return records.read(work);
    return this.#write(async (tx) => {
      const output = await work(tx);
      // Before it is committed: nothing changes that is not on record.
      if (audit !== undefined) await record(audit, this.#eventOf(operation.name, caller, running, output, undefined));
      running.isRecorded = true;
      return output;
    });
  }

  #requestOf({ operation, input, caller, recipient }: Running, tx: ReadTransaction): TargetRequest {
    return { tx, services: this.#options.services, operation, input, caller, recipient };
  }

  #mayPutKeyPolicy(request: TargetRequest, key: ResolvedKey | undefined, keyPolicy: Policy): Ready<boolean> {
    const resource = key?.arn ?? keyArn(request.services.realm, "*");
    const decision = decide(request, { action: "kms:PutKeyPolicy", resource, key, keyPolicy });
    return whenReady(decision, ({ decision: verdict }) => verdict === "Allow");
  }

  #eventOf(
    name: string,
    caller: Caller,
    running: Running | undefined,
    output: object | undefined,
    failure: KmsError | undefined,
  ): AuditEvent {
    const { clock, services } = this.#options;
    const operation = running?.operation;
    return {
      timeMs: clock.nowMs(),
      caller,
      realm: services.realm,
      operation: name,
      readOnly: operation?.effect !== "write",
      keyArns: running?.keys.map(({ arn }) => arn) ?? [],
      input: running && { shape: running.operation.input, members: running.input },
      output: running && output && { shape: running.operation.output, members: output as Members },
      recipient: running?.recipient,
      errorCode: failure?.code,
      errorMessage: failure?.message,
    };
  }

  #noteUsage({ operation, input, caller, keys }: Running): void {
    const { clock, services: own } = this.#options;
    const atMs = clock.nowMs();
    const { usesKeys, name } = operation;
    own.metering.note(priceGroupOf(usesKeys ? keys[0]?.key.keySpec : undefined, input.KeyPairSpec as string), atMs);
    if (!usesKeys) return;
    const usage = { operation: name as UsingOperation, atMs, requestId: caller.requestId };
    for (const { key, services } of keys) services.lastUsage.note(key.keyId, usage);
  }

  /** Runs a write, and takes along some of what is to be written late. */
  async #write(work: (tx: Transaction) => Ready<object>): Promise<object> {
    const { records, services, clock } = this.#options;
    const { lastUsage, metering } = services;
    await this.#purge();
    const [output, usages, added] = await records.write(async (tx) => {
      const answer = await work(tx);
      const counted = metering.isDue(clock.nowMs()) ? await metering.add(tx) : [];
      return [answer, await lastUsage.writeSome(tx), counted] as const;
    });
    lastUsage.settle(usages);
    metering.settle(added, clock.nowMs());
    return output;
  }

  /** Removes keys whose deletion has come due, and the aliases that point at them. */
  async #purge(): Promise<void> {
    const { records, services } = this.#options;
    const { keys, keyCount, aliases, grants, lastUsage } = services;
    for (const due of await records.read((tx) => keys.listDue(tx))) {
      try {
        await records.write(async (tx) => {
          if (!(await keys.remove(tx, due))) return;
          await aliases.forgetKey(tx, due.keyId);
          await grants.forgetKey(tx, due.keyId);
          await keyCount.subtract(tx);
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

function record(audit: AuditSink, event: AuditEvent): Ready<void> {
  try {
    const recorded = audit(event);
    if (recorded instanceof Promise) return recorded.then(() => undefined, rethrowAsKmsError);
  } catch (error) {
    rethrowAsKmsError(error);
  }
}

function rethrowAsKmsError(error: unknown): never {
  throw asKmsError(error);
}

/** Throws, inside the transaction, so that nothing of it is written. */
function endDryRun(operation: AnyOperation, output: object): never {
  wipeSensitive(operation.output, output as Members);
  throw dryRunPassed();
}

function dryRunPassed(): KmsError {
  return new KmsError("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.");
}

function checkTokens({ services, tx, input }: TargetRequest): Ready<void> {
  return services.grants.checkGrantTokens(tx, input.GrantTokens as string[]);
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
