/**
 * From the names in a request to keys that have passed: resolved, authorized, of the right usage, state and algorithm,
 * in the order in which AWS answers.
 */
import type { Caller } from "./env.ts";
import { KmsError } from "./errors.ts";
import { readBlobHeader } from "./keys/blob.ts";
import { checkState } from "./keys/state.ts";
import { aliasArn, keyArn, parseKeyName } from "./model/arn.ts";
import type { AnyOperation, ResolvedKey, Target } from "./operations/operation.ts";
import type { ReadTransaction } from "./records/record-store.ts";
import type { Services } from "./services.ts";

type Members = Record<string, unknown>;

/** One request on its way to its handler. */
export interface TargetRequest {
  readonly tx: ReadTransaction;
  readonly services: Services;
  readonly operation: AnyOperation;
  /** Admitted members. */
  readonly input: Members;
  readonly caller: Caller;
}

/**
 * Resolves, authorizes and checks every target.
 * @param keyArns receives the ARN of each key as soon as it is known, for the audit event
 * @throws {KmsError}
 */
export async function passTargets(
  request: TargetRequest,
  keyArns: string[],
): Promise<Record<string, ResolvedKey | undefined>> {
  const { operation, input, caller, services } = request;
  if (operation.action !== undefined) authorize(services, caller, operation.action, "*");
  const keys: Record<string, ResolvedKey | undefined> = {};
  const slots = Object.entries(operation.targets);
  for (const [slot, target] of slots) {
    const resolved = await resolveTarget(request, target);
    keys[slot] = resolved;
    if (resolved === undefined) continue;
    keyArns.push(resolved.arn);
    authorize(services, caller, target.action, resolved.arn);
  }
  for (const [slot, target] of slots) {
    const resolved = keys[slot];
    if (resolved !== undefined) checkTarget(operation.name, target, resolved, input);
  }
  return keys;
}

async function resolveTarget(request: TargetRequest, target: Target): Promise<ResolvedKey | undefined> {
  if (typeof target.from !== "string") return resolveCiphertext(request, target, target.from);
  const name = request.input[target.from] as string | undefined;
  if (name === undefined && target.optional) return undefined;
  return resolveName(request, target, name!);
}

/** A ciphertext names its key; a key id in the request only confirms it. */
async function resolveCiphertext(
  request: TargetRequest,
  target: Target,
  from: { readonly blob: string; readonly keyId: string },
): Promise<ResolvedKey> {
  const { tx, services, input } = request;
  const header = readBlobHeader(input[from.blob] as Uint8Array);
  if (header === undefined) throw new KmsError("InvalidCiphertextException");
  const name = input[from.keyId] as string | undefined;
  const named = name === undefined ? undefined : await resolveName(request, target, name);
  const key = await services.keys.find(tx, header.keyId);
  // A blob of a key that is gone looks like any other blob that does not open: a changed bit may have named the key.
  if (key === undefined) throw new KmsError("InvalidCiphertextException");
  if (named !== undefined && named.key.keyId !== key.keyId) {
    throw new KmsError(
      "IncorrectKeyException",
      "The key ID in the request does not identify a CMK that can perform this operation.",
    );
  }
  return { key, arn: keyArn(services.realm, key.keyId) };
}

async function resolveName({ tx, services }: TargetRequest, target: Target, text: string): Promise<ResolvedKey> {
  const { realm } = services;
  const name = parseKeyName(text, realm);
  const ours = name.accountId === realm.accountId;
  let keyId: string;
  if (name.kind === "key") {
    keyId = name.keyId;
  } else {
    refuseAlias(target);
    const alias = ours ? await services.aliases.find(tx, name.aliasName) : undefined;
    if (alias === undefined) {
      const arn = aliasArn({ ...realm, accountId: name.accountId }, name.aliasName);
      throw new KmsError("NotFoundException", `Alias ${arn} is not found.`);
    }
    keyId = alias.targetKeyId;
  }
  const arn = keyArn({ ...realm, accountId: name.accountId }, keyId);
  const key = ours ? await services.keys.find(tx, keyId) : undefined;
  if (key === undefined) throw new KmsError("NotFoundException", `Key '${arn}' does not exist`);
  return { key, arn };
}

/** For now one rule: a caller acts within its own account. Policies and grants are judged here when they come. */
function authorize({ realm }: Services, caller: Caller, action: string, resource: string): void {
  const [, partition, service, , accountId] = caller.principalArn.split(":");
  const principal = service === "iam" || service === "sts";
  if (partition === realm.partition && principal && accountId === realm.accountId) return;
  throw new KmsError(
    "AccessDeniedException",
    `User: ${caller.principalArn} is not authorized to perform: ${action} on resource: ${resource} ` +
      `because no resource-based policy allows the ${action} action`,
  );
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
