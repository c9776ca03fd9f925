/**
 * From the names in a request to keys that have passed: resolved, authorized, of the right usage, state and algorithm,
 * in the order in which AWS answers.
 */
import type { Caller, Realm } from "./env.ts";
import { KmsError } from "./errors.ts";
import { readBlobKeyId } from "./keys/blob.ts";
import { checkState } from "./keys/state.ts";
import { aliasArn, keyArn, type NamedKey } from "./model/arn.ts";
import { remember } from "./model/remember.ts";
import type { AnyOperation, ResolvedKey, Target } from "./operations/operation.ts";
import { type Ready, whenReady } from "./records/ready.ts";
import type { ReadTransaction } from "./records/record-store.ts";
import type { Services } from "./services.ts";

const REMEMBERED_PRINCIPALS = 256;

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

type ResolvedKeys = Record<string, ResolvedKey | undefined>;

/**
 * Resolves, authorizes and checks every target.
 * @param keyArns receives the ARN of each key as soon as it is known, for the audit event
 * @throws {KmsError}
 */
export function passTargets(request: TargetRequest, keyArns: string[]): Ready<ResolvedKeys> {
  const { operation, caller, services } = request;
  if (operation.action !== undefined) authorize(services, caller, operation.action, "*");
  return passFrom(0, request, keyArns, {});
}

/** Resolves and authorizes the targets from `first` on, then checks all of them. */
function passFrom(first: number, request: TargetRequest, keyArns: string[], keys: ResolvedKeys): Ready<ResolvedKeys> {
  const { operation, input, caller, services } = request;
  const { slots } = operation;
  for (let i = first; i < slots.length; i++) {
    const [slot, target] = slots[i]!;
    const accept = (resolved: ResolvedKey | undefined) => {
      keys[slot] = resolved;
      if (resolved === undefined) return;
      keyArns.push(resolved.arn);
      authorize(services, caller, target.action, resolved.arn);
    };
    const resolved = resolveTarget(request, target);
    if (resolved instanceof Promise) return resolved.then(accept).then(() => passFrom(i + 1, request, keyArns, keys));
    accept(resolved);
  }
  for (const [slot, target] of slots) {
    const resolved = keys[slot];
    if (resolved !== undefined) checkTarget(operation.name, target, resolved, input);
  }
  return keys;
}

function resolveTarget(request: TargetRequest, target: Target): Ready<ResolvedKey | undefined> {
  if (typeof target.from !== "string") return resolveCiphertext(request, target, target.from);
  const name = request.input[target.from] as string | undefined;
  if (name === undefined && target.optional) return undefined;
  return resolveName(request, target, name!);
}

/** A ciphertext names its key; a key id in the request only confirms it. */
function resolveCiphertext(
  request: TargetRequest,
  target: Target,
  from: { readonly blob: string; readonly keyId: string },
): Ready<ResolvedKey> {
  const { tx, services, input } = request;
  const keyId = readBlobKeyId(input[from.blob] as Uint8Array);
  if (keyId === undefined) throw new KmsError("InvalidCiphertextException");
  const name = input[from.keyId] as string | undefined;
  const confirming = name === undefined ? undefined : resolveName(request, target, name);
  return whenReady(confirming, (named) =>
    whenReady(services.keys.find(tx, keyId), (key) => {
      // A blob of a key that is gone looks like any other blob that does not open: a changed bit may have named the key.
      if (key === undefined) throw new KmsError("InvalidCiphertextException");
      if (named !== undefined && named.key.keyId !== key.keyId) {
        throw new KmsError(
          "IncorrectKeyException",
          "The key ID in the request does not identify a CMK that can perform this operation.",
        );
      }
      return { key, arn: keyArn(services.realm, key.keyId) };
    }),
  );
}

function resolveName(request: TargetRequest, target: Target, text: string): Ready<ResolvedKey> {
  const { realm, keyNames } = request.services;
  const name = keyNames(text);
  if (name.kind === "key") return findKey(request, name);
  refuseAlias(target);
  return resolveAlias(request, { ...realm, accountId: name.accountId }, name.aliasName);
}

function resolveAlias(request: TargetRequest, owner: Realm, aliasName: string): Ready<ResolvedKey> {
  const { tx, services } = request;
  const finding = owner.accountId === services.realm.accountId ? services.aliases.find(tx, aliasName) : undefined;
  return whenReady(finding, (alias) => {
    if (alias === undefined) {
      throw new KmsError("NotFoundException", `Alias ${aliasArn(owner, aliasName)} is not found.`);
    }
    const keyId = alias.targetKeyId;
    return findKey(request, { keyId, accountId: owner.accountId, arn: keyArn(owner, keyId) });
  });
}

function findKey({ tx, services }: TargetRequest, name: Omit<NamedKey, "kind">): Ready<ResolvedKey> {
  const { keyId, accountId, arn } = name;
  const finding = accountId === services.realm.accountId ? services.keys.find(tx, keyId) : undefined;
  return whenReady(finding, (key) => {
    if (key === undefined) throw new KmsError("NotFoundException", `Key '${arn}' does not exist`);
    return { key, arn };
  });
}

/** What an ARN says of a principal. Source: IAM User Guide, "Amazon Resource Names (ARNs)". */
const principalOf = remember(REMEMBERED_PRINCIPALS, (arn) => {
  const [, partition, service, , accountId] = arn.split(":");
  return { partition, accountId, isPrincipal: service === "iam" || service === "sts" };
});

/** For now one rule: a caller acts within its own account. Policies and grants are judged here when they come. */
function authorize({ realm }: Services, caller: Caller, action: string, resource: string): void {
  const { partition, accountId, isPrincipal } = principalOf(caller.principalArn);
  if (partition === realm.partition && isPrincipal && accountId === realm.accountId) return;
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
