/**
 * The keys that sign: derived from a secret access key for one day, Region and service, by four HMACs. Those of late are
 * kept; one belongs to the very record it was derived from, so that a changed or deleted access key ends it.
 */
import type { Engine } from "../crypto/engine.ts";
import type { Secret } from "../crypto/secret.ts";
import type { AccessKey } from "../identities/directory.ts";
import { secretBytes } from "../secret-bytes.ts";
import type { Scope } from "./authorization.ts";

const KEPT = 256;
const PREFIX = "AWS4";
const TERMINATOR = "aws4_request";
const encoder = new TextEncoder();

interface SigningKey {
  readonly secret: Secret | undefined;
  readonly key: Uint8Array;
}

export class SigningKeys {
  readonly #engine: Engine;
  /** By access key and scope, oldest first. */
  readonly #kept = new Map<string, SigningKey>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The signing key of an access key, or of `otherwise` where there is none; it stays ours. */
  of(accessKey: AccessKey | undefined, scope: Scope, otherwise: Uint8Array): Uint8Array {
    const { date, region, service } = scope;
    const id = `${accessKey?.accessKeyId}/${date}/${region}/${service}`;
    const known = this.#kept.get(id);
    if (known !== undefined && known.secret === accessKey?.secret) return known.key;
    const key =
      accessKey === undefined ? this.#derive(otherwise, scope) : accessKey.secret.expose((b) => this.#derive(b, scope));
    this.#keep(id, { secret: accessKey?.secret, key });
    return key;
  }

  #keep(id: string, made: SigningKey): void {
    this.#kept.get(id)?.key.fill(0);
    this.#kept.delete(id);
    if (this.#kept.size >= KEPT) {
      const [oldest, { key }] = this.#kept.entries().next().value!;
      key.fill(0);
      this.#kept.delete(oldest);
    }
    this.#kept.set(id, made);
  }

  #derive(secretAccessKey: Uint8Array, { date, region, service }: Scope): Uint8Array {
    const first = secretBytes(PREFIX.length + secretAccessKey.length);
    encoder.encodeInto(PREFIX, first);
    first.set(secretAccessKey, PREFIX.length);
    let key = first;
    for (const part of [date, region, service, TERMINATOR]) {
      const next = this.#engine.hmac("SHA-256", key, encoder.encode(part));
      key.fill(0);
      key = next;
    }
    return key;
  }
}
