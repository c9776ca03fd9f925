/** What the envelope's tests have in common: an envelope over the project's own key service, sources in chunks, collectors. */
import { randomFillSync } from "node:crypto";
import type { Engine } from "../../src/crypto/engine.ts";
import { nodeEngine } from "../../src/crypto/node.ts";
import type { Random } from "../../src/env.ts";
import { type Envelope, type EnvelopeOptions, envelopeOver } from "../../src/envelope/envelope.ts";
import { EnvelopeError } from "../../src/envelope/errors.ts";
import { type WatchedKeyService, watchedKeyService } from "./key-service.ts";

export const crypto: Engine = nodeEngine();
export const random: Random = { fill: (out) => void randomFillSync(out) };

export interface Workbench {
  readonly kms: WatchedKeyService;
  readonly keyId: string;
  readonly envelope: Envelope;
}

export async function workbench(options: Partial<EnvelopeOptions> & { crypto?: Engine } = {}): Promise<Workbench> {
  const kms = watchedKeyService();
  const keyId = await kms.createKey();
  const envelope = envelopeOver({ crypto: options.crypto ?? crypto, random }, { kms, keyId, ...options });
  return { kms, keyId, envelope };
}

/** Bytes that differ from their neighbours, so that a shifted or repeated frame shows. */
export function patterned(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >>> 8) * 7) & 0xff);
}

/** A source in chunks of `size` bytes, each in one buffer that is overwritten before the next. */
export async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = new Uint8Array(size);
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size);
    buffer.set(part);
    yield buffer.subarray(0, part.length);
    buffer.fill(0xaa);
  }
}

export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

/** Runs what must refuse a message; returns the bytes that came out before it did. */
export async function refused(source: AsyncIterable<Uint8Array>): Promise<{ error: unknown; released: Uint8Array }> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of source) chunks.push(chunk);
  } catch (error) {
    return { error, released: new Uint8Array(Buffer.concat(chunks)) };
  }
  throw new Error(`A message that had to be refused gave ${Buffer.concat(chunks).length} bytes.`);
}

/** Whether an error is the one refusal of a message, with nothing else to tell it from the next. */
export function isRefusal(error: unknown): boolean {
  const reference = new EnvelopeError();
  return (
    error instanceof EnvelopeError &&
    error.message === reference.message &&
    error.code === "InvalidMessage" &&
    JSON.stringify(error) === JSON.stringify(reference)
  );
}
