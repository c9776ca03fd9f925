/**
 * Any number of keys at a time: more than the core has slots for, used in turn, left behind or destroyed. And of those
 * that were destroyed, or gave their slot to another, the core's memory holds nothing.
 */
import { createCipheriv, hkdfSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { assembleCore } from "../../src/core/instance.ts";
import { loadCore } from "../../src/core/load.ts";
import type { Aead, Deriver, Engine, HashName } from "../../src/crypto/engine.ts";
import { type WasmEngine, wasmEngine } from "../../src/crypto/wasm.ts";
import { ENGINE_MAKERS } from "./engines.ts";
import { sampleBytes } from "./sample-bytes.ts";

const AEAD_COUNT = 2000;
const DERIVER_COUNT = 5000;
const ROUNDS = 3;
/** All of the slots of assembly/layout.ts. */
const [HASH_KEYS_AT, HASH_KEYS_END, SLOTS_AT] = [49152, 180224, 313344];

const nonce = sampleBytes(12, 12);
const salt = sampleBytes(16, 13);
const info = sampleBytes(139, 14);
const text = sampleBytes(64, 15);
const HASHES: readonly (readonly [HashName, string])[] = [
  ["SHA-256", "sha256"],
  ["SHA-384", "sha384"],
  ["SHA-512", "sha512"],
];

/** An engine over a core whose memory can be seen. */
function open(make: (small: WasmEngine) => Engine) {
  const abi = loadCore();
  const core = assembleCore(abi);
  const fresh = abi.memory.slice();
  const isFresh = (from: number, to: number): boolean =>
    Buffer.compare(abi.memory.subarray(from, to), fresh.subarray(from, to)) === 0;
  const holdsNothing = (): boolean => isFresh(HASH_KEYS_AT, HASH_KEYS_END) && isFresh(SLOTS_AT, fresh.length);
  return { core, engine: make(wasmEngine(core)), memory: Buffer.from(abi.memory.buffer), holdsNothing };
}

/** All but the one that expands nothing in the core. */
const MAKERS = ENGINE_MAKERS.filter(([name]) => name !== "native");

const keyOf = (i: number): Uint8Array => sampleBytes([16, 24, 32][i % 3]!, i + 1);

function sealNatively(i: number): Buffer {
  const key = keyOf(i);
  const cipher = createCipheriv(`aes-${(key.length * 8) as 128 | 192 | 256}-gcm`, key, nonce);
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

const derive = (engine: Engine, i: number): Deriver => engine.deriver(HASHES[i % 3]![0], sampleBytes(32, i + 1), salt);
const deriveNatively = (i: number): Buffer =>
  Buffer.from(hkdfSync(HASHES[i % 3]![1], sampleBytes(32, i + 1), salt, info, 76));

const fill = <Kind>(count: number, make: (i: number) => Kind): Kind[] =>
  Array.from({ length: count }, (_, i) => make(i));

describe.each(MAKERS)("the %s engine", (_, make) => {
  it(`holds ${AEAD_COUNT} AES keys and uses them in turn`, () => {
    const { engine, holdsNothing } = open(make);
    const keys = fill(AEAD_COUNT, (i) => engine.aead(keyOf(i)));
    const expected = fill(AEAD_COUNT, sealNatively);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, key] of keys.entries()) {
        if (Buffer.compare(key.seal(nonce, text), expected[i]!) !== 0) expect.unreachable(`key ${i} seals wrongly`);
        if (Buffer.compare(key.open(nonce, expected[i]!)!, text) !== 0) expect.unreachable(`key ${i} opens wrongly`);
      }
    }
    for (const key of keys) key.destroy();
    for (const key of keys) expect(() => key.seal(nonce, text)).toThrow(TypeError);
    for (const key of keys) expect(() => key.open(nonce, expected[0]!)).toThrow(TypeError);
    expect(holdsNothing()).toBe(true);
  });

  it(`holds ${DERIVER_COUNT} derivation keys and uses them in turn`, () => {
    const { engine, holdsNothing } = open(make);
    const keys = fill(DERIVER_COUNT, (i) => derive(engine, i));
    const expected = fill(DERIVER_COUNT, deriveNatively);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, key] of keys.entries()) {
        if (Buffer.compare(key.expand(info, 76), expected[i]!) !== 0) expect.unreachable(`key ${i} derives wrongly`);
      }
    }
    for (const key of keys) key.destroy();
    for (const key of keys) expect(() => key.expand(info, 76)).toThrow(TypeError);
    expect(holdsNothing()).toBe(true);
  });

  it("keeps what is used often in its slot while others come and go", () => {
    const { core, engine } = open(make);
    let imports = 0;
    const { importKey } = core;
    core.importKey = (bytes) => {
      imports++;
      return importKey(bytes);
    };
    const often = engine.aead(keyOf(0));
    often.seal(nonce, text);
    for (let i = 1; i <= 1000; i++) {
      engine.aead(keyOf(i)).seal(nonce, text);
      expect(often.open(nonce, sealNatively(0))).toEqual(text);
    }
    expect(imports).toBe(1001);
  });

  it("outlives keys that nobody destroys, and leaves slots of the core to others", () => {
    const { core, engine } = open(make);
    const own = [core.importKey(keyOf(1)), core.importDerivationKey("SHA-256", text, salt)] as const;
    for (let i = 0; i < 1500; i++) {
      engine.aead(keyOf(i)).seal(nonce, text);
      derive(engine, i).expand(info, 32);
    }
    const others = fill(
      60,
      (i) => [core.importKey(keyOf(i)), core.importDerivationKey("SHA-512", text, salt)] as const,
    );
    expect(own[0].open(nonce, sealNatively(1))).toEqual(text);
    expect(own[1].expand(info, 32)).toEqual(core.hkdf("SHA-256", text, salt, info, 32));
    expect(Buffer.compare(engine.aead(keyOf(7)).seal(nonce, text), sealNatively(7))).toBe(0);
    for (const pair of others) for (const key of pair) key.destroy();
  });

  it("wipes a key wherever it lies when it is destroyed", () => {
    const { engine, memory, holdsNothing } = open(make);
    const fillers = fill(300, (i) => engine.aead(keyOf(i + 10)));
    const resident: (Aead | Deriver)[] = [engine.aead(keyOf(2)), derive(engine, 3)];
    (resident[0] as Aead).seal(nonce, text);
    (resident[1] as Deriver).expand(info, 32);
    for (const key of resident) key.destroy();
    for (const key of resident) key.destroy();
    expect(holdsNothing()).toBe(true);
    const spilled = engine.aead(keyOf(2));
    spilled.seal(nonce, text);
    for (const key of fillers) key.seal(nonce, text);
    spilled.destroy();
    expect(() => spilled.seal(nonce, text)).toThrow(TypeError);
    for (const key of fillers) key.destroy();
    expect(holdsNothing()).toBe(true);
    for (let i = 0; i < 310; i++) expect(memory.includes(Buffer.from(keyOf(i)))).toBe(false);
  });

  it("wipes the bytes that it keeps outside of the core as well", () => {
    const { core, engine } = open(make);
    const kept: Uint8Array[] = [];
    const { importKey, importPseudorandomKey } = core;
    core.importKey = (bytes) => {
      kept.push(bytes);
      return importKey(bytes);
    };
    core.importPseudorandomKey = (hash, prk) => {
      kept.push(prk);
      return importPseudorandomKey(hash, prk);
    };
    const [aead, deriver] = [engine.aead(keyOf(2)), derive(engine, 4)];
    aead.seal(nonce, text);
    deriver.expand(info, 32);
    expect(kept.map((bytes) => bytes.length)).toEqual([32, 48]);
    expect(kept.every((bytes) => bytes.some((byte) => byte !== 0))).toBe(true);
    aead.destroy();
    deriver.destroy();
    expect(kept.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true);
  });
});
