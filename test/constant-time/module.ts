/**
 * Decodes a WebAssembly binary into functions of instructions that `interpret.ts` can run.
 * Source: WebAssembly core specification 2.0, section 5 (binary format).
 */
import { type Opcode, PREFIXED, SINGLE } from "./opcodes.ts";

/** One instruction with its immediates; a field that the opcode does not have is 0 or empty. */
export interface Instruction {
  readonly name: string;
  /** Where the opcode lies in the binary, in bytes. */
  readonly at: number;
  /** Index, constant, memory offset or label depth. */
  readonly value: number;
  readonly lane: number;
  readonly wide: bigint;
  readonly bytes: Uint8Array;
  /** br_table: the label depths, the default last. */
  readonly labels: readonly number[];
  /** block, loop, if: how many values the block leaves. */
  readonly arity: number;
  /** block, loop, if, else: position of the matching `end`. */
  end: number;
  /** if: position after the matching `else`, or of `end` where there is none. */
  otherwise: number;
}

export interface FunctionType {
  readonly params: number;
  readonly results: number;
}

export interface WasmFunction {
  name: string;
  readonly type: FunctionType;
  readonly localCount: number;
  readonly code: readonly Instruction[];
}

export interface WasmModule {
  /** Of the binary. */
  readonly lengthBytes: number;
  readonly functions: WasmFunction[];
  readonly types: FunctionType[];
  /** The constant expression that gives each global its first value. */
  readonly globals: Instruction[];
  readonly exports: Map<string, { kind: "function" | "table" | "memory" | "global"; index: number }>;
  memoryPages: number;
  readonly data: { offset: number; bytes: Uint8Array }[];
  readonly elements: { offset: number; functions: number[] }[];
}

const NO_BYTES = new Uint8Array(0);
const EMPTY_BLOCK = 0x40;

/** Reads the binary from front to back. */
class Reader {
  position: number;
  readonly #bytes: Uint8Array;
  constructor(bytes: Uint8Array, position = 0) {
    this.#bytes = bytes;
    this.position = position;
  }

  byte(): number {
    const value = this.#bytes[this.position++];
    if (value === undefined) throw new RangeError(`The module ends early, at byte ${this.position - 1}.`);
    return value;
  }

  take(length: number): Uint8Array<ArrayBuffer> {
    this.position += length;
    return Uint8Array.from(this.#bytes.subarray(this.position - length, this.position));
  }

  wide(signed: boolean): bigint {
    let value = 0n;
    for (let shift = 0n; ; ) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte < 0x80) return signed && byte & 0x40 ? value - (1n << shift) : value;
    }
  }

  u32(): number {
    return Number(this.wide(false));
  }

  text(): string {
    return new TextDecoder().decode(this.take(this.u32()));
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: this.u32() }, read);
  }
}

function readOpcode(reader: Reader): Opcode {
  const at = reader.position;
  const first = reader.byte();
  const prefixed = PREFIXED.get(first);
  const second = prefixed === undefined ? undefined : reader.u32();
  const opcode = second === undefined ? SINGLE.get(first) : prefixed?.get(second);
  if (opcode !== undefined) return opcode;
  const code = [first, ...(second === undefined ? [] : [second])].map((part) => `0x${part.toString(16)}`).join(" ");
  throw new Error(`Unknown opcode ${code} at byte ${at}: name it in opcodes.ts and give it a rule.`);
}

function readArity(reader: Reader): number {
  const type = reader.byte();
  if (type < EMPTY_BLOCK) throw new Error("A block type with parameters: teach module.ts about it first.");
  return type === EMPTY_BLOCK ? 0 : 1;
}

function readInstruction(reader: Reader): Instruction {
  const at = reader.position;
  const { name, immediates } = readOpcode(reader);
  const read = { name, at, value: 0, lane: 0, wide: 0n, bytes: NO_BYTES, labels: [] as number[], arity: 0 };
  const positions = { end: -1, otherwise: -1 };
  if (immediates === "block") read.arity = readArity(reader);
  if (immediates === "index") read.value = reader.u32();
  if (immediates === "labels") read.labels = [...reader.list(() => reader.u32()), reader.u32()];
  if (immediates === "pair") {
    read.value = reader.u32();
    reader.u32();
  }
  if (immediates.startsWith("memory")) {
    reader.u32(); // The alignment is a hint.
    read.value = reader.u32();
  }
  if (immediates === "i32") read.value = Number(reader.wide(true));
  if (immediates === "i64") read.wide = reader.wide(true);
  if (immediates === "bytes") read.bytes = reader.take(16);
  if (immediates.endsWith("lane")) read.lane = reader.byte();
  return { ...read, ...positions };
}

/** Reads up to and with the `end` that closes the body, and joins every block to its `end` and `else`. */
function readBody(reader: Reader): Instruction[] {
  const code: Instruction[] = [];
  const open: Instruction[] = [];
  for (;;) {
    const instruction = readInstruction(reader);
    const position = code.push(instruction) - 1;
    if (["block", "loop", "if"].includes(instruction.name)) open.push(instruction);
    if (instruction.name === "else") {
      open.at(-1)!.otherwise = position + 1;
      open.push(instruction);
    }
    if (instruction.name !== "end") continue;
    const closed = open.pop();
    if (closed === undefined) return code;
    const begun = closed.name === "else" ? open.pop()! : closed;
    closed.end = position;
    begun.end = position;
    if (begun.otherwise < 0) begun.otherwise = position;
  }
}

function readFunction(reader: Reader, type: FunctionType, index: number): WasmFunction {
  reader.u32(); // The size of the body; the body's own `end` closes it.
  let localCount = type.params;
  reader.list(() => {
    localCount += reader.u32();
    reader.byte();
  });
  return { name: `function ${index}`, type, localCount, code: readBody(reader) };
}

function readConstant(reader: Reader): Instruction {
  const instruction = readInstruction(reader);
  if (reader.byte() !== 0x0b) throw new Error("An initial value of more than one instruction.");
  return instruction;
}

function readLimits(reader: Reader): number {
  const hasMaximum = reader.byte() & 1;
  const minimum = reader.u32();
  if (hasMaximum) reader.u32();
  return minimum;
}

function requireActive(reader: Reader): void {
  if (reader.u32() !== 0) throw new Error("A passive or declared segment: teach module.ts about it first.");
}

function readTypes(reader: Reader, module: WasmModule): void {
  reader.list(() => {
    reader.byte();
    const params = reader.list(() => reader.byte()).length;
    module.types.push({ params, results: reader.list(() => reader.byte()).length });
  });
}

function readGlobals(reader: Reader, module: WasmModule): void {
  reader.list(() => {
    reader.byte();
    reader.byte();
    module.globals.push(readConstant(reader));
  });
}

const KINDS = ["function", "table", "memory", "global"] as const;

function readExports(reader: Reader, module: WasmModule): void {
  reader.list(() => {
    const name = reader.text();
    module.exports.set(name, { kind: KINDS[reader.byte()]!, index: reader.u32() });
  });
}

function readElements(reader: Reader, module: WasmModule): void {
  reader.list(() => {
    requireActive(reader);
    const offset = readConstant(reader).value;
    module.elements.push({ offset, functions: reader.list(() => reader.u32()) });
  });
}

function readData(reader: Reader, module: WasmModule): void {
  reader.list(() => {
    requireActive(reader);
    const offset = readConstant(reader).value;
    module.data.push({ offset, bytes: reader.take(reader.u32()) });
  });
}

function newModule(lengthBytes: number): WasmModule {
  return {
    lengthBytes,
    functions: [],
    types: [],
    globals: [],
    exports: new Map(),
    memoryPages: 0,
    data: [],
    elements: [],
  };
}

/**
 * Decodes `binary`. `names` are the functions' names in their order, for the reports; without them a function is
 * called by its export or its number.
 * @throws {Error} for anything that the proof does not know, so that nothing is skipped in silence.
 */
export function decodeModule(binary: Uint8Array, names: readonly string[] = []): WasmModule {
  const reader = new Reader(binary, 8);
  const module = newModule(binary.length);
  let declared: number[] = [];
  while (reader.position < binary.length) {
    const section = reader.byte();
    const end = reader.u32() + reader.position;
    if (section === 1) readTypes(reader, module);
    if (section === 2) throw new Error("The module imports something: the proof would not see into it.");
    if (section === 3) declared = reader.list(() => reader.u32());
    if (section === 5) module.memoryPages = reader.list(() => readLimits(reader))[0] ?? 0;
    if (section === 6) readGlobals(reader, module);
    if (section === 7) readExports(reader, module);
    if (section === 8) throw new Error("A start function: it would run before anything is marked.");
    if (section === 9) readElements(reader, module);
    if (section === 10) {
      const types = declared.map((type) => module.types[type]!);
      reader.list(() =>
        module.functions.push(readFunction(reader, types[module.functions.length]!, module.functions.length)),
      );
    }
    if (section === 11) readData(reader, module);
    reader.position = end;
  }
  nameFunctions(module, names);
  return module;
}

function nameFunctions(module: WasmModule, names: readonly string[]): void {
  for (const [name, { kind, index }] of module.exports) if (kind === "function") module.functions[index]!.name = name;
  if (names.length === 0) return;
  if (names.length !== module.functions.length) {
    throw new Error(`${names.length} names for ${module.functions.length} functions: the text is of another build.`);
  }
  for (const [index, name] of names.entries()) module.functions[index]!.name = name;
}

/** The functions' names in the text form that asc writes beside the binary, in the order of the binary. */
export function namesInText(wat: string): string[] {
  return Array.from(wat.matchAll(/^ \(func \$(\S+)/gm), (match) => match[1]!);
}
