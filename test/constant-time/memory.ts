/**
 * Loads, stores and bulk memory. An address or a length must be public; the bytes themselves carry their marks.
 */

import { VECTOR_RULES } from "./lanes.ts";
import type { Machine } from "./machine.ts";
import { widen } from "./machine.ts";
import type { Instruction } from "./module.ts";
import type { Rule, Rules } from "./scalars.ts";

/** Takes the address off the stack, checks it and adds the instruction's offset. */
function popAddress(machine: Machine, instruction: Instruction, lengthBytes: number, kind: "load" | "store"): number {
  const address = (machine.popI32() >>> 0) + instruction.value;
  machine.requirePublic(machine.top, `${kind} address`);
  machine.requireMemory(address, lengthBytes);
  return address;
}

/** Loads `lengthBytes` bytes into the low end of a slot that is zero above them. */
function load(lengthBytes: number): Rule {
  return (machine, instruction) => {
    const address = popAddress(machine, instruction, lengthBytes, "load");
    const slot = machine.top++;
    const { u8, memory } = machine;
    const chosenBySecret = machine.marks[slot] !== 0;
    for (let i = 0; i < lengthBytes; i++) u8[slot * 16 + i] = memory[address + i]!;
    for (let i = lengthBytes; i < 16; i++) u8[slot * 16 + i] = 0;
    machine.marks[slot] = chosenBySecret ? (1 << lengthBytes) - 1 : machine.marksAt(address, lengthBytes);
  };
}

/** Loads a signed value: its sign marks the rest of the result. */
function loadSigned(lengthBytes: number, valueBytes: 4 | 8): Rule {
  const plain = load(lengthBytes);
  return (machine, instruction) => {
    plain(machine, instruction);
    const slot = machine.top - 1;
    const value = BigInt.asIntN(lengthBytes * 8, machine.i64[slot * 2]!);
    machine.i64[slot * 2] = BigInt.asIntN(valueBytes * 8, value);
    machine.marks[slot] = widen(machine.marks[slot]!, valueBytes, valueBytes);
  };
}

/** Loads 8 bytes and widens each of their lanes. */
function loadWidened(to: string, from: string): Rule {
  const plain = load(8);
  const extend = VECTOR_RULES.get(`${to}.extend_low_${from}`)!;
  return (machine, instruction) => {
    plain(machine, instruction);
    extend(machine, instruction);
  };
}

function loadSplat(laneBytes: number): Rule {
  const plain = load(laneBytes);
  return (machine, instruction) => {
    plain(machine, instruction);
    const slot = machine.top - 1;
    const mask = machine.marks[slot]!;
    for (let byte = laneBytes; byte < 16; byte += laneBytes) {
      machine.u8.copyWithin(slot * 16 + byte, slot * 16, slot * 16 + laneBytes);
      machine.marks[slot]! |= mask << byte;
    }
  };
}

function loadLane(laneBytes: number): Rule {
  return (machine, instruction) => {
    const vector = machine.top - 1;
    machine.copySlot(vector, vector + 1); // The vector lies above its address.
    machine.top = vector;
    const address = popAddress(machine, instruction, laneBytes, "load");
    const first = instruction.lane * laneBytes;
    const chosenBySecret = machine.marks[machine.top] !== 0;
    const slot = machine.top++;
    machine.copySlot(vector + 1, slot);
    for (let i = 0; i < laneBytes; i++) machine.u8[slot * 16 + first + i] = machine.memory[address + i]!;
    const kept = machine.marks[slot]! & ~(((1 << laneBytes) - 1) << first);
    const loaded = chosenBySecret ? (1 << laneBytes) - 1 : machine.marksAt(address, laneBytes);
    machine.marks[slot] = kept | (loaded << first);
  };
}

function store(lengthBytes: number): Rule {
  return (machine, instruction) => {
    const slot = --machine.top;
    const first = instruction.lane * lengthBytes;
    const mask = machine.marks[slot]! >> first;
    const address = popAddress(machine, instruction, lengthBytes, "store");
    for (let i = 0; i < lengthBytes; i++) machine.memory[address + i] = machine.u8[slot * 16 + first + i]!;
    machine.setMarksAt(address, lengthBytes, mask);
  };
}

/** Takes destination, second operand and length off the stack; the first and the last must be public. */
function popBulk(machine: Machine): { to: number; operand: number; length: number; operandSlot: number } {
  const length = machine.popI32() >>> 0;
  machine.requirePublic(machine.top, "bulk length");
  const operand = machine.popI32() >>> 0;
  const operandSlot = machine.top;
  const to = machine.popI32() >>> 0;
  machine.requirePublic(machine.top, "bulk address");
  machine.requireMemory(to, length);
  return { to, operand, length, operandSlot };
}

const copyMemory: Rule = (machine) => {
  const { to, operand: from, length, operandSlot } = popBulk(machine);
  machine.requirePublic(operandSlot, "bulk address");
  machine.requireMemory(from, length);
  machine.memory.copyWithin(to, from, from + length);
  machine.secret.copyWithin(to, from, from + length);
};

const fillMemory: Rule = (machine) => {
  const { to, operand: byte, length, operandSlot } = popBulk(machine);
  machine.memory.fill(byte, to, to + length);
  machine.secret.fill(machine.marks[operandSlot]! & 1, to, to + length);
};

const growMemory: Rule = (machine) => {
  machine.requirePublic(machine.top - 1, "memory growth");
  throw new Error("memory.grow: the core's memory is fixed, so the proof does not follow it.");
};

/** Rules of all instructions that touch memory. */
export const MEMORY_RULES: Rules = new Map(
  Object.entries({
    "i32.load": load(4),
    "i64.load": load(8),
    "i32.load8_u": load(1),
    "i32.load16_u": load(2),
    "i64.load8_u": load(1),
    "i64.load16_u": load(2),
    "i64.load32_u": load(4),
    "i32.load8_s": loadSigned(1, 4),
    "i32.load16_s": loadSigned(2, 4),
    "i64.load8_s": loadSigned(1, 8),
    "i64.load16_s": loadSigned(2, 8),
    "i64.load32_s": loadSigned(4, 8),
    "i32.store": store(4),
    "i64.store": store(8),
    "i32.store8": store(1),
    "i32.store16": store(2),
    "i64.store8": store(1),
    "i64.store16": store(2),
    "i64.store32": store(4),
    "v128.load": load(16),
    "v128.load32_zero": load(4),
    "v128.load64_zero": load(8),
    "v128.load8x8_s": loadWidened("i16x8", "i8x16_s"),
    "v128.load8x8_u": loadWidened("i16x8", "i8x16_u"),
    "v128.load16x4_s": loadWidened("i32x4", "i16x8_s"),
    "v128.load16x4_u": loadWidened("i32x4", "i16x8_u"),
    "v128.load32x2_s": loadWidened("i64x2", "i32x4_s"),
    "v128.load32x2_u": loadWidened("i64x2", "i32x4_u"),
    "v128.load8_splat": loadSplat(1),
    "v128.load16_splat": loadSplat(2),
    "v128.load32_splat": loadSplat(4),
    "v128.load64_splat": loadSplat(8),
    "v128.load8_lane": loadLane(1),
    "v128.load16_lane": loadLane(2),
    "v128.load32_lane": loadLane(4),
    "v128.load64_lane": loadLane(8),
    "v128.store": store(16),
    "v128.store8_lane": store(1),
    "v128.store16_lane": store(2),
    "v128.store32_lane": store(4),
    "v128.store64_lane": store(8),
    "memory.copy": copyMemory,
    "memory.fill": fillMemory,
    "memory.grow": growMemory,
    "memory.size": ((machine) => machine.pushI32(machine.memory.length / 65536)) satisfies Rule,
  }),
);
