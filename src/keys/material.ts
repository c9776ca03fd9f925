/**
 * Key material (AWS's hardware-backed key, "HBK"): 32 secret bytes under a 32-byte random id. The record's plaintext
 * is the id and the bytes; once decoded only the HKDF key extracted from them is held, by the crypto engine.
 *
 *   PRK = HKDF-Extract(SHA-256, salt = "kms-hbk/v1\0" ‖ id[0..16), IKM = the 32 bytes)      RFC 5869 section 2.2
 */
import type { Deriver, Engine } from "../crypto/engine.ts";
import { Secret } from "../crypto/secret.ts";
import type { Random } from "../env.ts";
import { toHex } from "../model/arn.ts";
import type { RecordType } from "../records/record-store.ts";
import { secretBytes } from "../secret-bytes.ts";

const ID_BYTES = 32;
export const KEY_BYTES = 32;
/** How much of the id a ciphertext names: 128 bits tell any two materials apart. */
export const SHORT_ID_BYTES = 16;
const SALT_LABEL = new TextEncoder().encode("kms-hbk/v1\0");

export interface Material {
  readonly id: Uint8Array;
  readonly deriver: Deriver;
  /** Only of material that has just been made and is about to be stored. */
  readonly bytes?: Secret;
}

/** Material of bytes that were imported, which stay the caller's to wipe. */
export function materialFrom(crypto: Engine, id: Uint8Array, bytes: Uint8Array): Material {
  return { id, deriver: deriverOf(crypto, id, bytes), bytes: Secret.copy(bytes) };
}

/** Makes material from fresh random bytes. */
export function generateMaterial(crypto: Engine, random: Random): Material {
  const id = new Uint8Array(ID_BYTES);
  random.fill(id);
  const bytes = secretBytes(KEY_BYTES);
  try {
    random.fill(bytes);
    return materialFrom(crypto, id, bytes);
  } finally {
    bytes.fill(0);
  }
}

export function materialIdOf(material: Material): string {
  return toHex(material.id);
}

/** The record type of material whose derivation keys live in `crypto`. */
export function materialRecord(crypto: Engine): RecordType<Material> {
  return {
    name: "material",
    // Fewer than the engine keeps expanded in the core at once (crypto/wasm.ts), so that cached material is warm.
    cacheLimit: 512,
    encode({ id, bytes }) {
      if (bytes === undefined) throw new TypeError("Stored material is never written again.");
      const record = secretBytes(ID_BYTES + KEY_BYTES);
      record.set(id);
      bytes.expose((secret) => record.set(secret, ID_BYTES));
      return record;
    },
    decode(record) {
      if (record.length !== ID_BYTES + KEY_BYTES) throw new TypeError("A material record must have 64 bytes.");
      const id = record.slice(0, ID_BYTES);
      return { id, deriver: deriverOf(crypto, id, record.subarray(ID_BYTES)) };
    },
    dispose: disposeMaterial,
  };
}

function disposeMaterial(material: Material): void {
  material.bytes?.wipe();
  material.deriver.destroy();
}

function deriverOf(crypto: Engine, id: Uint8Array, bytes: Uint8Array): Deriver {
  const salt = new Uint8Array(SALT_LABEL.length + SHORT_ID_BYTES);
  salt.set(SALT_LABEL);
  salt.set(id.subarray(0, SHORT_ID_BYTES), SALT_LABEL.length);
  return crypto.deriver("SHA-256", bytes, salt);
}
