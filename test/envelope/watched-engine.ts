/** An engine that remembers what it was asked: which objects live, which secrets it gave, which buffers it saw. */
import type { Engine, EngineKey } from "../../src/crypto/engine.ts";

export interface Seen {
  readonly call: "seal" | "open";
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
  readonly input: Uint8Array;
  readonly out: Uint8Array | undefined;
}

export class WatchedEngine implements Engine {
  readonly #inner: Engine;
  /** Ciphers and derivers that nobody has destroyed. */
  live = 0;
  /** Every array of derived bytes, as handed out. */
  readonly derived: Uint8Array[] = [];
  /** Every use of a cipher. */
  readonly seen: Seen[] = [];

  constructor(inner: Engine) {
    this.#inner = inner;
  }

  aead(key: Uint8Array): EngineKey {
    const inner = this.#inner.aead(key);
    const end = this.#begin();
    return {
      seal: (nonce, input, aad, out) => {
        this.seen.push({ call: "seal", nonce, aad: aad!, input, out });
        return inner.seal(nonce, input, aad, out);
      },
      open: (nonce, input, aad, out) => {
        this.seen.push({ call: "open", nonce, aad: aad!, input, out });
        return inner.open(nonce, input, aad, out);
      },
      sealAsync: (nonce, input, aad, out) => {
        this.seen.push({ call: "seal", nonce, aad: aad!, input, out });
        return inner.sealAsync(nonce, input, aad, out);
      },
      openAsync: (nonce, input, aad, out) => {
        this.seen.push({ call: "open", nonce, aad: aad!, input, out });
        return inner.openAsync(nonce, input, aad, out);
      },
      destroy() {
        end();
        inner.destroy();
      },
    };
  }

  deriver: Engine["deriver"] = (hash, secret, salt) => {
    const inner = this.#inner.deriver(hash, secret, salt);
    const end = this.#begin();
    return {
      expand: (...input) => {
        const derived = inner.expand(...input);
        this.derived.push(derived);
        return derived;
      },
      expandMany: (...input) => {
        const derived = inner.expandMany(...input);
        this.derived.push(derived);
        return derived;
      },
      destroy() {
        end();
        inner.destroy();
      },
    };
  };

  hash: Engine["hash"] = (hash, data) => this.#inner.hash(hash, data);
  hmac: Engine["hmac"] = (...input) => this.#inner.hmac(...input);
  unwrapKey(kek: Uint8Array, wrapped: Uint8Array): Uint8Array | undefined {
    return this.#inner.unwrapKey(kek, wrapped);
  }

  hkdf: Engine["hkdf"] = (...input) => this.#inner.hkdf(...input);
  hkdfMany: Engine["hkdfMany"] = (...input) => this.#inner.hkdfMany(...input);

  #begin(): () => void {
    let ended = false;
    this.live++;
    return () => {
      if (!ended) this.live--;
      ended = true;
    };
  }
}
