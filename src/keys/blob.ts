/**
 * The ciphertext blob of symmetric keys: a committing AEAD under a key of its own for every message.
 *
 *   off  len  field
 *     0    1  version 0xA1 (real AWS blobs start with 0x01 and fail at once)
 *     1    1  suite 0x01: HKDF-SHA-256, AES-256-GCM, 32-byte commitment
 *     2    1  flags: bit 0 multi-Region key; the others are zero
 *     3   16  key id
 *    19   16  material id, the first 16 of its 32 bytes
 *    35   32  N, random
 *    67   32  commitment
 *    99    n  ciphertext
 *  99+n   16  tag
 *
 *   okm = HKDF-Expand(PRK of the material, "kms-blob/v1/AES256GCM-HKDFSHA256-COMMIT\0" ‖ blob[0..67) ‖ SHA-256(EC), 76)
 *   K = okm[0..32)   IV = okm[32..44)   commitment = okm[44..76)
 *   AAD = blob[0..99) ‖ EC                                   EC: the canonical encryption context (context.ts)
 *
 * N has 256 bits, so a (K, IV) pair is used once and a KMS key has no practical message limit (SP 800-38D section 8.3
 * counts invocations of one K). The commitment binds key, N and context: a blob opens under one key only.
 * Overhead 115 bytes. Key ids and material ids are public.
 */
import { type Engine, equalBytes } from "../crypto/engine.ts";
import type { Random } from "../env.ts";
import { keyIdOf, toHex, writeKeyId } from "../model/arn.ts";
import { type Material, SHORT_ID_BYTES } from "./material.ts";

const VERSION = 0xa1;
const SUITE = 0x01;
const MULTI_REGION = 0x01;
const KEY_ID = 3;
const MATERIAL_ID = 19;
const N = 35;
const COMMITMENT = 67;
const CIPHERTEXT = 99;
const TAG_BYTES = 16;
export const OVERHEAD_BYTES = CIPHERTEXT + TAG_BYTES;

const KEY_BYTES = 32;
const IV_BYTES = 12;
const COMMITMENT_BYTES = 32;
const LABEL = new TextEncoder().encode("kms-blob/v1/AES256GCM-HKDFSHA256-COMMIT\0");

export interface BlobHeader {
  readonly keyId: string;
  /** 32 hexadecimal digits, the start of the material's id. */
  readonly shortMaterialId: string;
}

/** Reads the cleartext header, or `undefined` if these bytes are no blob of ours. Nothing is authenticated yet. */
export function readBlobHeader(blob: Uint8Array): BlobHeader | undefined {
  if (blob.length <= OVERHEAD_BYTES || blob[0] !== VERSION || blob[1] !== SUITE) return undefined;
  if ((blob[2]! & ~MULTI_REGION) !== 0) return undefined;
  return {
    keyId: keyIdOf(blob.subarray(KEY_ID, MATERIAL_ID), blob[2] === MULTI_REGION),
    shortMaterialId: toHex(blob.subarray(MATERIAL_ID, N)),
  };
}

/** @param context canonical bytes */
export function sealBlob(
  crypto: Engine,
  random: Random,
  keyId: string,
  material: Material,
  plaintext: Uint8Array,
  context: Uint8Array,
): Uint8Array {
  const blob = new Uint8Array(OVERHEAD_BYTES + plaintext.length);
  blob[0] = VERSION;
  blob[1] = SUITE;
  blob[2] = keyId.startsWith("mrk-") ? MULTI_REGION : 0;
  writeKeyId(keyId, blob.subarray(KEY_ID, MATERIAL_ID));
  blob.set(material.id.subarray(0, SHORT_ID_BYTES), MATERIAL_ID);
  random.fill(blob.subarray(N, COMMITMENT));
  const okm = deriveMessageKey(crypto, material, blob, context);
  try {
    blob.set(okm.subarray(KEY_BYTES + IV_BYTES), COMMITMENT);
    const aead = crypto.aead(okm.subarray(0, KEY_BYTES));
    try {
      const iv = okm.subarray(KEY_BYTES, KEY_BYTES + IV_BYTES);
      aead.seal(iv, plaintext, additionalData(blob, context), blob.subarray(CIPHERTEXT));
    } finally {
      aead.destroy();
    }
  } finally {
    okm.fill(0);
  }
  return blob;
}

/** Returns the plaintext, or `undefined` for every blob that this material and context did not make. */
export function openBlob(
  crypto: Engine,
  material: Material,
  blob: Uint8Array,
  context: Uint8Array,
): Uint8Array | undefined {
  const okm = deriveMessageKey(crypto, material, blob, context);
  try {
    if (!equalBytes(okm.subarray(KEY_BYTES + IV_BYTES), blob.subarray(COMMITMENT, CIPHERTEXT))) return undefined;
    const aead = crypto.aead(okm.subarray(0, KEY_BYTES));
    try {
      const iv = okm.subarray(KEY_BYTES, KEY_BYTES + IV_BYTES);
      return aead.open(iv, blob.subarray(CIPHERTEXT), additionalData(blob, context));
    } finally {
      aead.destroy();
    }
  } finally {
    okm.fill(0);
  }
}

function deriveMessageKey(crypto: Engine, material: Material, blob: Uint8Array, context: Uint8Array): Uint8Array {
  const contextHash = crypto.hash("SHA-256", context);
  const info = new Uint8Array(LABEL.length + COMMITMENT + contextHash.length);
  info.set(LABEL);
  info.set(blob.subarray(0, COMMITMENT), LABEL.length);
  info.set(contextHash, LABEL.length + COMMITMENT);
  return material.deriver.expand(info, KEY_BYTES + IV_BYTES + COMMITMENT_BYTES);
}

function additionalData(blob: Uint8Array, context: Uint8Array): Uint8Array {
  const aad = new Uint8Array(CIPHERTEXT + context.length);
  aad.set(blob.subarray(0, CIPHERTEXT));
  aad.set(context, CIPHERTEXT);
  return aad;
}
