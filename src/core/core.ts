/**
 * The WebAssembly core by itself: AES-GCM, SHA-2, HMAC and HKDF in constant time, without a key management service
 * around them.
 */
import type { Simd } from "./abi.ts";
import { assembleCore, type Core } from "./instance.ts";
import { loadCore } from "./load.ts";

export type { Simd } from "./abi.ts";
export type { Aead, CoreAead } from "./aead.ts";
export type { Packed, PackedPlaintexts, PackedRecords, PackedSealed, PlainRecord, SealedRecord } from "./batch.ts";
export type { DerivedPlaintexts, DerivedSealed, PackedDerivations } from "./derived.ts";
export type { DerivationKey, Hashes, HashName, PackedInfos, PackedSecrets } from "./hashes.ts";
export type { Core } from "./instance.ts";

export interface CoreOptions {
  /** "auto" takes relaxed SIMD where the engine has it; both builds compute the same, in constant time. */
  readonly simd?: Simd | "auto";
}

/**
 * Makes a core with an instance and a memory of its own.
 * @throws {Error} if relaxed SIMD is asked for and this engine does not have it
 */
export function createCore({ simd = "auto" }: CoreOptions = {}): Core {
  return assembleCore(loadCore(simd));
}
