/**
 * Calls made where the stack ends: some fail halfway, at every place where they call on. No slot may be lost by that, no
 * key left behind, and what is called next is right.
 */
import { describe, expect, it } from "vitest";
import type { Abi } from "../../src/core/abi.ts";
import type { DerivationKey } from "../../src/core/core.ts";
import { assembleCore, type Core } from "../../src/core/instance.ts";
import { loadCore } from "../../src/core/load.ts";
import { wasmEngine } from "../../src/crypto/wasm.ts";
import { sampleBytes } from "../crypto/sample-bytes.ts";

const KEY = sampleBytes(32, 1);
const SALT = sampleBytes(16, 2);
const NONCE = sampleBytes(12, 3);
/** Of assembly/layout.ts. */
const HASH_AT = 32768;
const HASH_KEYS_AT = 49152;
const INPUT_AT = 180224;
const SLOTS_AT = 313344;
const SLOT_BYTES = 6432;

let failures = 0;
/** What failed calls left at the start of this window. */
let window = new Uint8Array(1);
let leftovers = 0;

/** Goes to the end of the stack and calls `make` one frame further up at a time, until it succeeds. */
function insist<Made>(make: () => Made): Made {
  let made: Made | undefined;
  const descend = (): boolean => {
    let done = false;
    try {
      done = descend();
    } catch {
      // The end of the stack.
    }
    if (done) return true;
    try {
      made = make();
      return true;
    } catch {
      failures++;
      leftovers |= window[0]!;
      return false;
    }
  };
  descend();
  return made!;
}

/** Does so from starting points that lie 8 bytes apart. */
function insistEverywhere<Made>(make: () => Made): Made[] {
  failures = 0;
  const start = (..._padding: number[]): Made => insist(make);
  const all = Array.from({ length: 24 }, (_, words) => start(...new Array<number>(words).fill(0)));
  expect(failures).toBeGreaterThan(all.length);
  return all;
}

function open(): { abi: Abi; core: Core; unchanged: () => boolean } {
  const abi = loadCore();
  const fresh = abi.memory.slice();
  const same = (from: number, to: number): boolean =>
    Buffer.compare(abi.memory.subarray(from, to), fresh.subarray(from, to)) === 0;
  return {
    abi,
    core: assembleCore(abi),
    unchanged: () => same(HASH_KEYS_AT, INPUT_AT) && same(SLOTS_AT, fresh.length),
  };
}

/** Takes every slot, and frees them again. */
function fill(count: number, take: (i: number) => { destroy(): void }): void {
  const taken = Array.from({ length: count }, (_, i) => take(i));
  expect(() => take(count)).toThrow(/in use/);
  for (const key of taken) key.destroy();
}

describe("an AES key", () => {
  const expected = assembleCore(loadCore()).importKey(KEY).seal(NONCE, SALT);
  const expectAllFree = (core: Core, unchanged: () => boolean): void => {
    fill(256, () => core.importKey(KEY));
    expect(unchanged()).toBe(true);
  };

  it("takes no slot if its import failed, and one if not", () => {
    const { core, unchanged } = open();
    const keys = insistEverywhere(() => core.importKey(KEY));
    for (const key of keys) expect(key.seal(NONCE, SALT)).toEqual(expected);
    for (const key of keys) key.destroy();
    expectAllFree(core, unchanged);
  });

  it("is gone when `destroy` was tried, and its slot is wiped before another key is there", () => {
    const { abi, core, unchanged } = open();
    const wrong = core.importKey(sampleBytes(32, 9));
    for (let i = 0; i < 30; i++) {
      const key = core.importKey(KEY);
      insist(() => key.destroy());
      expect(() => key.seal(NONCE, SALT)).toThrow(TypeError);
    }
    wrong.destroy();
    const small = core.importKey(new Uint8Array(16));
    const used = abi.memory.slice(SLOTS_AT, SLOTS_AT + SLOT_BYTES);
    const clean = open();
    clean.core.importKey(new Uint8Array(16));
    expect(Buffer.compare(used, clean.abi.memory.subarray(SLOTS_AT, SLOTS_AT + SLOT_BYTES))).toBe(0);
    small.destroy();
    expectAllFree(core, unchanged);
  });

  it("seals and opens rightly after a message that failed halfway, which leaves nothing in the window", () => {
    const { abi, core, unchanged } = open();
    const key = core.importKey(KEY);
    for (const sealed of insistEverywhere(() => key.seal(NONCE, SALT))) expect(sealed).toEqual(expected);
    // Sealing leaves ciphertext there.
    abi.input.fill(0);
    window = abi.input as typeof window;
    leftovers = 0;
    for (const opened of insistEverywhere(() => key.open(NONCE, expected))) expect(opened).toEqual(SALT);
    expect(leftovers).toBe(0);
    key.destroy();
    expectAllFree(core, unchanged);
  });
});

describe("a derivation key", () => {
  const expected = assembleCore(loadCore()).hkdf("SHA-256", KEY, SALT, NONCE, 76);
  const expectAllFree = (core: Core, unchanged: () => boolean): void => {
    fill(1024, (i) => core.importDerivationKey("SHA-256", sampleBytes(32, i), SALT));
    expect(unchanged()).toBe(true);
  };

  it("takes no slot if its import failed, and one if not", () => {
    const { core, unchanged } = open();
    const keys = insistEverywhere(() => core.importDerivationKey("SHA-256", KEY, SALT));
    for (const key of keys) expect(key.expand(NONCE, 76)).toEqual(expected);
    for (const key of keys) key.destroy();
    expectAllFree(core, unchanged);
  });

  it("is gone when `destroy` was tried, and expands rightly after an expansion that failed", () => {
    const { core, unchanged } = open();
    for (let i = 0; i < 30; i++) {
      const key = core.importDerivationKey("SHA-256", KEY, SALT);
      expect(insist(() => key.expand(NONCE, 76))).toEqual(expected);
      insist(() => key.destroy());
      expect(() => key.expand(NONCE, 76)).toThrow(TypeError);
    }
    expectAllFree(core, unchanged);
  });
});

describe("a derivation", () => {
  const packed = { secrets: sampleBytes(90, 4), lengths: Uint32Array.of(20, 30, 40) };
  const infos = { infos: packed.secrets, lengths: packed.lengths };
  const works: [string, (core: Core, key: DerivationKey) => Uint8Array][] = [
    ["at once", (core) => core.hkdf("SHA-512", KEY, SALT, NONCE, 76)],
    ["from many secrets", (core) => core.hkdfMany("SHA-256", SALT, packed, 76)],
    ["with many infos", (_, key) => key.expandMany(infos, 76)],
  ];

  it.each(works)("%s is right after one that failed halfway, and leaves nothing", (_, work) => {
    const core = assembleCore(loadCore());
    const expected = work(core, core.importDerivationKey("SHA-256", KEY, SALT));
    const { abi, core: tried, unchanged } = open();
    const key = tried.importDerivationKey("SHA-256", KEY, SALT);
    for (const derived of insistEverywhere(() => work(tried, key))) expect(derived).toEqual(expected);
    key.destroy();
    expect(unchanged()).toBe(true);
    const working = abi.memory.subarray(HASH_AT, SLOTS_AT);
    expect(working.every((byte) => byte === 0)).toBe(true);
  });
});

describe("a key of an engine", () => {
  const sealed = assembleCore(loadCore()).importKey(KEY).seal(NONCE, SALT);
  const derived = assembleCore(loadCore()).hkdf("SHA-256", KEY, SALT, NONCE, 76);

  it("loses no slot, whatever fails: making it, using it, taking another's slot for it, destroying it", () => {
    const { core, unchanged } = open();
    const engine = wasmEngine(core);
    const others = Array.from({ length: 800 }, (_, i) => {
      const other = engine.aead(sampleBytes(32, i));
      other.seal(NONCE, SALT);
      const deriver = engine.deriver("SHA-256", sampleBytes(32, i), SALT);
      deriver.expand(NONCE, 76);
      return [other, deriver] as const;
    }).flat();
    const keys = insistEverywhere(() => engine.aead(KEY));
    const derivers = insistEverywhere(() => engine.deriver("SHA-256", KEY, SALT));
    for (const key of keys) expect(insist(() => key.seal(NONCE, SALT))).toEqual(sealed);
    for (const key of derivers) expect(insist(() => key.expand(NONCE, 76))).toEqual(derived);
    for (const key of [...keys, ...derivers, ...others]) insist(() => key.destroy());
    for (const key of keys) expect(() => key.seal(NONCE, SALT)).toThrow(TypeError);
    for (const key of derivers) expect(() => key.expand(NONCE, 76)).toThrow(TypeError);
    fill(256, () => core.importKey(KEY));
    fill(1024, () => core.importDerivationKey("SHA-256", KEY, SALT));
    expect(unchanged()).toBe(true);
  });
});
