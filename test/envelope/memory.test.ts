/** What is copied, allocated and left behind: seen at the cipher, which is handed the buffers. */
import { describe, expect, test } from "vitest";
import { Secret } from "../../src/crypto/secret.ts";
import { Gathered, writeU32 } from "../../src/envelope/bytes.ts";
import { DEFAULT_LIMITS } from "../../src/envelope/format.ts";
import { HeaderReader } from "../../src/envelope/header.ts";
import { inspectMessage } from "../../src/envelope/inspect.ts";
import { Opener } from "../../src/envelope/opener.ts";
import { Sealer } from "../../src/envelope/sealer.ts";
import { WatchedEngine } from "./watched-engine.ts";
import { collect, crypto, cut, patterned, workbench } from "./workbench.ts";

const FRAME = 64;

async function watchedBench() {
  const watched = new WatchedEngine(crypto);
  return { watched, ...(await workbench({ crypto: watched, frameBytes: FRAME })) };
}

describe("aligned chunks", () => {
  test("are sealed from the caller's buffer into the caller's buffer, with one nonce and one AAD array", async () => {
    const { watched, envelope } = await watchedBench();
    const sealer = await envelope.sealer();
    const chunk = patterned(4 * FRAME);
    const target = new Uint8Array(sealer.finalBytes(chunk.length) + 100);
    watched.seen.length = 0;
    for (let i = 0; i < 10; i++) sealer.update(chunk, target);
    expect(watched.seen).toHaveLength(40);
    expect(new Set(watched.seen.map((use) => use.nonce)).size).toBe(1);
    expect(new Set(watched.seen.map((use) => use.aad)).size).toBe(1);
    expect(watched.seen.every((use) => use.input.buffer === chunk.buffer)).toBe(true);
    expect(watched.seen.every((use) => use.out?.buffer === target.buffer)).toBe(true);
    sealer.destroy();
  });

  test("are opened so too", async () => {
    const { watched, envelope } = await watchedBench();
    const message = await envelope.seal(patterned(10 * FRAME));
    const { header, rest } = envelope.headerReader().push(message)!;
    const opener = await envelope.opener(header);
    const target = new Uint8Array(opener.updateBytes(rest.length));
    watched.seen.length = 0;
    opener.update(rest.subarray(0, 5 * opener.sealedFrameBytes), target);
    opener.update(rest.subarray(5 * opener.sealedFrameBytes), target.subarray(5 * FRAME));
    opener.final();
    expect(watched.seen).toHaveLength(10);
    expect(new Set(watched.seen.map((use) => use.aad)).size).toBe(2);
    expect(watched.seen.every((use) => use.input.buffer === message.buffer)).toBe(true);
    expect(watched.seen.every((use) => use.out?.buffer === target.buffer)).toBe(true);
    expect(target).toEqual(patterned(10 * FRAME));
  });
});

describe("the synchronous forms", () => {
  test("write exactly what they announce, in chunks of any length", async () => {
    const { envelope } = await watchedBench();
    for (const size of [1, 63, 64, 65, 200, 1000]) {
      const sealer = await envelope.sealer();
      const parts = [sealer.header];
      for (let at = 0; at < 1000; at += size) {
        const chunk = patterned(1000).subarray(at, at + size);
        const last = at + size >= 1000;
        const out = new Uint8Array(last ? sealer.finalBytes(chunk.length) : sealer.updateBytes(chunk.length));
        expect(last ? sealer.final(chunk, out) : sealer.update(chunk, out)).toBe(out.length);
        parts.push(out);
      }
      const message = new Uint8Array(Buffer.concat(parts));
      expect(inspectMessage(message).body).toEqual({ frames: 16, plaintextBytes: 1000 });
      expect((await envelope.open(message)).plaintext).toEqual(patterned(1000));
    }
  });

  test("refuse an output that is too short before they begin, and any call after the end", async () => {
    const { envelope } = await watchedBench();
    const sealer = await envelope.sealer();
    expect(() => sealer.update(patterned(FRAME), new Uint8Array(FRAME))).toThrow(RangeError);
    expect(() => sealer.final(patterned(FRAME), new Uint8Array(FRAME))).toThrow(RangeError);
    const out = new Uint8Array(sealer.finalBytes(FRAME));
    sealer.final(patterned(FRAME), out);
    expect(() => sealer.update(patterned(1), out)).toThrow(TypeError);
    expect(() => sealer.final(patterned(1), out)).toThrow(TypeError);
    const { header } = envelope.headerReader().push(sealer.header)!;
    const opener = await envelope.opener(header);
    expect(() => opener.update(out, new Uint8Array(FRAME - 1))).toThrow(RangeError);
    const plaintext = new Uint8Array(FRAME);
    expect(opener.update(out, plaintext)).toBe(FRAME);
    expect(plaintext).toEqual(patterned(FRAME));
    opener.final();
    expect(() => opener.update(out, plaintext)).toThrow(TypeError);
    expect(() => opener.final()).toThrow(TypeError);
  });
});

describe("a hostile header", () => {
  test("with a frame of 64 MiB costs no more than the bytes that arrive", () => {
    const dataKey = Secret.copy(new Uint8Array(32));
    const key = { dataKey, keyArn: "arn:aws:kms:r:1:key/a", ciphertext: new Uint8Array(1) };
    const frameBytes = DEFAULT_LIMITS.maxFrameBytes;
    const message = { key, messageId: new Uint8Array(32), context: {}, frameBytes };
    const { header } = new HeaderReader(DEFAULT_LIMITS).push(Sealer.start(crypto, message).header)!;
    const opener = Opener.start(crypto, header, { dataKey, keyArn: "" });
    const body = new Uint8Array(1000);
    writeU32(body, 0, 1);
    const out = new Uint8Array(1000);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 10; i++) {
      expect(opener.updateBytes(body.length)).toBeLessThanOrEqual(body.length);
      expect(opener.update(body, out)).toBe(0);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
    opener.destroy();
  });

  test("with a frame that says it is longer is refused before the frame arrives", async () => {
    const { envelope } = await watchedBench();
    const message = await envelope.seal(patterned(10));
    for (const plaintextBytes of [FRAME + 1, 0xffffffff]) {
      const { header, rest } = envelope.headerReader().push(message)!;
      const head = rest.slice(0, 24);
      writeU32(head, 20, plaintextBytes);
      const opener = await envelope.opener(header);
      expect(() => opener.update(head, new Uint8Array(FRAME))).toThrow("cannot be opened");
    }
  });

  test("of another kind is refused at the byte that says so", async () => {
    const { envelope } = await watchedBench();
    const message = await envelope.seal(patterned(10));
    const { headerBytes } = inspectMessage(message);
    const refusedAt = (at: number, value: number): number => {
      const changed = message.slice();
      changed[at] = value;
      const reader = envelope.headerReader();
      for (let read = 0; read < headerBytes; read++) {
        try {
          reader.push(changed.subarray(read, read + 1));
        } catch {
          return read;
        }
      }
      return Number.NaN;
    };
    expect(refusedAt(0, 1)).toBe(0);
    expect(refusedAt(1, 0x05)).toBe(2);
    expect(refusedAt(2, 0x79)).toBe(2);
    expect(refusedAt(headerBytes - 16 - 32 - 4 - 1, 1)).toBe(headerBytes - 1);
  });

  test("with a longer frame is refused at the header", async () => {
    const { envelope } = await watchedBench();
    const message = await envelope.seal(patterned(10));
    const { headerBytes } = inspectMessage(message);
    for (const frameBytes of [0, DEFAULT_LIMITS.maxFrameBytes + 1, 0xffffffff]) {
      writeU32(message, headerBytes - 16 - 32 - 4, frameBytes);
      expect(() => envelope.headerReader().push(message)).toThrow("cannot be opened");
    }
  });

  test("gathered bytes grow with what was appended, not with what was announced", () => {
    const gathered = new Gathered();
    for (let i = 1; i <= 1000; i++) {
      gathered.append(Uint8Array.of(i), 2 ** 30);
      expect(gathered.bytes.buffer.byteLength).toBeLessThanOrEqual(2 * i);
    }
    expect(gathered.bytes).toEqual(Uint8Array.from({ length: 1000 }, (_, i) => i + 1));
  });
});

describe("secrets", () => {
  const isWiped = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);
  /** Of the two derived arrays of a message the commit key is public, and the second is the cipher's key. */
  const cipherKeys = (watched: WatchedEngine) => watched.derived.filter((_, i) => i % 2 === 1);

  test("are wiped and ciphers destroyed after every way that a message can go", async () => {
    const { watched, kms, envelope } = await watchedBench();
    const message = await envelope.seal(patterned(200));
    await envelope.open(message);
    const { headerBytes } = inspectMessage(message);
    for (const at of [headerBytes - 20, headerBytes - 1, headerBytes + 20, message.length - 1]) {
      const changed = message.slice();
      changed[at]! ^= 1;
      await expect(envelope.open(changed)).rejects.toThrow("cannot be opened");
      await expect(collect(envelope.openStream(cut(changed, 30)))).rejects.toThrow("cannot be opened");
    }
    for await (const _ of envelope.openStream(cut(message, 110))) break;
    for await (const _ of envelope.sealStream(cut(message, 30))) break;
    (await envelope.sealer()).destroy();
    expect(kms.handedOut).toHaveLength(13);
    expect(kms.handedOut.every(isWiped)).toBe(true);
    expect(cipherKeys(watched).length).toBeGreaterThan(10);
    expect(cipherKeys(watched).every(isWiped)).toBe(true);
    expect(watched.derived.filter((_, i) => i % 2 === 0).some(isWiped)).toBe(false);
    expect(watched.live).toBe(0);
  });

  test("held plaintext is wiped when a message ends, and opened plaintext when a message fails", async () => {
    const { watched, envelope } = await watchedBench();
    const sealer = await envelope.sealer();
    const out = new Uint8Array(sealer.finalBytes(FRAME));
    sealer.update(patterned(5), out);
    sealer.final(patterned(20).fill(7), out);
    expect(isWiped(new Uint8Array(watched.seen.at(-1)!.input.buffer as ArrayBuffer))).toBe(true);
    const message = await envelope.seal(patterned(200));
    message[message.length - 1]! ^= 1;
    await expect(envelope.open(message)).rejects.toThrow("cannot be opened");
    const last = watched.seen.at(-1)!;
    expect(last.call).toBe("open");
    expect(isWiped(new Uint8Array(last.out!.buffer as ArrayBuffer))).toBe(true);
  });

  test("a final frame that something follows is not opened", async () => {
    const { envelope } = await watchedBench();
    const message = new Uint8Array([...(await envelope.seal(patterned(10))), 0]);
    const { header, rest } = envelope.headerReader().push(message)!;
    const opener = await envelope.opener(header);
    const plaintext = new Uint8Array(FRAME);
    expect(() => opener.update(rest, plaintext)).toThrow("cannot be opened");
    expect(isWiped(plaintext)).toBe(true);
  });

  test("the commitment is checked before the cipher is used, and the header's tag before any frame", async () => {
    const { watched, envelope } = await watchedBench();
    const message = await envelope.seal(patterned(200));
    const { headerBytes } = inspectMessage(message);
    const usesAfterChange = async (at: number): Promise<number> => {
      const changed = message.slice();
      changed[at]! ^= 1;
      watched.seen.length = 0;
      await expect(envelope.open(changed)).rejects.toThrow("cannot be opened");
      return watched.seen.length;
    };
    expect(await usesAfterChange(headerBytes - 17)).toBe(0);
    expect(await usesAfterChange(headerBytes - 1)).toBe(1);
    // The four frames of a slice are opened at once; `damage.test.ts` says what of them is released.
    expect(await usesAfterChange(headerBytes + 20)).toBe(5);
  });
});
