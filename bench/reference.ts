/** The right answers, from node:crypto alone: what every subject's results are compared with before it is timed. */
import { type CipherGCMTypes, createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";

const TAG_BYTES = 16;

export function cipherFor(key: Uint8Array): CipherGCMTypes {
  return `aes-${(key.length * 8) as 128 | 192 | 256}-gcm`;
}

/** Ciphertext and tag of AES-GCM. */
export function sealRightly(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Buffer {
  const cipher = createCipheriv(cipherFor(key), key, nonce).setAAD(aad);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** @throws {Error} for bytes that do not authenticate */
export function openRightly(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Buffer {
  const decipher = createDecipheriv(cipherFor(key), key, nonce, { authTagLength: TAG_BYTES }).setAAD(aad);
  const dataBytes = sealed.length - TAG_BYTES;
  decipher.setAuthTag(sealed.subarray(dataBytes));
  return Buffer.concat([decipher.update(sealed.subarray(0, dataBytes)), decipher.final()]);
}

/** HKDF-SHA-256 (RFC 5869). */
export function deriveRightly(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, lengthBytes: number): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, salt, info, lengthBytes));
}
