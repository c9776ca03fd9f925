/**
 * Messages in chunks of any size, for `sealStream` and `openStream`. A chunk is used up before the next is asked for,
 * so that a source may reuse its buffer; what is yielded is fresh and the taker's. Memory: one chunk and one frame.
 */
import { EnvelopeError } from "./errors.ts";
import type { Header, HeaderReader } from "./header.ts";
import type { Opener } from "./opener.ts";
import type { Sealer } from "./sealer.ts";

/** Bytes in chunks of any size: a Node stream, a web stream, a generator. */
export type ByteSource = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

export async function* sealChunks(
  source: ByteSource,
  start: () => Promise<Sealer>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const sealer = await start();
  try {
    yield sealer.header;
    for await (const chunk of chunksOf(source)) {
      const sealed = new Uint8Array(sealer.updateBytes(chunk.length));
      if ((await sealer.updateAsync(chunk, sealed)) > 0) yield sealed;
    }
    const sealed = new Uint8Array(sealer.finalBytes(0));
    await sealer.finalAsync(new Uint8Array(0), sealed);
    yield sealed;
  } finally {
    sealer.destroy();
  }
}

export async function* openChunks(
  source: ByteSource,
  reader: HeaderReader,
  start: (header: Header) => Promise<Opener>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let opener: Opener | undefined;
  let last: Uint8Array | undefined;
  try {
    for await (const chunk of chunksOf(source)) {
      let body = chunk;
      if (opener === undefined) {
        const parsed = reader.push(chunk);
        if (parsed === undefined) continue;
        opener = await start(parsed.header);
        body = parsed.rest;
      }
      const plaintext = new Uint8Array(opener.updateBytes(body.length));
      const opened = plaintext.subarray(0, await opener.updateAsync(body, plaintext));
      if (opened.length === 0) continue;
      if (opener.finished) last = opened;
      else yield opened;
    }
    if (opener === undefined) throw new EnvelopeError();
    opener.final();
    if (last !== undefined) yield last;
  } finally {
    opener?.destroy();
  }
}

async function* chunksOf(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of Symbol.asyncIterator in source ? source : readAll(source)) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError("A stream to seal or open must yield Uint8Array chunks.");
    yield chunk;
  }
}

/** For runtimes whose web streams cannot be iterated. */
async function* readAll(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield value;
    }
    ended = true;
  } finally {
    if (!ended) await reader.cancel();
    reader.releaseLock();
  }
}
