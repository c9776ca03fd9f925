/**
 * The one pipeline that every request takes, over every transport:
 * admit (check and copy) -> validate -> one transaction -> resolve, authorize, check (targets.ts) -> handle -> DryRun,
 * with one `finally` that wipes what was sensitive, and the audit event, whatever happened.
 */
import { sealedAnswer, verifyRecipient } from "./attestation.ts";
import type { AuditEvent, AuditSink } from "./audit/audit.ts";
import { decide } from "./authorization/authorize.ts";
import { denyNobody } from "./authorization/denial.ts";
import { mayPutKeyPolicyElsewhere } from "./authorization/elsewhere.ts";
import type { Recipient, RecipientVerifier } from "./enclaves/recipient.ts";
import type { Caller, Clock } from "./env.ts";
import { KmsError } from "./errors.ts";
import { hasExternalKey, reachingExternal, takeStoreQuotas } from "./external-keys.ts";
import type { Key } from "./keys/key.ts";
import type { UsingOperation } from "./keys/last-usage.ts";
import { ManagedKeyMissing } from "./keys/managed-keys.ts";
import { isUnderWay } from "./keys/multi-region.ts";
import { isRotationDue } from "./keys/rotation.ts";
import { admit, dismiss } from "./model/admit.ts";
import { keyArn } from "./model/arn.ts";
import { wipeSensitive } from "./model/sensitive.ts";
import { operationNamed } from "./operations/index.ts";
import { type AnyOperation, ignoresCiphertext, type ResolvedKey } from "./operations/operation.ts";
import { type Policy, parsePolicy } from "./policy/policy.ts";
import { priceGroupOf } from "./quota/prices.ts";
import { cleaningUp, type Ready, whenReady } from "./records/ready.ts";
import type { ReadTransaction, Records, Transaction } from "./records/record-store.ts";
import type { Services } from "./services.ts";
import { authorizeAction, passTargets, type ResolvedKeys, type TargetRequest } from "./targets.ts";
import type { Upkeep } from "./upkeep.ts";

type Members = Record<string, unknown>;

export interface KernelOptions {
  readonly records: Records;
  readonly services: Services;
  readonly clock: Clock;
  readonly audit?: AuditSink | undefined;
  readonly upkeep: Upkeep;
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
  /** Whether its keys have been looked at for a rotation that is due. */
  hasRotated: boolean;
}

/** What a request answers whose keys are to be rotated before it runs. */
const ROTATION_DUE = Object.freeze({});

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
      running = {
        operation,
        input: admit(operation.input, input) as Members,
        caller,
        keys: [],
        recipient: undefined,
        isRecorded: false,
        hasRotated: false,
      };
      refuseUnsupported(operation, running.input);
      operation.validate?.(running.input);
      const answering = this.#run(running);
      output = answering instanceof Promise ? await this.#settle(running, answering) : answering;
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
    const used = running?.keys[0]?.key;
    if (used?.multiRegion !== undefined) await this.#goOn(used);
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

  /** Makes the AWS managed key that a request names for the first time, if the caller may use it, and runs it again. */
  async #settle(running: Running, answering: Promise<object>): Promise<object> {
    try {
      return await answering;
    } catch (error) {
      if (!(error instanceof ManagedKeyMissing)) throw error;
      const { records, services, upkeep } = this.#options;
      const { managed, action } = error;
      const asked = { action, resource: keyArn(services.realm, "*"), keyPolicy: parsePolicy(managed.policy, "key") };
      const { decision } = await records.read((tx) => decide(this.#requestOf(running, tx), asked));
      if (decision === "Deny") throw error;
      await upkeep.makeManagedKey(services, managed);
      return this.#run(running);
    }
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
      await records.read((tx) => this.#mayPrepare(running, tx));
      const read = <T>(work: (tx: ReadTransaction) => Promise<T>) => Promise.resolve(records.read(work));
      const prepared = await preparation.prepare(input, services, { caller: running.caller, read });
      try {
        return await this.#transact(running, prepared);
      } finally {
        preparation.dispose(prepared);
      }
    };
    return prepare();
  }

  /** Nothing slow is done for somebody who is refused in the end, nor for a dry run. */
  async #mayPrepare({ operation, input, ...running }: Running, tx: ReadTransaction): Promise<void> {
    const request = this.#requestOf({ operation, input, ...running }, tx);
    if (operation.slots.length === 0) return authorizeAction(request);
    if (input.GrantTokens !== undefined) await checkTokens(request);
    // The request is counted once, when it runs.
    const uncounted = { ...request.services, requestQuotas: undefined };
    await passTargets({ ...request, services: uncounted }, () => {});
    if (input.DryRun === true) throw dryRunPassed();
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
        if (operation.effect === "read" && this.#isRotationDue(running)) return ROTATION_DUE;
        if (operation.usesKeys && hasExternalKey(running.keys)) return this.#reachExternal(running, keys, tx, prepared);
        const services = running.keys[0]?.services ?? request.services;
        const mayPutKeyPolicy = (policy: Policy) =>
          operation.elsewhere === undefined
            ? this.#mayPutKeyPolicy(request, running.keys[0], policy)
            : mayPutKeyPolicyElsewhere(request, operation.elsewhere, running.keys[0]!, policy);
        return operation.handle({ input, keys, services, caller, mayPutKeyPolicy, tx, prepared });
      });
      return input.DryRun === true ? whenReady(handling, (output) => endDryRun(operation, output)) : handling;
    };
    if (operation.effect === "read") {
      const reading = records.read(work);
      const settle = (output: object) => (output === ROTATION_DUE ? this.#rotateFirst(running, prepared) : output);
      return reading instanceof Promise ? reading.then(settle) : settle(reading);
    }
    return this.#write(async (tx) => {
      const output = await work(tx);
      // Before it is committed: nothing changes that is not on record.
      if (audit !== undefined) await record(audit, this.#eventOf(operation.name, caller, running, output, undefined));
      running.isRecorded = true;
      return output;
    });
  }

  /** Goes on with keys in external key stores, whose proxies are called for it: only operations that read do so. */
  #reachExternal(
    { operation, input, caller, keys: found }: Running,
    resolved: ResolvedKeys,
    tx: ReadTransaction,
    prepared: unknown,
  ) {
    takeStoreQuotas(found);
    const keys = reachingExternal(resolved, { caller, operation: operation.name, isDryRun: input.DryRun === true });
    const services = keys[operation.slots[0]![0]]?.services ?? found[0]!.services;
    return operation.handle({ input, keys, services, caller, tx, prepared });
  }

  /** A write has looked after the whole realm before. */
  #isRotationDue({ keys, hasRotated }: Running): boolean {
    if (hasRotated) return false;
    for (const { key } of keys) {
      if (key.rotation !== undefined && isRotationDue(key, this.#options.clock.nowMs())) return true;
    }
    return false;
  }

  async #rotateFirst(running: Running, prepared: unknown): Promise<object> {
    running.hasRotated = true;
    const { upkeep, clock } = this.#options;
    for (const { key, services } of running.keys) {
      if (isRotationDue(key, clock.nowMs())) await upkeep.rotate(services, key);
    }
    return this.#transact(running, prepared);
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
      readOnly: operation?.readOnly ?? operation?.effect !== "write",
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
    const { records, services, clock, upkeep } = this.#options;
    const { lastUsage, metering } = services;
    await upkeep.run(services);
    const [output, usages, added] = await records.write(async (tx) => {
      const answer = await work(tx);
      const counted = metering.isDue(clock.nowMs()) ? await metering.add(tx) : [];
      return [answer, await lastUsage.writeSome(tx), counted] as const;
    });
    lastUsage.settle(usages);
    metering.settle(added, clock.nowMs());
    if (services.replication.isDue) await services.replication.runDue();
    return output;
  }

  /** A key that is on its way between Regions goes on when it is used, whoever left it there. */
  async #goOn(key: Key): Promise<void> {
    if (isUnderWay(key)) await this.#options.services.replication.goOn(key);
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
