/**
 * The root key: what a keystore's data keys are wrapped under, and the only secret that is not in the keystore.
 *
 * A `RootKey` only wraps and unwraps, so that it may live elsewhere (an HSM, another KMS). The one here is made from 32
 * bytes held in this process:
 *
 *   PRK  = HKDF-Extract(SHA-256, salt = "kms-root/v1\0", root key)
 *   blob = the form of committing-seal.ts with PRK, prefix = one byte 1, context = "kms-root-wrap/v1\0" | AAD
 *   id   = HKDF-Expand(PRK, "kms-root-id/v1\0", 16 bytes), shown as hex
 */
import type { Deriver, Engine } from "../crypto/engine.ts";
import { Secret } from "../crypto/secret.ts";
import type { Random } from "../env.ts";
import { KeystoreError } from "../errors.ts";
import { seal, unseal } from "./committing-seal.ts";
import { concatBytes } from "./encoding.ts";

export const ROOT_KEY_BYTES = 32;

const PREFIX = Uint8Array.of(1);
const ID_BYTES = 16;

const text = new TextEncoder();
const EXTRACT_SALT = text.encode("kms-root/v1\0");
const WRAP_INFO = text.encode("kms-root-wrap/v1\0");
const ID_INFO = text.encode("kms-root-id/v1\0");

/** A key that wraps data keys. It is destroyed by whoever it was handed to, `openRecords` for one. */
export interface RootKey {
  /** Names the key without telling anything of it: at most 255 bytes of UTF-8, the same in every process. */
  readonly id: string;
  /** Returns a blob that only this key opens, and only with the same `aad`. The caller wipes `dk`. */
  wrap(dk: Uint8Array, aad: Uint8Array): Promise<Uint8Array>;
  /** Returns the data key, which the caller wipes, or `undefined` if the blob is not of this key and this `aad`. */
  unwrap(blob: Uint8Array, aad: Uint8Array): Promise<Uint8Array | undefined>;
  destroy(): void;
}

/** Where a root key comes from. It is opened when a keystore is, with the cryptography that is then at hand. */
export interface RootKeySource {
  /** @throws {KeystoreError} if there is no usable key where the source looks for it */
  open(tools: { readonly crypto: Engine; readonly random: Random }): Promise<RootKey>;
}

/**
 * A root key from 32 bytes of a secure generator, which are copied: wipe your own. The copy stays until `wipe`, so
 * that the source can be opened again.
 * @throws {KeystoreError} if there are not exactly 32 bytes, or all of them are zero
 */
export function rootKeyFromBytes(bytes: Uint8Array): RootKeySource & { wipe(): void } {
  // The copy is what is checked: the caller may change or wipe its own bytes at any time.
  const secret = Secret.copy(bytes);
  secret.expose((copy) => checkRootKey(copy, "The root key"));
  return {
    open: async ({ crypto, random }) => secret.expose((key) => bindRootKey(key, crypto, random)),
    wipe: () => secret.wipe(),
  };
}

/** @throws {KeystoreError} that starts with `name`, if `bytes` are no root key */
export function checkRootKey(bytes: Uint8Array, name: string): void {
  if (bytes.length !== ROOT_KEY_BYTES) {
    throw new KeystoreError(`${name} must have exactly ${ROOT_KEY_BYTES} bytes; it has ${bytes.length}.`);
  }
  let bits = 0;
  for (const byte of bytes) bits |= byte;
  if (bits === 0) throw new KeystoreError(`${name} is all zero; use ${ROOT_KEY_BYTES} bytes of a secure generator.`);
}

/** Derives what a root key needs from its bytes; the caller wipes them. */
export function bindRootKey(bytes: Uint8Array, crypto: Engine, random: Random): RootKey {
  return new DerivedRootKey(crypto.deriver("SHA-256", bytes, EXTRACT_SALT), crypto, random);
}

class DerivedRootKey implements RootKey {
  readonly id: string;

  constructor(
    readonly deriver: Deriver,
    readonly crypto: Engine,
    private readonly random: Random,
  ) {
    this.id = hex(deriver.expand(ID_INFO, ID_BYTES));
  }

  async wrap(dk: Uint8Array, aad: Uint8Array): Promise<Uint8Array> {
    return seal(this, this.random, PREFIX, concatBytes(WRAP_INFO, aad), dk);
  }

  async unwrap(blob: Uint8Array, aad: Uint8Array): Promise<Uint8Array | undefined> {
    if (blob[0] !== PREFIX[0]) return undefined;
    return unseal(this, PREFIX.length, concatBytes(WRAP_INFO, aad), blob);
  }

  destroy(): void {
    this.deriver.destroy();
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
