/**
 * The keys that sign: derived from a secret access key for one day, Region and service, by four HMACs. Those of late
 * that have verified a request are kept, so that nobody without a secret can push them out. One belongs to the very
 * secret it was derived from: a changed or deleted access key ends it.
 */
import type { Engine } from "../crypto/engine.ts";
import type { Secret } from "../crypto/secret.ts";
import { secretBytes } from "../secret-bytes.ts";
import { type Scope, TERMINATOR } from "./scope.ts";

const KEPT = 1024;
const PREFIX = "AWS4";
const encoder = new TextEncoder();

interface SigningKey {
  readonly secret: Secret;
  readonly key: Uint8Array;
}

export class SigningKeys {
  readonly #engine: Engine;
  /** By credential, oldest first. */
  readonly #kept = new Map<string, SigningKey>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The key that is kept for a credential, which stays ours; one of another secret is wiped. */
  find({ credential }: Scope, secret: Secret | undefined): Uint8Array | undefined {
    const known = this.#kept.get(credential);
    if (known === undefined || known.secret === secret) return known?.key;
    known.key.fill(0);
    this.#kept.delete(credential);
    return undefined;
  }

  /** Takes a key over that was not kept before. */
  keep({ credential }: Scope, secret: Secret, key: Uint8Array): void {
    if (this.#kept.size >= KEPT) {
      const [oldest, { key: old }] = this.#kept.entries().next().value!;
      old.fill(0);
      this.#kept.delete(oldest);
    }
    this.#kept.set(credential, { secret, key });
  }

  /** The caller wipes it or has it kept. */
  derive(secretAccessKey: Uint8Array, { date, region, service }: Scope): Uint8Array {
    let key = secretBytes(PREFIX.length + secretAccessKey.length);
    encoder.encodeInto(PREFIX, key);
    key.set(secretAccessKey, PREFIX.length);
    for (const part of [date, region, service, TERMINATOR]) {
      const last = key;
      try {
        key = this.#engine.hmac("SHA-256", last, encoder.encode(part));
      } finally {
        last.fill(0);
      }
    }
    return key;
  }

  /** Wipes all that are kept. */
  clear(): void {
    for (const { key } of this.#kept.values()) key.fill(0);
    this.#kept.clear();
  }
}
