/**
 * GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial. Source: AWS KMS API reference; RFC 8017 section
 * 7.1 (OAEP), RFC 5649 (AES key wrap with padding, under an AES key that is wrapped with OAEP before it).
 */
import { KEY_SPECS, type OaepAlgorithm, type PairSpec } from "../crypto/algorithms.ts";
import { KmsError } from "../errors.ts";
import type { ImportParameters } from "../keys/import-token.ts";
import type { Key } from "../keys/key.ts";
import { EXTERNAL_IMPORTABLE, IMPORT_PREPARABLE, IMPORTABLE } from "../keys/state.ts";
import {
  ciphertextBlob,
  expirationModel,
  keyMaterialDescription,
  keyMaterialId,
  keyRef,
  plaintext,
  timestamp,
} from "../model/scalars.ts";
import { enumeration, required, type StringShape, struct, type ValueOf } from "../model/shape.ts";
import type { Services } from "../services.ts";
import { operation } from "./operation.ts";

const DAY_MS = 86_400_000;
/** How long import parameters are good for. */
const TOKEN_DAYS = 1;
/** How far off the expiry of material may be. */
const MAX_VALID_DAYS = 365;

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

/** How each algorithm wraps: all with OAEP, some an AES key first. AWS KMS takes no more of the others. */
const WRAPPINGS: Readonly<Record<string, { readonly oaep: OaepAlgorithm; readonly aesFirst: boolean }>> = {
  RSAES_OAEP_SHA_1: { oaep: "RSAES_OAEP_SHA_1", aesFirst: false },
  RSAES_OAEP_SHA_256: { oaep: "RSAES_OAEP_SHA_256", aesFirst: false },
  RSA_AES_KEY_WRAP_SHA_1: { oaep: "RSAES_OAEP_SHA_1", aesFirst: true },
  RSA_AES_KEY_WRAP_SHA_256: { oaep: "RSAES_OAEP_SHA_256", aesFirst: true },
};
const AES_KEY_BYTES = [16, 24, 32];

const parametersInput = struct({
  KeyId: required(keyRef),
  WrappingAlgorithm: required(wrappingAlgorithm),
  WrappingKeySpec: required(wrappingKeySpec),
});

export const getParametersForImport = operation({
  name: "GetParametersForImport",
  input: parametersInput,
  output: struct({ KeyId: keyRef, ImportToken: ciphertextBlob, PublicKey: plaintext, ParametersValidTo: timestamp }),
  targets: {
    key: {
      from: "KeyId",
      action: "kms:GetParametersForImport",
      states: IMPORT_PREPARABLE,
      origin: { only: "EXTERNAL", states: EXTERNAL_IMPORTABLE },
      alias: "invalid-arn",
    },
  },
  validate({ WrappingAlgorithm, WrappingKeySpec }) {
    for (const wanted of [WrappingAlgorithm, WrappingKeySpec]) {
      if (wanted in WRAPPINGS || wanted in KEY_SPECS) continue;
      throw new KmsError("UnsupportedOperationException", `${wanted} is not supported in this Region.`);
    }
  },
  // A material of the system's own may have to be made.
  effect: "write",
  readOnly: true,
  preparation: {
    prepare: ({ WrappingKeySpec }, { keyPairs }) => keyPairs.generate(WrappingKeySpec as PairSpec),
    dispose: ({ privateKey }) => privateKey.fill(0),
  },
  async handle({ input, keys: { key: target }, services, tx, prepared: pair }) {
    const { WrappingAlgorithm: algorithm, WrappingKeySpec } = input;
    checkWrapping(target.key, algorithm);
    const validToMs = Math.trunc(services.clock.nowMs()) + TOKEN_DAYS * DAY_MS;
    const parameters = { validToMs, algorithm, spec: WrappingKeySpec as PairSpec, pair };
    return {
      KeyId: target.arn,
      ImportToken: await services.importTokens.seal(tx, target.key.keyId, target.arn, parameters),
      PublicKey: pair.publicKey.slice(),
      ParametersValidTo: new Date(validToMs),
    };
  },
});

const importInput = struct({
  KeyId: required(keyRef),
  ImportToken: required(ciphertextBlob),
  EncryptedKeyMaterial: required(ciphertextBlob),
  ValidTo: timestamp,
  ExpirationModel: expirationModel,
  ImportType: enumeration("NEW_KEY_MATERIAL", "EXISTING_KEY_MATERIAL"),
  KeyMaterialDescription: keyMaterialDescription,
  KeyMaterialId: keyMaterialId,
});

export const importKeyMaterial = operation({
  name: "ImportKeyMaterial",
  input: importInput,
  output: struct({ KeyId: keyRef, KeyMaterialId: keyMaterialId }),
  targets: {
    key: {
      from: "KeyId",
      action: "kms:ImportKeyMaterial",
      states: IMPORTABLE,
      origin: { only: "EXTERNAL", states: EXTERNAL_IMPORTABLE },
      alias: "invalid-arn",
    },
  },
  effect: "write",
  async handle({ input, keys: { key: target }, services, tx }) {
    checkExpiry(input);
    const nowMs = services.clock.nowMs();
    const validToMs = input.ValidTo?.getTime();
    checkValidTo(validToMs, nowMs);
    const { key, arn } = target;
    const parameters = await services.importTokens.open(tx, key.keyId, arn, input.ImportToken);
    if (parameters === undefined) throw new KmsError("InvalidImportTokenException", INVALID_TOKEN);
    let bytes: Uint8Array | undefined;
    try {
      if (parameters.validToMs <= nowMs) throw new KmsError("ExpiredImportTokenException", EXPIRED_TOKEN);
      bytes = await unwrap(services, parameters, input.EncryptedKeyMaterial);
      if (bytes === undefined) throw new KmsError("InvalidCiphertextException");
      const options = {
        importType: input.ImportType,
        materialId: input.KeyMaterialId,
        description: input.KeyMaterialDescription,
        validToMs,
      };
      return { KeyId: arn, KeyMaterialId: await services.imports.put(tx, key, arn, bytes, options) };
    } finally {
      bytes?.fill(0);
      parameters.pair.privateKey.fill(0);
    }
  },
});

export const deleteImportedKeyMaterial = operation({
  name: "DeleteImportedKeyMaterial",
  input: struct({ KeyId: required(keyRef), KeyMaterialId: keyMaterialId }),
  output: struct({ KeyId: keyRef, KeyMaterialId: deletedMaterialId }),
  targets: {
    key: {
      from: "KeyId",
      action: "kms:DeleteImportedKeyMaterial",
      states: IMPORT_PREPARABLE,
      origin: { only: "EXTERNAL" },
      alias: "invalid-arn",
    },
  },
  effect: "write",
  async handle({ input, keys: { key: target }, services, tx }) {
    const deleted = services.imports.delete(tx, target.key, target.arn, input.KeyMaterialId);
    return { KeyId: target.arn, KeyMaterialId: deleted ?? "" };
  },
});

const INVALID_TOKEN =
  "The import token is invalid or belongs to another key: use the token that GetParametersForImport returned for this key.";
const EXPIRED_TOKEN =
  "The import token has expired: call GetParametersForImport again, wrap the material with the new public key, and import it.";

/** OAEP by itself has no room for an RSA key. @throws {KmsError} UnsupportedOperationException */
function checkWrapping({ keySpec }: Key, algorithm: string): void {
  if (KEY_SPECS[keySpec].modulusBytes === undefined || WRAPPINGS[algorithm]!.aesFirst) return;
  throw new KmsError(
    "UnsupportedOperationException",
    `Wrapping algorithm ${algorithm} cannot wrap key material of ${keySpec}; use RSA_AES_KEY_WRAP_SHA_256.`,
  );
}

/** @throws {KmsError} ValidationException */
function checkExpiry(input: ValueOf<typeof importInput>): void {
  const { ExpirationModel = "KEY_MATERIAL_EXPIRES", ValidTo, ImportType, KeyMaterialId } = input;
  if (ExpirationModel === "KEY_MATERIAL_EXPIRES" && ValidTo === undefined) {
    throw new KmsError(
      "ValidationException",
      "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES",
    );
  }
  if (ExpirationModel === "KEY_MATERIAL_DOES_NOT_EXPIRE" && ValidTo !== undefined) {
    throw new KmsError(
      "ValidationException",
      "A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
    );
  }
  if (ImportType === "NEW_KEY_MATERIAL" && KeyMaterialId !== undefined) {
    throw new KmsError("ValidationException", "A KeyMaterialId can be given only for EXISTING_KEY_MATERIAL.");
  }
}

/** @throws {KmsError} ValidationException */
function checkValidTo(validToMs: number | undefined, nowMs: number): void {
  if (validToMs === undefined || (validToMs > nowMs && validToMs <= nowMs + MAX_VALID_DAYS * DAY_MS)) return;
  throw new KmsError(
    "ValidationException",
    `The validTo date must lie in the future, at most ${MAX_VALID_DAYS} days from now.`,
  );
}

/** The material, which is the caller's to wipe; `undefined` for whatever does not unwrap. */
async function unwrap(
  { keyPairs, engine }: Services,
  { algorithm, spec, pair }: ImportParameters,
  wrapped: Uint8Array,
): Promise<Uint8Array | undefined> {
  const { oaep, aesFirst } = WRAPPINGS[algorithm]!;
  const opened = keyPairs.open(spec, pair);
  try {
    if (!aesFirst) return await opened.decrypt(oaep, wrapped);
    const { modulusBytes } = KEY_SPECS[spec];
    const aesKey = await opened.decrypt(oaep, wrapped.subarray(0, modulusBytes));
    if (aesKey === undefined) return undefined;
    try {
      return AES_KEY_BYTES.includes(aesKey.length)
        ? engine.unwrapKey(aesKey, wrapped.subarray(modulusBytes))
        : undefined;
    } finally {
      aesKey.fill(0);
    }
  } finally {
    opened.destroy();
  }
}
