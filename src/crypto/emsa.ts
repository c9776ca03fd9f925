/**
 * The encodings of RSA signatures over a digest (RFC 8017 section 9), for runtimes that sign messages alone. What is
 * encoded is public: it is in every signature.
 */
import { copyView } from "../byte-views.ts";
import type { DigestName } from "./algorithms.ts";

export type HashFunction = (...parts: readonly Uint8Array[]) => Uint8Array;

/** DigestInfo up to the digest: RFC 8017 section 9.2, note 1. The last byte of the OID tells the hash. */
const HASH_OIDS: Partial<Record<DigestName, number>> = { "SHA-256": 1, "SHA-384": 2, "SHA-512": 3 };

const PSS_TRAILER = 0xbc;

/** EMSA-PKCS1-v1_5. */
export function encodePkcs1(hash: DigestName, digest: Uint8Array, lengthBytes: number): Uint8Array {
  const info = [0x30, digest.length + 17, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
  const head = [...info, HASH_OIDS[hash]!, 0x05, 0x00, 0x04, digest.length];
  const encoded = new Uint8Array(lengthBytes).fill(0xff);
  encoded.set([0x00, 0x01]);
  encoded.set([0x00, ...head], lengthBytes - digest.length - head.length - 1);
  encoded.set(digest, lengthBytes - digest.length);
  return encoded;
}

/** Applies MGF1's mask and clears the highest bit, which is beyond emBits = 8 * bytes - 1. */
function mask(hash: HashFunction, block: Uint8Array, seed: Uint8Array): void {
  const counter = new Uint8Array(4);
  for (let at = 0; at < block.length; counter[3]!++) {
    for (const byte of hash(seed, counter)) if (at < block.length) block[at++]! ^= byte;
  }
  block[0]! &= 0x7f;
}

/** EMSA-PSS with a salt as long as the digest. */
export function encodePss(hash: HashFunction, digest: Uint8Array, salt: Uint8Array, lengthBytes: number): Uint8Array {
  const encoded = new Uint8Array(lengthBytes);
  const seed = hash(new Uint8Array(8), digest, salt);
  const block = encoded.subarray(0, lengthBytes - seed.length - 1);
  block[block.length - salt.length - 1] = 1;
  block.set(salt, block.length - salt.length);
  mask(hash, block, seed);
  encoded.set(seed, block.length);
  encoded[lengthBytes - 1] = PSS_TRAILER;
  return encoded;
}

/** The salt that `encodePss` was given, if this is its encoding otherwise: to be encoded again and compared. */
export function saltOfPss(hash: HashFunction, encoded: Uint8Array, digestBytes: number): Uint8Array {
  const block = copyView(encoded.subarray(0, encoded.length - digestBytes - 1)); // A Buffer would not be sliced.
  mask(hash, block, encoded.subarray(block.length, encoded.length - 1));
  return block.subarray(block.length - digestBytes);
}
