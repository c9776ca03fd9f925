/**
 * What the scalar instructions compute, and how marks flow through them: bitwise operations byte by byte; everything
 * else marks the whole result if anything of an operand is marked.
 */

import type { Machine } from "./machine.ts";
import type { Instruction } from "./module.ts";

/** Carries out one instruction on the machine. */
export type Rule = (machine: Machine, instruction: Instruction) => void;
/** Rules by the instruction's name. */
export type Rules = Map<string, Rule>;

const I32_MARK = 0xf;
const I64_MARK = 0xff;

type Compute32 = (a: number, b: number) => number;
type Compute64 = (a: bigint, b: bigint) => bigint;

function binary32(compute: Compute32, marks: Compute32 = (a, b) => (a | b ? I32_MARK : 0)): Rule {
  return (machine) => {
    const b = machine.popI32();
    const markOfB = machine.marks[machine.top]!;
    const a = machine.popI32();
    machine.pushI32(compute(a, b), marks(machine.marks[machine.top]!, markOfB));
  };
}

function binary64(compute: Compute64, marks: Compute32 = (a, b) => (a | b ? I64_MARK : 0)): Rule {
  return (machine) => {
    const b = machine.i64[--machine.top * 2]!;
    const markOfB = machine.marks[machine.top]!;
    const a = machine.i64[--machine.top * 2]!;
    machine.pushI64(BigInt.asIntN(64, compute(a, b)), marks(machine.marks[machine.top]!, markOfB));
  };
}

/** The time of a division depends on its operands: neither may be secret. */
function division(rule: Rule): Rule {
  return (machine, instruction) => {
    machine.requirePublic(machine.top - 1, "division");
    machine.requirePublic(machine.top - 2, "division");
    rule(machine, instruction);
  };
}

function unary32(compute: (a: number) => number): Rule {
  return (machine) => {
    const a = machine.popI32();
    machine.pushI32(compute(a), machine.marks[machine.top] ? I32_MARK : 0);
  };
}

function unary64(compute: (a: bigint) => bigint): Rule {
  return (machine) => {
    const a = machine.i64[--machine.top * 2]!;
    machine.pushI64(BigInt.asIntN(64, compute(a)), machine.marks[machine.top] ? I64_MARK : 0);
  };
}

function compare64(compare: (a: bigint, b: bigint) => boolean): Rule {
  return (machine) => {
    const b = machine.i64[--machine.top * 2]!;
    const a = machine.i64[--machine.top * 2]!;
    const marked = machine.marks[machine.top]! | machine.marks[machine.top + 1]!;
    machine.pushI32(compare(a, b) ? 1 : 0, marked ? I32_MARK : 0);
  };
}

const bytewise: Compute32 = (a, b) => a | b;
const unsigned = (a: bigint): bigint => BigInt.asUintN(64, a);

function divide32(quotient: Compute32): Compute32 {
  return (a, b) => {
    if (b === 0) throw new RangeError("Division by zero in the interpreted module.");
    return quotient(a, b);
  };
}

function ones64(a: bigint): bigint {
  let count = 0n;
  for (let rest = unsigned(a); rest !== 0n; rest >>= 1n) count += rest & 1n;
  return count;
}

/** How many bits of a 32-bit word are 1. */
export function countOnes(a: number): number {
  let count = 0;
  for (let rest = a >>> 0; rest !== 0; rest >>>= 1) count += rest & 1;
  return count;
}

function leadingZeros64(a: bigint): bigint {
  return a === 0n ? 64n : BigInt(64 - unsigned(a).toString(2).length);
}

function rotateLeft64(a: bigint, by: bigint): bigint {
  const shift = by & 63n;
  return (unsigned(a) << shift) | (unsigned(a) >> (64n - shift));
}

const I32_RULES: Record<string, Rule> = {
  eqz: unary32((a) => (a === 0 ? 1 : 0)),
  eq: binary32((a, b) => (a === b ? 1 : 0)),
  ne: binary32((a, b) => (a !== b ? 1 : 0)),
  lt_s: binary32((a, b) => (a < b ? 1 : 0)),
  lt_u: binary32((a, b) => (a >>> 0 < b >>> 0 ? 1 : 0)),
  gt_s: binary32((a, b) => (a > b ? 1 : 0)),
  gt_u: binary32((a, b) => (a >>> 0 > b >>> 0 ? 1 : 0)),
  le_s: binary32((a, b) => (a <= b ? 1 : 0)),
  le_u: binary32((a, b) => (a >>> 0 <= b >>> 0 ? 1 : 0)),
  ge_s: binary32((a, b) => (a >= b ? 1 : 0)),
  ge_u: binary32((a, b) => (a >>> 0 >= b >>> 0 ? 1 : 0)),
  clz: unary32(Math.clz32),
  ctz: unary32((a) => (a === 0 ? 32 : 31 - Math.clz32(a & -a))),
  popcnt: unary32(countOnes),
  add: binary32((a, b) => a + b),
  sub: binary32((a, b) => a - b),
  mul: binary32(Math.imul),
  div_s: division(binary32(divide32((a, b) => a / b))),
  div_u: division(binary32(divide32((a, b) => (a >>> 0) / (b >>> 0)))),
  rem_s: division(binary32(divide32((a, b) => a % b))),
  rem_u: division(binary32(divide32((a, b) => (a >>> 0) % (b >>> 0)))),
  and: binary32((a, b) => a & b, bytewise),
  or: binary32((a, b) => a | b, bytewise),
  xor: binary32((a, b) => a ^ b, bytewise),
  shl: binary32((a, b) => a << b),
  shr_s: binary32((a, b) => a >> b),
  shr_u: binary32((a, b) => a >>> b),
  rotl: binary32((a, b) => (a << (b & 31)) | (a >>> (-b & 31))),
  rotr: binary32((a, b) => (a >>> (b & 31)) | (a << (-b & 31))),
  extend8_s: unary32((a) => (a << 24) >> 24),
  extend16_s: unary32((a) => (a << 16) >> 16),
};

const I64_RULES: Record<string, Rule> = {
  eq: compare64((a, b) => a === b),
  ne: compare64((a, b) => a !== b),
  lt_s: compare64((a, b) => a < b),
  lt_u: compare64((a, b) => unsigned(a) < unsigned(b)),
  gt_s: compare64((a, b) => a > b),
  gt_u: compare64((a, b) => unsigned(a) > unsigned(b)),
  le_s: compare64((a, b) => a <= b),
  le_u: compare64((a, b) => unsigned(a) <= unsigned(b)),
  ge_s: compare64((a, b) => a >= b),
  ge_u: compare64((a, b) => unsigned(a) >= unsigned(b)),
  clz: unary64(leadingZeros64),
  ctz: unary64((a) => (a === 0n ? 64n : 63n - leadingZeros64(a & -a))),
  popcnt: unary64(ones64),
  add: binary64((a, b) => a + b),
  sub: binary64((a, b) => a - b),
  mul: binary64((a, b) => a * b),
  div_s: division(binary64((a, b) => a / b)),
  div_u: division(binary64((a, b) => unsigned(a) / unsigned(b))),
  rem_s: division(binary64((a, b) => a % b)),
  rem_u: division(binary64((a, b) => unsigned(a) % unsigned(b))),
  and: binary64((a, b) => a & b, bytewise),
  or: binary64((a, b) => a | b, bytewise),
  xor: binary64((a, b) => a ^ b, bytewise),
  shl: binary64((a, b) => a << (b & 63n)),
  shr_s: binary64((a, b) => a >> (b & 63n)),
  shr_u: binary64((a, b) => unsigned(a) >> (b & 63n)),
  rotl: binary64(rotateLeft64),
  rotr: binary64((a, b) => rotateLeft64(a, 64n - (b & 63n))),
  extend8_s: unary64((a) => BigInt.asIntN(8, a)),
  extend16_s: unary64((a) => BigInt.asIntN(16, a)),
  extend32_s: unary64((a) => BigInt.asIntN(32, a)),
};

const CONVERSIONS: Record<string, Rule> = {
  "i64.eqz": (machine) => {
    const a = machine.i64[--machine.top * 2]!;
    machine.pushI32(a === 0n ? 1 : 0, machine.marks[machine.top] ? I32_MARK : 0);
  },
  "i32.wrap_i64": (machine) => {
    const a = machine.i64[--machine.top * 2]!;
    machine.pushI32(Number(BigInt.asIntN(32, a)), machine.marks[machine.top]! & I32_MARK);
  },
  "i64.extend_i32_u": (machine) => {
    const a = machine.popI32();
    machine.pushI64(BigInt(a >>> 0), machine.marks[machine.top]!);
  },
  "i64.extend_i32_s": (machine) => {
    const a = machine.popI32();
    machine.pushI64(BigInt(a), machine.marks[machine.top] ? I64_MARK : 0);
  },
  "i32.const": (machine, { value }) => machine.pushI32(value),
  "i64.const": (machine, { wide }) => machine.pushI64(wide),
};

function withType(type: string, rules: Record<string, Rule>): [string, Rule][] {
  return Object.entries(rules).map(([name, rule]) => [`${type}.${name}`, rule]);
}

/** Rules of all i32 and i64 instructions without memory. */
export const SCALAR_RULES: Rules = new Map([
  ...withType("i32", I32_RULES),
  ...withType("i64", I64_RULES),
  ...Object.entries(CONVERSIONS),
]);
