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
import { readKeyId, startsWithHexOf, writeKeyId } from "../model/arn.ts";
import { secretBytes } from "../secret-bytes.ts";
import { hashContext } from "./context.ts";
import { type Material, SHORT_ID_BYTES } from "./material.ts";

const VERSION = 0xa1;
const SUITE = 0x01;
/** Of blobs that an external key has encrypted once more (external-blob.ts). */
const EXTERNAL_SUITE = 0x02;
const MULTI_REGION = 0x01;
const KEY_ID = 3;
const MATERIAL_ID = 19;
const N = 35;
const COMMITMENT = 67;
const CIPHERTEXT = 99;
const TAG_BYTES = 16;
/** What stands before the commitment. */
export const HEAD_BYTES = COMMITMENT;
export const OVERHEAD_BYTES = CIPHERTEXT + TAG_BYTES;

const KEY_BYTES = 32;
const IV_BYTES = 12;
const COMMITMENT_BYTES = 32;
const HASH_BYTES = 32;
/** An absent encryption context. */
const SHORT_CONTEXT_BYTES = 2;
const LABEL = new TextEncoder().encode("kms-blob/v1/AES256GCM-HKDFSHA256-COMMIT\0");

/**
 * The id of the key that a cleartext header names, or `undefined` if these bytes are no blob of ours. Nothing is
 * authenticated yet.
 */
export function readBlobKeyId(blob: Uint8Array): string | undefined {
  if (blob.length <= OVERHEAD_BYTES || blob[0] !== VERSION) return undefined;
  if (blob[1] !== SUITE && !isExternalBlob(blob)) return undefined;
  if ((blob[2]! & ~MULTI_REGION) !== 0) return undefined;
  return readKeyId(blob, KEY_ID, blob[2] === MULTI_REGION);
}

/** Whether only an external key can tell what is in this blob. */
export function isExternalBlob(blob: Uint8Array): boolean {
  return blob[1] === EXTERNAL_SUITE && blob[2] === 0;
}

/** Makes the head of an outer form out of that of the blob in it. */
export function asExternalHead(head: Uint8Array): Uint8Array {
  head[1] = EXTERNAL_SUITE;
  return head;
}

/** The other way round. */
export function asInnerHead(head: Uint8Array): Uint8Array {
  head[1] = SUITE;
  return head;
}

/** Whether the header of a blob of ours names this material. */
export function namesMaterial(blob: Uint8Array, materialId: string): boolean {
  return startsWithHexOf(materialId, blob, MATERIAL_ID, SHORT_ID_BYTES);
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
  // An array over a buffer of its own takes half the time of an array that makes its buffer.
  const blob = new Uint8Array(new ArrayBuffer(OVERHEAD_BYTES + plaintext.length));
  try {
    // Into a room of this message alone, because the generator is the caller's code, which may seal something else.
    const n = blob.subarray(N, COMMITMENT);
    random.fill(n);
    headN.set(n);
    head[0] = VERSION;
    head[1] = SUITE;
    head[2] = keyId.startsWith("mrk-") ? MULTI_REGION : 0;
    writeKeyId(keyId, head, KEY_ID);
    for (let i = 0; i < SHORT_ID_BYTES; i++) head[MATERIAL_ID + i] = material.id[i]!;
    deriveMessageKey(crypto, material, context);
    headCommitment.set(okmCommitment);
    blob.set(head);
    const aead = crypto.aead(okmKey);
    try {
      aead.seal(okmIv, plaintext, additionalData(context), blob.subarray(CIPHERTEXT));
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
  try {
    head.set(blob.subarray(0, CIPHERTEXT));
    deriveMessageKey(crypto, material, context);
    if (!equalBytes(okmCommitment, headCommitment)) return undefined;
    const aead = crypto.aead(okmKey);
    try {
      return aead.open(okmIv, blob.subarray(CIPHERTEXT), additionalData(context));
    } finally {
      aead.destroy();
    }
  } finally {
    okm.fill(0);
  }
}

/**
 * Rooms of one message, for all of them: from the first use to the last nothing is awaited, and nobody's code but that of
 * `crypto` runs. Only `okm` holds secrets.
 */
const okm = secretBytes(KEY_BYTES + IV_BYTES + COMMITMENT_BYTES);
const okmKey = okm.subarray(0, KEY_BYTES);
const okmIv = okm.subarray(KEY_BYTES, KEY_BYTES + IV_BYTES);
const okmCommitment = okm.subarray(KEY_BYTES + IV_BYTES);
/** The additional data of a message without an encryption context: the blob up to its ciphertext, then two zeros. */
const shortAad = new Uint8Array(CIPHERTEXT + SHORT_CONTEXT_BYTES);
const head = shortAad.subarray(0, CIPHERTEXT);
const headInfo = head.subarray(0, COMMITMENT);
const headN = head.subarray(N, COMMITMENT);
const headCommitment = head.subarray(COMMITMENT);
const info = new Uint8Array(LABEL.length + COMMITMENT + HASH_BYTES);
info.set(LABEL);

/** Derives the key, IV and commitment of the message whose head this is into `okm`, which the caller wipes. */
function deriveMessageKey(crypto: Engine, material: Material, context: Uint8Array): void {
  info.set(hashContext(crypto, context), LABEL.length + COMMITMENT);
  info.set(headInfo, LABEL.length);
  material.deriver.expand(info, okm.length, okm);
}

function additionalData(context: Uint8Array): Uint8Array {
  const isShort = context.length === SHORT_CONTEXT_BYTES;
  const aad = isShort ? shortAad : new Uint8Array(new ArrayBuffer(CIPHERTEXT + context.length));
  if (!isShort) aad.set(head);
  aad.set(context, CIPHERTEXT);
  return aad;
}
