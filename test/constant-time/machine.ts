/**
 * The state of the interpreted module: a stack, a memory, and beside every byte of both a mark that says whether a
 * secret has flowed into it.
 *
 * Every value, be it i32, i64 or v128, takes one slot of 16 bytes and one mask of 16 bits: bit n marks byte n.
 * Globals lie in the first slots, then frames (locals, then operands) grow upwards.
 */

const SLOT_COUNT = 1 << 16;

/** How a secret can show itself to somebody who sees which addresses are touched and how long things take. */
export type LeakKind =
  | "load address"
  | "store address"
  | "branch condition"
  | "branch table index"
  | "select condition"
  | "call target"
  | "bulk address"
  | "bulk length"
  | "division"
  | "memory growth"
  | "result";

/** One place in the module where a secret decides something that it must not. */
export interface Leak {
  readonly kind: LeakKind;
  /** The function's name. */
  readonly where: string;
  readonly instruction: string;
  /** The instruction's position in the binary, in bytes. */
  readonly at: number;
  /** How often it happened within one call from JavaScript, at the most. */
  readonly timesPerCall: number;
}

/** A leak as one line of text. */
export function describeLeak(leak: Leak): string {
  return `secret ${leak.kind}: ${leak.instruction} in ${leak.where}, byte ${leak.at} of the binary`;
}

/** Marks every lane of `laneBytes` bytes that has a marked byte, in the lowest `valueBytes` bytes. */
export function widen(mask: number, laneBytes: number, valueBytes = 16): number {
  if (mask === 0) return 0;
  const lane = (1 << laneBytes) - 1;
  let wide = 0;
  for (let byte = 0; byte < valueBytes; byte += laneBytes) if (mask & (lane << byte)) wide |= lane << byte;
  return wide;
}

/** Stack, memory, marks and what has been found. */
export class Machine {
  readonly #stack = new ArrayBuffer(SLOT_COUNT * 16);
  readonly u8 = new Uint8Array(this.#stack);
  readonly i8 = new Int8Array(this.#stack);
  readonly u16 = new Uint16Array(this.#stack);
  readonly i16 = new Int16Array(this.#stack);
  readonly u32 = new Uint32Array(this.#stack);
  readonly i32 = new Int32Array(this.#stack);
  readonly u64 = new BigUint64Array(this.#stack);
  readonly i64 = new BigInt64Array(this.#stack);
  /** One mask a slot. */
  readonly marks = new Uint16Array(SLOT_COUNT);
  /** The first free slot. */
  top = 0;
  /** The first local of the running function. */
  frame = 0;

  readonly memory: Uint8Array;
  /** One byte a byte of memory: 1 where a secret has flowed. */
  readonly secret: Uint8Array;

  /** Where the machine stands, for the reports. */
  where = "";
  /** The instruction that runs. */
  current: { readonly name: string; readonly at: number } = { name: "call", at: 0 };
  /** 1 at the position of every instruction that has run. */
  readonly executed: Uint8Array;
  readonly #leaks = new Map<string, Leak>();
  readonly #timesInCall = new Map<string, number>();

  constructor(memoryBytes: number, codeEnd: number) {
    this.memory = new Uint8Array(memoryBytes);
    this.secret = new Uint8Array(memoryBytes);
    this.executed = new Uint8Array(codeEnd);
  }

  /** What has been found so far, each place once. */
  get leaks(): Leak[] {
    return [...this.#leaks.values()];
  }

  /** JavaScript calls: what happens from here on counts as one call. */
  beginCall(): void {
    this.#timesInCall.clear();
  }

  report(kind: LeakKind): void {
    const key = `${kind} ${this.current.at}`;
    const times = (this.#timesInCall.get(key) ?? 0) + 1;
    this.#timesInCall.set(key, times);
    const timesPerCall = Math.max(times, this.#leaks.get(key)?.timesPerCall ?? 0);
    const { name: instruction, at } = this.current;
    this.#leaks.set(key, { kind, where: this.where, instruction, at, timesPerCall });
  }

  /** Reports `kind` if any byte of the slot is marked. */
  requirePublic(slot: number, kind: LeakKind): void {
    if (this.marks[slot] !== 0) this.report(kind);
  }

  copySlot(from: number, to: number): void {
    const { i32 } = this;
    const source = from * 4;
    const target = to * 4;
    i32[target] = i32[source]!;
    i32[target + 1] = i32[source + 1]!;
    i32[target + 2] = i32[source + 2]!;
    i32[target + 3] = i32[source + 3]!;
    this.marks[to] = this.marks[from]!;
  }

  clearSlots(from: number, to: number): void {
    this.i32.fill(0, from * 4, to * 4);
    this.marks.fill(0, from, to);
  }

  pushI32(value: number, mark = 0): void {
    this.i32[this.top * 4] = value;
    this.marks[this.top++] = mark;
  }

  pushI64(value: bigint, mark = 0): void {
    this.i64[this.top * 2] = value;
    this.marks[this.top++] = mark;
  }

  /** Takes an i32 off the stack; its mask stays readable at `marks[top]`. */
  popI32(): number {
    return this.i32[--this.top * 4]!;
  }

  /** Refuses a range outside of memory, as the real engine traps. */
  requireMemory(address: number, lengthBytes: number): void {
    if (address + lengthBytes > this.memory.length) {
      throw new RangeError(
        `${this.current.name} in ${this.where}: ${lengthBytes} bytes at ${address} leave the memory.`,
      );
    }
  }

  /** The mask of `lengthBytes` bytes of memory, at most 16. */
  marksAt(address: number, lengthBytes: number): number {
    let mask = 0;
    for (let i = 0; i < lengthBytes; i++) mask |= this.secret[address + i]! << i;
    return mask;
  }

  setMarksAt(address: number, lengthBytes: number, mask: number): void {
    for (let i = 0; i < lengthBytes; i++) this.secret[address + i] = (mask >> i) & 1;
  }
}
