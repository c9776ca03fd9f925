/**
 * The engine that runs everywhere: all of it in the WebAssembly core, in time that depends on lengths alone.
 *
 * Its keys are not bound to the core's slots: each has its bytes in a Secret, and lies expanded in a slot while it is
 * among those that were used last.
 */
import { lengthOf, lengthOfKey } from "../byte-views.ts";
import { type Core, createCore, type PackedInfos } from "../core/core.ts";
import { secretBytes } from "../secret-bytes.ts";
import { type Aead, type Deriver, type Engine, type EngineKey, SynchronousKey } from "./engine.ts";
import { Secret } from "./secret.ts";
import { type Held, SlotPool, Tenant } from "./slot-pool.ts";

/** Of the core's 256 and 1,024 slots: others may use the same core. */
const AEAD_SLOTS = 192;
const DERIVER_SLOTS = 768;
const TAG_BYTES = 16;

/** A key of the core that others may also use natively. */
export interface WasmKey extends EngineKey {
  /** Runs `use` on the key's bytes, which must not be kept. @throws {TypeError} after `destroy`. */
  expose<T>(use: (key: Uint8Array) => T): T;
}

export interface WasmEngine extends Engine {
  aead(key: Uint8Array): WasmKey;
}

/** Answers from `core`, or from a new instance of it. */
export function wasmEngine(core: Core = createCore()): WasmEngine {
  const aeads = new SlotPool<Aead>(AEAD_SLOTS);
  const derivers = new SlotPool<Deriver>(DERIVER_SLOTS);
  const importKey = (key: Uint8Array): Aead => core.importKey(key);
  return {
    aead: (key) => new PooledAead(aeads, new CoreTenant(Secret.copy(key, lengthOfKey(key)), importKey)),
    hash: (hash, data) => core.hash(hash, data),
    hmac: (hash, key, data, out) => core.hmac(hash, key, data, out),
    deriver(hash, secret, salt) {
      lengthOf("secret", secret);
      lengthOf("salt", salt);
      // HKDF-Extract (RFC 5869 section 2.2).
      const prk = Secret.adopt(core.hmac(hash, salt, secret));
      return new PooledDeriver(derivers, new CoreTenant(prk, (bytes) => core.importPseudorandomKey(hash, bytes)));
    },
    hkdf: (hash, secret, salt, info, lengthBytes, out) => core.hkdf(hash, secret, salt, info, lengthBytes, out),
    hkdfMany: (hash, salt, records, lengthBytes, out) => core.hkdfMany(hash, salt, records, lengthBytes, out),
    unwrapKey: (kek, wrapped) => core.unwrapKey(kek, wrapped),
  };
}

/** A key of which `secret` holds the bytes. */
class CoreTenant<Kind extends Held> extends Tenant<Kind> {
  readonly secret: Secret;
  readonly #import: (bytes: Uint8Array) => Kind;

  constructor(secret: Secret, importBytes: (bytes: Uint8Array) => Kind) {
    super();
    this.secret = secret;
    this.#import = importBytes;
  }

  override load(): Kind {
    return this.secret.expose(this.#import);
  }
}

class PooledAead extends SynchronousKey implements WasmKey {
  readonly #pool: SlotPool<Aead>;
  readonly #key: CoreTenant<Aead>;
  #live = true;

  constructor(pool: SlotPool<Aead>, key: CoreTenant<Aead>) {
    super();
    this.#pool = pool;
    this.#key = key;
  }

  seal(nonce: Uint8Array, plaintext: Uint8Array, aad?: Uint8Array, out?: Uint8Array): Uint8Array {
    return this.#use().seal(nonce, plaintext, aad, out);
  }

  open(nonce: Uint8Array, sealed: Uint8Array, aad?: Uint8Array, out?: Uint8Array): Uint8Array | undefined {
    // Above the core plaintexts lie where the engine does not move them, so that a wipe reaches the only copy.
    const own = out === undefined ? secretBytes(Math.max(0, lengthOf("sealed", sealed) - TAG_BYTES)) : out;
    return this.#use().open(nonce, sealed, aad, own);
  }

  expose<T>(use: (key: Uint8Array) => T): T {
    if (!this.#live) throw new TypeError("This AES key has been destroyed.");
    return this.#key.secret.expose(use);
  }

  destroy(): void {
    this.#live = false;
    this.#key.secret.wipe();
    this.#pool.release(this.#key);
  }

  #use(): Aead {
    if (!this.#live) throw new TypeError("This AES key has been destroyed.");
    return this.#pool.use(this.#key);
  }
}

class PooledDeriver implements Deriver {
  readonly #pool: SlotPool<Deriver>;
  readonly #prk: CoreTenant<Deriver>;
  #live = true;

  constructor(pool: SlotPool<Deriver>, prk: CoreTenant<Deriver>) {
    this.#pool = pool;
    this.#prk = prk;
  }

  expand(info: Uint8Array, lengthBytes: number, out?: Uint8Array): Uint8Array {
    return this.#use().expand(info, lengthBytes, out);
  }

  expandMany(records: PackedInfos, lengthBytes: number, out?: Uint8Array): Uint8Array {
    // A getter of the caller's must not run once the key has its slot: it could take it away.
    const { infos, lengths } = records;
    return this.#use().expandMany({ infos, lengths }, lengthBytes, out);
  }

  destroy(): void {
    this.#live = false;
    this.#prk.secret.wipe();
    this.#pool.release(this.#prk);
  }

  #use(): Deriver {
    if (!this.#live) throw new TypeError("This derivation key has been destroyed.");
    return this.#pool.use(this.#prk);
  }
}
