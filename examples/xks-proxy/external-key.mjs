/**
 * The external key manager of the example: AES-256-GCM under keys of the key file. The metadata of a ciphertext is one
 * byte, the number of the key's version; it is authenticated with the additional data, and the lengths of both with them.
 * Source: AWS KMS External Key Store Proxy API Specification, "Encrypt", appendix C.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from "node:crypto";

const ALGORITHM = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts under the newest version of a key, and makes sure that it opens again. */
export function encrypt({ versions }, plaintext, aad) {
  const metadata = Buffer.of(versions.length);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, versions.at(-1), iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(additionalData(aad, metadata));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const sealed = { ciphertext, metadata, iv, tag: cipher.getAuthTag() };
  // The integrity value first: what changes afterwards shows.
  const integrity = createHash("sha256").update(aad).update(metadata).update(iv).update(ciphertext).update(sealed.tag);
  const opened = decrypt({ versions }, sealed, aad);
  if (opened === undefined || !timingSafeEqual(opened, plaintext)) throw new Error("The encryption does not open.");
  return { ...sealed, integrity: integrity.digest() };
}

/** The plaintext, or `undefined` for what this key has not encrypted. */
export function decrypt({ versions }, { ciphertext, metadata, iv, tag }, aad) {
  const key = metadata.length === 1 ? versions[metadata[0] - 1] : undefined;
  if (key === undefined || iv.length !== IV_BYTES || tag.length !== TAG_BYTES) return undefined;
  const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(additionalData(aad, metadata));
  decipher.setAuthTag(tag);
  const plaintext = decipher.update(ciphertext);
  try {
    decipher.final();
  } catch {
    plaintext.fill(0);
    return undefined;
  }
  return plaintext;
}

function additionalData(aad, metadata) {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(aad.length);
  return Buffer.concat([length, aad, Buffer.of(metadata.length), metadata]);
}
