/** Streams cut anywhere give the same, in chunks that are the taker's, and end what they hold however they end. */
import { ReadableStream } from "node:stream/web";
import { expect, test } from "vitest";
import { inspectMessage } from "../../src/envelope/inspect.ts";
import type { ByteSource } from "../../src/envelope/streams.ts";
import { collect, cut, patterned, workbench } from "./workbench.ts";

const CONTEXT = { tenant: "a", purpose: "test" };

test("a message opens the same, cut into chunks of every size", async () => {
  const { envelope } = await workbench({ frameBytes: 50 });
  const plaintext = patterned(3 * 50 + 9);
  const message = await envelope.seal(plaintext, { context: CONTEXT });
  for (let size = 1; size <= message.length; size++) {
    expect(await collect(envelope.openStream(cut(message, size))), `chunks of ${size}`).toEqual(plaintext);
  }
});

test("plaintext seals to the same frames, cut into chunks of every size", async () => {
  const { envelope } = await workbench({ frameBytes: 50 });
  for (const length of [0, 49, 50, 150, 159]) {
    const plaintext = patterned(length);
    for (let size = 1; size <= length + 1; size++) {
      const message = await collect(envelope.sealStream(cut(plaintext, size), { context: CONTEXT }));
      expect(inspectMessage(message).body).toEqual({ frames: Math.floor(length / 50) + 1, plaintextBytes: length });
      expect((await envelope.open(message)).plaintext).toEqual(plaintext);
    }
  }
});

test("empty chunks between others change nothing", async () => {
  const { envelope } = await workbench({ frameBytes: 8 });
  const plaintext = patterned(30);
  const withGaps = async function* (bytes: Uint8Array) {
    for await (const chunk of cut(bytes, 7)) yield* [new Uint8Array(0), chunk, new Uint8Array(0)];
  };
  const message = await collect(envelope.sealStream(withGaps(plaintext)));
  expect(await collect(envelope.openStream(withGaps(message)))).toEqual(plaintext);
});

test("web streams are read, with and without an iterator, and cancelled when the message is refused", async () => {
  const { envelope } = await workbench();
  const message = await envelope.seal(patterned(100));
  const cancelled: unknown[] = [];
  const streamOf = (chunks: Uint8Array[], iterable: boolean): ByteSource => {
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => (chunks.length > 0 ? controller.enqueue(chunks.shift()!) : controller.close()),
      cancel: (reason) => void cancelled.push(reason),
    });
    return (iterable ? stream : { getReader: () => stream.getReader() }) as ByteSource;
  };
  for (const iterable of [true, false]) {
    const source = streamOf([message.slice(0, 50), message.slice(50)], iterable);
    expect(await collect(envelope.openStream(source))).toEqual(patterned(100));
  }
  expect(cancelled).toHaveLength(0);
  for (const iterable of [true, false]) {
    const source = streamOf([patterned(50), patterned(50), patterned(50)], iterable);
    await expect(collect(envelope.openStream(source))).rejects.toThrow("cannot be opened");
  }
  expect(cancelled).toHaveLength(2);
});

test("the header is told of before any plaintext, and may be refused", async () => {
  const { kms, keyId, envelope } = await workbench();
  const message = await envelope.seal(patterned(100), { context: CONTEXT });
  const seen: unknown[] = [];
  const chunks = envelope.openStream(cut(message, 10), { onHeader: (header) => void seen.push(header) });
  for await (const _ of chunks) expect(seen).toEqual([{ context: expect.objectContaining(CONTEXT), keyArn: keyId }]);
  expect(seen).toHaveLength(1);
  const refusal = new Error("not this tenant");
  const refused = envelope.openStream(cut(message, 10), { onHeader: () => Promise.reject(refusal) });
  await expect(collect(refused)).rejects.toBe(refusal);
  expect(kms.handedOut.every((key) => key.every((byte) => byte === 0))).toBe(true);
});

test("an error of the source passes unchanged, and a source of something else is named", async () => {
  const { envelope } = await workbench();
  const broken = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield patterned(10);
    throw new Error("the disk went away");
  };
  await expect(collect(envelope.sealStream(broken()))).rejects.toThrow("the disk went away");
  const texts = (async function* () {
    yield "text";
  })() as unknown as ByteSource;
  await expect(collect(envelope.sealStream(texts))).rejects.toThrow(TypeError);
});
