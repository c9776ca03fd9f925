/**
 * From the names in a request to keys that have passed: resolved, authorized, of the right usage, state and algorithm,
 * in the order in which AWS answers.
 */
import { algorithmsOf, DEFAULT_ALGORITHM, KEY_SPECS } from "./crypto/algorithms.ts";
import type { Caller, Realm } from "./env.ts";
import { KmsError } from "./errors.ts";
import { readGrantToken } from "./grants/grant-token.ts";
import { invalidGrantToken } from "./grants/grants.ts";
import { readBlobKeyId } from "./keys/blob.ts";
import { isAsymmetric, type Key } from "./keys/key.ts";
import { checkState } from "./keys/state.ts";
import { aliasArn, keyArn, type NamedKey } from "./model/arn.ts";
import { remember } from "./model/remember.ts";
import { type AnyOperation, ignoresCiphertext, type ResolvedKey, type Target } from "./operations/operation.ts";
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
  authorizeAction(request.services, request.caller, request.operation);
  return passFrom(0, request, keyArns, {});
}

/** Authorizes what an operation does to no key. @throws {KmsError} AccessDeniedException */
export function authorizeAction(services: Services, caller: Caller, { action }: AnyOperation): void {
  if (action !== undefined) authorize(services, caller, action, "*");
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
  const { from } = target;
  if (typeof from === "object" && "blob" in from) return resolveCiphertext(request, target, from);
  const token = typeof from === "object" ? request.input[from.grantToken] : undefined;
  if (token !== undefined) return resolveGrantToken(request, token as string);
  const name = request.input[typeof from === "object" ? from.keyId : from] as string | undefined;
  if (name === undefined && target.optional) return undefined;
  return resolveName(request, target, name!);
}

/**
 * A symmetric ciphertext names its key, which a key id in the request only confirms; the bare ciphertext of an
 * asymmetric key names none, so the request must.
 */
function resolveCiphertext(
  request: TargetRequest,
  target: Target,
  from: { readonly blob: string; readonly keyId: string },
): Ready<ResolvedKey> {
  const { input } = request;
  const name = input[from.keyId] as string | undefined;
  if (name === undefined) {
    const algorithm = target.algorithm === undefined ? undefined : input[target.algorithm];
    const namesKey = algorithm === undefined || algorithm === DEFAULT_ALGORITHM;
    if (namesKey && !ignoresCiphertext(input)) return findNamed(request, from.blob);
    throw new KmsError("ValidationException", "KeyId must not be null");
  }
  return whenReady(resolveName(request, target, name), (named) => {
    if (isAsymmetric(named.key) || ignoresCiphertext(input)) return named;
    return whenReady(findNamed(request, from.blob), (found) => {
      if (named.key.keyId === found.key.keyId) return found;
      throw new KmsError(
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can perform this operation.",
      );
    });
  });
}

/** The key that the header of a symmetric ciphertext names. */
function findNamed({ tx, services, input }: TargetRequest, member: string): Ready<ResolvedKey> {
  const keyId = readBlobKeyId(input[member] as Uint8Array);
  if (keyId === undefined) throw new KmsError("InvalidCiphertextException");
  return whenReady(services.keys.find(tx, keyId), (key) => {
    // A blob of a key that is gone looks like any other blob that does not open: a changed bit may have named the key.
    if (key === undefined || isAsymmetric(key)) throw new KmsError("InvalidCiphertextException");
    return { key, arn: keyArn(services.realm, key.keyId) };
  });
}

/** The key that a grant token names. What it says of an account and a Region is where the key is looked for. */
function resolveGrantToken(request: TargetRequest, token: string): Ready<ResolvedKey> {
  const { realm } = request.services;
  const named = readGrantToken(token);
  if (named === undefined || named.region !== realm.region) throw invalidGrantToken();
  const { keyId, accountId } = named;
  return findKey(request, { keyId, accountId, arn: keyArn({ ...realm, accountId }, keyId) });
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
  const { partition, accountId, isPrincipal } = principalOf(caller.principal.arn);
  if (partition === realm.partition && isPrincipal && accountId === realm.accountId) return;
  throw new KmsError(
    "AccessDeniedException",
    `User: ${caller.principal.arn} is not authorized to perform: ${action} on resource: ${resource} ` +
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

/** Usage, then state, then spec and algorithm, then the context: the order in which AWS answers. */
function checkTarget(operationName: string, target: Target, { key, arn }: ResolvedKey, input: Members): void {
  if (target.usage !== undefined && key.keyUsage !== target.usage) {
    throw new KmsError(
      "InvalidKeyUsageException",
      `${arn} key usage is ${key.keyUsage} which is not valid for ${operationName}.`,
    );
  }
  checkState(target.states, key.state, arn);
  if (target.only !== undefined && KEY_SPECS[key.keySpec].material !== target.only.material) {
    throw new KmsError(target.only.code, target.only.message);
  }
  if (target.algorithm !== undefined) checkAlgorithm(key, (input[target.algorithm] as string) ?? DEFAULT_ALGORITHM);
  if (target.context !== undefined && isAsymmetric(key)) refuseContext(input[target.context] as object | undefined);
}

function checkAlgorithm({ keySpec, keyUsage }: Key, algorithm: string): void {
  if (algorithmsOf(keySpec, keyUsage).includes(algorithm)) return;
  throw new KmsError("InvalidKeyUsageException", `Algorithm ${algorithm} is incompatible with key spec ${keySpec}.`);
}

function refuseContext(context: object | undefined): void {
  if (context === undefined || Object.keys(context).length === 0) return;
  throw new KmsError(
    "ValidationException",
    "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.",
  );
}
