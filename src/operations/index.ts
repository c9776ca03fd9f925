/** Every operation by its AWS name. */
import { KmsError } from "../errors.ts";
import type { ValueOf } from "../model/shape.ts";
import { deriveSharedSecret } from "./agreement.ts";
import { createAlias, deleteAlias, listAliases, updateAlias } from "./alias.ts";
import { decrypt, encrypt, reEncrypt } from "./cipher.ts";
import { createCustomKeyStore, describeCustomKeyStores, updateCustomKeyStore } from "./custom-key-store.ts";
import {
  connectCustomKeyStore,
  deleteCustomKeyStore,
  disconnectCustomKeyStore,
} from "./custom-key-store-connection.ts";
import {
  generateDataKey,
  generateDataKeyPair,
  generateDataKeyPairWithoutPlaintext,
  generateDataKeyWithoutPlaintext,
} from "./data-key.ts";
import { decapsulate, encapsulate } from "./encapsulation.ts";
import { createGrant, listGrants, listRetirableGrants, retireGrant, revokeGrant } from "./grant.ts";
import { createKey, describeKey, listKeys } from "./key.ts";
import { updateKeyDescription } from "./key-description.ts";
import { deleteImportedKeyMaterial, getParametersForImport, importKeyMaterial } from "./key-import.ts";
import { getKeyLastUsage } from "./key-last-usage.ts";
import { getKeyPolicy, listKeyPolicies, putKeyPolicy } from "./key-policy.ts";
import { cancelKeyDeletion, disableKey, enableKey, scheduleKeyDeletion } from "./key-state.ts";
import { generateMac, verifyMac } from "./mac.ts";
import type { AnyOperation } from "./operation.ts";
import { generateRandom } from "./random.ts";
import { replicateKey, updatePrimaryRegion } from "./region.ts";
import {
  disableKeyRotation,
  enableKeyRotation,
  getKeyRotationStatus,
  listKeyRotations,
  rotateKeyOnDemand,
} from "./rotation.ts";
import { getPublicKey, sign, verify } from "./signature.ts";
import { listResourceTags, tagResource, untagResource } from "./tag.ts";

export const OPERATIONS = {
  CancelKeyDeletion: cancelKeyDeletion,
  ConnectCustomKeyStore: connectCustomKeyStore,
  CreateAlias: createAlias,
  CreateCustomKeyStore: createCustomKeyStore,
  CreateGrant: createGrant,
  CreateKey: createKey,
  Decapsulate: decapsulate,
  Decrypt: decrypt,
  DeleteAlias: deleteAlias,
  DeleteCustomKeyStore: deleteCustomKeyStore,
  DeleteImportedKeyMaterial: deleteImportedKeyMaterial,
  DeriveSharedSecret: deriveSharedSecret,
  DescribeCustomKeyStores: describeCustomKeyStores,
  DescribeKey: describeKey,
  DisableKey: disableKey,
  DisableKeyRotation: disableKeyRotation,
  DisconnectCustomKeyStore: disconnectCustomKeyStore,
  EnableKey: enableKey,
  EnableKeyRotation: enableKeyRotation,
  Encapsulate: encapsulate,
  Encrypt: encrypt,
  GenerateDataKey: generateDataKey,
  GenerateDataKeyPair: generateDataKeyPair,
  GenerateDataKeyPairWithoutPlaintext: generateDataKeyPairWithoutPlaintext,
  GenerateDataKeyWithoutPlaintext: generateDataKeyWithoutPlaintext,
  GenerateMac: generateMac,
  GenerateRandom: generateRandom,
  GetKeyLastUsage: getKeyLastUsage,
  GetKeyPolicy: getKeyPolicy,
  GetKeyRotationStatus: getKeyRotationStatus,
  GetParametersForImport: getParametersForImport,
  GetPublicKey: getPublicKey,
  ImportKeyMaterial: importKeyMaterial,
  ListAliases: listAliases,
  ListGrants: listGrants,
  ListKeyPolicies: listKeyPolicies,
  ListKeyRotations: listKeyRotations,
  ListKeys: listKeys,
  ListResourceTags: listResourceTags,
  ListRetirableGrants: listRetirableGrants,
  PutKeyPolicy: putKeyPolicy,
  ReEncrypt: reEncrypt,
  ReplicateKey: replicateKey,
  RetireGrant: retireGrant,
  RevokeGrant: revokeGrant,
  RotateKeyOnDemand: rotateKeyOnDemand,
  ScheduleKeyDeletion: scheduleKeyDeletion,
  Sign: sign,
  TagResource: tagResource,
  UntagResource: untagResource,
  UpdateAlias: updateAlias,
  UpdateCustomKeyStore: updateCustomKeyStore,
  UpdateKeyDescription: updateKeyDescription,
  UpdatePrimaryRegion: updatePrimaryRegion,
  Verify: verify,
  VerifyMac: verifyMac,
} as const satisfies Record<string, AnyOperation>;

export type OperationName = keyof typeof OPERATIONS;
/** The members of a request. As in the SDK's types a required member may be undefined; the service then refuses it. */
export type InputOf<N extends OperationName> = Lenient<ValueOf<(typeof OPERATIONS)[N]["input"]>>;
export type OutputOf<N extends OperationName> = ValueOf<(typeof OPERATIONS)[N]["output"]>;

type Lenient<T> = { [K in keyof T]: T[K] | undefined };

/**
 * The operation of that name; names that every object has (`constructor`) are none.
 * @throws {KmsError} UnknownOperationException
 */
export function operationNamed(name: string): AnyOperation {
  if (Object.hasOwn(OPERATIONS, name)) return OPERATIONS[name as OperationName];
  throw new KmsError("UnknownOperationException", `wasm-kms has no operation '${name}'.`);
}
