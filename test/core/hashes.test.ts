/** What the hashes promise beyond right answers: wiped memory, slots that end, and a status for every call out of turn. */
import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { createCore } from "../../src/core/core.ts";
import { type DerivationKey, DerivationSlots } from "../../src/core/derivation-key.ts";
import { HashCalls, type HashExports, type HashWindow } from "../../src/core/hash-calls.ts";
import { createHashes, type Hashes } from "../../src/core/hashes.ts";
import { sampleBytes } from "../crypto/sample-bytes.ts";

const KIB = 1024;
/** The regions of assembly/layout.ts that the hashes use; constants and which slots are taken lie before STATIC. */
const STATIC = 16 * KIB;
const LENGTHS = 40 * KIB;
const HASH_KEYS = 48 * KIB;
const INPUT = 176 * KIB;
const OUTPUT = 241 * KIB;
const SLOTS = 306 * KIB;
const CHUNK_BYTES = 64 * KIB;
const SLOT_COUNT = 1024;
const LENGTH_COUNT = 2048;
const OK = 0;
const BAD_ARGUMENT = -1;
const BAD_STATE = -2;
const NAMES = ["SHA-224", "SHA-256", "SHA-384", "SHA-512"] as const;

const file = new URL(`../../build/core-${createCore().simd}.wasm`, import.meta.url);
const module = new WebAssembly.Module(readFileSync(file));
let core: HashExports;
let memory: Uint8Array;
let fresh: Uint8Array;
let window: HashWindow;
let hashes: Hashes;

function hashesOver(exports: HashExports): Hashes {
  const calls = new HashCalls(exports, window);
  return createHashes(calls, new DerivationSlots(calls));
}

beforeEach(() => {
  const { exports } = new WebAssembly.Instance(module);
  core = exports as unknown as HashExports;
  memory = new Uint8Array((exports.memory as WebAssembly.Memory).buffer);
  window = {
    input: memory.subarray(INPUT, INPUT + CHUNK_BYTES),
    output: memory.subarray(OUTPUT, OUTPUT + CHUNK_BYTES),
    lengths: new Uint32Array(memory.buffer, LENGTHS, LENGTH_COUNT),
  };
  hashes = hashesOver(core);
  fresh = memory.slice();
});

/** Whether nothing but zeros lies in a region. */
const isClear = (from: number, to: number) => memory.subarray(from, to).every((byte) => byte === 0);
/** Whether all of memory is as in the beginning, but for the slots and for which of them are taken (in STATIC). */
const isWiped = () =>
  Buffer.compare(memory.subarray(STATIC, HASH_KEYS), fresh.subarray(STATIC, HASH_KEYS)) === 0 &&
  Buffer.compare(memory.subarray(INPUT), fresh.subarray(INPUT)) === 0;

/** Where any run of 8 bytes of `secret` lies in memory. */
function findRuns(secret: Uint8Array): number[] {
  const text = Buffer.from(memory.buffer);
  const runs = Array.from({ length: secret.length >> 3 }, (_, i) => secret.subarray(8 * i, 8 * i + 8));
  return runs.map((run) => text.indexOf(run)).filter((at) => at >= 0);
}

/** Records of these lengths, end to end. */
function pack(lengths: number[], seed: number) {
  const bytes = sampleBytes(
    lengths.reduce((sum, length) => sum + length, 0),
    seed,
  );
  return { bytes, lengths: Uint32Array.from(lengths) };
}

describe("wiping", () => {
  const long = sampleBytes(150_000);

  it.each(NAMES)("leaves nothing of %s, HMAC or HKDF in the core's memory", (name) => {
    for (const length of [0, 1, 63, 64, 65, 127, 128, 129, 1000, CHUNK_BYTES, long.length]) {
      const bytes = long.subarray(0, length);
      hashes.hash(name, bytes);
      expect(isWiped(), `hash of ${length} bytes`).toBe(true);
      hashes.hmac(name, bytes, bytes);
      expect(isWiped(), `hmac of ${length} bytes`).toBe(true);
      hashes.hkdf(name, bytes, bytes, bytes.subarray(0, CHUNK_BYTES), 76);
      expect(isWiped(), `hkdf of ${length} bytes`).toBe(true);
      const key = hashes.importDerivationKey(name, bytes, bytes);
      expect(isWiped(), `import of ${length} bytes`).toBe(true);
      expect(isClear(HASH_KEYS, INPUT)).toBe(false);
      key.expand(bytes.subarray(0, CHUNK_BYTES), 255 * 28);
      expect(isWiped(), `expand with ${length} bytes`).toBe(true);
      key.destroy();
      expect(isClear(HASH_KEYS, INPUT), `destroy after ${length} bytes`).toBe(true);
      if (length < 64 || length > CHUNK_BYTES) continue;
      const given = hashes.importPseudorandomKey(name, bytes);
      expect(isWiped(), `import of a pseudorandom key of ${length} bytes`).toBe(true);
      given.destroy();
      expect(isClear(HASH_KEYS, INPUT)).toBe(true);
    }
  });

  it.each(NAMES)("leaves nothing of a batch with %s", (name) => {
    const key = hashes.importDerivationKey(name, sampleBytes(32, 3), sampleBytes(16, 4));
    for (const lengths of [[], [40], [0, 90, 3], [32, 32, 32, 32], [1, 2, 200, 64, 9], [30_000, 40_000, 5]]) {
      const infos = pack(lengths, 5);
      const secrets = pack(lengths.toReversed(), 6);
      for (const lengthBytes of [0, 12, 32, 76]) {
        key.expandMany({ infos: infos.bytes, lengths: infos.lengths }, lengthBytes);
        expect(isWiped(), `expansion of ${lengths}`).toBe(true);
        const records = { secrets: secrets.bytes, lengths: secrets.lengths };
        hashes.hkdfMany(name, long.subarray(0, 20), records, lengthBytes);
        hashes.hkdfMany(name, long, { ...records, infos: infos.bytes, infoLengths: infos.lengths }, lengthBytes);
        expect(isWiped(), `derivation from ${lengths}`).toBe(true);
      }
    }
    key.destroy();
    expect(isClear(HASH_KEYS, INPUT)).toBe(true);
  });

  it.each(NAMES)("keeps a key of %s in no form but the one it is used in", (name) => {
    const [secret, salt, info] = [sampleBytes(64, 3), sampleBytes(64, 4), sampleBytes(64, 5)];
    const prk = hashes.hmac(name, salt, secret);
    const okm = hashes.hkdf(name, secret, salt, info, 200);
    memory.set(prk.subarray(4, 28), 1_500_001);
    expect(findRuns(prk.subarray(4)), "the scan finds what is there").toEqual([1_500_001, 1_500_009, 1_500_017]);
    memory.fill(0, 1_500_001, 1_500_025);
    const key = hashes.importDerivationKey(name, secret, salt);
    const infos = { infos: info, lengths: Uint32Array.of(16, 16, 32) };
    const derived = [key.expand(info, 200), key.expandMany(infos, 64)];
    for (const gone of [secret, salt, info, prk, okm, ...derived]) expect(findRuns(gone)).toEqual([]);
    key.destroy();
  });

  it.each([false, true])("leaves nothing when a call breaks off (after its work: %s)", (worked) => {
    const calls = ["hashDigest", "hashFinish", "hmacTag", "hmacFinish", "hkdfDerive", "hkdfExpand"] as const;
    const batches = ["hkdfDeriveMany", "hkdfExpandMany"] as const;
    const breaking = [...calls, ...batches].map((name) => [
      name,
      (...values: number[]) => {
        if (worked) (core[name] as (...values: number[]) => number)(...values);
        return BAD_STATE;
      },
    ]);
    const broken = hashesOver({ ...core, ...Object.fromEntries(breaking) });
    const salt = sampleBytes(20);
    const key = broken.importDerivationKey("SHA-512", long, salt);
    const lengths = Uint32Array.of(5, 9, 6);
    for (const call of [
      () => broken.hash("SHA-256", long),
      () => broken.hash("SHA-256", salt),
      () => broken.hmac("SHA-384", salt, long),
      () => broken.hmac("SHA-384", salt, salt),
      () => broken.hkdf("SHA-512", long, salt, salt, 32),
      () => broken.hkdf("SHA-512", salt, salt, salt, 32),
      () => broken.hkdfMany("SHA-256", salt, { secrets: salt, lengths }, 32),
      () => broken.hkdfMany("SHA-256", salt, { secrets: long, lengths: Uint32Array.of(long.length) }, 32),
      () => key.expand(salt, 32),
      () => key.expandMany({ infos: salt, lengths }, 32),
    ]) {
      expect(call).toThrow("status -2");
      expect(isWiped()).toBe(true);
    }
    expect(hashes.hash("SHA-256", long)).toEqual(hashes.hash("SHA-256", long.slice()));
  });
});

describe("derivation keys", () => {
  it("hold 1,024 at a time, say so when there are more, and reuse what was destroyed", () => {
    const keys: DerivationKey[] = [];
    const salt = sampleBytes(16);
    const importKey = (i: number) => hashes.importDerivationKey(NAMES[i % 3]!, sampleBytes(32, i), salt);
    for (let i = 0; i < SLOT_COUNT; i++) keys.push(importKey(i));
    expect(() => importKey(0)).toThrow(/1,024 derivation keys .* destroy/);
    expect(isWiped()).toBe(true);
    for (const i of [700, 3, 1023, 0]) keys[i]!.destroy();
    for (const i of [0, 3, 1023, 700]) keys[i] = importKey(i);
    expect(() => importKey(0)).toThrow(/in use/);
    for (const [i, key] of keys.entries()) {
      const expected = hashes.hkdf(NAMES[i % 3]!, sampleBytes(32, i), salt, salt, 48);
      expect(Buffer.compare(key.expand(salt, 48), expected), `key ${i}`).toBe(0);
    }
    for (const key of keys) key.destroy();
    expect(isClear(HASH_KEYS, INPUT)).toBe(true);
  });

  it.each(NAMES)("come from a secret and a salt or from what was extracted from them, with %s", (name) => {
    const [secret, salt, info] = [sampleBytes(40, 1), sampleBytes(20, 2), sampleBytes(30, 3)];
    const prk = hashes.hmac(name, salt, secret);
    const key = hashes.importPseudorandomKey(name, prk);
    const length = prk.length;
    expect(key.expand(info, 200)).toEqual(hashes.hkdf(name, secret, salt, info, 200));
    prk.fill(0);
    expect(key.expand(info, 200), "the caller's bytes are wiped").toEqual(hashes.hkdf(name, secret, salt, info, 200));
    for (const wrong of [0, 1, length - 1, CHUNK_BYTES + 1]) {
      expect(() => hashes.importPseudorandomKey(name, new Uint8Array(wrong))).toThrow(RangeError);
    }
    expect(() => hashes.importPseudorandomKey("SHA-1" as "SHA-256", sampleBytes(64))).toThrow(TypeError);
    expect(() => hashes.importPseudorandomKey(name, null as unknown as Uint8Array)).toThrow(TypeError);
    const long = sampleBytes(CHUNK_BYTES);
    const [whole, hashed] = [long, hashes.hash(name, long)].map((bytes) => hashes.importPseudorandomKey(name, bytes));
    expect(whole!.expand(info, 64), "a key longer than a block counts as its digest").toEqual(hashed!.expand(info, 64));
  });

  it("never touch the slot of another key after `destroy`", () => {
    const first = hashes.importDerivationKey("SHA-256", sampleBytes(32, 1), sampleBytes(0));
    first.destroy();
    const second = hashes.importDerivationKey("SHA-256", sampleBytes(32, 2), sampleBytes(0));
    const expected = second.expand(sampleBytes(3), 64);
    first.destroy();
    expect(() => first.expand(sampleBytes(3), 64)).toThrow(TypeError);
    expect(second.expand(sampleBytes(3), 64)).toEqual(expected);
  });
});

describe("the calls of the core", () => {
  const CURRENT = -1;

  it("refuse what is out of turn and go on as if it had not been asked", () => {
    const outOfTurn = () => [
      core.hashUpdate(1),
      core.hashFinish(),
      core.hmacFinish(),
      core.hkdfExtract(),
      core.hkdfKeep(),
      core.hkdfExpand(CURRENT, 0, 32),
      core.hkdfDeriveMany(1, 32),
    ];
    expect(new Set(outOfTurn())).toEqual(new Set([BAD_STATE]));

    expect(core.hashBegin(1)).toBe(OK);
    expect([core.hmacFinish(), core.hkdfExtract(), core.hkdfKeep(), core.hkdfExpand(CURRENT, 0, 1)]).toEqual(
      Array(4).fill(BAD_STATE),
    );
    expect(core.hkdfDeriveMany(0, 0)).toBe(BAD_STATE);
    expect(core.hashFinish()).toBe(OK);
    const empty = memory.slice(OUTPUT, OUTPUT + 32);
    expect(empty).toEqual(hashes.hash("SHA-256", new Uint8Array(0)));

    expect(core.hmacBegin(1, 0)).toBe(OK);
    expect([core.hashFinish(), core.hkdfKeep(), core.hkdfExpand(CURRENT, 0, 1)]).toEqual(Array(3).fill(BAD_STATE));
    expect(core.hkdfExtract()).toBe(OK);
    expect([core.hashUpdate(0), core.hashFinish(), core.hmacFinish(), core.hkdfExtract()]).toEqual(
      Array(4).fill(BAD_STATE),
    );
    core.hashWipe();
    expect(new Set(outOfTurn())).toEqual(new Set([BAD_STATE]));
  });

  it("refuse unknown hashes, lengths over the limit and handles that name no key, and never trap", () => {
    const numbers = [-(2 ** 31), -1, 2 ** 31 - 1];
    const over = [...numbers, CHUNK_BYTES + 1];
    for (const hash of [...numbers, 0, 5]) {
      const calls = [core.hashBegin(hash), core.hmacBegin(hash, 0), core.hkdfImport(hash, 32)];
      calls.push(core.hashDigest(hash, 0), core.hmacTag(hash, 0, 0), core.hkdfDerive(hash, 0, 0, 0, 0));
      expect(calls).toEqual(Array(6).fill(BAD_ARGUMENT));
    }
    for (const length of over) {
      expect([core.hmacBegin(2, length), core.hkdfImport(2, length)]).toEqual([BAD_ARGUMENT, BAD_ARGUMENT]);
      expect([core.hashDigest(2, length), core.hmacTag(2, length, 0), core.hmacTag(2, 0, length)]).toEqual(
        Array(3).fill(BAD_ARGUMENT),
      );
      const [salt, secret, info] = [[length], [0, length], [0, 0, length]].map((lengths) => {
        const [first = 0, second = 0, third = 0] = lengths;
        return core.hkdfDerive(2, first, second, third, 32);
      });
      expect([salt, secret, info]).toEqual(Array(3).fill(BAD_ARGUMENT));
      expect(core.hashBegin(2)).toBe(OK);
      expect(core.hashUpdate(length)).toBe(BAD_ARGUMENT);
    }
    // Each of them fits, but not all of them.
    expect(core.hmacTag(1, CHUNK_BYTES, 1)).toBe(BAD_ARGUMENT);
    expect(core.hkdfDerive(1, CHUNK_BYTES - 2, 1, 2, 32)).toBe(BAD_ARGUMENT);
    for (const handle of [...numbers.slice(2), -(2 ** 31), 0, 1, SLOT_COUNT - 1, SLOT_COUNT]) {
      const calls = [core.hkdfExpand(handle, 0, 1), core.hkdfExpandMany(handle, 0, 1), core.hkdfDrop(handle)];
      expect(calls).toEqual(Array(3).fill(BAD_ARGUMENT));
    }
    for (const [hash, limit] of [255 * 32, 255 * 48, 255 * 64].entries()) {
      for (const length of [...numbers, limit + 1])
        expect(core.hkdfDerive(hash + 1, 0, 0, 0, length)).toBe(BAD_ARGUMENT);
      core.hmacBegin(hash + 1, 0);
      core.hkdfExtract();
      for (const length of [...numbers, limit + 1]) expect(core.hkdfExpand(CURRENT, 0, length)).toBe(BAD_ARGUMENT);
      for (const length of over) expect(core.hkdfExpand(CURRENT, length, 1)).toBe(BAD_ARGUMENT);
      expect(core.hkdfDrop(CURRENT), "no slot").toBe(BAD_ARGUMENT);
      expect(core.hkdfExpand(CURRENT, CHUNK_BYTES, limit)).toBe(OK);
    }
  });

  it("refuse batches that are too large", () => {
    core.hmacBegin(1, 0);
    core.hkdfExtract();
    const handle = core.hkdfKeep();
    const calls = (count: number, lengthBytes: number) => {
      const expanded = core.hkdfExpandMany(handle, count, lengthBytes);
      core.hmacBegin(1, 0);
      return [expanded, core.hkdfDeriveMany(count, lengthBytes)];
    };
    const refused = [BAD_ARGUMENT, BAD_ARGUMENT];
    for (const count of [LENGTH_COUNT + 1, -1, -(2 ** 31), 2 ** 31 - 1]) expect(calls(count, 0)).toEqual(refused);
    for (const length of [255 * 32 + 1, -1, 2 ** 31 - 1]) expect(calls(1, length)).toEqual(refused);
    expect(calls(9, 255 * 32), "results larger than the window").toEqual(refused);
    expect(calls(LENGTH_COUNT, 32)).toEqual([OK, BAD_ARGUMENT]);
    expect(calls(LENGTH_COUNT / 2, 32)).toEqual([OK, OK]);
    for (const lengths of [
      [CHUNK_BYTES + 1],
      [CHUNK_BYTES, 1],
      [1, CHUNK_BYTES],
      [2 ** 32 - 1, 2],
      [2 ** 31, 2 ** 31],
    ]) {
      for (const fill of [() => window.lengths.set(lengths), () => window.lengths.set(lengths, 1)]) {
        window.lengths.fill(0);
        fill();
        expect(calls(3, 1), `${lengths}`).toEqual(refused);
      }
    }
    window.lengths.fill(0);
    window.lengths.set([CHUNK_BYTES - 3, 1, 2]);
    expect(calls(3, 1)[0]).toBe(OK);
    window.lengths.set([1, CHUNK_BYTES - 4, 1, 2]);
    expect(calls(2, 1)[1]).toBe(OK);
    window.lengths.fill(0);
    core.hkdfDrop(handle);
    expect(isWiped()).toBe(false);
    core.hashWipe();
    memory.fill(0, OUTPUT, SLOTS);
    expect(isWiped()).toBe(true);
  });
});
