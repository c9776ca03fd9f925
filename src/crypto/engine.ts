/**
 * The cryptography that the floors above the core ask for. `wasm.ts` answers with the WebAssembly core, `node.ts` and
 * `webcrypto.ts` with the runtime's native cipher where that is faster; all pass one suite.
 */

import type { Aead, DerivationKey, Hashes, HashName } from "../core/core.ts";

export type { Aead, HashName };

/**
 * "wasm": all of it in the core. "native": AES-GCM in the runtime's own cipher, whatever its size. "auto": the faster of
 * the two for each size, by the table of crossovers.ts.
 */
export type EngineName = "auto" | "wasm" | "native";

/** HKDF-Expand (RFC 5869 section 2.3) from one pseudorandom key, extracted once and held in the engine. */
export type Deriver = DerivationKey;

/**
 * AES-GCM under one key, which is also there for runtimes whose native cipher is asynchronous. There `seal` and `open`
 * are the core's; on Node.js all four are native alike, and a promise is resolved when it is returned.
 *
 * `sealAsync` and `openAsync` read their arguments before they return, so the caller may use the buffers again at once;
 * `out` is written just before the promise resolves. Whatever the others throw, these reject with; a key that was
 * destroyed meanwhile rejects too.
 */
export interface EngineKey extends Aead {
  sealAsync(nonce: Uint8Array, plaintext: Uint8Array, aad?: Uint8Array, out?: Uint8Array): Promise<Uint8Array>;
  /** Nothing of a message exists before its tag has been verified; `undefined` if it does not authenticate. */
  openAsync(nonce: Uint8Array, sealed: Uint8Array, aad?: Uint8Array, out?: Uint8Array): Promise<Uint8Array | undefined>;
}

/** A key whose asynchronous methods are its synchronous ones, with their result in a promise. */
export abstract class SynchronousKey implements EngineKey {
  abstract seal(nonce: Uint8Array, plaintext: Uint8Array, aad?: Uint8Array, out?: Uint8Array): Uint8Array;
  abstract open(nonce: Uint8Array, sealed: Uint8Array, aad?: Uint8Array, out?: Uint8Array): Uint8Array | undefined;
  abstract destroy(): void;

  async sealAsync(...call: Parameters<Aead["seal"]>): Promise<Uint8Array> {
    return this.seal(...call);
  }

  async openAsync(...call: Parameters<Aead["open"]>): Promise<Uint8Array | undefined> {
    return this.open(...call);
  }
}

/**
 * Any number of keys may be held at a time: those used last lie expanded in the core, the others wait outside of it.
 * HKDF is the core's in every engine: no runtime has a faster one. Hashes and HMAC may be native on Node.js alone.
 */
export interface Engine extends Omit<Hashes, "importDerivationKey" | "importPseudorandomKey"> {
  /** AES-GCM; `key` has 16, 24 or 32 bytes, is copied, and the caller may wipe it at once. */
  aead(key: Uint8Array): EngineKey;
  /**
   * AES key unwrap with padding (RFC 5649), the core's everywhere. The key is the caller's to wipe; `undefined` for
   * whatever this KEK, of 16, 24 or 32 bytes, has not wrapped.
   */
  unwrapKey(kek: Uint8Array, wrapped: Uint8Array): Uint8Array | undefined;
  /** HKDF-Extract now, expand many times. The output of `expand` is the caller's to wipe. */
  deriver(hash: HashName, secret: Uint8Array, salt: Uint8Array): Deriver;
}

/** The name of an engine as a caller gave it, "auto" where there is none. @throws {TypeError} for any other value. */
export function engineName(given: unknown): EngineName {
  if (given === undefined) return "auto";
  if (given === "auto" || given === "wasm" || given === "native") return given;
  throw new TypeError(`engine must be "auto", "wasm" or "native"; it is ${String(given)}.`);
}

/** Compares two byte strings of public length without a data-dependent branch. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}
