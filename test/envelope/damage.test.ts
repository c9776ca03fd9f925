/** Every change of a small message is refused with one error, and no byte of it comes out. */
import { describe, expect, test } from "vitest";
import { FINAL_OVERHEAD_BYTES, FRAME_OVERHEAD_BYTES } from "../../src/envelope/format.ts";
import { inspectMessage } from "../../src/envelope/inspect.ts";
import { collect, cut, isRefusal, patterned, refused, type Workbench, workbench } from "./workbench.ts";

const CONTEXT = { tenant: "a", "\u{1F600}": "é" };

/** Opens `message` both ways, expects both to refuse it, and returns what the stream released before. */
async function expectRefused({ envelope }: Workbench, message: Uint8Array, chunkBytes = 64): Promise<Uint8Array> {
  const error = await envelope.open(message).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  const streamed = await refused(envelope.openStream(cut(message, chunkBytes)));
  if (!isRefusal(error) || !isRefusal(streamed.error)) throw error ?? streamed.error;
  return streamed.released;
}

describe("a message of one frame", () => {
  test("every single bit", async () => {
    const bench = await workbench();
    const message = await bench.envelope.seal(patterned(20), { context: CONTEXT });
    for (let bit = 0; bit < 8 * message.length; bit++) {
      const changed = message.slice();
      changed[bit >>> 3]! ^= 1 << (bit & 7);
      expect(await expectRefused(bench, changed), `bit ${bit}`).toHaveLength(0);
    }
    expect((await bench.envelope.open(message)).plaintext).toEqual(patterned(20));
  });

  test("every truncation, and appended bytes", async () => {
    const bench = await workbench();
    const message = await bench.envelope.seal(patterned(20), { context: CONTEXT });
    for (let length = 0; length < message.length; length++) {
      expect(await expectRefused(bench, message.slice(0, length)), `cut to ${length}`).toHaveLength(0);
    }
    for (let more = 1; more <= 32; more++) {
      const longer = new Uint8Array(message.length + more);
      longer.set(message);
      for (const chunkBytes of [1, message.length, longer.length]) {
        expect(await expectRefused(bench, longer, chunkBytes), `${more} more`).toHaveLength(0);
      }
    }
  });
});

describe("a message of several frames", () => {
  const FRAME = 32;
  const PLAINTEXT = patterned(3 * FRAME + 7);
  const SEALED_FRAME = FRAME + FRAME_OVERHEAD_BYTES;

  async function sealed(bench: Workbench) {
    const message = await bench.envelope.seal(PLAINTEXT);
    return { message, start: inspectMessage(message).headerBytes };
  }

  test("every single bit of the body: only whole frames before it were released", async () => {
    const bench = await workbench({ frameBytes: FRAME });
    const { message, start } = await sealed(bench);
    for (let bit = 8 * start; bit < 8 * message.length; bit++) {
      const changed = message.slice();
      changed[bit >>> 3]! ^= 1 << (bit & 7);
      const released = await expectRefused(bench, changed);
      const wholeFrames = Math.min(3, Math.floor(((bit >>> 3) - start) / SEALED_FRAME));
      expect(released).toEqual(PLAINTEXT.slice(0, released.length));
      expect(released.length).toBeLessThanOrEqual(wholeFrames * FRAME);
    }
  });

  test("every truncation, between frames too", async () => {
    const bench = await workbench({ frameBytes: FRAME });
    const { message } = await sealed(bench);
    for (let length = 0; length < message.length; length++) {
      const released = await expectRefused(bench, message.slice(0, length));
      expect(released).toEqual(PLAINTEXT.slice(0, released.length));
      expect(released.length).toBeLessThanOrEqual(3 * FRAME);
    }
  });

  test("frames swapped, repeated, left out or taken from another message", async () => {
    const bench = await workbench({ frameBytes: FRAME });
    const { message, start } = await sealed(bench);
    const other = await sealed(bench);
    const header = message.slice(0, start);
    const frame = (i: number) => message.slice(start + i * SEALED_FRAME, start + (i + 1) * SEALED_FRAME);
    const last = message.slice(-(FINAL_OVERHEAD_BYTES + 7));
    const bodies = {
      swapped: [frame(1), frame(0), frame(2), last],
      repeated: [frame(0), frame(0), frame(1), frame(2), last],
      missing: [frame(0), frame(2), last],
      "final frame only": [last],
      "two final frames": [frame(0), frame(1), frame(2), last, last],
      foreign: [other.message.slice(other.start, other.start + SEALED_FRAME), frame(1), frame(2), last],
      "foreign body": [other.message.slice(other.start)],
    };
    for (const parts of Object.values(bodies)) await expectRefused(bench, join(header, ...parts));
    expect((await bench.envelope.open(join(header, frame(0), frame(1), frame(2), last))).plaintext).toEqual(PLAINTEXT);
  });

  test("a regular frame that poses as the final one, and the other way round", async () => {
    const bench = await workbench({ frameBytes: FRAME });
    const message = await bench.envelope.seal(patterned(FRAME));
    const { headerBytes: start } = inspectMessage(message);
    const regular = join(message.slice(0, start), message.slice(start + 4, start + 20), message.slice(start + 24));
    await expectRefused(bench, regular);
    const marked = join(regular, message.slice(start));
    expect(await expectRefused(bench, marked)).toHaveLength(0);
  });
});

test("full and empty final frames are both whole messages", async () => {
  const { envelope } = await workbench({ frameBytes: 16 });
  const plaintext = patterned(48);
  const full = await envelope.seal(plaintext);
  const empty = await collect(envelope.sealStream(cut(plaintext, 16)));
  expect(inspectMessage(full).body).toEqual({ frames: 3, plaintextBytes: 48 });
  expect(inspectMessage(empty).body).toEqual({ frames: 4, plaintextBytes: 48 });
  for (const message of [full, empty]) expect((await envelope.open(message)).plaintext).toEqual(plaintext);
});

function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
