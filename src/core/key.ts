/**
 * AES-GCM (SP 800-38D) under one key that lies expanded in the core's memory.
 *
 * Bytes are copied once into the core's window and worked on there. To open, the whole ciphertext is authenticated
 * before any of it is decrypted. The core wipes its working state with every message; the window is wiped here wherever
 * it may hold a key or plaintext. Time depends on lengths alone.
 */
import { type Abi, CHUNK_BYTES, checkStatus, REFUSED, SLOT_COUNT } from "./abi.ts";
import { isShared, lengthOf, runsAhead, viewOf } from "./bytes.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** SP 800-38D section 5.2.1.1. */
const MESSAGE_BYTES = 2 ** 36 - 32;
const NO_BYTES = new Uint8Array(0);

/** AES-GCM under one key (SP 800-38D): 12-byte nonces, 16-byte tags. The caller never repeats a nonce. */
export interface Aead {
  /**
   * Returns `plaintext.length + 16` bytes, ciphertext then tag: `out` cut to that length where it was given (it may
   * be longer, and may overlap the plaintext), else a new array.
   * @throws {RangeError} if the nonce has not 12 bytes, or `out` is too short.
   * @throws {TypeError} after `destroy`, or for an argument that is no Uint8Array.
   */
  seal(nonce: Uint8Array, plaintext: Uint8Array, aad?: Uint8Array, out?: Uint8Array): Uint8Array;
  /**
   * Returns the plaintext, or `undefined` (and leaves `out` as it was) if the bytes do not authenticate. Throws as
   * `seal` does; `out` needs `sealed.length - 16` bytes and may overlap the ciphertext.
   */
  open(nonce: Uint8Array, sealed: Uint8Array, aad?: Uint8Array, out?: Uint8Array): Uint8Array | undefined;
  /** Wipes the expanded key. Any later call on this object throws, but for another `destroy`. */
  destroy(): void;
}

/** The AES keys of one instance of the core. */
export class KeySlots {
  readonly #abi: Abi;
  readonly #free = Array.from({ length: SLOT_COUNT }, (_, i) => SLOT_COUNT - 1 - i);

  constructor(abi: Abi) {
    this.#abi = abi;
  }

  /**
   * Expands a key of 16, 24 or 32 bytes into a slot, which `destroy` frees. The caller may wipe its bytes at once.
   * @throws {RangeError} for another length. @throws {Error} if every slot is taken.
   */
  importKey(bytes: Uint8Array): Aead {
    const keyBytes = lengthOf("key", bytes);
    if (keyBytes !== 16 && keyBytes !== 24 && keyBytes !== 32) {
      throw new RangeError(`The key has ${keyBytes} bytes: AES takes 16, 24 or 32.`);
    }
    const slot = this.#free.pop();
    if (slot === undefined) {
      throw new Error(`All ${SLOT_COUNT} AES keys of this core are in use: destroy those that are no longer needed.`);
    }
    const { exports, input } = this.#abi;
    try {
      input.set(bytes);
      checkStatus(exports.keyExpand(slot, keyBytes));
    } catch (error) {
      input.fill(0);
      this.#release(slot);
      throw error;
    }
    return new CoreKey(this.#abi, slot, () => this.#release(slot));
  }

  #release(slot: number): void {
    checkStatus(this.#abi.exports.keyWipe(slot));
    this.#free.push(slot);
  }
}

class CoreKey implements Aead {
  readonly #abi: Abi;
  readonly #release: () => void;
  /** Forgotten when the key is destroyed: no handle outlives its slot. */
  #slot: number | undefined;

  constructor(abi: Abi, slot: number, release: () => void) {
    this.#abi = abi;
    this.#slot = slot;
    this.#release = release;
  }

  seal(nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array = NO_BYTES, out?: Uint8Array): Uint8Array {
    const slot = this.#take(nonce);
    const aadBytes = lengthOf("aad", aad);
    const dataBytes = lengthOf("plaintext", plaintext);
    if (dataBytes > MESSAGE_BYTES) throw new RangeError("The plaintext is longer than the 2^36 - 32 bytes of AES-GCM.");
    const result = cut(out, dataBytes + TAG_BYTES);
    const { exports, input, output } = this.#abi;
    try {
      this.#abi.nonce.set(nonce);
      if (dataBytes > CHUNK_BYTES || aadBytes > CHUNK_BYTES) {
        return this.#sealLong(slot, aad, plaintext, result ?? new Uint8Array(dataBytes + TAG_BYTES));
      }
      if (aadBytes > 0) output.set(aad);
      input.set(plaintext);
      checkStatus(exports.gcmSeal(slot, aadBytes, dataBytes));
      return take(input, dataBytes + TAG_BYTES, result);
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  open(nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array = NO_BYTES, out?: Uint8Array): Uint8Array | undefined {
    const slot = this.#take(nonce);
    const aadBytes = lengthOf("aad", aad);
    const dataBytes = lengthOf("sealed", sealed) - TAG_BYTES;
    const result = cut(out, Math.max(dataBytes, 0));
    if (dataBytes < 0 || dataBytes > MESSAGE_BYTES) return undefined;
    const { exports, input, output } = this.#abi;
    try {
      this.#abi.nonce.set(nonce);
      if (dataBytes > CHUNK_BYTES || aadBytes > CHUNK_BYTES) return this.#openLong(slot, aad, sealed, result);
      if (aadBytes > 0) output.set(aad);
      input.set(sealed);
      const status = exports.gcmOpen(slot, aadBytes, dataBytes);
      if (status === REFUSED) return undefined;
      checkStatus(status);
      const plaintext = take(input, dataBytes, result);
      input.fill(0, 0, dataBytes);
      return plaintext;
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  destroy(): void {
    if (this.#slot === undefined) return;
    this.#slot = undefined;
    this.#release();
  }

  /** Where the key lies, for one use with `nonce`. */
  #take(nonce: Uint8Array): number {
    if (this.#slot === undefined) throw new TypeError("This key has been destroyed: import it again to use it.");
    const nonceBytes = lengthOf("nonce", nonce);
    if (nonceBytes !== NONCE_BYTES) {
      throw new RangeError(`The nonce has ${nonceBytes} bytes: only nonces of ${NONCE_BYTES} bytes are taken.`);
    }
    return this.#slot;
  }

  #sealLong(slot: number, aad: Uint8Array, plaintext: Uint8Array, result: Uint8Array): Uint8Array {
    const { exports, input } = this.#abi;
    const source = runsAhead(result, plaintext) ? new Uint8Array(plaintext) : plaintext;
    try {
      this.#begin(slot, aad);
      const dataBytes = result.length - TAG_BYTES;
      for (let at = 0; at < dataBytes; at += CHUNK_BYTES) {
        const chunkBytes = Math.min(CHUNK_BYTES, dataBytes - at);
        input.set(viewOf(source, at, chunkBytes));
        checkStatus(exports.gcmEncrypt(chunkBytes));
        result.set(input.subarray(0, chunkBytes), at);
      }
      checkStatus(exports.gcmFinish());
      result.set(input.subarray(0, TAG_BYTES), dataBytes);
      return result;
    } finally {
      if (source !== plaintext) source.fill(0);
    }
  }

  /** Reads the ciphertext twice, so it must not change in between. */
  #openLong(slot: number, aad: Uint8Array, sealed: Uint8Array, out: Uint8Array | undefined): Uint8Array | undefined {
    const { exports, input } = this.#abi;
    const dataBytes = lengthOf("sealed", sealed) - TAG_BYTES;
    const unsteady = isShared(sealed) || (out !== undefined && runsAhead(out, sealed));
    const source = unsteady ? new Uint8Array(viewOf(sealed, 0, dataBytes + TAG_BYTES)) : sealed;
    this.#begin(slot, aad);
    for (let at = 0; at < dataBytes; at += CHUNK_BYTES) {
      const chunkBytes = Math.min(CHUNK_BYTES, dataBytes - at);
      input.set(viewOf(source, at, chunkBytes));
      checkStatus(exports.gcmCheck(chunkBytes));
    }
    input.set(viewOf(source, dataBytes, TAG_BYTES));
    const status = exports.gcmVerify();
    if (status === REFUSED) return undefined;
    checkStatus(status);
    const result = out ?? new Uint8Array(dataBytes);
    for (let at = 0; at < dataBytes; at += CHUNK_BYTES) {
      const chunkBytes = Math.min(CHUNK_BYTES, dataBytes - at);
      input.set(viewOf(source, at, chunkBytes));
      checkStatus(exports.gcmDecrypt(chunkBytes));
      result.set(input.subarray(0, chunkBytes), at);
    }
    this.#forget();
    return result;
  }

  #begin(slot: number, aad: Uint8Array): void {
    const { exports, output } = this.#abi;
    checkStatus(exports.gcmBegin(slot));
    const aadBytes = lengthOf("aad", aad);
    for (let at = 0; at < aadBytes; at += CHUNK_BYTES) {
      const chunkBytes = Math.min(CHUNK_BYTES, aadBytes - at);
      output.set(viewOf(aad, at, chunkBytes));
      checkStatus(exports.gcmAad(chunkBytes));
    }
  }

  /** Wipes the message under way and the window. */
  #forget(): void {
    this.#abi.exports.gcmWipe();
    this.#abi.input.fill(0);
  }
}

/** The first `lengthBytes` of `out`. @throws {RangeError} if it is shorter. */
function cut(out: Uint8Array | undefined, lengthBytes: number): Uint8Array | undefined {
  if (out === undefined) return undefined;
  const outBytes = lengthOf("out", out);
  if (outBytes < lengthBytes) throw new RangeError(`out has ${outBytes} bytes, but the result has ${lengthBytes}.`);
  return outBytes === lengthBytes ? out : viewOf(out, 0, lengthBytes);
}

/** Copies the result out of the window. */
function take(window: Uint8Array, lengthBytes: number, out: Uint8Array | undefined): Uint8Array {
  if (out === undefined) return window.slice(0, lengthBytes);
  out.set(window.subarray(0, lengthBytes));
  return out;
}
