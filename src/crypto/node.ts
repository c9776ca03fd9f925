/**
 * The engine for Node: the WebAssembly core for small messages, where a native call costs more than the work, and
 * node:crypto (OpenSSL with the processor's AES and SHA instructions) for large ones. Which is which is data
 * (crossovers.ts).
 *
 * Both ways give the same bytes, refuse the same and check a tag before plaintext is handed out. Native key objects
 * are wiped by Node when they are collected, not by `destroy`; a copy of the key in the core is wiped at once.
 */
import {
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  hash as oneShotHash,
} from "node:crypto";
import {
  copyView,
  isShared,
  lengthOf,
  lengthOfKey,
  nonceOf,
  roughLengthOf,
  viewBytes,
  viewOut,
} from "../byte-views.ts";
import { type Crossover, isNative, NODE_CROSSOVER } from "./crossovers.ts";
import { type Engine, type HashName, SynchronousKey } from "./engine.ts";
import { type WasmEngine, type WasmKey, wasmEngine } from "./wasm.ts";

const TAG_BYTES = 16;
/** A tag is always whole: without this option Node 20 would take one of 4 bytes. */
const TAG = { authTagLength: TAG_BYTES };

const CIPHERS: ReadonlyMap<number, CipherGCMTypes> = new Map([
  [16, "aes-128-gcm"],
  [24, "aes-192-gcm"],
  [32, "aes-256-gcm"],
] as const);

const DIGESTS: ReadonlyMap<HashName, string> = new Map([
  ["SHA-224", "sha224"],
  ["SHA-256", "sha256"],
  ["SHA-384", "sha384"],
  ["SHA-512", "sha512"],
] as const);

/** The engine for Node. `small` does all that is below its crossover, and every derivation. */
export function nodeEngine(small: WasmEngine = wasmEngine(), crossover: Crossover = NODE_CROSSOVER): Engine {
  return {
    aead: (key) => new NodeKey(small.aead(key), lengthOfKey(key), crossover),
    hash(hash, data) {
      const digest = DIGESTS.get(hash);
      if (digest === undefined || !isNative(lengthOf("data", data), crossover.hashFromBytes[hash]))
        return small.hash(hash, data);
      // Half the time of a hash object; digits, because they come out faster than a buffer.
      return new Uint8Array(Buffer.from(oneShotHash(digest, viewBytes("data", data), "hex"), "hex"));
    },
    hmac(hash, key, data, out) {
      const digest = DIGESTS.get(hash);
      if (digest === undefined || !isNative(lengthOf("data", data), crossover.hmacFromBytes[hash]))
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
    unwrapKey: (kek, wrapped) => small.unwrapKey(kek, wrapped),
  };
}

/** The same bytes as a plain array: a Buffer's `slice` would share memory where an array's copies. */
function plain(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** One key with two ways to use it, each made on first need: a key for large messages alone is never expanded in the core. */
class NodeKey extends SynchronousKey {
  readonly #small: WasmKey;
  readonly #crossover: Crossover;
  readonly #cipher: CipherGCMTypes;
  #large: KeyObject | undefined;
  /** Whether a message has gone to the core that a second one like it would not. */
  #again = false;

  constructor(small: WasmKey, keyBytes: number, crossover: Crossover) {
    super();
    this.#small = small;
    this.#crossover = crossover;
    this.#cipher = CIPHERS.get(keyBytes)!;
  }

  seal(nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array = NO_BYTES, out?: Uint8Array): Uint8Array {
    const { sealFromBytes, onceFromBytes } = this.#crossover;
    if (!this.#isLarge(roughLengthOf(plaintext) + roughLengthOf(aad), sealFromBytes, onceFromBytes)) {
      return this.#small.seal(nonce, plaintext, aad, out);
    }
    const key = this.#useLarge();
    const cipher = createCipheriv(this.#cipher, key, nonceOf(nonce), TAG).setAAD(viewBytes("aad", aad));
    const text = viewBytes("plaintext", plaintext);
    const sealed = viewOut(out, text.length + TAG_BYTES) ?? new Uint8Array(text.length + TAG_BYTES);
    sealed.set(cipher.update(text));
    cipher.final();
    sealed.set(cipher.getAuthTag(), text.length);
    return sealed;
  }

  open(nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array = NO_BYTES, out?: Uint8Array): Uint8Array | undefined {
    const sealedBytes = roughLengthOf(sealed);
    const readBytes = sealedBytes - TAG_BYTES + roughLengthOf(aad);
    const { openFromBytes, onceFromBytes } = this.#crossover;
    if (sealedBytes < TAG_BYTES || !this.#isLarge(readBytes, openFromBytes, onceFromBytes)) {
      return this.#small.open(nonce, sealed, aad, out);
    }
    const key = this.#useLarge();
    const decipher = createDecipheriv(this.#cipher, key, nonceOf(nonce), TAG).setAAD(viewBytes("aad", aad));
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
    this.#small.destroy();
    this.#large = undefined;
  }

  /** The first message of a key does not make a native key unless that pays for this message alone. */
  #isLarge(lengthBytes: number, fromBytes: number, onceFromBytes: number): boolean {
    if (!isNative(lengthBytes, fromBytes)) return false;
    if (this.#large !== undefined || lengthBytes >= onceFromBytes || this.#again) return true;
    this.#again = true;
    return false;
  }

  #useLarge(): KeyObject {
    this.#large ??= this.#small.expose((key) => createSecretKey(key));
    return this.#large;
  }
}

const NO_BYTES = new Uint8Array(0);
