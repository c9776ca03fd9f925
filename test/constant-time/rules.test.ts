/**
 * Every instruction that the interpreter has a rule for, on bytes that provoke carries, signs and saturation:
 * the value is what the real engine computes, and the marks are sound, that is, a result byte without a mark stays
 * the same whatever the marked operand bytes are.
 */
import { describe, expect, it } from "vitest";
import { SIMD } from "./core.ts";
import { instantiate, RULES } from "./interpret.ts";
import { allOpcodes, type Encoded, microModule, OPERAND_BYTES, RESULT_AT } from "./micro-module.ts";
import { decodeModule } from "./module.ts";

const TRIALS = 24;
const IMMEDIATES_TRIED = 4;
const AWKWARD = [0x00, 0x01, 0x7f, 0x80, 0xff];

/** A small generator of numbers below `limit`, the same on every run (Numerical Recipes' constants). */
function sequence(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

type Draw = (limit: number) => number;

/** Half of the draws have no byte from 16 to 127, which relaxed lookups leave to the engine. */
function drawBytes(draw: Draw): Uint8Array {
  const exact = draw(2) === 1;
  return drawAnyBytes(draw).map((byte) => (exact && byte > 15 ? byte | 0x80 : byte));
}

function drawAnyBytes(draw: Draw): Uint8Array {
  return Uint8Array.from({ length: OPERAND_BYTES }, () => (draw(2) ? AWKWARD[draw(AWKWARD.length)]! : draw(256)));
}

function laneCount(name: string): number {
  const bits = /(?:load|store)(\d+)_lane/.exec(name)?.[1];
  if (bits !== undefined) return 128 / Number(bits);
  return Number(/x(\d+)\./.exec(name)?.[1]);
}

function drawImmediates({ name, immediates }: Encoded, draw: Draw): number[] {
  if (immediates === "memory") return [0, 0];
  if (immediates === "memory lane") return [0, 0, draw(laneCount(name))];
  if (immediates === "lane") return [draw(laneCount(name))];
  if (immediates === "bytes") return Array.from({ length: 16 }, () => draw(32));
  return [];
}

/** Those that compute; control flow, locals and bulk memory are covered by the controls and the core itself. */
const computing = allOpcodes().filter(
  ({ name }) =>
    RULES.has(name) &&
    name.includes(".") &&
    !/^(local|global|memory)\.|\.const$/.test(name) &&
    // The project "relaxed" runs this file once more, where the engine has those.
    (SIMD === "relaxed" || !name.includes("relaxed")),
);

interface Micro {
  readonly real: { readonly memory: Uint8Array; readonly run: () => void };
  readonly interpreted: { readonly memory: Uint8Array; readonly secret: Uint8Array; readonly run: () => void };
}

function build(opcode: Encoded, draw: Draw): Micro {
  const binary = microModule(opcode, drawImmediates(opcode, draw));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary));
  const { machine, exports: shadow } = instantiate(decodeModule(binary));
  const memory = new Uint8Array((exports.memory as WebAssembly.Memory).buffer);
  return {
    real: { memory, run: exports.run as () => void },
    interpreted: { memory: machine.memory, secret: machine.secret, run: shadow.run as () => void },
  };
}

function traps(run: () => void): boolean {
  try {
    run();
    return false;
  } catch {
    return true;
  }
}

const result = (memory: Uint8Array): number[] => [...memory.subarray(RESULT_AT, RESULT_AT + 16)];

/** Runs the interpreter on `operands` with `marks`, and returns the result's bytes and marks. */
function interpretMarked({ interpreted }: Micro, operands: Uint8Array, marks: Uint8Array): [number[], number[]] {
  interpreted.memory.set(operands);
  interpreted.secret.fill(0);
  interpreted.secret.set(marks);
  if (traps(interpreted.run)) return [[], []];
  return [result(interpreted.memory), result(interpreted.secret)];
}

describe("every instruction", () => {
  it("has a rule if it has a name", () => {
    const control = [
      "unreachable",
      "block",
      "loop",
      "if",
      "else",
      "end",
      "br",
      "br_if",
      "br_table",
      "return",
      "call",
      "call_indirect",
    ];
    const without = allOpcodes().filter(({ name }) => !RULES.has(name) && !control.includes(name));
    expect(without.map(({ name }) => name)).toEqual([]);
    expect(computing.length).toBeGreaterThan(200);
  });

  it.each(computing.map((opcode) => [opcode.name, opcode] as const))("%s", (_name, opcode) => {
    const draw = sequence(opcode.code.at(-1)! + 7);
    for (let variant = 0; variant < IMMEDIATES_TRIED; variant++) {
      const micro = build(opcode, draw);
      for (let trial = 0; trial < TRIALS; trial++) {
        const operands = drawBytes(draw);
        const marks = Uint8Array.from({ length: OPERAND_BYTES }, () => draw(3) && 1 & (trial + draw(2)));
        micro.real.memory.set(operands);
        const trapped = traps(micro.real.run);
        const [first, firstMarks] = interpretMarked(micro, operands, marks);
        // A relaxed instruction whose result engines choose.
        if (trapped || (first.length === 0 && opcode.name.includes("relaxed"))) continue;
        expect(first, "the same value as the engine").toEqual(result(micro.real.memory));
        const changed = drawBytes(draw).map((byte, i) => (marks[i] ? byte : operands[i]!));
        const [second, secondMarks] = interpretMarked(micro, changed, marks);
        if (second.length === 0) continue;
        const unmarked = first.filter((_, i) => !firstMarks[i] && !secondMarks[i]);
        expect(unmarked, "unmarked bytes do not change").toEqual(
          second.filter((_, i) => !firstMarks[i] && !secondMarks[i]),
        );
      }
    }
  });
});
