/**
 * The engine for edge runtimes and browsers: WebCrypto's AES-GCM for large messages, which is asynchronous alone, and
 * the WebAssembly core for everything else.
 *
 * WebCrypto copies what it is given when it is called, and resolves to a plaintext only after the tag. Its keys cannot
 * be extracted; they are wiped when they are collected, not by `destroy`, which wipes the copy in the core at once.
 */
import { copyView, isShared, lengthOf, lengthOfKey, nonceOf, viewBytes, viewOut } from "../byte-views.ts";
import { type CipherCrossover, isNative } from "./crossovers.ts";
import type { Engine, EngineKey } from "./engine.ts";
import type { WasmEngine, WasmKey } from "./wasm.ts";

const TAG_BYTES = 16;
/** Not every browser has AES-192 in its WebCrypto, so keys of this length stay with the core. */
const CORE_KEY_BYTES = 24;
const NO_BYTES = new Uint8Array(0);

/** The part of WebCrypto that is asked for, as `crypto.subtle` has it. */
export type Subtle = Pick<SubtleCrypto, "importKey" | "encrypt" | "decrypt">;

/** The engine over `subtle`. `small` does all that is synchronous or below the crossover. */
export function webEngine(subtle: Subtle, small: WasmEngine, crossover: CipherCrossover): Engine {
  return {
    ...small,
    aead(key) {
      const inCore = small.aead(key);
      return lengthOfKey(key) === CORE_KEY_BYTES ? inCore : new WebKey(subtle, inCore, crossover);
    },
  };
}

class WebKey implements EngineKey {
  readonly #subtle: Subtle;
  readonly #small: WasmKey;
  readonly #crossover: CipherCrossover;
  #large: CryptoKey | Promise<CryptoKey> | undefined;
  #live = true;

  constructor(subtle: Subtle, small: WasmKey, crossover: CipherCrossover) {
    this.#subtle = subtle;
    this.#small = small;
    this.#crossover = crossover;
  }

  seal(nonce: Uint8Array, plaintext: Uint8Array, aad?: Uint8Array, out?: Uint8Array): Uint8Array {
    return this.#small.seal(nonce, plaintext, aad, out);
  }

  open(nonce: Uint8Array, sealed: Uint8Array, aad?: Uint8Array, out?: Uint8Array): Uint8Array | undefined {
    return this.#small.open(nonce, sealed, aad, out);
  }

  async sealAsync(
    nonce: Uint8Array,
    plaintext: Uint8Array,
    aad: Uint8Array = NO_BYTES,
    out?: Uint8Array,
  ): Promise<Uint8Array> {
    const dataBytes = lengthOf("plaintext", plaintext);
    if (!isNative(dataBytes + lengthOf("aad", aad), this.#crossover.sealFromBytes)) {
      return this.#small.seal(nonce, plaintext, aad, out);
    }
    const target = viewOut(out, dataBytes + TAG_BYTES);
    const text = viewBytes("plaintext", plaintext);
    const sealed = await this.#run(nonce, aad, text, (key, how, data) => this.#subtle.encrypt(how, key, data));
    if (target === undefined) return sealed;
    target.set(sealed);
    return target;
  }

  async openAsync(
    nonce: Uint8Array,
    sealed: Uint8Array,
    aad: Uint8Array = NO_BYTES,
    out?: Uint8Array,
  ): Promise<Uint8Array | undefined> {
    const sealedBytes = lengthOf("sealed", sealed);
    const readBytes = sealedBytes - TAG_BYTES + lengthOf("aad", aad);
    if (sealedBytes < TAG_BYTES || !isNative(readBytes, this.#crossover.openFromBytes)) {
      return this.#small.open(nonce, sealed, aad, out);
    }
    const target = viewOut(out, sealedBytes - TAG_BYTES);
    const message = viewBytes("sealed", sealed);
    const opened = await this.#run(nonce, aad, message, (key, how, data) =>
      this.#subtle.decrypt(how, key, data).catch(undefinedIfRefused),
    );
    if (target === undefined || opened === undefined) return opened;
    try {
      target.set(opened);
    } finally {
      opened.fill(0);
    }
    return target;
  }

  destroy(): void {
    this.#live = false;
    this.#large = undefined;
    this.#small.destroy();
  }

  /** Calls WebCrypto with inputs that are read before this returns, also while the key is still being imported. */
  async #run<Result extends ArrayBuffer | undefined>(
    nonce: Uint8Array,
    aad: Uint8Array,
    data: Uint8Array,
    call: (key: CryptoKey, how: AesGcmParams, data: Uint8Array<ArrayBuffer>) => Promise<Result>,
  ): Promise<Uint8Array | Extract<Result, undefined>> {
    const how: AesGcmParams = { name: "AES-GCM", iv: nonceOf(nonce), tagLength: TAG_BYTES * 8 };
    const additional = viewBytes("aad", aad);
    if (additional.length > 0) how.additionalData = copyView(additional) as Uint8Array<ArrayBuffer>;
    const ready = (this.#large ??= this.#import());
    const waits = ready instanceof Promise;
    // WebCrypto refuses memory that other threads can write to, or that can be resized.
    const copied = waits || isShared(data) || (data.buffer as { resizable?: boolean }).resizable === true;
    const source = (copied ? copyView(data) : data) as Uint8Array<ArrayBuffer>;
    try {
      const result = await call(waits ? await ready : ready, how, source);
      const bytes = result === undefined ? undefined : new Uint8Array(result);
      if (!this.#live) {
        bytes?.fill(0);
        throw new TypeError("This AES key has been destroyed.");
      }
      return bytes as Uint8Array | Extract<Result, undefined>;
    } finally {
      if (copied) source.fill(0);
    }
  }

  async #import(): Promise<CryptoKey> {
    try {
      const key = await this.#small.expose(async (bytes) =>
        this.#subtle.importKey("raw", bytes as Uint8Array<ArrayBuffer>, "AES-GCM", false, ["encrypt", "decrypt"]),
      );
      if (this.#live) this.#large = key;
      return key;
    } catch (error) {
      // The next call tries once more.
      this.#large = undefined;
      throw error;
    }
  }
}

/** WebCrypto's word for a tag that does not match is OperationError; anything else is a fault, and is thrown. */
function undefinedIfRefused(error: unknown): undefined {
  if (error instanceof Error && error.name === "OperationError") return undefined;
  throw error;
}
