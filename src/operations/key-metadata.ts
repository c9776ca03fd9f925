/** What answers tell of a key. Source: AWS KMS API reference, "KeyMetadata". */
import type { Realm } from "../env.ts";
import { currentMaterial, isSymmetric, type Key } from "../keys/key.ts";
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

const multiRegionKey = struct({ Arn: arn, Region: regionName });

/** Members of imported, replicated and externally stored keys are declared; such keys are not made yet. */
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
    MultiRegion: false,
    ...(key.customKeyStoreId !== undefined && { CustomKeyStoreId: key.customKeyStoreId }),
    ...(key.xksKeyId !== undefined && { XksKeyConfiguration: { Id: key.xksKeyId } }),
    ...(isSymmetric(key) &&
      key.customKeyStoreId === undefined && { CurrentKeyMaterialId: currentMaterial(key).materialId }),
  };
}
