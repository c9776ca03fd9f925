/** The provider that runs everywhere: all of it in the WebAssembly core, in time that depends on lengths alone. */
import { type Core, createCore } from "../core/core.ts";
import type { CryptoProvider } from "./provider.ts";

/** Answers from `core`, or from a new instance of it. */
export function wasmProvider(core: Core = createCore()): CryptoProvider {
  return {
    aead: (key) => core.importKey(key),
    hash: (hash, data) => core.hash(hash, data),
    hmac: (hash, key, data) => core.hmac(hash, key, data),
    deriver: (hash, secret, salt) => core.importDerivationKey(hash, secret, salt),
    hkdf: (hash, secret, salt, info, lengthBytes) => core.hkdf(hash, secret, salt, info, lengthBytes),
  };
}
