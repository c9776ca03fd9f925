/**
 * The WebAssembly opcodes that the proof knows, by name, and the immediates that follow each of them in the binary.
 * Source: WebAssembly core specification 2.0, section 5.4 (binary format of instructions).
 */

/** What follows an opcode in the binary. */
export type Immediates =
  | "none"
  | "block" // block type
  | "index" // one unsigned LEB128: label, function, local, global
  | "labels" // br_table
  | "pair" // two unsigned LEB128: call_indirect, memory.copy
  | "memory" // alignment and offset
  | "memory lane" // alignment, offset and a lane number
  | "i32"
  | "i64"
  | "bytes" // 16 bytes: v128.const, i8x16.shuffle
  | "lane"; // one byte

/** An opcode's name and the shape of its immediates. */
export interface Opcode {
  readonly name: string;
  readonly immediates: Immediates;
}

type Table = Map<number, Opcode>;

/** Enters `names`, separated by blanks, at consecutive codes from `first`; `_` leaves a code out. */
function enter(table: Table, first: number, immediates: Immediates, names: string): void {
  for (const [i, name] of names.trim().split(/\s+/).entries()) {
    if (name !== "_") table.set(first + i, { name, immediates });
  }
}

/** Puts `type.` before each name. */
function typed(type: string, names: string): string {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => (name === "_" ? name : `${type}.${name}`))
    .join(" ");
}

function singleByteOpcodes(): Table {
  const table: Table = new Map();
  enter(table, 0x00, "none", "unreachable nop");
  enter(table, 0x02, "block", "block loop if");
  enter(table, 0x05, "none", "else");
  enter(table, 0x0b, "none", "end");
  enter(table, 0x0c, "index", "br br_if");
  enter(table, 0x0e, "labels", "br_table");
  enter(table, 0x0f, "none", "return");
  enter(table, 0x10, "index", "call");
  enter(table, 0x11, "pair", "call_indirect");
  enter(table, 0x1a, "none", "drop select");
  enter(table, 0x20, "index", "local.get local.set local.tee global.get global.set");
  enter(table, 0x28, "memory", "i32.load i64.load _ _ i32.load8_s i32.load8_u i32.load16_s i32.load16_u");
  enter(table, 0x30, "memory", typed("i64", "load8_s load8_u load16_s load16_u load32_s load32_u"));
  enter(table, 0x36, "memory", "i32.store i64.store _ _ i32.store8 i32.store16 i64.store8 i64.store16 i64.store32");
  enter(table, 0x3f, "index", "memory.size memory.grow");
  enter(table, 0x41, "i32", "i32.const");
  enter(table, 0x42, "i64", "i64.const");
  const compare = "eqz eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
  enter(table, 0x45, "none", typed("i32", compare));
  enter(table, 0x50, "none", typed("i64", compare));
  const compute = "clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr";
  enter(table, 0x67, "none", typed("i32", compute));
  enter(table, 0x79, "none", typed("i64", compute));
  enter(table, 0xa7, "none", "i32.wrap_i64");
  enter(table, 0xac, "none", "i64.extend_i32_s i64.extend_i32_u");
  enter(table, 0xc0, "none", "i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s");
  return table;
}

function bulkOpcodes(): Table {
  const table: Table = new Map();
  enter(table, 10, "pair", "memory.copy");
  enter(table, 11, "index", "memory.fill");
  return table;
}

const NARROW_COMPARE = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
const WIDEN = "extend_low_X_s extend_high_X_s extend_low_X_u extend_high_X_u";
const MULTIPLY_WIDE = "extmul_low_X_s extmul_high_X_s extmul_low_X_u extmul_high_X_u";

function vectorOpcodes(): Table {
  const table: Table = new Map();
  enter(table, 0, "memory", typed("v128", "load load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u"));
  enter(table, 7, "memory", typed("v128", "load8_splat load16_splat load32_splat load64_splat store"));
  enter(table, 12, "bytes", "v128.const i8x16.shuffle");
  enter(table, 14, "none", "i8x16.swizzle i8x16.splat i16x8.splat i32x4.splat i64x2.splat");
  enter(table, 21, "lane", typed("i8x16", "extract_lane_s extract_lane_u replace_lane"));
  enter(table, 24, "lane", typed("i16x8", "extract_lane_s extract_lane_u replace_lane"));
  enter(table, 27, "lane", "i32x4.extract_lane i32x4.replace_lane i64x2.extract_lane i64x2.replace_lane");
  enter(table, 35, "none", typed("i8x16", NARROW_COMPARE));
  enter(table, 45, "none", typed("i16x8", NARROW_COMPARE));
  enter(table, 55, "none", typed("i32x4", NARROW_COMPARE));
  enter(table, 77, "none", typed("v128", "not and andnot or xor bitselect any_true"));
  enter(table, 84, "memory lane", typed("v128", "load8_lane load16_lane load32_lane load64_lane"));
  enter(table, 88, "memory lane", typed("v128", "store8_lane store16_lane store32_lane store64_lane"));
  enter(table, 92, "memory", "v128.load32_zero v128.load64_zero");
  enter(table, 96, "none", typed("i8x16", "abs neg popcnt all_true bitmask narrow_i16x8_s narrow_i16x8_u"));
  enter(table, 107, "none", typed("i8x16", "shl shr_s shr_u add add_sat_s add_sat_u sub sub_sat_s sub_sat_u"));
  enter(table, 118, "none", typed("i8x16", "min_s min_u max_s max_u _ avgr_u"));
  enter(table, 124, "none", typed("i16x8", "extadd_pairwise_i8x16_s extadd_pairwise_i8x16_u"));
  enter(table, 126, "none", typed("i32x4", "extadd_pairwise_i16x8_s extadd_pairwise_i16x8_u"));
  enter(table, 128, "none", typed("i16x8", "abs neg q15mulr_sat_s all_true bitmask narrow_i32x4_s narrow_i32x4_u"));
  enter(table, 135, "none", typed("i16x8", WIDEN.replaceAll("X", "i8x16")));
  enter(table, 139, "none", typed("i16x8", "shl shr_s shr_u add add_sat_s add_sat_u sub sub_sat_s sub_sat_u"));
  enter(table, 149, "none", typed("i16x8", "mul min_s min_u max_s max_u _ avgr_u"));
  enter(table, 156, "none", typed("i16x8", MULTIPLY_WIDE.replaceAll("X", "i8x16")));
  enter(table, 160, "none", typed("i32x4", "abs neg _ all_true bitmask"));
  enter(table, 167, "none", typed("i32x4", WIDEN.replaceAll("X", "i16x8")));
  enter(
    table,
    171,
    "none",
    typed("i32x4", "shl shr_s shr_u add _ _ sub _ _ _ mul min_s min_u max_s max_u dot_i16x8_s"),
  );
  enter(table, 188, "none", typed("i32x4", MULTIPLY_WIDE.replaceAll("X", "i16x8")));
  enter(table, 192, "none", typed("i64x2", "abs neg _ all_true bitmask"));
  enter(table, 199, "none", typed("i64x2", WIDEN.replaceAll("X", "i32x4")));
  enter(table, 203, "none", typed("i64x2", "shl shr_s shr_u add _ _ sub _ _ _ mul eq ne lt_s gt_s le_s ge_s"));
  enter(table, 220, "none", typed("i64x2", MULTIPLY_WIDE.replaceAll("X", "i32x4")));
  enter(table, 256, "none", "i8x16.relaxed_swizzle");
  return table;
}

/** Opcodes of one byte. */
export const SINGLE = singleByteOpcodes();
/** Opcodes that follow the prefix byte of the key (0xfc: bulk memory; 0xfd: vectors). */
export const PREFIXED: ReadonlyMap<number, ReadonlyMap<number, Opcode>> = new Map([
  [0xfc, bulkOpcodes()],
  [0xfd, vectorOpcodes()],
]);
