/**
 * GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial. Source: AWS KMS API reference. The material of
 * every key is made here (origin AWS_KMS) until keys of origin EXTERNAL come.
 */
import { IMPORT_PREPARABLE, IMPORTABLE, wrongOrigin } from "../keys/state.ts";
import {
  ciphertextBlob,
  expirationModel,
  keyMaterialDescription,
  keyMaterialId,
  keyRef,
  plaintext,
  timestamp,
} from "../model/scalars.ts";
import { enumeration, required, type StringShape, struct } from "../model/shape.ts";
import { operation } from "./operation.ts";

const wrappingAlgorithm = enumeration(
  "RSAES_PKCS1_V1_5",
  "RSAES_OAEP_SHA_1",
  "RSAES_OAEP_SHA_256",
  "RSA_AES_KEY_WRAP_SHA_1",
  "RSA_AES_KEY_WRAP_SHA_256",
  "SM2PKE",
);
const wrappingKeySpec = enumeration("RSA_2048", "RSA_3072", "RSA_4096", "SM2");
/** In the answer of DeleteImportedKeyMaterial it may be empty. */
const deletedMaterialId: StringShape = { ...keyMaterialId, minLength: 0 };

export const getParametersForImport = operation({
  name: "GetParametersForImport",
  input: struct({
    KeyId: required(keyRef),
    WrappingAlgorithm: required(wrappingAlgorithm),
    WrappingKeySpec: required(wrappingKeySpec),
  }),
  output: struct({ KeyId: keyRef, ImportToken: ciphertextBlob, PublicKey: plaintext, ParametersValidTo: timestamp }),
  targets: {
    key: { from: "KeyId", action: "kms:GetParametersForImport", states: IMPORT_PREPARABLE, alias: "invalid-arn" },
  },
  effect: "read",
  async handle({ keys: { key: target } }) {
    throw wrongOrigin(target.arn, "AWS_KMS");
  },
});

export const importKeyMaterial = operation({
  name: "ImportKeyMaterial",
  input: struct({
    KeyId: required(keyRef),
    ImportToken: required(ciphertextBlob),
    EncryptedKeyMaterial: required(ciphertextBlob),
    ValidTo: timestamp,
    ExpirationModel: expirationModel,
    ImportType: enumeration("NEW_KEY_MATERIAL", "EXISTING_KEY_MATERIAL"),
    KeyMaterialDescription: keyMaterialDescription,
    KeyMaterialId: keyMaterialId,
  }),
  output: struct({ KeyId: keyRef, KeyMaterialId: keyMaterialId }),
  targets: { key: { from: "KeyId", action: "kms:ImportKeyMaterial", states: IMPORTABLE, alias: "invalid-arn" } },
  effect: "read",
  async handle({ keys: { key: target } }) {
    throw wrongOrigin(target.arn, "AWS_KMS");
  },
});

export const deleteImportedKeyMaterial = operation({
  name: "DeleteImportedKeyMaterial",
  input: struct({ KeyId: required(keyRef), KeyMaterialId: keyMaterialId }),
  output: struct({ KeyId: keyRef, KeyMaterialId: deletedMaterialId }),
  targets: {
    key: { from: "KeyId", action: "kms:DeleteImportedKeyMaterial", states: IMPORT_PREPARABLE, alias: "invalid-arn" },
  },
  effect: "read",
  async handle({ keys: { key: target } }) {
    throw wrongOrigin(target.arn, "AWS_KMS");
  },
});
