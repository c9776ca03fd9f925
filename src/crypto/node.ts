/**
 * The provider for Node: the WebAssembly core for small messages, where a native call costs more than the work, and
 * node:crypto (OpenSSL with the processor's AES and SHA instructions) for large ones. Which is which is data below.
 *
 * Both ways give the same bytes, refuse the same and check a tag before plaintext is handed out. Native key objects
 * are wiped by Node when they are collected, not by `destroy`; a copy of the key in the core is wiped at once.
 */
import {
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  type KeyObject,
} from "node:crypto";
import { checkNonce, copyInto, copyView, isShared, lengthOf, lengthOfKey, viewBytes, viewOut } from "../byte-views.ts";
import type { Aead, CryptoProvider, HashName } from "./provider.ts";
import { Secret } from "./secret.ts";
import { wasmProvider } from "./wasm.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** node:crypto takes no more than this in one call; the core goes on from there. */
const NATIVE_MAX_BYTES = 2 ** 31 - 1;
/** A tag is always whole: without this option Node 20 would take one of 4 bytes. */
const TAG = { authTagLength: TAG_BYTES };

/**
 * From how many bytes on the native way is taken; for AES-GCM that is data and additional data together.
 * Source: where the best of 31 to 61 interleaved rounds crossed on Node 20.20.2, Zen 4 with AES-NI and SHA-NI, AES-256
 * with 32 bytes of additional data and keys of 32 bytes for HMAC.
 */
export const NATIVE_FROM_BYTES = {
  seal: 832,
  open: 768,
  hash: { "SHA-256": 312, "SHA-384": 1264, "SHA-512": 1136 },
  hmac: { "SHA-256": 1208, "SHA-384": 4352, "SHA-512": 4352 },
} as const;

const CIPHERS: ReadonlyMap<number, CipherGCMTypes> = new Map([
  [16, "aes-128-gcm"],
  [24, "aes-192-gcm"],
  [32, "aes-256-gcm"],
] as const);

const DIGESTS: ReadonlyMap<HashName, string> = new Map([
  ["SHA-256", "sha256"],
  ["SHA-384", "sha384"],
  ["SHA-512", "sha512"],
] as const);

/** The provider for Node. `small` does all that is below its crossover, and every derivation. */
export function nodeProvider(small: CryptoProvider = wasmProvider()): CryptoProvider {
  return {
    aead: (key) => new NodeAead(key, small),
    hash(hash, data) {
      const digest = DIGESTS.get(hash);
      if (digest === undefined || !isNative(lengthOf("data", data), NATIVE_FROM_BYTES.hash[hash]))
        return small.hash(hash, data);
      return plain(createHash(digest).update(viewBytes("data", data)).digest());
    },
    hmac(hash, key, data, out) {
      const digest = DIGESTS.get(hash);
      if (digest === undefined || !isNative(lengthOf("data", data), NATIVE_FROM_BYTES.hmac[hash]))
        return small.hmac(hash, key, data, out);
      // A raw key would be faster here, and 12 to 45 microseconds slower on Node 24.
      const held = createSecretKey(viewBytes("key", key));
      const tag = createHmac(digest, held).update(viewBytes("data", data)).digest();
      const given = viewOut(out, tag.length);
      if (given === undefined) return plain(tag);
      given.set(tag);
      tag.fill(0);
      return given;
    },
    deriver: (hash, secret, salt) => small.deriver(hash, secret, salt),
    hkdf: (hash, secret, salt, info, lengthBytes, out) => small.hkdf(hash, secret, salt, info, lengthBytes, out),
    hkdfMany: (hash, salt, records, lengthBytes, out) => small.hkdfMany(hash, salt, records, lengthBytes, out),
  };
}

function isNative(lengthBytes: number, fromBytes: number): boolean {
  return lengthBytes >= fromBytes && lengthBytes <= NATIVE_MAX_BYTES;
}

/** The same bytes as a plain array: a Buffer's `slice` would share memory where an array's copies. */
function plain(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** One key with two ways to use it, each made on first need: a key for large messages alone is never expanded in the core. */
class NodeAead implements Aead {
  readonly #provider: CryptoProvider;
  readonly #cipher: CipherGCMTypes;
  /** Kept until both ways are made. */
  #key: Secret | undefined;
  #small: Aead | undefined;
  #large: KeyObject | undefined;

  constructor(key: Uint8Array, provider: CryptoProvider) {
    const keyBytes = lengthOfKey(key);
    this.#provider = provider;
    this.#cipher = CIPHERS.get(keyBytes)!;
    this.#key = Secret.copy(key, keyBytes);
  }

  seal(nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array = NO_BYTES, out?: Uint8Array): Uint8Array {
    const dataBytes = lengthOf("plaintext", plaintext);
    if (!isNative(dataBytes + lengthOf("aad", aad), NATIVE_FROM_BYTES.seal)) {
      return this.#useSmall().seal(nonce, plaintext, aad, out);
    }
    const key = this.#useLarge();
    const cipher = createCipheriv(this.#cipher, key, copyNonce(nonce), TAG).setAAD(viewBytes("aad", aad));
    const text = viewBytes("plaintext", plaintext);
    const sealed = viewOut(out, text.length + TAG_BYTES) ?? new Uint8Array(text.length + TAG_BYTES);
    sealed.set(cipher.update(text));
    cipher.final();
    sealed.set(cipher.getAuthTag(), text.length);
    return sealed;
  }

  open(nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array = NO_BYTES, out?: Uint8Array): Uint8Array | undefined {
    const sealedBytes = lengthOf("sealed", sealed);
    const readBytes = sealedBytes - TAG_BYTES + lengthOf("aad", aad);
    if (sealedBytes < TAG_BYTES || !isNative(readBytes, NATIVE_FROM_BYTES.open)) {
      return this.#useSmall().open(nonce, sealed, aad, out);
    }
    const key = this.#useLarge();
    const decipher = createDecipheriv(this.#cipher, key, copyNonce(nonce), TAG).setAAD(viewBytes("aad", aad));
    const message = viewBytes("sealed", sealed);
    const dataBytes = message.length - TAG_BYTES;
    const target = viewOut(out, dataBytes);
    // What another thread may change must not be authenticated in one state and decrypted in another.
    const source = isShared(message) ? copyView(message) : message;
    decipher.setAuthTag(source.subarray(dataBytes));
    // OpenSSL decrypts before it knows the tag, so it does so into an array that nobody sees until `final` agrees.
    const unverified = decipher.update(source.subarray(0, dataBytes));
    try {
      decipher.final();
    } catch {
      unverified.fill(0);
      return undefined;
    }
    if (target === undefined) return plain(unverified);
    target.set(unverified);
    unverified.fill(0);
    return target;
  }

  destroy(): void {
    this.#key?.wipe();
    this.#key = undefined;
    this.#small?.destroy();
    this.#small = undefined;
    this.#large = undefined;
  }

  #useSmall(): Aead {
    if (this.#small !== undefined) return this.#small;
    this.#small = this.#liveKey().expose((key) => this.#provider.aead(key));
    this.#forgetKey();
    return this.#small;
  }

  #useLarge(): KeyObject {
    if (this.#large !== undefined) return this.#large;
    this.#large = this.#liveKey().expose((key) => createSecretKey(key));
    this.#forgetKey();
    return this.#large;
  }

  #liveKey(): Secret {
    if (this.#key === undefined) throw new TypeError("This AES key has been destroyed.");
    return this.#key;
  }

  #forgetKey(): void {
    if (this.#small === undefined || this.#large === undefined) return;
    this.#key?.wipe();
    this.#key = undefined;
  }
}

const NO_BYTES = new Uint8Array(0);

function copyNonce(nonce: Uint8Array): Uint8Array {
  checkNonce(nonce);
  const copy = new Uint8Array(NONCE_BYTES);
  copyInto(copy, nonce, NONCE_BYTES);
  return copy;
}
