/**
 * The ciphertext blob of keys in external key stores: a blob of the key's own material (blob.ts), of which an external key
 * has encrypted all but the head once more. Opening it takes both, so neither this service nor the external key manager
 * can do it alone.
 *
 *   off  len  field
 *     0    1  version 0xA1
 *     1    1  suite 0x02: suite 0x01, then AES-256-GCM under an external key
 *     2    1  flags: zero
 *     3   16  key id
 *    19   16  material id, the first 16 of its 32 bytes
 *    35   32  N of the inner blob
 *    67   32  commitment
 *    99    1  m, the length of the metadata: 0 to 20
 *   100    1  v, the length of the IV: 12 or 16
 *   101    m  metadata of the proxy's own
 * 101+m    v  IV
 *     …   16  tag
 *     …    n  ciphertext of the inner blob from its commitment on, as long as that
 *
 *   commitment = HKDF-Expand(PRK of the material,
 *                "kms-blob/v1/EXTERNAL-COMMIT\0" ‖ blob[0..67) ‖ SHA-256(blob[99..)) ‖ SHA-256(EC), 32)
 *   additional data for the external key = blob[0..67) ‖ SHA-256(EC)    EC: the canonical encryption context (context.ts)
 *
 * The commitment authenticates all of the outer form under this service's own material before anything is sent: a blob
 * that was changed, or comes with another context or key, never reaches the proxy. N does not go through its hands, and
 * the inner blob opens with its own N alone: what a proxy answers is never trusted, not even if it was right for another
 * message. Both commitments are derived under labels of their own.
 */
import { type Engine, equalBytes } from "../crypto/engine.ts";
import { concatBytes } from "../records/encoding.ts";
import { secretBytes } from "../secret-bytes.ts";
import { asExternalHead, asInnerHead, HEAD_BYTES } from "./blob.ts";
import { hashContext } from "./context.ts";
import type { Material } from "./material.ts";

const COMMITMENT_BYTES = 32;
const BODY = HEAD_BYTES + COMMITMENT_BYTES;
const LENGTHS_BYTES = 2;
const TAG_BYTES = 16;
const MAX_METADATA_BYTES = 20;
const IV_LENGTHS: readonly number[] = [12, 16];
const LABEL = new TextEncoder().encode("kms-blob/v1/EXTERNAL-COMMIT\0");

/** What an external key made of an inner blob. */
export interface ExternallySealed {
  readonly ciphertext: Uint8Array;
  readonly metadata: Uint8Array;
  readonly iv: Uint8Array;
  readonly tag: Uint8Array;
}

/** An inner blob in two parts: the head of the outer form, and what the external key encrypts. */
export function splitInner(inner: Uint8Array): { readonly head: Uint8Array; readonly rest: Uint8Array } {
  return { head: asExternalHead(inner.slice(0, HEAD_BYTES)), rest: inner.subarray(HEAD_BYTES) };
}

/** The inner blob of an outer one. @param rest what the external key has decrypted */
export function joinInner(blob: Uint8Array, rest: Uint8Array): Uint8Array {
  return concatBytes(asInnerHead(blob.slice(0, HEAD_BYTES)), rest);
}

/** What the external key authenticates with what it encrypts. @param outer its head, or all of it */
export function externalAdditionalData(crypto: Engine, outer: Uint8Array, context: Uint8Array): Uint8Array {
  return concatBytes(outer.subarray(0, HEAD_BYTES), hashContext(crypto, context));
}

/** @param context canonical bytes */
export function writeExternalBlob(
  crypto: Engine,
  material: Material,
  head: Uint8Array,
  { ciphertext, metadata, iv, tag }: ExternallySealed,
  context: Uint8Array,
): Uint8Array {
  const body = concatBytes(Uint8Array.of(metadata.length, iv.length), metadata, iv, tag, ciphertext);
  return concatBytes(head, commitmentOf(crypto, material, head, body, context), body);
}

/** What goes to the external key, or `undefined` for every blob that this material and context did not make. */
export function readExternalBlob(
  crypto: Engine,
  material: Material,
  blob: Uint8Array,
  context: Uint8Array,
): ExternallySealed | undefined {
  const body = blob.subarray(BODY);
  const computed = commitmentOf(crypto, material, blob.subarray(0, HEAD_BYTES), body, context);
  const isOurs = equalBytes(computed, blob.subarray(HEAD_BYTES, BODY));
  // Whoever sees it could make a blob pass that was changed.
  computed.fill(0);
  return isOurs ? readBody(body) : undefined;
}

/** The body has been authenticated; its form is checked all the same. */
function readBody(body: Uint8Array): ExternallySealed | undefined {
  const [metadataBytes = 0, ivBytes = 0] = body;
  const tagAt = LENGTHS_BYTES + metadataBytes + ivBytes;
  if (metadataBytes > MAX_METADATA_BYTES || !IV_LENGTHS.includes(ivBytes)) return undefined;
  if (body.length <= tagAt + TAG_BYTES) return undefined;
  return {
    metadata: body.subarray(LENGTHS_BYTES, LENGTHS_BYTES + metadataBytes),
    iv: body.subarray(LENGTHS_BYTES + metadataBytes, tagAt),
    tag: body.subarray(tagAt, tagAt + TAG_BYTES),
    ciphertext: body.subarray(tagAt + TAG_BYTES),
  };
}

function commitmentOf(
  crypto: Engine,
  { deriver }: Material,
  head: Uint8Array,
  body: Uint8Array,
  context: Uint8Array,
): Uint8Array {
  const info = concatBytes(LABEL, head, crypto.hash("SHA-256", body), hashContext(crypto, context));
  return deriver.expand(info, COMMITMENT_BYTES, secretBytes(COMMITMENT_BYTES));
}
