/**
 * Who signs the checkpoints of audit trails: an Ed25519 key of the keystore, made when it is first needed and sealed like
 * all others.
 *
 *   audit/signing-key    PairMaterial
 */
import type { TrailSigner } from "./audit/trail.ts";
import type { KeyPairs } from "./crypto/key-pairs.ts";
import { newPairMaterial, type PairMaterial } from "./keys/pair-material.ts";
import type { Records, RecordType } from "./records/record-store.ts";

const PATH = "audit/signing-key";
const SPEC = "ECC_NIST_EDWARDS25519";
const ALGORITHM = "ED25519_SHA_512";

/** @param pairType the store's one record type of pairs */
export async function openAuditSigner(
  records: Records,
  keyPairs: KeyPairs,
  pairType: RecordType<PairMaterial>,
): Promise<TrailSigner> {
  const publicKey = await records.write(async (tx) => {
    const known = await tx.get(pairType, PATH);
    if (known !== undefined) return known.publicKey.slice();
    const bytes = await keyPairs.generate(SPEC);
    const material = newPairMaterial(keyPairs, SPEC, bytes);
    bytes.privateKey.fill(0);
    tx.put(pairType, PATH, material);
    material.privateKey?.wipe();
    material.pair.destroy();
    return material.publicKey.slice();
  });
  return {
    publicKey,
    sign: async (bytes) =>
      records.read(async (tx) => (await tx.get(pairType, PATH))!.pair.sign(ALGORITHM, bytes, "RAW")),
  };
}

/** Whether an Ed25519 signature of a checkpoint is the one of a key. */
export async function verifyWith(
  keyPairs: KeyPairs,
  publicKey: Uint8Array,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const pair = keyPairs.open(SPEC, { publicKey, privateKey: new Uint8Array(0) });
  try {
    return await pair.verify(ALGORITHM, bytes, "RAW", signature);
  } finally {
    pair.destroy();
  }
}
