/**
 * `wasm-kms/engine`: the cryptography that the key management service and the envelope stand on, by itself. The platform
 * is bound here.
 */
import { platform } from "#platform";
import { type Engine, type EngineName, engineName } from "./crypto/engine.ts";

export interface EngineOptions {
  /**
   * "auto" (the default) takes the WebAssembly core below a measured size and the runtime's own cipher from there on;
   * "wasm" takes the core alone. "native" takes the runtime's cipher whatever the size: on Node.js for AES-GCM, hashes
   * and HMAC; on edge runtimes and in browsers, whose cipher is asynchronous, for `sealAsync` and `openAsync` alone, and
   * what is synchronous comes from the core. AES-192 comes from the core there, since not every browser has it.
   */
  readonly engine?: EngineName;
}

/**
 * An engine. Engines share one core and its memory; making one costs nothing but the first.
 * @throws {TypeError} for another name. @throws {Error} for "native" where the runtime has no cipher.
 */
export function createEngine(options: EngineOptions = {}): Engine {
  return platform.engine(engineName(options.engine));
}

export type { Deriver, Engine, EngineKey, EngineName, HashName } from "./crypto/engine.ts";
