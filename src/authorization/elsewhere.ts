/**
 * What a request needs in another Region of its account: ReplicateKey makes a key there, UpdatePrimaryRegion changes the
 * replica that is there. Each Region's own key policy and conditions decide. Source: AWS KMS Developer Guide,
 * "Controlling access to multi-Region keys".
 */
import type { Realm } from "../env.ts";
import { KmsError } from "../errors.ts";
import type { Key } from "../keys/key.ts";
import { keyArn } from "../model/arn.ts";
import { isRegion, realmOf } from "../model/realm.ts";
import type { Elsewhere, ResolvedKey } from "../operations/operation.ts";
import type { Policy } from "../policy/policy.ts";
import type { Services } from "../services.ts";
import { type AuthorizedRequest, authorize, decide } from "./authorize.ts";

const TAG_RESOURCE = "kms:TagResource";

/** @throws {KmsError} AccessDeniedException, and where there can be no such Region or key */
export async function authorizeElsewhere(
  request: AuthorizedRequest,
  elsewhere: Elsewhere,
  key: ResolvedKey,
): Promise<void> {
  const { services, arn } = there(request, elsewhere, key);
  await services.records.read(async (tx) => {
    const known: Key | undefined = elsewhere.onKey ? await services.keys.find(tx, key.key.keyId) : undefined;
    if (elsewhere.onKey && known === undefined) {
      throw new KmsError("NotFoundException", `Key '${arn}' does not exist`);
    }
    const asked = { ...request, tx, services, input: inputThere(request.input, elsewhere, key.key) };
    const { action } = elsewhere;
    if (known !== undefined) return authorize(asked, { action, resource: arn, key: { key: known, arn, services } });
    await authorize(asked, { action, resource: "*" });
    const { Tags } = request.input;
    if (!Array.isArray(Tags) || Tags.length === 0) return;
    await authorize(asked, { action: TAG_RESOURCE, resource: keyArn(services.realm, "*") });
  });
}

/** Whether the caller could still change the policy of the key that it is about to make there. */
export async function mayPutKeyPolicyElsewhere(
  request: AuthorizedRequest,
  elsewhere: Elsewhere,
  { key, ...resolved }: ResolvedKey,
  keyPolicy: Policy,
): Promise<boolean> {
  const { services, arn } = there(request, elsewhere, { key, ...resolved });
  // It begins without the grants of this one.
  const { hasGrants: _, ...replica } = key;
  return services.records.read(async (tx) => {
    const permission = { action: "kms:PutKeyPolicy", resource: arn, key: { key: replica, arn, services }, keyPolicy };
    return (await decide({ ...request, tx, services }, permission)).decision === "Allow";
  });
}

function there(
  { input }: AuthorizedRequest,
  { region, onKey }: Elsewhere,
  { key, services }: ResolvedKey,
): { readonly services: Services; readonly arn: string } {
  const name = input[region] as string;
  checkOther(name, services.realm, onKey);
  const other = services.inRegion(name);
  return { services: other, arn: keyArn(other.realm, key.keyId) };
}

/** @throws {KmsError} for what is no Region in which this key could be as well */
function checkOther(region: string, realm: Realm, onKey: boolean): void {
  if (region === realm.region) {
    throw new KmsError(
      onKey ? "UnsupportedOperationException" : "AlreadyExistsException",
      `The key is in the Region ${region} already, from which the request was sent; name another Region.`,
    );
  }
  if (isRegion(region) && realmOf({ ...realm, region }).partition === realm.partition) return;
  throw new KmsError(
    "UnsupportedOperationException",
    `${region} is no Region of the partition ${realm.partition}, in which the key is; name one that is.`,
  );
}

/** A replica is authorized as a new key with the properties of its primary. */
function inputThere(input: AuthorizedRequest["input"], { onKey }: Elsewhere, key: Key): AuthorizedRequest["input"] {
  if (onKey) return input;
  const { keySpec: KeySpec, keyUsage: KeyUsage, origin: Origin } = key;
  return { ...input, KeySpec, KeyUsage, Origin, MultiRegion: true, MultiRegionKeyType: "REPLICA" };
}
