/**
 * The WebAssembly core by itself: AES-GCM, SHA-2, HMAC and HKDF in constant time, without a key management service
 * around them.
 */
import { assembleCore, type Core } from "./instance.ts";
import { loadCore } from "./load.ts";

export type { DerivationKey, Hashes, HashName, PackedInfos, PackedSecrets } from "./hashes.ts";
export type { Core } from "./instance.ts";
export type { Aead } from "./key.ts";

/** Makes a core with an instance and a memory of its own. */
export function createCore(): Core {
  return assembleCore(loadCore());
}
