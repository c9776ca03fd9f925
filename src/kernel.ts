/**
 * The one pipeline that every request takes, over every transport:
 * admit (check and copy) -> one transaction -> resolve -> authorize -> usage -> state -> algorithm -> DryRun -> handle,
 * with one `finally` that wipes what was sensitive and records the audit event, whatever happened.
 */
import type { AuditSink } from "./audit/audit.ts";
import type { Caller, Clock } from "./env.ts";
import { KmsError } from "./errors.ts";
import { readBlobHeader } from "./keys/blob.ts";
import { checkState } from "./keys/state.ts";
import { admit } from "./model/admit.ts";
import { aliasArn, keyArn, parseKeyName } from "./model/arn.ts";
import type { StructShape } from "./model/shape.ts";
import { findOperation, type InputOf, type OperationName, type OutputOf } from "./operations/index.ts";
import type { AnyOperation, ResolvedKey, Target } from "./operations/operation.ts";
import type { ReadTransaction, Records } from "./records/record-store.ts";
import type { Services } from "./services.ts";

type Members = Record<string, unknown>;

export interface Kernel {
  /**
   * Runs one request.
   * @param operation AWS's name, as "Encrypt"
   * @param input its members; copied before anything else happens
   * @throws {KmsError} and nothing else
   */
  execute<N extends OperationName>(operation: N, input: InputOf<N>, caller: Caller): Promise<OutputOf<N>>;
  /** The same for a name and members that came from outside. */
  execute(operation: string, input: unknown, caller: Caller): Promise<object>;
}

export interface KernelOptions {
  readonly records: Records;
  readonly services: Services;
  readonly clock: Clock;
  readonly audit?: AuditSink | undefined;
}

export function createKernel({ records, services, clock, audit }: KernelOptions): Kernel {
  async function execute(name: string, input: unknown, caller: Caller): Promise<object> {
    const keyArns: string[] = [];
    let admitted: Members | undefined;
    let operation: AnyOperation | undefined;
    let failure: KmsError | undefined;
    try {
      operation = findOperation(name);
      if (operation === undefined) throw new KmsError("UnknownOperationException", `Unknown operation '${name}'.`);
      admitted = admit(operation.input, input) as Members;
      return await run(operation, admitted, caller, keyArns);
    } catch (error) {
      failure = asKmsError(error);
      throw failure;
    } finally {
      if (operation !== undefined && admitted !== undefined) wipeSensitive(operation.input, admitted);
      audit?.({ timeMs: clock.nowMs(), caller, operation: name, keyArns, errorCode: failure?.code });
    }
  }

  async function run(operation: AnyOperation, input: Members, caller: Caller, keyArns: string[]): Promise<object> {
    refuseUnsupported(operation, input);
    if (operation.effect === "read") {
      return records.read(async (tx) => {
        const keys = await resolveTargets(tx, operation, input, caller, keyArns);
        return operation.handle({ input, keys, services, tx });
      });
    }
    await records.write(async (tx) => {
      for (const keyId of await services.keys.purge(tx)) await services.aliases.forgetKey(tx, keyId);
    });
    return records.write(async (tx) => {
      keyArns.length = 0;
      const keys = await resolveTargets(tx, operation, input, caller, keyArns);
      return operation.handle({ input, keys, services, tx });
    });
  }

  async function resolveTargets(
    tx: ReadTransaction,
    operation: AnyOperation,
    input: Members,
    caller: Caller,
    keyArns: string[],
  ): Promise<Record<string, ResolvedKey | undefined>> {
    if (operation.action !== undefined) authorize(caller, operation.action, "*");
    const keys: Record<string, ResolvedKey | undefined> = {};
    const slots: readonly [string, Target][] = Object.entries(operation.targets);
    for (const [slot, target] of slots) {
      const resolved = await resolveTarget(tx, target, input);
      keys[slot] = resolved;
      if (resolved === undefined) continue;
      keyArns.push(resolved.arn);
      authorize(caller, target.action, resolved.arn);
    }
    for (const [slot, target] of slots) {
      const resolved = keys[slot];
      if (resolved !== undefined) checkTarget(operation.name, target, resolved, input);
    }
    if (input.DryRun === true) {
      throw new KmsError("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.");
    }
    return keys;
  }

  async function resolveTarget(tx: ReadTransaction, target: Target, input: Members): Promise<ResolvedKey | undefined> {
    if (typeof target.from !== "string") return resolveCiphertext(tx, target, target.from, input);
    const name = input[target.from] as string | undefined;
    if (name === undefined && target.optional) return undefined;
    return resolveName(tx, target, name!);
  }

  /** A ciphertext names its key; a key id in the request only confirms it. */
  async function resolveCiphertext(
    tx: ReadTransaction,
    target: Target,
    from: { readonly blob: string; readonly keyId: string },
    input: Members,
  ): Promise<ResolvedKey> {
    const header = readBlobHeader(input[from.blob] as Uint8Array);
    if (header === undefined) throw new KmsError("InvalidCiphertextException");
    const name = input[from.keyId] as string | undefined;
    const named = name === undefined ? undefined : await resolveName(tx, target, name);
    const key = await services.keys.find(tx, header.keyId);
    if (key === undefined) throw new KmsError("InvalidCiphertextException");
    if (named !== undefined && named.key.keyId !== key.keyId) {
      throw new KmsError(
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can perform this operation.",
      );
    }
    return { key, arn: keyArn(services.realm, key.keyId) };
  }

  async function resolveName(tx: ReadTransaction, target: Target, text: string): Promise<ResolvedKey> {
    const { realm } = services;
    const name = parseKeyName(text, realm);
    let keyId: string | undefined;
    if (name.kind === "key") {
      keyId = name.keyId;
    } else {
      refuseAlias(target);
      const arn = aliasArn({ ...realm, accountId: name.accountId }, name.aliasName);
      const found = name.accountId === realm.accountId && (await services.aliases.find(tx, name.aliasName));
      if (!found) throw new KmsError("NotFoundException", `Alias ${arn} is not found.`);
      keyId = found.targetKeyId;
    }
    const arn = keyArn({ ...realm, accountId: name.accountId }, keyId);
    const key = name.accountId === realm.accountId ? await services.keys.find(tx, keyId) : undefined;
    if (key === undefined) throw new KmsError("NotFoundException", `Key '${arn}' does not exist`);
    return { key, arn };
  }

  /** For now one rule: a caller acts within its own account. Policies and grants are judged here when they come. */
  function authorize(caller: Caller, action: string, resource: string): void {
    const { realm } = services;
    const home = [`arn:${realm.partition}:iam::${realm.accountId}:`, `arn:${realm.partition}:sts::${realm.accountId}:`];
    if (home.some((prefix) => caller.principalArn.startsWith(prefix))) return;
    throw new KmsError(
      "AccessDeniedException",
      `User: ${caller.principalArn} is not authorized to perform: ${action} on resource: ${resource} ` +
        `because no resource-based policy allows the ${action} action`,
    );
  }

  return { execute } as Kernel;
}

function refuseUnsupported(operation: AnyOperation, input: Members): void {
  for (const member of operation.unsupported ?? []) {
    if (input[member] !== undefined) {
      throw new KmsError("UnsupportedOperationException", `The member ${member} is not supported in this Region.`);
    }
  }
}

function refuseAlias(target: Target): void {
  if (target.alias === "invalid-arn") {
    throw new KmsError("InvalidArnException", "Key Aliases are not supported for this operation.");
  }
  if (target.alias === "must-be-key") {
    throw new KmsError("ValidationException", "Aliases must refer to keys. Not aliases");
  }
}

/** Usage, then state, then algorithm: the order in which AWS answers. */
function checkTarget(operationName: string, target: Target, { key, arn }: ResolvedKey, input: Members): void {
  if (target.usage !== undefined && key.keyUsage !== target.usage) {
    throw new KmsError(
      "InvalidKeyUsageException",
      `${arn} key usage is ${key.keyUsage} which is not valid for ${operationName}.`,
    );
  }
  checkState(target.states, key.state, arn);
  const algorithm = target.algorithm === undefined ? undefined : input[target.algorithm];
  if (algorithm !== undefined && algorithm !== "SYMMETRIC_DEFAULT") {
    throw new KmsError(
      "InvalidKeyUsageException",
      `Algorithm ${algorithm} is incompatible with key spec ${key.keySpec}.`,
    );
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
