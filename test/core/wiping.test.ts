/** Proves by looking at all of the core's memory that keys and plaintexts are gone when they should be. */
import { createCipheriv } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import type { Abi } from "../../src/core/abi.ts";
import type { CoreAead } from "../../src/core/aead.ts";
import { assembleCore, type Core } from "../../src/core/instance.ts";
import { loadCore } from "../../src/core/load.ts";

const KEY = Uint8Array.from({ length: 32 }, (_, i) => (i * 89 + 41) & 255);
const NONCE = Uint8Array.from({ length: 12 }, (_, i) => 200 - i);
const AAD = new TextEncoder().encode("public: department=payroll");
const SLOTS_AT = 313344;
const SLOT_BYTES = 6432;

let abi: Abi;
let core: Core;
let fresh: Uint8Array;
beforeEach(() => {
  abi = loadCore();
  core = assembleCore(abi);
  fresh = abi.memory.slice();
});

const secretText = (lengthBytes: number): Uint8Array =>
  Uint8Array.from({ length: lengthBytes }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 13) & 255);

function encryptBlock(block: Uint8Array): Buffer {
  return createCipheriv("aes-256-ecb", KEY, null).setAutoPadding(false).update(block);
}

/** Where memory holds any of the runs of 8 bytes that `secret` is made of. */
function findRuns(secret: Uint8Array): number[] {
  const text = Buffer.from(secret);
  const runs = new Map<number, Buffer>();
  for (let at = 0; at + 8 <= text.length; at += 8) runs.set(text.readInt32LE(at), text.subarray(at, at + 8));
  const memory = Buffer.from(abi.memory.buffer);
  const found: number[] = [];
  let window = memory.readInt32LE(0);
  for (let at = 0; at + 8 <= memory.length; at++) {
    const run = runs.get(window);
    if (run?.equals(memory.subarray(at, at + 8))) found.push(at);
    window = (window >>> 8) | (memory[at + 4]! << 24);
  }
  return found;
}

/** The key, H (the cipher of the zero block) and the tag's mask E(J0). */
function keySecrets(): Uint8Array[] {
  const first = new Uint8Array(16);
  first.set(NONCE);
  first[15] = 1;
  return [KEY, encryptBlock(new Uint8Array(16)), encryptBlock(first)];
}

/** Where memory differs from a fresh instance, outside the window. */
function changedOutsideWindow(): number[] {
  const windowStart = abi.input.byteOffset;
  const places: number[] = [];
  for (const [i, byte] of abi.memory.entries()) {
    if (byte !== fresh[i] && (i < windowStart || i >= SLOTS_AT)) places.push(i);
  }
  return places;
}

/** A key that has sealed such messages before, so that another one leaves its slot as it is. */
function importWarm(from: Core, lengthBytes: number): CoreAead {
  const aead = from.importKey(KEY);
  for (let i = 0; i < 3; i++) aead.seal(NONCE, new Uint8Array(lengthBytes), AAD);
  return aead;
}

/** Expects that memory holds none of these, but for the key in its own slot. */
function expectNone(secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) {
    const found = findRuns(secret);
    expect(secret === KEY ? found.filter((at) => at < SLOTS_AT || at >= SLOTS_AT + SLOT_BYTES) : found).toEqual([]);
  }
}

it("the scan finds what is there", () => {
  const secret = secretText(100);
  abi.memory.set(secret.subarray(40, 60), 1_000_003);
  expect(findRuns(secret)).toEqual([1_000_003, 1_000_011]);
});

describe("after a key is imported", () => {
  it("memory holds it in expanded form in its slot, and nowhere else", () => {
    core.importKey(KEY);
    const places = changedOutsideWindow();
    expect(places.length).toBeGreaterThan(1000);
    expect(Math.min(...places)).toBeGreaterThanOrEqual(SLOTS_AT);
    expect(Math.max(...places)).toBeLessThan(SLOTS_AT + SLOT_BYTES);
    // A round key or two are the key itself.
    expect(findRuns(KEY).every((at) => at >= SLOTS_AT && at < SLOTS_AT + SLOT_BYTES)).toBe(true);
    for (const secret of keySecrets().slice(1)) expect(findRuns(secret)).toEqual([]);
    expect(abi.input.every((byte) => byte === 0)).toBe(true);
  });
});

describe.each([0, 5, 64, 96, 100, 4000, 65_536, 65_537, 200_000])("a message of %i bytes", (lengthBytes) => {
  const plaintext = secretText(lengthBytes);

  it("leaves no trace of the plaintext, of key stream or of the hash key", () => {
    const aead = importWarm(core, lengthBytes);
    const keyed = abi.memory.slice();
    const unchanged = (): boolean => {
      const start = abi.input.byteOffset;
      return (
        Buffer.compare(abi.memory.subarray(0, start), keyed.subarray(0, start)) === 0 &&
        Buffer.compare(abi.memory.subarray(SLOTS_AT), keyed.subarray(SLOTS_AT)) === 0
      );
    };
    const sealed = aead.seal(NONCE, plaintext, AAD);
    expect(unchanged()).toBe(true);
    expectNone([plaintext, ...keySecrets()]);
    aead.open(NONCE, sealed, AAD);
    expect(unchanged()).toBe(true);
    expectNone([plaintext, ...keySecrets()]);
    sealed[0]! ^= 1;
    expect(aead.open(NONCE, sealed, AAD)).toBeUndefined();
    expect(unchanged()).toBe(true);
    expectNone([plaintext, ...keySecrets()]);
  });

  it("leaves bare key stream nowhere in the window", () => {
    const zeros = new Uint8Array(lengthBytes);
    const aead = core.importKey(KEY);
    const stream = Buffer.from(createCipheriv("aes-256-gcm", KEY, NONCE).update(new Uint8Array(lengthBytes + 256)));
    aead.seal(NONCE, zeros);
    // The ciphertext of zeros is key stream itself; what follows it must not be.
    abi.input.fill(0);
    const after = stream.subarray(lengthBytes + 16);
    expect(findRuns(after)).toEqual([]);
  });
});

describe("after a key is destroyed", () => {
  it("memory is as it was before, but for public bytes in the window", () => {
    const aead = core.importKey(KEY);
    aead.open(NONCE, aead.seal(NONCE, secretText(1000), AAD), AAD);
    aead.destroy();
    expect(changedOutsideWindow()).toEqual([]);
  });
});

describe("a call that fails halfway", () => {
  it.each(["gcmSeal", "gcmOpen", "gcmEncrypt", "gcmFinish", "gcmCheck", "gcmVerify", "gcmDecrypt"] as const)(
    "(%s) leaves scratch and window wiped",
    (broken) => {
      let armed = false;
      const exports = {
        ...abi.exports,
        [broken]: (...values: [number, number, number]) => {
          (abi.exports[broken] as (...values: number[]) => number)(...values);
          if (!armed) return 0;
          throw new Error("fault");
        },
      };
      const faulty = assembleCore({ ...abi, exports });
      const aead = importWarm(faulty, 64);
      const keyed = abi.memory.slice();
      const good = assembleCore(loadCore()).importKey(KEY);
      armed = true;
      let failures = 0;
      for (const lengthBytes of [64, 70_000]) {
        const plaintext = secretText(lengthBytes);
        const sealed = good.seal(NONCE, plaintext, AAD);
        for (const use of [() => aead.seal(NONCE, plaintext, AAD), () => aead.open(NONCE, sealed, AAD)]) {
          try {
            use();
          } catch (error) {
            expect((error as Error).message).toBe("fault");
            failures++;
            expect(abi.input.every((byte) => byte === 0)).toBe(true);
          }
          const start = abi.input.byteOffset;
          expect(Buffer.compare(abi.memory.subarray(0, start), keyed.subarray(0, start))).toBe(0);
          expect(findRuns(plaintext)).toEqual([]);
        }
      }
      expect(failures).toBeGreaterThan(0);
    },
  );
});
