/** What answers tell of a key. Source: AWS KMS API reference, "KeyMetadata". */
import type { Realm } from "../env.ts";
import { isComplete } from "../keys/import-state.ts";
import { currentMaterial, isSymmetric, type Key, type MultiRegion } from "../keys/key.ts";
import { keyArn } from "../model/arn.ts";
import {
  accountId,
  arn,
  boolean,
  cloudHsmClusterId,
  customerMasterKeySpec,
  customKeyStoreId,
  description,
  expirationModel,
  keyManager,
  keyMaterialId,
  keyRef,
  keySpec,
  keyState,
  keyUsage,
  multiRegionKeyType,
  origin,
  pendingWindowInDays,
  regionName,
  timestamp,
  xksKeyId,
} from "../model/scalars.ts";
import { list, required, struct, type ValueOf } from "../model/shape.ts";
import { algorithmLists, describeSpec } from "./key-spec.ts";

const expiry = struct({ ExpirationModel: expirationModel, ValidTo: timestamp });
const multiRegionKey = struct({ Arn: arn, Region: regionName });

export const keyMetadata = struct({
  AWSAccountId: accountId,
  KeyId: required(keyRef),
  Arn: arn,
  CreationDate: timestamp,
  Enabled: boolean,
  Description: description,
  KeyUsage: keyUsage,
  KeyState: keyState,
  DeletionDate: timestamp,
  ValidTo: timestamp,
  Origin: origin,
  CustomKeyStoreId: customKeyStoreId,
  CloudHsmClusterId: cloudHsmClusterId,
  ExpirationModel: expirationModel,
  KeyManager: keyManager,
  CustomerMasterKeySpec: customerMasterKeySpec,
  KeySpec: keySpec,
  ...algorithmLists,
  MultiRegion: boolean,
  MultiRegionConfiguration: struct({
    MultiRegionKeyType: multiRegionKeyType,
    PrimaryKey: multiRegionKey,
    ReplicaKeys: list(multiRegionKey),
  }),
  PendingDeletionWindowInDays: pendingWindowInDays,
  XksKeyConfiguration: struct({ Id: xksKeyId }),
  CurrentKeyMaterialId: keyMaterialId,
});

export function describeMetadata(key: Key, realm: Realm): ValueOf<typeof keyMetadata> {
  return {
    AWSAccountId: realm.accountId,
    KeyId: key.keyId,
    Arn: keyArn(realm, key.keyId),
    CreationDate: new Date(key.createdAtMs),
    Enabled: key.state === "Enabled",
    Description: key.description,
    KeyState: key.state,
    ...(key.deletionAtMs !== undefined && { DeletionDate: new Date(key.deletionAtMs) }),
    Origin: key.origin ?? "AWS_KMS",
    KeyManager: key.manager ?? "CUSTOMER",
    ...describeSpec(key),
    MultiRegion: key.multiRegion !== undefined,
    ...(key.multiRegion && { MultiRegionConfiguration: describeRegions(key.keyId, key.multiRegion, realm) }),
    ...(key.deletionWindowDays !== undefined && { PendingDeletionWindowInDays: key.deletionWindowDays }),
    ...(key.customKeyStoreId !== undefined && { CustomKeyStoreId: key.customKeyStoreId }),
    ...(key.xksKeyId !== undefined && { XksKeyConfiguration: { Id: key.xksKeyId } }),
    ...(isSymmetric(key) &&
      key.materials.length > 0 &&
      key.customKeyStoreId === undefined && { CurrentKeyMaterialId: currentMaterial(key).materialId }),
    ...(key.origin === "EXTERNAL" && isComplete(key) && expiryOf(firstExpiryOf(key))),
  };
}

function describeRegions(keyId: string, { primaryRegion, replicaRegions }: MultiRegion, realm: Realm) {
  const inRegion = (region: string) => ({ Arn: keyArn({ ...realm, region }, keyId), Region: region });
  return {
    MultiRegionKeyType: primaryRegion === realm.region ? ("PRIMARY" as const) : ("REPLICA" as const),
    PrimaryKey: inRegion(primaryRegion),
    ReplicaKeys: replicaRegions.map(inRegion),
  };
}

/** The earliest moment at which any material of a key expires that has all of it. */
function firstExpiryOf({ materials }: Key): number | undefined {
  const times = materials.flatMap(({ imported }) => imported?.validToMs ?? []);
  return times.length > 0 ? Math.min(...times) : undefined;
}

/** How imported material expires. */
export function expiryOf(validToMs: number | undefined): ValueOf<typeof expiry> {
  if (validToMs === undefined) return { ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" };
  return { ExpirationModel: "KEY_MATERIAL_EXPIRES", ValidTo: new Date(validToMs) };
}
