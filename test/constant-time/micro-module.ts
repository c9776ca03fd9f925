/**
 * Builds a module around one instruction: it loads the operands from memory, carries the instruction out and stores
 * the result, so that the real engine and the interpreter can be compared on every instruction there is.
 *
 *   0          16         32         48       64
 *   | operand  | operand  | operand  |        | result |
 */
import { type Opcode, PREFIXED, SINGLE } from "./opcodes.ts";

type Type = "i32" | "i64" | "v128";

export const OPERAND_BYTES = 48;
export const RESULT_AT = 64;

const LOAD: Record<Type, number[]> = { i32: [0x28, 0, 0], i64: [0x29, 0, 0], v128: [0xfd, 0, 0, 0] };
const STORE: Record<Type, number[]> = { i32: [0x36, 0, 0], i64: [0x37, 0, 0], v128: [0xfd, 11, 0, 0] };

/** An opcode with the bytes that encode it. */
export interface Encoded extends Opcode {
  readonly code: readonly number[];
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >> 7)];
}

/** Every opcode that the proof knows. */
export function allOpcodes(): Encoded[] {
  const single = [...SINGLE].map(([code, opcode]) => ({ ...opcode, code: [code] }));
  const prefixed = [...PREFIXED].flatMap(([prefix, table]) =>
    [...table].map(([code, opcode]) => ({ ...opcode, code: [prefix, ...leb(code)] })),
  );
  return [...single, ...prefixed];
}

interface Signature {
  readonly operands: readonly Type[];
  readonly result: Type;
}

const UNARY_SCALAR = /\.(eqz|clz|ctz|popcnt|extend\w*)$/;
const COMPARISON = /\.(eqz|eq|ne|[lg][te](_[su])?)$/;
const UNARY_VECTOR = /\.(not|abs|neg|popcnt|extend_\w+|extadd_\w+)$/;
const TO_I32 = /\.(any_true|all_true|bitmask)$/;

function scalarSignature(name: string, type: Type): Signature {
  if (name === "i32.wrap_i64") return { operands: ["i64"], result: "i32" };
  if (name.startsWith("i64.extend_i32")) return { operands: ["i32"], result: "i64" };
  const operands: Type[] = UNARY_SCALAR.test(name) ? [type] : [type, type];
  return { operands, result: COMPARISON.test(name) ? "i32" : type };
}

/** What an instruction without memory takes and gives. */
function signature(name: string): Signature {
  const type = name.slice(0, name.indexOf("."));
  if (type === "i32" || type === "i64") return scalarSignature(name, type);
  const scalar: Type = type === "i64x2" ? "i64" : "i32";
  if (name.includes("extract_lane")) return { operands: ["v128"], result: scalar };
  if (name.includes("replace_lane")) return { operands: ["v128", scalar], result: "v128" };
  if (name.endsWith("splat")) return { operands: [scalar], result: "v128" };
  if (/\.sh[lr]/.test(name)) return { operands: ["v128", "i32"], result: "v128" };
  if (TO_I32.test(name)) return { operands: ["v128"], result: "i32" };
  if (name === "v128.bitselect") return { operands: ["v128", "v128", "v128"], result: "v128" };
  return { operands: UNARY_VECTOR.test(name) ? ["v128"] : ["v128", "v128"], result: "v128" };
}

const constant = (value: number): number[] => [0x41, value]; // below 64, so one byte of signed LEB128
const resultAddress = [0x41, 0xc0, 0x00]; // 64 as a signed LEB128

function body(opcode: Encoded, immediates: readonly number[]): number[] {
  const { name, code } = opcode;
  const instruction = [...code, ...immediates];
  if (name.includes("load")) {
    const type = name.slice(0, name.indexOf(".")) as Type;
    const vector = name.endsWith("_lane") ? [...constant(16), ...LOAD.v128] : [];
    return [...resultAddress, ...constant(0), ...vector, ...instruction, ...STORE[type]];
  }
  if (name.includes("store")) {
    const type = name.slice(0, name.indexOf(".")) as Type;
    return [...resultAddress, ...constant(0), ...LOAD[type], ...instruction];
  }
  const { operands, result } = signature(name);
  const loads = operands.flatMap((type, i) => [...constant(16 * i), ...LOAD[type]]);
  return [...resultAddress, ...loads, ...instruction, ...STORE[result]];
}

const section = (id: number, content: number[]): number[] => [id, ...leb(content.length), ...content];
const text = (value: string): number[] => [value.length, ...new TextEncoder().encode(value)];

/** A module that exports `memory` of one page and `run`, which carries the one instruction out. */
export function microModule(opcode: Encoded, immediates: readonly number[]): Uint8Array<ArrayBuffer> {
  const code = [0, ...body(opcode, immediates), 0x0b];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 0, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...text("memory"), 2, 0, ...text("run"), 0, 0]),
    ...section(10, [1, ...leb(code.length), ...code]),
  ]);
}
