/**
 * The ciphertext blob of keys in external key stores: a blob of the key's own material (blob.ts), which an external key
 * has encrypted once more. Opening it takes both, so neither this service nor the external key manager can do it alone.
 *
 *   off  len  field
 *     0    1  version 0xA1
 *     1    1  suite 0x02: suite 0x01, then AES-256-GCM under an external key
 *     2    1  flags: zero
 *     3   16  key id
 *    19   16  material id, the first 16 of its 32 bytes
 *    35   32  commitment
 *    67    1  m, the length of the metadata: 0 to 20
 *    68    1  v, the length of the IV: 12 or 16
 *    69    m  metadata of the proxy's own
 *  69+m    v  IV
 *     …   16  tag
 *     …    n  ciphertext of the inner blob, as long as that
 *
 *   commitment = HKDF-Expand(PRK of the material,
 *                "kms-blob/v1/EXTERNAL-COMMIT\0" ‖ blob[0..35) ‖ SHA-256(blob[67..)) ‖ SHA-256(EC), 32)
 *   additional data for the external key = blob[0..35) ‖ SHA-256(EC)    EC: the canonical encryption context (context.ts)
 *
 * The commitment authenticates all of the outer form under this service's own material before anything is sent: a blob
 * that was changed, or comes with another context or key, never reaches the proxy. The inner blob authenticates itself
 * afterwards, so what a proxy answers is never trusted. The keys of both forms are derived under different labels.
 */
import { type Engine, equalBytes } from "../crypto/engine.ts";
import { writeKeyId } from "../model/arn.ts";
import { concatBytes } from "../records/encoding.ts";
import { secretBytes } from "../secret-bytes.ts";
import { EXTERNAL_SUITE, OVERHEAD_BYTES, VERSION } from "./blob.ts";
import { hashContext } from "./context.ts";
import { type Material, SHORT_ID_BYTES } from "./material.ts";

const KEY_ID = 3;
const MATERIAL_ID = 19;
const COMMITMENT = 35;
const BODY = 67;
const COMMITMENT_BYTES = BODY - COMMITMENT;
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

/** The outer form up to its commitment. */
export function externalHeader(keyId: string, material: Material): Uint8Array {
  const header = new Uint8Array(COMMITMENT);
  header[0] = VERSION;
  header[1] = EXTERNAL_SUITE;
  writeKeyId(keyId, header, KEY_ID);
  header.set(material.id.subarray(0, SHORT_ID_BYTES), MATERIAL_ID);
  return header;
}

/** What the external key authenticates with the inner blob. */
export function externalAdditionalData(crypto: Engine, header: Uint8Array, context: Uint8Array): Uint8Array {
  return concatBytes(header, hashContext(crypto, context));
}

/** @param context canonical bytes */
export function writeExternalBlob(
  crypto: Engine,
  material: Material,
  header: Uint8Array,
  { ciphertext, metadata, iv, tag }: ExternallySealed,
  context: Uint8Array,
): Uint8Array {
  const body = concatBytes(Uint8Array.of(metadata.length, iv.length), metadata, iv, tag, ciphertext);
  return concatBytes(header, commitmentOf(crypto, material, header, body, context), body);
}

/** What goes to the external key, or `undefined` for every blob that this material and context did not make. */
export function readExternalBlob(
  crypto: Engine,
  material: Material,
  blob: Uint8Array,
  context: Uint8Array,
): ExternallySealed | undefined {
  const header = blob.subarray(0, COMMITMENT);
  const body = blob.subarray(BODY);
  const computed = commitmentOf(crypto, material, header, body, context);
  const isOurs = equalBytes(computed, blob.subarray(COMMITMENT, BODY));
  // Whoever sees it could make a blob pass that was changed.
  computed.fill(0);
  return isOurs ? readBody(body) : undefined;
}

/** The body has been authenticated; its form is checked all the same. */
function readBody(body: Uint8Array): ExternallySealed | undefined {
  const [metadataBytes = 0, ivBytes = 0] = body;
  const tagAt = LENGTHS_BYTES + metadataBytes + ivBytes;
  if (metadataBytes > MAX_METADATA_BYTES || !IV_LENGTHS.includes(ivBytes)) return undefined;
  if (body.length <= tagAt + TAG_BYTES + OVERHEAD_BYTES) return undefined;
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
  header: Uint8Array,
  body: Uint8Array,
  context: Uint8Array,
): Uint8Array {
  const info = concatBytes(LABEL, header, crypto.hash("SHA-256", body), hashContext(crypto, context));
  return deriver.expand(info, COMMITMENT_BYTES, secretBytes(COMMITMENT_BYTES));
}
