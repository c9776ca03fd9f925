/**
 * The inputs of a job: random, the same for every subject, and fresh with each call. What a call was given last can be
 * asked for afterwards, so that the very call that is timed is also the one that is checked.
 */
import { randomFillSync } from "node:crypto";
import { deriveRightly, sealRightly } from "./reference.ts";

export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;
export const AAD_BYTES = 32;
/** Of derived keys. */
const KEY_BYTES = 32;
/** With the counter, and the padding of SHA-256, this fits one block. */
const INFO_BYTES = 32;

/** Inputs that are handed out in turn. They are random, since a sequence flatters caches and predictors. */
export class Ring<T> {
  readonly items: readonly T[];
  #next = 0;

  constructor(items: readonly T[]) {
    this.items = items;
  }

  next(): T {
    const item = this.items[this.#next]!;
    this.#next = this.#next + 1 === this.items.length ? 0 : this.#next + 1;
    return item;
  }

  /** Hands out `count` at once, which must divide the ring, and returns the number of this group. */
  nextGroup(count: number): number {
    const group = this.#next / count;
    this.#next = (this.#next + count) % this.items.length;
    return group;
  }

  /** The last `count` that were handed out, the oldest first. */
  last(count: number): T[] {
    const { length } = this.items;
    return Array.from({ length: count }, (_, i) => {
      return this.items[(((this.#next - count + i) % length) + length) % length]!;
    });
  }
}

/** Nonces that never repeat: eight random bytes and a counter, in one array that each call overwrites. */
export class Nonces {
  readonly #bytes = randomly(NONCE_BYTES);
  readonly #view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset);
  #count = 0;

  next(): Uint8Array {
    this.#view.setUint32(8, ++this.#count);
    return this.#bytes;
  }

  /** Room for `count` nonces end to end, and what writes the next ones there. */
  slab(count: number): { readonly bytes: Uint8Array; readonly renew: () => void } {
    const bytes = new Uint8Array(count * NONCE_BYTES);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < bytes.length; at += NONCE_BYTES) bytes.set(this.#bytes, at);
    const renew = () => {
      for (let at = 8; at < bytes.length; at += NONCE_BYTES) view.setUint32(at, ++this.#count);
    };
    renew();
    return { bytes, renew };
  }

  /** Copies of the last `count`, the oldest first. */
  last(count: number): Uint8Array[] {
    return Array.from({ length: count }, (_, i) => {
      const nonce = this.#bytes.slice();
      new DataView(nonce.buffer).setUint32(8, this.#count - count + 1 + i);
      return nonce;
    });
  }
}

export interface SealJob {
  readonly key: Uint8Array;
  readonly aad: Uint8Array;
  readonly nonces: Nonces;
  readonly plaintexts: Ring<Uint8Array>;
}

export interface Message {
  readonly nonce: Uint8Array;
  readonly sealed: Uint8Array;
  readonly plaintext: Uint8Array;
}

export interface OpenJob {
  readonly key: Uint8Array;
  readonly aad: Uint8Array;
  readonly messages: Ring<Message>;
}

/** Records packed end to end, as `sealPacked` takes them and `openPacked` gives them back. */
export interface PackedJob {
  readonly key: Uint8Array;
  readonly nonces: Uint8Array;
  readonly plaintexts: Uint8Array;
  readonly sealed: Uint8Array;
  readonly lengths: Uint32Array;
  readonly aads: Uint8Array;
  readonly aadLengths: Uint32Array;
  /** Renews all nonces in place. */
  readonly renewNonces: () => void;
  /** The same bytes record by record, as views. */
  readonly records: readonly PackedRecord[];
}

export interface PackedRecord {
  readonly nonce: Uint8Array;
  readonly plaintext: Uint8Array;
  readonly sealed: Uint8Array;
  readonly aad: Uint8Array;
}

/** A key by HKDF-SHA-256 from each secret and its info. */
export interface HkdfJob {
  readonly secrets: Ring<Uint8Array>;
  readonly salt: Uint8Array;
  readonly infos: Ring<Uint8Array>;
  readonly lengthBytes: number;
}

/** A key for each message, by HKDF-SHA-256 from one secret and the message's own info. */
export interface DeriveJob {
  readonly secret: Uint8Array;
  readonly salt: Uint8Array;
  readonly infos: Ring<Uint8Array>;
  readonly aad: Uint8Array;
  readonly nonces: Nonces;
  readonly plaintexts: Ring<Uint8Array>;
  /** The plaintexts sealed, each under the key of its own info. */
  readonly messages: Ring<Message & { readonly info: Uint8Array }>;
}

export function randomly(lengthBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(lengthBytes);
  // Workers refuse to fill more than 64 KiB at a time.
  for (let at = 0; at < lengthBytes; at += 65_536) randomFillSync(bytes.subarray(at, at + 65_536));
  return bytes;
}

/** Different inputs of one length: 64, or fewer where they would take more than a megabyte. */
export function ringOf(
  lengthBytes: number,
  count = Math.min(64, Math.max(1, 2 ** 20 / lengthBytes)),
): Ring<Uint8Array> {
  return new Ring(Array.from({ length: count }, () => randomly(lengthBytes)));
}

/** Inputs that all subjects of a case have in common; each gets its own nonces and its own place in the rings. */
export function sealJobs(keyBytes: number, lengthBytes: number, count?: number): () => SealJob {
  const key = randomly(keyBytes);
  const aad = randomly(AAD_BYTES);
  const { items } = ringOf(lengthBytes, count);
  return () => ({ key, aad, nonces: new Nonces(), plaintexts: new Ring(items) });
}

export function openJobs(keyBytes: number, lengthBytes: number, count?: number): () => OpenJob {
  const key = randomly(keyBytes);
  const aad = randomly(AAD_BYTES);
  const nonces = new Nonces();
  const messages = ringOf(lengthBytes, count).items.map((plaintext): Message => {
    const nonce = nonces.next().slice();
    return { nonce, plaintext, sealed: new Uint8Array(sealRightly(key, nonce, plaintext, aad)) };
  });
  return () => ({ key, aad, messages: new Ring(messages) });
}

/** `count` records of one length: as messages for those who take one at a time, and packed. */
export function packedJobs(recordBytes: number, count: number) {
  const seal = sealJobs(KEY_BYTES, recordBytes, count);
  const open = openJobs(KEY_BYTES, recordBytes, count);
  const { key, aad, plaintexts } = seal();
  const lengths = new Uint32Array(count).fill(recordBytes);
  const aadLengths = new Uint32Array(count).fill(AAD_BYTES);
  const packed = (): PackedJob => {
    const { bytes: nonces, renew } = new Nonces().slab(count);
    const slab = {
      plaintexts: concat(plaintexts.items),
      sealed: new Uint8Array(count * (recordBytes + TAG_BYTES)),
      aads: concat(new Array<Uint8Array>(count).fill(aad)),
    };
    const cut = (bytes: Uint8Array, i: number, each: number) => bytes.subarray(i * each, (i + 1) * each);
    const records = Array.from(
      lengths,
      (_, i): PackedRecord => ({
        nonce: cut(nonces, i, NONCE_BYTES),
        plaintext: cut(slab.plaintexts, i, recordBytes),
        sealed: cut(slab.sealed, i, recordBytes + TAG_BYTES),
        aad: cut(slab.aads, i, AAD_BYTES),
      }),
    );
    for (const record of records) record.sealed.set(sealRightly(key, record.nonce, record.plaintext, aad));
    return { key, nonces, ...slab, lengths, aadLengths, renewNonces: renew, records };
  };
  return { seal, open, packed };
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export function hkdfJobs(lengthBytes: number): () => HkdfJob {
  const salt = randomly(32);
  const [secrets, infos] = [ringOf(32), ringOf(INFO_BYTES)];
  return () => ({ secrets: new Ring(secrets.items), salt, infos: new Ring(infos.items), lengthBytes });
}

export function deriveJobs(lengthBytes: number, count?: number): () => DeriveJob {
  const [secret, salt, aad] = [randomly(32), randomly(32), randomly(AAD_BYTES)];
  const { items } = ringOf(lengthBytes, count);
  const infos = ringOf(INFO_BYTES, items.length);
  const messages = items.map((plaintext) => {
    const [info, nonce] = [randomly(INFO_BYTES), randomly(NONCE_BYTES)];
    const key = deriveRightly(secret, salt, info, KEY_BYTES);
    return { info, nonce, plaintext, sealed: new Uint8Array(sealRightly(key, nonce, plaintext, aad)) };
  });
  return () => ({
    secret,
    salt,
    infos: new Ring(infos.items),
    aad,
    nonces: new Nonces(),
    plaintexts: new Ring(items),
    messages: new Ring(messages),
  });
}
