/** The contract of `sealAsync` and `openAsync`: the same bytes as their synchronous twins, and inputs read at once. */
import { describe, expect, it } from "vitest";
import { CROSSOVERS_BYTES, ENGINES } from "./engines.ts";
import { sampleBytes } from "./sample-bytes.ts";

const nonce = sampleBytes(12, 12);
const SIZES = [0, 1, 40, 1000, 5000, 70_000].concat(CROSSOVERS_BYTES.flatMap((from) => [from - 22, from - 21]));

describe.each(ENGINES)("asynchronous AES-GCM of the %s engine", (_, engine) => {
  it.each([16, 24, 32])("gives what the synchronous methods give, with keys of %i bytes", async (keyBytes) => {
    const aead = engine.aead(sampleBytes(keyBytes, keyBytes));
    for (const length of SIZES) {
      const [text, aad] = [sampleBytes(length, length), sampleBytes(21, 3)];
      for (const given of [aad, undefined]) {
        const sealed = aead.seal(nonce, text, given);
        expect(Buffer.compare(await aead.sealAsync(nonce, text, given), sealed), `seal ${length}`).toBe(0);
        expect(Buffer.compare((await aead.openAsync(nonce, sealed, given))!, text), `open ${length}`).toBe(0);
      }
    }
    aead.destroy();
  });

  it("reads nonce, data and additional data before it returns, also with many calls under way", async () => {
    for (const length of [40, 5000]) {
      const aead = engine.aead(sampleBytes(32));
      const own = { nonce: nonce.slice(), aad: sampleBytes(30), data: new Uint8Array(length) };
      const expected: Uint8Array[] = [];
      const calls: Promise<Uint8Array>[] = [];
      for (let i = 0; i < 20; i++) {
        // From the tenth on the key has been imported.
        if (i === 10) await calls[0];
        own.nonce.set(nonce);
        own.nonce[11] = i;
        own.aad.fill(i);
        own.data.fill(i);
        expected.push(aead.seal(own.nonce, own.data, own.aad));
        calls.push(aead.sealAsync(own.nonce, own.data, own.aad));
        for (const bytes of Object.values(own)) bytes.fill(0xee);
      }
      expect(await Promise.all(calls)).toEqual(expected);
      const opened = expected.map((bytes, i) => {
        own.nonce.set(nonce);
        own.nonce[11] = i;
        const sealed = bytes.slice();
        const call = aead.openAsync(own.nonce, sealed, own.aad.fill(i));
        for (const read of [own.nonce, own.aad, sealed]) read.fill(0xee);
        return call;
      });
      expect(await Promise.all(opened)).toEqual(expected.map((_bytes, i) => new Uint8Array(length).fill(i)));
      aead.destroy();
    }
  });

  it("writes into `out`, which may overlap what is read, and leaves it as it was when refused", async () => {
    const aead = engine.aead(sampleBytes(32));
    for (const length of [0, 33, 5000]) {
      const text = sampleBytes(length);
      const buffer = new Uint8Array(length + 60).fill(0xee);
      buffer.set(text, 4);
      const sealed = await aead.sealAsync(nonce, buffer.subarray(4, 4 + length), undefined, buffer.subarray(8));
      expect(sealed).toEqual(aead.seal(nonce, text));
      expect([sealed.buffer, sealed.byteOffset]).toEqual([buffer.buffer, 8]);
      expect(buffer.subarray(length + 24).every((byte) => byte === 0xee)).toBe(true);
      const opened = await aead.openAsync(nonce, sealed, undefined, buffer.subarray(10));
      expect(opened).toEqual(text);
      expect(opened!.byteOffset).toBe(10);

      const changed = aead.seal(nonce, text);
      changed[changed.length - 1]! ^= 1;
      const out = new Uint8Array(length + 4).fill(0xee);
      expect(await aead.openAsync(nonce, changed, undefined, out)).toBeUndefined();
      expect(out.every((byte) => byte === 0xee)).toBe(true);
    }
    aead.destroy();
  });

  it("refuses every change, and what is cut short", async () => {
    const aead = engine.aead(sampleBytes(32));
    const aad = sampleBytes(20);
    for (const length of [0, 40, 3000]) {
      const sealed = aead.seal(nonce, sampleBytes(length), aad);
      for (let at = 0; at < sealed.length; at += 1 + Math.floor(length / 50)) {
        const changed = sealed.slice();
        changed[at]! ^= 0x80;
        expect(await aead.openAsync(nonce, changed, aad), `byte ${at} of ${length}`).toBeUndefined();
      }
      for (const cut of [1, 15, 16, sealed.length]) {
        expect(await aead.openAsync(nonce, sealed.subarray(cut), aad)).toBeUndefined();
      }
      expect(await aead.openAsync(sampleBytes(12, 13), sealed, aad)).toBeUndefined();
      expect(await aead.openAsync(nonce, sealed)).toBeUndefined();
    }
    aead.destroy();
  });

  it("rejects, and does not throw, where the others throw", async () => {
    const aead = engine.aead(sampleBytes(32));
    for (const length of [40, 5000]) {
      const [text, sealed] = [sampleBytes(length), aead.seal(nonce, sampleBytes(length))];
      const short = new Uint8Array(11);
      const wrong = "text" as unknown as Uint8Array;
      await expect(aead.sealAsync(short, text)).rejects.toThrow(RangeError);
      await expect(aead.openAsync(short, sealed)).rejects.toThrow(RangeError);
      await expect(aead.sealAsync(nonce, text, undefined, new Uint8Array(length + 15))).rejects.toThrow(RangeError);
      await expect(aead.openAsync(nonce, sealed, undefined, new Uint8Array(length - 1))).rejects.toThrow(RangeError);
      await expect(aead.sealAsync(nonce, wrong)).rejects.toThrow(TypeError);
      await expect(aead.sealAsync(nonce, text, wrong)).rejects.toThrow(TypeError);
      await expect(aead.openAsync(nonce, wrong)).rejects.toThrow(TypeError);
      await expect(aead.openAsync(wrong, sealed)).rejects.toThrow(TypeError);
    }
    aead.destroy();
    for (const length of [40, 5000]) {
      await expect(aead.sealAsync(nonce, sampleBytes(length))).rejects.toThrow(TypeError);
      await expect(aead.openAsync(nonce, sampleBytes(length))).rejects.toThrow(TypeError);
    }
  });

  it("takes memory that threads share, or that can be resized", async () => {
    const aead = engine.aead(sampleBytes(32));
    const text = sampleBytes(5000);
    const sealed = aead.seal(nonce, text);
    const resizable = new (ArrayBuffer as unknown as new (bytes: number, how: object) => ArrayBuffer)(6000, {
      maxByteLength: 9000,
    });
    for (const buffer of [new SharedArrayBuffer(6000), resizable]) {
      const [plain, out] = [new Uint8Array(buffer, 0, 5000), new Uint8Array(new SharedArrayBuffer(5016))];
      plain.set(text);
      for (let i = 0; i < 2; i++) {
        expect(Buffer.compare(await aead.sealAsync(nonce, plain, undefined, out), sealed)).toBe(0);
        expect(Buffer.compare((await aead.openAsync(nonce, out))!, text)).toBe(0);
      }
    }
    aead.destroy();
  });
});

it.each(ENGINES.filter(([name]) => name.startsWith("WebCrypto")))(
  "the %s engine hands out nothing once its key was destroyed on the way",
  async (_, engine) => {
    for (const warm of [false, true]) {
      const aead = engine.aead(sampleBytes(32));
      const sealed = aead.seal(nonce, sampleBytes(5000));
      if (warm) await aead.openAsync(nonce, sealed);
      const out = new Uint8Array(5000).fill(0xee);
      const calls = [aead.openAsync(nonce, sealed, undefined, out), aead.sealAsync(nonce, sampleBytes(5000))];
      aead.destroy();
      for (const outcome of await Promise.allSettled(calls)) {
        expect(String((outcome as PromiseRejectedResult).reason)).toBe("TypeError: This AES key has been destroyed.");
      }
      expect(out.every((byte) => byte === 0xee)).toBe(true);
    }
  },
);
