/**
 * Key material that is a pair. The plaintext of its record is the spec, the SubjectPublicKeyInfo with its length before
 * it, and PKCS#8 to the end; once decoded the runtime holds the keys.
 */
import { KEY_SPECS, type PairSpec } from "../crypto/algorithms.ts";
import type { KeyPair, KeyPairs, PairBytes } from "../crypto/key-pairs.ts";
import { Secret } from "../crypto/secret.ts";
import { ByteReader, concatSecretBytes, textBytes, uintBytes } from "../records/encoding.ts";
import type { RecordType } from "../records/record-store.ts";

export interface PairMaterial {
  readonly spec: PairSpec;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  readonly pair: KeyPair;
  /** PKCS#8. Only of material that has just been made and is about to be stored. */
  readonly privateKey?: Secret;
}

/** Material from a pair that was just generated, whose bytes the caller wipes. */
export function newPairMaterial(keyPairs: KeyPairs, spec: PairSpec, bytes: PairBytes): PairMaterial {
  const pair = keyPairs.open(spec, bytes);
  return { spec, publicKey: bytes.publicKey, pair, privateKey: Secret.copy(bytes.privateKey) };
}

/** The record type of pairs that live in `keyPairs`. */
export function pairRecord(keyPairs: KeyPairs): RecordType<PairMaterial> {
  return {
    name: "pair-material",
    cacheLimit: 512,
    encode({ spec, publicKey, privateKey }) {
      if (privateKey === undefined) throw new TypeError("Stored material is never written again.");
      return privateKey.expose((secret) =>
        concatSecretBytes(textBytes(spec), uintBytes(publicKey.length, 2), publicKey, secret),
      );
    },
    decode(record) {
      const reader = new ByteReader(record);
      const spec = reader.text() as PairSpec;
      if (!Object.hasOwn(KEY_SPECS, spec)) throw new TypeError(`A pair of the unknown spec ${spec}.`);
      const publicKey = reader.take(reader.uint(2)).slice();
      const privateKey = reader.take(record.length - reader.offset);
      return { spec, publicKey, pair: keyPairs.open(spec, { publicKey, privateKey }) };
    },
    dispose: disposePair,
  };
}

function disposePair({ pair, privateKey }: PairMaterial): void {
  privateKey?.wipe();
  pair.destroy();
}
