/**
 * From the names in a request to keys that have passed: resolved, authorized, of the right usage, state and algorithm,
 * in the order in which AWS answers.
 */
import { authorize } from "./authorization/authorize.ts";
import { foreignDenial } from "./authorization/denial.ts";
import { authorizeElsewhere } from "./authorization/elsewhere.ts";
import { algorithmsOf, DEFAULT_ALGORITHM, KEY_SPECS } from "./crypto/algorithms.ts";
import type { Recipient } from "./enclaves/recipient.ts";
import type { Caller, Realm } from "./env.ts";
import { KmsError } from "./errors.ts";
import { readGrantToken } from "./grants/grant-token.ts";
import { invalidGrantToken } from "./grants/grants.ts";
import { readBlobKeyId } from "./keys/blob.ts";
import { isAsymmetric, type Key } from "./keys/key.ts";
import { ManagedKeyMissing, managedKeyOf } from "./keys/managed-keys.ts";
import { regionRole } from "./keys/multi-region.ts";
import { checkOrigin, checkState } from "./keys/state.ts";
import { aliasArn, keyArn, type NamedKey } from "./model/arn.ts";
import { type AnyOperation, ignoresCiphertext, type ResolvedKey, type Target } from "./operations/operation.ts";
import { type Ready, whenReady } from "./records/ready.ts";
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
  /** The enclave that has asked, verified. */
  readonly recipient?: Recipient | undefined;
}

export type ResolvedKeys = Record<string, ResolvedKey | undefined>;

/**
 * Resolves, authorizes and checks every target.
 * @param found receives the keys before they are judged, for the audit event
 * @throws {KmsError}
 */
export function passTargets(
  request: TargetRequest,
  found: (keys: readonly ResolvedKey[]) => void,
): Ready<ResolvedKeys> {
  const resolved: ResolvedKey[] = [];
  found(resolved);
  return whenReady(authorizeAction(request), () =>
    whenReady(resolveFrom(0, request, resolved, {}), (keys) => {
      if (resolved.length > 0) takeQuota(request, resolved);
      return whenReady(authorizeFrom(0, request, keys), () => {
        const { name, slots, elsewhere } = request.operation;
        for (const [slot, target] of slots) {
          const resolved = keys[slot];
          if (resolved !== undefined) checkTarget(name, target, resolved, request.input);
        }
        if (elsewhere === undefined) return keys;
        return authorizeElsewhere(request, elsewhere, resolved[0]!).then(() => keys);
      });
    }),
  );
}

/** Counts a request against the quotas of its account. @throws {KmsError} ThrottlingException */
export function takeQuota({ services, operation, input }: TargetRequest, keys: readonly ResolvedKey[]): void {
  if (services.requestQuotas === undefined) return;
  const specs = keys.map(({ key }) => key.keySpec);
  services.requestQuotas.take(operation.name, specs, input.KeyPairSpec as string | undefined);
}

/** Authorizes what an operation does to no key. @throws {KmsError} AccessDeniedException */
export function authorizeAction(request: TargetRequest): Ready<void> {
  const { operation, services, input } = request;
  const { action, aliasName, slots } = operation;
  if (action === undefined && aliasName === undefined) return;
  if (aliasName !== undefined) {
    const resource = aliasArn(services.realm, input[aliasName] as string);
    return authorize(request, { action: slots[0]![1].action, resource });
  }
  const authorized = authorize(request, { action: action!, resource: "*" });
  if (operation.tags?.(input) !== true) return authorized;
  const tagging = { action: "kms:TagResource", resource: keyArn(services.realm, "*") };
  return whenReady(authorized, () => authorize(request, tagging));
}

/** Resolves the targets from `first` on. */
function resolveFrom(
  first: number,
  request: TargetRequest,
  found: ResolvedKey[],
  keys: ResolvedKeys,
): Ready<ResolvedKeys> {
  const { slots } = request.operation;
  for (let i = first; i < slots.length; i++) {
    const [slot, target] = slots[i]!;
    const accept = (resolved: ResolvedKey | undefined) => {
      keys[slot] = resolved;
      if (resolved !== undefined) found.push(resolved);
    };
    const resolved = i === 0 ? resolveTarget(request, target) : resolveLater(request, target, keys);
    if (resolved instanceof Promise) return resolved.then(accept).then(() => resolveFrom(i + 1, request, found, keys));
    accept(resolved);
  }
  return keys;
}

/** Whether something is there in another account is told to nobody who is denied the targets before it. */
async function resolveLater(
  request: TargetRequest,
  target: Target,
  before: ResolvedKeys,
): Promise<ResolvedKey | undefined> {
  try {
    return await resolveTarget(request, target);
  } catch (error) {
    if (error instanceof KmsError && error.code === "AccessDeniedException") await authorizeFrom(0, request, before);
    throw error;
  }
}

/** Authorizes the targets from `first` on. */
function authorizeFrom(first: number, request: TargetRequest, keys: ResolvedKeys): Ready<void> {
  const { slots } = request.operation;
  for (let i = first; i < slots.length; i++) {
    const [slot, target] = slots[i]!;
    const key = keys[slot];
    if (key === undefined) continue;
    const authorized = authorizeTarget(request, target, key, onSameKey(keys));
    if (authorized instanceof Promise) return authorized.then(() => authorizeFrom(i + 1, request, keys));
  }
}

function authorizeTarget(
  request: TargetRequest,
  target: Target,
  key: ResolvedKey,
  onSameKey: boolean | undefined,
): Ready<void> {
  const permission = { action: target.action, resource: key.arn, key, target, onSameKey };
  if (typeof target.from === "string" || !("grantToken" in target.from)) return authorize(request, permission);
  // Who may retire a grant, the grant says.
  const token = request.input[target.from.grantToken] as string | undefined;
  const grantId = token === undefined ? request.input[target.from.grantId] : readGrantToken(token)?.grantId;
  const finding = key.services.grants.find(request.tx, key.key.keyId, grantId as string);
  return whenReady(finding, (grant) => {
    if (grant !== undefined) return authorize(request, { ...permission, grant });
    const { principal } = request.caller;
    // In its own account the caller is told by the handler that there is no such grant.
    if (key.services.realm.accountId !== principal.account) throw foreignDenial(principal, target.action, key.arn);
  });
}

/** Whether both sides of a ReEncrypt are one key; of other operations nothing. */
function onSameKey({ source, destination }: ResolvedKeys): boolean | undefined {
  return source === undefined || destination === undefined ? undefined : source.arn === destination.arn;
}

function resolveTarget(request: TargetRequest, target: Target): Ready<ResolvedKey | undefined> {
  const { from } = target;
  if (typeof from === "object" && "blob" in from) return resolveCiphertext(request, target, from);
  const token = typeof from === "object" ? request.input[from.grantToken] : undefined;
  if (token !== undefined) return resolveGrantToken(request, target, token as string);
  const name = request.input[typeof from === "object" ? from.keyId : from] as string | undefined;
  if (name === undefined && target.optional) return undefined;
  return resolveName(request, target, name!);
}

/** The key that a caller means by a key id, key ARN, alias name or alias ARN. @throws {KmsError} */
export function resolveKey(request: TargetRequest, target: Target, name: string): Ready<ResolvedKey> {
  return resolveName(request, target, name);
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
    if (namesKey && !ignoresCiphertext(input)) return findNamed(request, from.blob, request.services);
    throw new KmsError("ValidationException", "KeyId must not be null");
  }
  return whenReady(resolveName(request, target, name), (named) => {
    if (isAsymmetric(named.key) || ignoresCiphertext(input)) return named;
    const isForeign = named.services.realm.accountId !== request.caller.principal.account;
    return isForeign ? confirmForeign(request, target, from.blob, named) : confirm(request, from.blob, named);
  });
}

/** The named key, if it is the one that the ciphertext names. */
function confirm(request: TargetRequest, member: string, named: ResolvedKey): Ready<ResolvedKey> {
  return whenReady(findNamed(request, member, named.services), (found) => {
    if (named.key.keyId === found.key.keyId) return named;
    throw new KmsError(
      "IncorrectKeyException",
      "The key ID in the request does not identify a CMK that can perform this operation.",
    );
  });
}

/** The same for a key of another account: only who may use it is told that the ciphertext is not of this key. */
async function confirmForeign(
  request: TargetRequest,
  target: Target,
  member: string,
  named: ResolvedKey,
): Promise<ResolvedKey> {
  try {
    return await confirm(request, member, named);
  } catch (error) {
    await authorizeTarget(request, target, named, undefined);
    throw error;
  }
}

/** The key that the header of a symmetric ciphertext names, in the account of these services. */
function findNamed({ tx, input }: TargetRequest, member: string, services: Services): Ready<ResolvedKey> {
  const keyId = readBlobKeyId(input[member] as Uint8Array);
  if (keyId === undefined) throw new KmsError("InvalidCiphertextException");
  return whenReady(services.keys.find(tx, keyId), (key) => {
    // A blob of a key that is gone looks like any other blob that does not open: a changed bit may have named the key.
    if (key === undefined || isAsymmetric(key)) throw new KmsError("InvalidCiphertextException");
    return { key, arn: keyArn(services.realm, key.keyId), services };
  });
}

/** The key that a grant token names. What it says of an account and a Region is where the key is looked for. */
function resolveGrantToken(request: TargetRequest, target: Target, token: string): Ready<ResolvedKey> {
  const { realm } = request.services;
  const named = readGrantToken(token);
  if (named === undefined || named.region !== realm.region) throw invalidGrantToken();
  const { keyId, accountId } = named;
  return findKey(request, target, { keyId, accountId, arn: keyArn({ ...realm, accountId }, keyId) });
}

function resolveName(request: TargetRequest, target: Target, text: string): Ready<ResolvedKey> {
  const { realm, keyNames } = request.services;
  const name = keyNames(text);
  if (name.kind === "key") return findKey(request, target, name);
  refuseAlias(target);
  return resolveAlias(request, target, { ...realm, accountId: name.accountId }, name.aliasName);
}

function resolveAlias(request: TargetRequest, target: Target, owner: Realm, aliasName: string): Ready<ResolvedKey> {
  const { accountId } = owner;
  const services = ownerOf(request, target, accountId, aliasArn(owner, aliasName));
  return whenReady(services.aliases.find(request.tx, aliasName), (alias) => {
    if (alias === undefined) {
      const managed = managedKeyOf(aliasName, owner);
      if (managed !== undefined && accountId === request.caller.principal.account) {
        throw new ManagedKeyMissing(managed, target.action, owner);
      }
      const arn = aliasArn(owner, aliasName);
      throw missing(request, target, accountId, arn, `Alias ${arn} is not found.`);
    }
    const keyId = alias.targetKeyId;
    const name = { keyId, accountId, arn: keyArn(owner, keyId) };
    if (accountId === request.caller.principal.account) return findKey(request, target, name);
    return findKey(request, target, name, aliasArn(owner, aliasName));
  });
}

/** @param shownAs what a stranger called it, who is not told which key that is */
function findKey(
  request: TargetRequest,
  target: Target,
  { keyId, accountId, arn }: Omit<NamedKey, "kind">,
  shownAs?: string,
): Ready<ResolvedKey> {
  const services = ownerOf(request, target, accountId, arn);
  return whenReady(services.keys.find(request.tx, keyId), (key) => {
    if (key === undefined) throw missing(request, target, accountId, shownAs ?? arn, `Key '${arn}' does not exist`);
    return shownAs === undefined ? { key, arn, services } : { key, arn, services, shownAs };
  });
}

/** The services of a key's account. @throws {KmsError} AccessDeniedException where the operation stays at home */
function ownerOf({ services, caller }: TargetRequest, target: Target, accountId: string, arn: string): Services {
  if (accountId === services.realm.accountId) return services;
  if (target.crossAccount !== true) throw foreignDenial(caller.principal, target.action, arn);
  return services.ofAccount(accountId);
}

/** Nobody learns from this answer what is in another account. */
function missing({ caller }: TargetRequest, target: Target, accountId: string, arn: string, text: string): KmsError {
  if (accountId !== caller.principal.account) return foreignDenial(caller.principal, target.action, arn);
  return new KmsError("NotFoundException", text);
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
function checkTarget(operationName: string, target: Target, resolved: ResolvedKey, input: Members): void {
  const { key, arn } = resolved;
  if (target.usage !== undefined && key.keyUsage !== target.usage) {
    throw new KmsError(
      "InvalidKeyUsageException",
      `${arn} key usage is ${key.keyUsage} which is not valid for ${operationName}.`,
    );
  }
  checkState(target.states, key.state, arn);
  if (target.origin !== undefined) checkOrigin(target.origin, key, arn);
  if (target.only !== undefined && KEY_SPECS[key.keySpec].material !== target.only.material) {
    throw new KmsError(target.only.code, target.only.message);
  }
  if (target.region !== undefined) checkRegion(target.region, resolved);
  if (target.algorithm !== undefined) checkAlgorithm(key, (input[target.algorithm] as string) ?? DEFAULT_ALGORITHM);
  if (target.context !== undefined && isAsymmetric(key)) refuseContext(input[target.context] as object | undefined);
}

function checkRegion(region: NonNullable<Target["region"]>, { key, arn, services }: ResolvedKey): void {
  const role = regionRole(key, services.realm.region);
  if (role === "PRIMARY" || (role === undefined && region === "no-replica")) return;
  throw new KmsError("UnsupportedOperationException", `${arn} is not a multi-region primary key.`);
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
