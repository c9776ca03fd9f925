/** Every operation by its AWS name. */
import { KmsError } from "../errors.ts";
import type { ValueOf } from "../model/shape.ts";
import { deriveSharedSecret } from "./agreement.ts";
import { createAlias, deleteAlias, listAliases } from "./alias.ts";
import { decrypt, encrypt, reEncrypt } from "./cipher.ts";
import {
  generateDataKey,
  generateDataKeyPair,
  generateDataKeyPairWithoutPlaintext,
  generateDataKeyWithoutPlaintext,
} from "./data-key.ts";
import { decapsulate, encapsulate } from "./encapsulation.ts";
import { createKey, describeKey, listKeys } from "./key.ts";
import { getKeyPolicy } from "./key-policy.ts";
import { cancelKeyDeletion, disableKey, enableKey, scheduleKeyDeletion } from "./key-state.ts";
import { generateMac, verifyMac } from "./mac.ts";
import type { AnyOperation } from "./operation.ts";
import { generateRandom } from "./random.ts";
import { listKeyRotations, rotateKeyOnDemand } from "./rotation.ts";
import { getPublicKey, sign, verify } from "./signature.ts";

export const OPERATIONS = {
  CancelKeyDeletion: cancelKeyDeletion,
  CreateAlias: createAlias,
  CreateKey: createKey,
  Decapsulate: decapsulate,
  Decrypt: decrypt,
  DeleteAlias: deleteAlias,
  DeriveSharedSecret: deriveSharedSecret,
  DescribeKey: describeKey,
  DisableKey: disableKey,
  EnableKey: enableKey,
  Encapsulate: encapsulate,
  Encrypt: encrypt,
  GenerateDataKey: generateDataKey,
  GenerateDataKeyPair: generateDataKeyPair,
  GenerateDataKeyPairWithoutPlaintext: generateDataKeyPairWithoutPlaintext,
  GenerateDataKeyWithoutPlaintext: generateDataKeyWithoutPlaintext,
  GenerateMac: generateMac,
  GenerateRandom: generateRandom,
  GetKeyPolicy: getKeyPolicy,
  GetPublicKey: getPublicKey,
  ListAliases: listAliases,
  ListKeyRotations: listKeyRotations,
  ListKeys: listKeys,
  ReEncrypt: reEncrypt,
  RotateKeyOnDemand: rotateKeyOnDemand,
  ScheduleKeyDeletion: scheduleKeyDeletion,
  Sign: sign,
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
