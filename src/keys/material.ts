/**
 * Key material (AWS's hardware-backed key, "HBK"): 32 secret bytes under a 32-byte random id. The record's plaintext
 * is the id and the bytes; once decoded only the HKDF key extracted from them is held, inside the crypto provider.
 *
 *   PRK = HKDF-Extract(SHA-256, salt = "kms-hbk/v1\0" ‖ id[0..16), IKM = the 32 bytes)      RFC 5869 section 2.2
 */
import type { CryptoProvider, Deriver } from "../crypto/provider.ts";
import { Secret } from "../crypto/secret.ts";
import type { Random } from "../env.ts";
import { toHex } from "../model/arn.ts";
import type { RecordType } from "../records/record-store.ts";

const ID_BYTES = 32;
const KEY_BYTES = 32;
/** How much of the id a ciphertext names: 128 bits tell any two materials apart. */
export const SHORT_ID_BYTES = 16;
const SALT_LABEL = new TextEncoder().encode("kms-hbk/v1\0");

export interface Material {
  readonly id: Uint8Array;
  readonly bytes: Secret;
  readonly deriver: Deriver;
}

/** Makes material from fresh random bytes. */
export function generateMaterial(crypto: CryptoProvider, random: Random): Material {
  const id = new Uint8Array(ID_BYTES);
  random.fill(id);
  const bytes = new Uint8Array(KEY_BYTES);
  random.fill(bytes);
  return materialOf(crypto, id, bytes);
}

export function materialIdOf(material: Material): string {
  return toHex(material.id);
}

/** The record type of material whose derivation keys live in `crypto`. */
export function materialRecord(crypto: CryptoProvider): RecordType<Material> {
  return {
    name: "material",
    // Each holds one of the core's 1,024 derivation slots.
    cacheLimit: 512,
    encode(material) {
      const record = new Uint8Array(ID_BYTES + KEY_BYTES);
      record.set(material.id);
      material.bytes.expose((bytes) => record.set(bytes, ID_BYTES));
      return record;
    },
    decode(record) {
      if (record.length !== ID_BYTES + KEY_BYTES) throw new TypeError("A material record must have 64 bytes.");
      return materialOf(crypto, record.slice(0, ID_BYTES), record.slice(ID_BYTES));
    },
    dispose: disposeMaterial,
  };
}

export function disposeMaterial(material: Material): void {
  material.bytes.wipe();
  material.deriver.destroy();
}

/** Takes over `bytes`. */
function materialOf(crypto: CryptoProvider, id: Uint8Array, bytes: Uint8Array): Material {
  const secret = Secret.adopt(bytes);
  try {
    const salt = new Uint8Array(SALT_LABEL.length + SHORT_ID_BYTES);
    salt.set(SALT_LABEL);
    salt.set(id.subarray(0, SHORT_ID_BYTES), SALT_LABEL.length);
    return { id, bytes: secret, deriver: crypto.deriver("SHA-256", bytes, salt) };
  } catch (error) {
    secret.wipe();
    throw error;
  }
}
