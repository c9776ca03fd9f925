/**
 * The provider that runs everywhere: all of it in the WebAssembly core, in time that depends on lengths alone.
 *
 * Its keys are not bound to the core's slots: each has its bytes in a Secret, and lies expanded in a slot while it is
 * among those that were used last.
 */
import { viewBytes, viewKey } from "../byte-views.ts";
import { type Core, createCore } from "../core/core.ts";
import { holdKey } from "./key-slab.ts";
import type { Aead, CryptoProvider, Deriver, HashName } from "./provider.ts";
import { Secret } from "./secret.ts";
import { SlotPool, Tenant } from "./slot-pool.ts";

/** Of the core's 256 and 1,024 slots: others may use the same core. */
const AEAD_SLOTS = 192;
const DERIVER_SLOTS = 768;

/** Answers from `core`, or from a new instance of it. */
export function wasmProvider(core: Core = createCore()): CryptoProvider {
  const aeads = new SlotPool<Aead>(AEAD_SLOTS);
  const derivers = new SlotPool<Deriver>(DERIVER_SLOTS);
  return {
    aead: (key) => new PooledAead(core, aeads, holdKey(viewKey(key))),
    hash: (hash, data) => core.hash(hash, data),
    hmac: (hash, key, data) => core.hmac(hash, key, data),
    deriver(hash, secret, salt) {
      const message = viewBytes("secret", secret);
      // HKDF-Extract (RFC 5869 section 2.2).
      const prk = Secret.adopt(core.hmac(hash, viewBytes("salt", salt), message));
      return new PooledDeriver(core, derivers, hash, prk);
    },
    hkdf: (hash, secret, salt, info, lengthBytes) => core.hkdf(hash, secret, salt, info, lengthBytes),
  };
}

class PooledAead implements Aead {
  readonly #pool: SlotPool<Aead>;
  readonly #tenant: Tenant<Aead>;
  #key: Secret | undefined;

  constructor(core: Core, pool: SlotPool<Aead>, key: Secret) {
    this.#pool = pool;
    this.#key = key;
    this.#tenant = new Tenant(() => key.expose((bytes) => core.importKey(bytes)));
  }

  seal(nonce: Uint8Array, plaintext: Uint8Array, aad?: Uint8Array, out?: Uint8Array): Uint8Array {
    return this.#use().seal(nonce, plaintext, aad, out);
  }

  open(nonce: Uint8Array, sealed: Uint8Array, aad?: Uint8Array, out?: Uint8Array): Uint8Array | undefined {
    return this.#use().open(nonce, sealed, aad, out);
  }

  destroy(): void {
    this.#key?.wipe();
    this.#key = undefined;
    this.#pool.release(this.#tenant);
  }

  #use(): Aead {
    if (this.#key === undefined) throw new TypeError("This AES key has been destroyed.");
    return this.#pool.use(this.#tenant);
  }
}

class PooledDeriver implements Deriver {
  readonly #pool: SlotPool<Deriver>;
  readonly #tenant: Tenant<Deriver>;
  #prk: Secret | undefined;

  constructor(core: Core, pool: SlotPool<Deriver>, hash: HashName, prk: Secret) {
    this.#pool = pool;
    this.#prk = prk;
    this.#tenant = new Tenant(() => prk.expose((bytes) => core.importPseudorandomKey(hash, bytes)));
  }

  expand(info: Uint8Array, lengthBytes: number): Uint8Array {
    if (this.#prk === undefined) throw new TypeError("This derivation key has been destroyed.");
    return this.#pool.use(this.#tenant).expand(info, lengthBytes);
  }

  destroy(): void {
    this.#prk?.wipe();
    this.#prk = undefined;
    this.#pool.release(this.#tenant);
  }
}
