/** The core's exports by themselves: their order is enforced, no argument makes them trap, memory is what was planned. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type CoreExports, OK, openAbi, REFUSED, SLOT_COUNT } from "../../src/core/abi.ts";
import { createCore } from "../../src/core/core.ts";

const BAD_ARGUMENT = -1;
const BAD_STATE = -2;
const { simd } = createCore();
const bytes = readFileSync(new URL(`../../build/core-${simd}.wasm`, import.meta.url));
const module = new WebAssembly.Module(bytes);

function open() {
  const exports = new WebAssembly.Instance(module).exports as unknown as CoreExports;
  return openAbi(exports, simd);
}

const NUMBERS = [-1, -16, -65536, 15, 17, 31, 65537, 65552, 2 ** 31 - 1, -(2 ** 31), SLOT_COUNT, SLOT_COUNT + 1];

describe("the module", () => {
  it("imports nothing, has 2 MiB of memory that cannot grow, and at most 64 KiB of code", () => {
    expect(WebAssembly.Module.imports(module)).toEqual([]);
    expect(bytes.length).toBeLessThanOrEqual(65536);
    const { memory } = new WebAssembly.Instance(module).exports as { memory: WebAssembly.Memory };
    expect(memory.buffer.byteLength).toBe(2 ** 21);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });
});

describe("calls", () => {
  it("refuse slots that do not exist or hold no key", () => {
    const { exports } = open();
    for (const slot of [-1, SLOT_COUNT, 2 ** 31 - 1, -(2 ** 31)]) {
      expect(exports.keyExpand(slot, 32)).toBe(BAD_ARGUMENT);
      expect(exports.keyWipe(slot)).toBe(BAD_ARGUMENT);
    }
    for (const slot of [-1, 0, SLOT_COUNT - 1, SLOT_COUNT]) {
      expect(exports.gcmSeal(slot, 0, 0)).toBe(BAD_ARGUMENT);
      expect(exports.gcmOpen(slot, 0, 0)).toBe(BAD_ARGUMENT);
      expect(exports.gcmBegin(slot)).toBe(BAD_ARGUMENT);
    }
    expect(exports.keyExpand(3, 32)).toBe(OK);
    expect(exports.gcmBegin(3)).toBe(OK);
    expect(exports.keyWipe(3)).toBe(OK);
    expect(exports.gcmSeal(3, 0, 0)).toBe(BAD_ARGUMENT);
  });

  it("refuse lengths over their limits", () => {
    const { exports } = open();
    for (const length of [0, 1, 15, 17, 23, 25, 31, 33, 64, -1, -16]) {
      expect(exports.keyExpand(0, length)).toBe(BAD_ARGUMENT);
    }
    exports.keyExpand(0, 32);
    for (const length of [65537, 2 ** 31 - 1, -(2 ** 31), -1, -65536]) {
      expect(exports.gcmSeal(0, length, 0)).toBe(BAD_ARGUMENT);
      expect(exports.gcmSeal(0, 0, length)).toBe(BAD_ARGUMENT);
      expect(exports.gcmOpen(0, length, 0)).toBe(BAD_ARGUMENT);
      expect(exports.gcmOpen(0, 0, length)).toBe(BAD_ARGUMENT);
      exports.gcmBegin(0);
      expect(exports.gcmAad(length)).toBe(BAD_ARGUMENT);
      expect(exports.gcmEncrypt(length)).toBe(BAD_ARGUMENT);
      expect(exports.gcmCheck(length)).toBe(BAD_ARGUMENT);
    }
  });

  it("refuse to come out of turn", () => {
    const { exports } = open();
    const steps = ["gcmAad", "gcmEncrypt", "gcmCheck", "gcmDecrypt", "gcmFinish", "gcmVerify"] as const;
    const refusesAllBut = (allowed: readonly string[]) => {
      for (const step of steps) if (!allowed.includes(step)) expect(exports[step](0), step).toBe(BAD_STATE);
    };
    refusesAllBut([]);
    exports.keyExpand(0, 32);
    exports.gcmBegin(0);
    refusesAllBut(["gcmAad", "gcmEncrypt", "gcmCheck", "gcmFinish", "gcmVerify"]);
    expect(exports.gcmEncrypt(10)).toBe(OK);
    refusesAllBut(["gcmEncrypt", "gcmFinish"]);
    expect(exports.gcmEncrypt(10), "after a chunk that was not whole").toBe(BAD_ARGUMENT);
    expect(exports.gcmFinish()).toBe(OK);
    refusesAllBut([]);
    exports.gcmBegin(0);
    expect(exports.gcmAad(3)).toBe(OK);
    expect(exports.gcmAad(3), "after a chunk that was not whole").toBe(BAD_ARGUMENT);
    expect(exports.gcmCheck(10)).toBe(OK);
    refusesAllBut(["gcmCheck", "gcmVerify"]);
  });

  it("forget a message whose key changes, and one that a call with a wrong slot interrupts", () => {
    const { exports } = open();
    const interruptions = [
      () => exports.keyExpand(0, 16),
      () => exports.keyWipe(0),
      () => exports.keyWipe(7),
      () => exports.gcmSeal(9, 0, 0),
      () => exports.gcmOpen(-1, 0, 0),
      () => exports.gcmBegin(9),
      () => exports.gcmSeal(0, 0, 5),
      () => exports.gcmWipe(),
    ];
    for (const interrupt of interruptions) {
      for (const step of ["gcmEncrypt", "gcmCheck"] as const) {
        exports.keyExpand(0, 32);
        exports.gcmBegin(0);
        expect(exports[step](65536)).toBe(OK);
        interrupt();
        for (const next of ["gcmAad", "gcmEncrypt", "gcmCheck", "gcmFinish", "gcmVerify", "gcmDecrypt"] as const) {
          expect(exports[next](300)).toBe(BAD_STATE);
        }
      }
    }
  });

  it("refuse to decrypt before, or more than, what was verified", () => {
    const { exports, input } = open();
    exports.keyExpand(0, 32);
    exports.gcmSeal(0, 0, 40);
    const sealed = input.slice(0, 56);
    exports.gcmBegin(0);
    exports.gcmCheck(40);
    expect(exports.gcmDecrypt(40)).toBe(BAD_STATE);
    input.set(sealed.subarray(40));
    input[3]! ^= 1;
    expect(exports.gcmVerify()).toBe(REFUSED);
    expect(exports.gcmDecrypt(40)).toBe(BAD_STATE);
    input.set(sealed);
    exports.gcmBegin(0);
    exports.gcmCheck(40);
    input.set(sealed.subarray(40));
    expect(exports.gcmVerify()).toBe(OK);
    expect(exports.gcmDecrypt(41)).toBe(BAD_ARGUMENT);
    input.set(sealed);
    expect(exports.gcmDecrypt(40)).toBe(OK);
    expect(input.subarray(0, 40).every((byte) => byte === 0)).toBe(true);
  });

  it("never trap, whatever numbers they are given", () => {
    const { exports } = open();
    exports.keyExpand(1, 32);
    for (const call of Object.values(exports)) {
      if (typeof call !== "function") continue;
      for (const first of [0, 1, ...NUMBERS]) {
        for (const second of [0, 16, ...NUMBERS]) {
          for (const third of [0, 65536, 65537, -1, -(2 ** 31)]) {
            const values = [first, second, third, second, first];
            expect(() => (call as (...values: number[]) => unknown)(...values)).not.toThrow();
          }
        }
      }
    }
  });
});
