/**
 * What the vector instructions compute, and how marks flow through them: bitwise operations byte by byte, arithmetic
 * lane by lane, shuffles along with the bytes they move.
 */
import type { Machine } from "./machine.ts";
import { widen } from "./machine.ts";
import { countOnes, type Rule, type Rules } from "./scalars.ts";

type LaneBytes = 1 | 2 | 4;
const SHAPES = { i8x16: 1, i16x8: 2, i32x4: 4 } as const;

function view(machine: Machine, laneBytes: LaneBytes, signed: boolean): Uint8Array | Int8Array | Uint32Array {
  const views = signed
    ? { 1: machine.i8, 2: machine.i16, 4: machine.i32 }
    : { 1: machine.u8, 2: machine.u16, 4: machine.u32 };
  return views[laneBytes] as Uint8Array;
}

/** A vector operation on 32-bit words for which word, byte and bit are the same thing. */
function bitwise(compute: (a: number, b: number) => number): Rule {
  return (machine) => {
    const { i32, marks } = machine;
    const b = --machine.top;
    const a = b - 1;
    for (let i = 0; i < 4; i++) i32[a * 4 + i] = compute(i32[a * 4 + i]!, i32[b * 4 + i]!);
    marks[a]! |= marks[b]!;
  };
}

function perLane(laneBytes: LaneBytes, signed: boolean, compute: (a: number, b: number) => number): Rule {
  return (machine) => {
    const lanes = view(machine, laneBytes, signed);
    const count = 16 / laneBytes;
    const b = --machine.top;
    const a = b - 1;
    for (let i = 0; i < count; i++) lanes[a * count + i] = compute(lanes[a * count + i]!, lanes[b * count + i]!);
    machine.marks[a] = widen(machine.marks[a]! | machine.marks[b]!, laneBytes);
  };
}

function perLane64(signed: boolean, compute: (a: bigint, b: bigint) => bigint): Rule {
  return (machine) => {
    const lanes = signed ? machine.i64 : machine.u64;
    const b = --machine.top;
    const a = b - 1;
    for (let i = 0; i < 2; i++) {
      lanes[a * 2 + i] = BigInt.asIntN(64, compute(lanes[a * 2 + i]!, lanes[b * 2 + i]!));
    }
    machine.marks[a] = widen(machine.marks[a]! | machine.marks[b]!, 8);
  };
}

/** Puts a public zero beside the operand, so that an operation of one operand is one of two. */
function unary(rule: Rule): Rule {
  return (machine, instruction) => {
    machine.clearSlots(machine.top, machine.top + 1);
    machine.top++;
    rule(machine, instruction);
  };
}

/** The shift count is an i32, taken modulo the lane's width; a secret one marks everything. */
function shift(laneBytes: 1 | 2 | 4 | 8, signed: boolean, compute: (a: bigint, by: bigint) => bigint): Rule {
  return (machine) => {
    const by = BigInt(machine.popI32() & (laneBytes * 8 - 1));
    const slot = machine.top - 1;
    const marked = machine.marks[machine.top] ? 0xffff : machine.marks[slot]!;
    for (let byte = 0; byte < 16; byte += laneBytes) {
      const lane = readLane(machine, slot * 16 + byte, laneBytes, signed);
      writeLane(machine, slot * 16 + byte, laneBytes, compute(lane, by));
    }
    machine.marks[slot] = widen(marked, laneBytes);
  };
}

function readLane(machine: Machine, byteIndex: number, laneBytes: number, signed: boolean): bigint {
  if (laneBytes === 8) return (signed ? machine.i64 : machine.u64)[byteIndex / 8]!;
  return BigInt(view(machine, laneBytes as LaneBytes, signed)[byteIndex / laneBytes]!);
}

function writeLane(machine: Machine, byteIndex: number, laneBytes: number, value: bigint): void {
  if (laneBytes === 8) machine.i64[byteIndex / 8] = BigInt.asIntN(64, value);
  else view(machine, laneBytes as LaneBytes, false)[byteIndex / laneBytes] = Number(BigInt.asUintN(32, value));
}

/** Two's lanes of half the width, `first` counted from the low end, combined into each lane of the result. */
interface Widening {
  readonly fromBytes: LaneBytes;
  readonly signed: boolean;
  /** Which narrow lanes make lane `i` of the result. */
  readonly sources: (i: number) => readonly number[];
  readonly operands: 1 | 2;
  readonly combine: (values: readonly bigint[]) => bigint;
}

function widening({ fromBytes, signed, sources, operands, combine }: Widening): Rule {
  return (machine) => {
    const slots = operands === 1 ? [machine.top - 1] : [machine.top - 2, machine.top - 1];
    const toBytes = fromBytes * 2;
    const lane = (1 << fromBytes) - 1;
    const values: bigint[] = [];
    let mask = 0;
    for (let i = 0; i < 16 / toBytes; i++) {
      const reads = sources(i).flatMap((n) => slots.map((slot) => ({ slot, byte: n * fromBytes })));
      values.push(combine(reads.map(({ slot, byte }) => readLane(machine, slot * 16 + byte, fromBytes, signed))));
      if (reads.some(({ slot, byte }) => machine.marks[slot]! & (lane << byte))) mask |= 1 << (i * toBytes);
    }
    const target = slots[0]!;
    for (const [i, value] of values.entries()) writeLane(machine, target * 16 + i * toBytes, toBytes, value);
    machine.marks[target] = widen(mask, toBytes);
    machine.top = target + 1;
  };
}

/** extend, extadd_pairwise, extmul and dot of one shape, made from the next narrower one. */
function wideningRules(to: string, from: keyof typeof SHAPES): [string, Rule][] {
  const fromBytes = SHAPES[from];
  const half = 8 / fromBytes;
  const rules: [string, Rule][] = [];
  const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value);
  const product = (values: readonly bigint[]): bigint => values.reduce((total, value) => total * value);
  for (const [sign, signed] of [["s", true] as const, ["u", false] as const]) {
    for (const [end, offset] of [["low", 0] as const, ["high", half] as const]) {
      const sources = (i: number): number[] => [i + offset];
      const base = { fromBytes, signed, sources };
      rules.push([`${to}.extend_${end}_${from}_${sign}`, widening({ ...base, operands: 1, combine: sum })]);
      rules.push([`${to}.extmul_${end}_${from}_${sign}`, widening({ ...base, operands: 2, combine: product })]);
    }
    const sources = (i: number): number[] => [2 * i, 2 * i + 1];
    const pairwise = widening({ fromBytes, signed, sources, operands: 1, combine: sum });
    rules.push([`${to}.extadd_pairwise_${from}_${sign}`, pairwise]);
  }
  return rules;
}

const dot = widening({
  fromBytes: 2,
  signed: true,
  sources: (i) => [2 * i, 2 * i + 1],
  operands: 2,
  combine: ([a, b, c, d]) => a! * b! + c! * d!,
});

/** any_true, all_true, bitmask: one i32 made of the whole vector. */
function reduce(laneBytes: number, compute: (lanes: readonly bigint[]) => number): Rule {
  return (machine) => {
    const slot = --machine.top;
    const lanes: bigint[] = [];
    for (let byte = 0; byte < 16; byte += laneBytes) lanes.push(readLane(machine, slot * 16 + byte, laneBytes, true));
    machine.pushI32(compute(lanes), machine.marks[slot] ? 0xf : 0);
  };
}

function splat(laneBytes: number): Rule {
  return (machine) => {
    const slot = machine.top - 1;
    const lane = machine.marks[slot]! & ((1 << laneBytes) - 1);
    let mask = lane;
    for (let byte = laneBytes; byte < 16; byte += laneBytes) {
      machine.u8.copyWithin(slot * 16 + byte, slot * 16, slot * 16 + laneBytes);
      mask |= lane << byte;
    }
    machine.marks[slot] = mask;
  };
}

function extractLane(laneBytes: 1 | 2 | 4 | 8, signed: boolean): Rule {
  return (machine, { lane }) => {
    const slot = --machine.top;
    const value = readLane(machine, slot * 16 + lane * laneBytes, laneBytes, signed);
    const mask = (machine.marks[slot]! >> (lane * laneBytes)) & ((1 << laneBytes) - 1);
    if (laneBytes === 8) machine.pushI64(value, mask);
    else machine.pushI32(Number(value), signed ? widen(mask, 4, 4) : mask);
  };
}

function replaceLane(laneBytes: 1 | 2 | 4 | 8): Rule {
  return (machine, { lane }) => {
    const value = --machine.top;
    const vector = value - 1;
    const first = lane * laneBytes;
    const ones = (1 << laneBytes) - 1;
    machine.u8.copyWithin(vector * 16 + first, value * 16, value * 16 + laneBytes);
    machine.marks[vector] = (machine.marks[vector]! & ~(ones << first)) | ((machine.marks[value]! & ones) << first);
  };
}

const shuffle: Rule = (machine, { bytes }) => {
  const a = --machine.top - 1;
  const source = machine.u8.slice(a * 16, a * 16 + 32); // Both operands lie side by side.
  const marks = machine.marks[a]! | (machine.marks[a + 1]! << 16);
  let mask = 0;
  for (let i = 0; i < 16; i++) {
    machine.u8[a * 16 + i] = source[bytes[i]!]!;
    mask |= ((marks >>> bytes[i]!) & 1) << i;
  }
  machine.marks[a] = mask;
};

/** A secret index marks the byte it makes: vectors are registers, so unlike an address it shows nothing by itself. */
const swizzle: Rule = (machine) => {
  const a = --machine.top - 1;
  const source = machine.u8.slice(a * 16, a * 16 + 32);
  const marksOfBytes = machine.marks[a]!;
  let mask = machine.marks[a + 1]!;
  for (let i = 0; i < 16; i++) {
    const index = source[16 + i]!;
    machine.u8[a * 16 + i] = index < 16 ? source[index]! : 0;
    if (index < 16) mask |= ((marksOfBytes >> index) & 1) << i;
  }
  machine.marks[a] = mask;
};

/** Where engines may differ, in what an index from 16 to 127 yields, nothing may be left to them. */
const relaxedSwizzle: Rule = (machine, instruction) => {
  const indices = machine.u8.subarray((machine.top - 1) * 16, machine.top * 16);
  if (indices.some((index) => index >= 16 && index < 128)) {
    throw new RangeError(`${instruction.name} in ${machine.where} was given an index whose result engines choose.`);
  }
  swizzle(machine, instruction);
};

const bitselect: Rule = (machine) => {
  const { i32, marks } = machine;
  machine.top -= 2;
  const a = machine.top - 1;
  for (let i = a * 4; i < a * 4 + 4; i++) {
    const chooser = i32[i + 8]!;
    i32[i] = (i32[i]! & chooser) | (i32[i + 4]! & ~chooser);
  }
  marks[a] = marks[a]! | marks[a + 1]! | marks[a + 2]!;
};

function narrow(from: "i16x8" | "i32x4", signed: boolean): Rule {
  const fromBytes = SHAPES[from];
  const toBytes = fromBytes / 2;
  const bits = BigInt(toBytes * 8 - (signed ? 1 : 0));
  const highest = (1n << bits) - 1n;
  const lowest = signed ? -highest - 1n : 0n;
  return (machine) => {
    const a = --machine.top - 1;
    const wide: bigint[] = [];
    let mask = 0;
    const marks = machine.marks[a]! | (machine.marks[a + 1]! << 16);
    for (let byte = 0; byte < 32; byte += fromBytes) {
      wide.push(readLane(machine, a * 16 + byte, fromBytes, true));
      if ((marks >>> byte) & ((1 << fromBytes) - 1)) mask |= ((1 << toBytes) - 1) << (byte / 2);
    }
    for (const [i, value] of wide.entries()) {
      const clamped = value < lowest ? lowest : value > highest ? highest : value;
      writeLane(machine, a * 16 + i * toBytes, toBytes, clamped);
    }
    machine.marks[a] = mask;
  };
}

type Comparison = readonly [name: string, holds: (a: number | bigint, b: number | bigint) => boolean];
const COMPARISONS: readonly Comparison[] = [
  ["eq", (a, b) => a === b],
  ["ne", (a, b) => a !== b],
  ["lt", (a, b) => a < b],
  ["gt", (a, b) => a > b],
  ["le", (a, b) => a <= b],
  ["ge", (a, b) => a >= b],
];

function clamp(laneBytes: LaneBytes, signed: boolean, value: number): number {
  const highest = 2 ** (laneBytes * 8 - (signed ? 1 : 0)) - 1;
  return Math.min(Math.max(value, signed ? -highest - 1 : 0), highest);
}

function narrowShapeRules(shape: keyof typeof SHAPES): [string, Rule][] {
  const bytes = SHAPES[shape];
  const rules: Record<string, Rule> = {
    add: perLane(bytes, false, (a, b) => a + b),
    sub: perLane(bytes, false, (a, b) => a - b),
    mul: perLane(bytes, false, Math.imul),
    abs: unary(perLane(bytes, true, (a) => Math.abs(a))),
    neg: unary(perLane(bytes, true, (a) => -a)),
    avgr_u: perLane(bytes, false, (a, b) => (a + b + 1) >> 1),
    splat: splat(bytes),
    extract_lane: extractLane(bytes, true),
    extract_lane_s: extractLane(bytes, true),
    extract_lane_u: extractLane(bytes, false),
    replace_lane: replaceLane(bytes),
    ...commonRules(bytes),
  };
  for (const [sign, signed] of [["s", true] as const, ["u", false] as const]) {
    rules[`min_${sign}`] = perLane(bytes, signed, Math.min);
    rules[`max_${sign}`] = perLane(bytes, signed, Math.max);
    rules[`add_sat_${sign}`] = perLane(bytes, signed, (a, b) => clamp(bytes, signed, a + b));
    rules[`sub_sat_${sign}`] = perLane(bytes, signed, (a, b) => clamp(bytes, signed, a - b));
    for (const [name, holds] of COMPARISONS) {
      const rule = perLane(bytes, signed, (a, b) => (holds(a, b) ? -1 : 0));
      rules[name === "eq" || name === "ne" ? name : `${name}_${sign}`] = rule;
    }
  }
  return Object.entries(rules).map(([name, rule]) => [`${shape}.${name}`, rule]);
}

/** What every shape has alike. */
function commonRules(bytes: 1 | 2 | 4 | 8): Record<string, Rule> {
  return {
    shl: shift(bytes, false, (a, by) => a << by),
    shr_s: shift(bytes, true, (a, by) => a >> by),
    shr_u: shift(bytes, false, (a, by) => a >> by),
    all_true: reduce(bytes, (lanes) => (lanes.every((lane) => lane !== 0n) ? 1 : 0)),
    bitmask: reduce(bytes, (lanes) => lanes.reduce((mask, lane, i) => (lane < 0n ? mask | (1 << i) : mask), 0)),
  };
}

function wideShapeRules(): [string, Rule][] {
  const rules: Record<string, Rule> = {
    add: perLane64(false, (a, b) => a + b),
    sub: perLane64(false, (a, b) => a - b),
    mul: perLane64(false, (a, b) => a * b),
    abs: unary(perLane64(true, (a) => (a < 0n ? -a : a))),
    neg: unary(perLane64(true, (a) => -a)),
    splat: splat(8),
    extract_lane: extractLane(8, true),
    replace_lane: replaceLane(8),
    ...commonRules(8),
  };
  for (const [name, holds] of COMPARISONS) {
    rules[name === "eq" || name === "ne" ? name : `${name}_s`] = perLane64(true, (a, b) => (holds(a, b) ? -1n : 0n));
  }
  return Object.entries(rules).map(([name, rule]) => [`i64x2.${name}`, rule]);
}

/** Rules of all integer vector instructions without memory. */
export const VECTOR_RULES: Rules = new Map([
  ...narrowShapeRules("i8x16"),
  ...narrowShapeRules("i16x8"),
  ...narrowShapeRules("i32x4"),
  ...wideShapeRules(),
  ...wideningRules("i16x8", "i8x16"),
  ...wideningRules("i32x4", "i16x8"),
  ...wideningRules("i64x2", "i32x4"),
  ["i32x4.dot_i16x8_s", dot],
  ["i16x8.q15mulr_sat_s", perLane(2, true, (a, b) => clamp(2, true, (a * b + 0x4000) >> 15))],
  ["i8x16.popcnt", unary(perLane(1, false, countOnes))],
  ["i8x16.narrow_i16x8_s", narrow("i16x8", true)],
  ["i8x16.narrow_i16x8_u", narrow("i16x8", false)],
  ["i16x8.narrow_i32x4_s", narrow("i32x4", true)],
  ["i16x8.narrow_i32x4_u", narrow("i32x4", false)],
  ["v128.not", unary(bitwise((a) => ~a))],
  ["v128.and", bitwise((a, b) => a & b)],
  ["v128.andnot", bitwise((a, b) => a & ~b)],
  ["v128.or", bitwise((a, b) => a | b)],
  ["v128.xor", bitwise((a, b) => a ^ b)],
  ["v128.bitselect", bitselect],
  ["v128.any_true", reduce(8, (lanes) => (lanes.some((lane) => lane !== 0n) ? 1 : 0))],
  ["i8x16.shuffle", shuffle],
  ["i8x16.swizzle", swizzle],
  ["i8x16.relaxed_swizzle", relaxedSwizzle],
  [
    "v128.const",
    (machine, { bytes }) => {
      const slot = machine.top++;
      for (let i = 0; i < 16; i++) machine.u8[slot * 16 + i] = bytes[i]!;
      machine.marks[slot] = 0;
    },
  ],
]);
