/** Every operation by its AWS name. */
import { KmsError } from "../errors.ts";
import type { ValueOf } from "../model/shape.ts";
import { createAlias, deleteAlias, listAliases } from "./alias.ts";
import { decrypt, encrypt, reEncrypt } from "./cipher.ts";
import { generateDataKey, generateDataKeyWithoutPlaintext } from "./data-key.ts";
import { createKey, describeKey, listKeys } from "./key.ts";
import { getKeyPolicy } from "./key-policy.ts";
import { cancelKeyDeletion, disableKey, enableKey, scheduleKeyDeletion } from "./key-state.ts";
import type { AnyOperation } from "./operation.ts";
import { generateRandom } from "./random.ts";
import { listKeyRotations, rotateKeyOnDemand } from "./rotation.ts";

export const OPERATIONS = {
  CancelKeyDeletion: cancelKeyDeletion,
  CreateAlias: createAlias,
  CreateKey: createKey,
  Decrypt: decrypt,
  DeleteAlias: deleteAlias,
  DescribeKey: describeKey,
  DisableKey: disableKey,
  EnableKey: enableKey,
  Encrypt: encrypt,
  GenerateDataKey: generateDataKey,
  GenerateDataKeyWithoutPlaintext: generateDataKeyWithoutPlaintext,
  GenerateRandom: generateRandom,
  GetKeyPolicy: getKeyPolicy,
  ListAliases: listAliases,
  ListKeyRotations: listKeyRotations,
  ListKeys: listKeys,
  ReEncrypt: reEncrypt,
  RotateKeyOnDemand: rotateKeyOnDemand,
  ScheduleKeyDeletion: scheduleKeyDeletion,
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
