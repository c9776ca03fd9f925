/**
 * GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial. Source: AWS KMS API reference; RFC 8017 section
 * 7.1 (OAEP), RFC 5649 (AES key wrap with padding, under an AES key that is wrapped with OAEP before it).
 */
import { KEY_SPECS, type OaepAlgorithm, type PairSpec } from "../crypto/algorithms.ts";
import { KmsError } from "../errors.ts";
import type { ImportParameters } from "../keys/import-token.ts";
import type { ReadMaterial } from "../keys/imported-materials.ts";
import { isSymmetric, type Key } from "../keys/key.ts";
import { EXTERNAL_IMPORTABLE, IMPORT_PREPARABLE, IMPORTABLE } from "../keys/state.ts";
import { keyArn, keyIdOfArn } from "../model/arn.ts";
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
    checkWrapping(target.key, algorithm, WrappingKeySpec);
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
  preparation: {
    prepare: unwrapMaterial,
    dispose(unwrapped) {
      if (unwrapped !== undefined && !(unwrapped.material instanceof KmsError)) unwrapped.material.bytes.fill(0);
    },
  },
  async handle({ input, keys: { key: target }, services, tx, prepared: unwrapped }) {
    checkExpiry(input);
    const nowMs = services.clock.nowMs();
    const validToMs = input.ValidTo?.getTime();
    checkValidTo(validToMs, nowMs);
    const { key, arn } = target;
    checkKind(key, arn, input);
    if (unwrapped === undefined) throw new KmsError("InvalidImportTokenException", INVALID_TOKEN);
    if (unwrapped.validToMs <= nowMs) throw new KmsError("ExpiredImportTokenException", EXPIRED_TOKEN);
    if (unwrapped.material instanceof KmsError) throw unwrapped.material;
    const options = {
      importType: input.ImportType,
      materialId: input.KeyMaterialId,
      description: input.KeyMaterialDescription,
      validToMs,
    };
    return { KeyId: arn, KeyMaterialId: await services.imports.put(tx, key, arn, unwrapped.material, options) };
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
    const deleted = await services.imports.delete(tx, target.key, target.arn, input.KeyMaterialId);
    return { KeyId: target.arn, KeyMaterialId: deleted ?? "" };
  },
});

const INVALID_TOKEN =
  "The import token is invalid or belongs to another key: use the token that GetParametersForImport returned for this key.";
const EXPIRED_TOKEN =
  "The import token has expired: call GetParametersForImport again, wrap the material with the new public key, and import it.";

/** OAEP by itself has no room for an RSA key, nor RSA_2048 for the largest curve's. @throws {KmsError} UnsupportedOperationException */
function checkWrapping({ keySpec }: Key, algorithm: string, wrappingKeySpec: string): void {
  if (WRAPPINGS[algorithm]!.aesFirst) return;
  const isTooLong = keySpec === "ECC_NIST_P521" && wrappingKeySpec === "RSA_2048";
  if (KEY_SPECS[keySpec].modulusBytes === undefined && !isTooLong) return;
  throw new KmsError(
    "UnsupportedOperationException",
    `Wrapping algorithm ${algorithm} with ${wrappingKeySpec} cannot wrap key material of ${keySpec}; use RSA_AES_KEY_WRAP_SHA_256.`,
  );
}

/** @throws {KmsError} ValidationException */
function checkExpiry(input: ValueOf<typeof importInput>): void {
  const { ExpirationModel = "KEY_MATERIAL_EXPIRES", ValidTo } = input;
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
}

/** Only a symmetric key ever has more than one material. @throws {KmsError} UnsupportedOperationException */
function checkKind(key: Key, arn: string, input: ValueOf<typeof importInput>): void {
  if (isSymmetric(key)) return;
  for (const member of ["ImportType", "KeyMaterialDescription", "KeyMaterialId"] as const) {
    if (input[member] === undefined) continue;
    const why = `${member} is valid only for symmetric encryption keys, and ${arn} is a key of ${key.keySpec}: leave it out.`;
    throw new KmsError("UnsupportedOperationException", why);
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

/** What a token said, and what came with it. */
export interface Unwrapped {
  /** When the token expires. */
  readonly validToMs: number;
  /** Or why there is none. */
  readonly material: ReadMaterial | KmsError;
}

/** `undefined` for what is no token for this key. */
async function unwrapMaterial(
  { KeyId, ImportToken, EncryptedKeyMaterial }: ValueOf<typeof importInput>,
  services: Services,
): Promise<Unwrapped | undefined> {
  const { keys, importTokens, imports, realm, records } = services;
  const keyId = keyIdOfArn(KeyId);
  const [key, parameters] = await records.read(
    async (tx) =>
      [await keys.find(tx, keyId), await importTokens.open(tx, keyId, keyArn(realm, keyId), ImportToken)] as const,
  );
  if (parameters === undefined) return undefined;
  let bytes: Uint8Array | undefined;
  try {
    bytes = key && (await unwrap(services, parameters, EncryptedKeyMaterial));
    const material =
      bytes === undefined ? new KmsError("InvalidCiphertextException") : await imports.read(key!.keySpec, bytes);
    return { validToMs: parameters.validToMs, material };
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;
    return { validToMs: parameters.validToMs, material: error };
  } finally {
    bytes?.fill(0);
    parameters.pair.privateKey.fill(0);
  }
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
    // Where there is no AES key the same is done with another, so that the time says less about which half was wrong.
    const isKey = aesKey !== undefined && AES_KEY_BYTES.includes(aesKey.length);
    let material: Uint8Array | undefined;
    try {
      material = engine.unwrapKey(isKey ? aesKey : new Uint8Array(32), wrapped.subarray(modulusBytes));
      return isKey ? material : undefined;
    } finally {
      aesKey?.fill(0);
      if (!isKey) material?.fill(0);
    }
  } finally {
    opened.destroy();
  }
}
