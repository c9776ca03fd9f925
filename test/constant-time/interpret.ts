/**
 * Runs a decoded module with marks: control flow, calls, locals and globals. A branch, a table index, a `select` or a
 * call target that a secret decides is reported, and the run goes on, so that one run finds every such place.
 *
 * One run covers every key and every message of the same public shape: no secret decides where the run goes (that is
 * what is checked), so no other secret can lead it elsewhere.
 */
import { VECTOR_RULES } from "./lanes.ts";
import { Machine } from "./machine.ts";
import { MEMORY_RULES } from "./memory.ts";
import type { Instruction, WasmFunction, WasmModule } from "./module.ts";
import { type Rule, type Rules, SCALAR_RULES } from "./scalars.ts";

const LOCALS: [string, Rule][] = [
  ["local.get", (machine, { value }) => machine.copySlot(machine.frame + value, machine.top++)],
  ["local.set", (machine, { value }) => machine.copySlot(--machine.top, machine.frame + value)],
  ["local.tee", (machine, { value }) => machine.copySlot(machine.top - 1, machine.frame + value)],
  ["global.get", (machine, { value }) => machine.copySlot(value, machine.top++)],
  ["global.set", (machine, { value }) => machine.copySlot(--machine.top, value)],
  ["drop", (machine) => void machine.top--],
  ["nop", () => undefined],
];

/** An engine may compile `select` to a branch, so its condition must be public. */
const select: Rule = (machine) => {
  machine.requirePublic(machine.top - 1, "select condition");
  const first = machine.popI32() !== 0;
  const conditionMark = machine.marks[machine.top] ? 0xffff : 0;
  machine.top--;
  if (!first) machine.copySlot(machine.top, machine.top - 1);
  machine.marks[machine.top - 1]! |= conditionMark;
};

/** Every instruction that only changes the machine; control flow is the interpreter's own. */
export const RULES: Rules = new Map([...SCALAR_RULES, ...VECTOR_RULES, ...MEMORY_RULES, ...LOCALS, ["select", select]]);

/** A block that has been entered: where a branch to it goes on, and how high the stack stood. */
interface Label {
  readonly target: number;
  readonly isLoop: boolean;
  readonly height: number;
  readonly arity: number;
}

/** Runs functions of one module on one machine. */
class Interpreter {
  readonly #module: WasmModule;
  readonly #machine: Machine;
  readonly #table: number[] = [];
  /** Each function's rules, looked up once. */
  readonly #rules = new Map<WasmFunction, readonly (Rule | undefined)[]>();

  constructor(module: WasmModule, machine: Machine) {
    this.#module = module;
    this.#machine = machine;
    for (const called of module.functions) {
      this.#rules.set(
        called,
        called.code.map(({ name }) => RULES.get(name)),
      );
    }
    for (const { offset, functions } of module.elements) {
      for (const [i, index] of functions.entries()) this.#table[offset + i] = index;
    }
  }

  /** Calls a function whose arguments are on the stack; they are replaced with its result. */
  invoke(called: WasmFunction): void {
    const machine = this.#machine;
    const { frame, where } = machine;
    const base = machine.top - called.type.params;
    machine.clearSlots(machine.top, base + called.localCount);
    machine.frame = base;
    machine.top = base + called.localCount;
    machine.where = called.name;
    this.#run(called);
    if (called.type.results > 0) machine.copySlot(machine.top - 1, base);
    machine.top = base + called.type.results;
    machine.frame = frame;
    machine.where = where;
  }

  #run(running: WasmFunction): void {
    const machine = this.#machine;
    const { code } = running;
    const { executed } = machine;
    const rules = this.#rules.get(running)!;
    const labels: Label[] = [];
    for (let position = 0; position < code.length; ) {
      const instruction = code[position]!;
      const rule = rules[position];
      machine.current = instruction;
      executed[instruction.at] = 1;
      if (rule === undefined) {
        position = this.#control(instruction, position, code, labels);
      } else {
        rule(machine, instruction);
        position++;
      }
    }
  }

  /** Carries out one instruction of control flow and returns the position of the next. */
  #control(instruction: Instruction, position: number, code: readonly Instruction[], labels: Label[]): number {
    const machine = this.#machine;
    const { name, end, value } = instruction;
    switch (name) {
      case "block":
        labels.push({ target: end + 1, isLoop: false, height: machine.top, arity: instruction.arity });
        return position + 1;
      case "loop":
        labels.push({ target: position + 1, isLoop: true, height: machine.top, arity: 0 });
        return position + 1;
      case "if": {
        machine.requirePublic(machine.top - 1, "branch condition");
        const taken = machine.popI32() !== 0;
        labels.push({ target: end + 1, isLoop: false, height: machine.top, arity: instruction.arity });
        return taken ? position + 1 : instruction.otherwise;
      }
      case "else":
        return end;
      case "end":
        labels.pop();
        return position + 1;
      case "br":
        return this.#branch(value, code, labels);
      case "br_if":
        machine.requirePublic(machine.top - 1, "branch condition");
        return machine.popI32() === 0 ? position + 1 : this.#branch(value, code, labels);
      case "br_table": {
        machine.requirePublic(machine.top - 1, "branch table index");
        const index = machine.popI32() >>> 0;
        const depths = instruction.labels;
        return this.#branch(depths[Math.min(index, depths.length - 1)]!, code, labels);
      }
      case "return":
        return code.length;
      case "call":
        this.invoke(this.#module.functions[value]!);
        return position + 1;
      case "call_indirect":
        machine.requirePublic(machine.top - 1, "call target");
        this.invoke(this.#module.functions[this.#table[machine.popI32()]!]!);
        return position + 1;
      case "unreachable":
        throw new Error(`${machine.where} reached "unreachable": the core must answer bad input with a status.`);
      default:
        throw new Error(`No rule for ${name}: teach scalars.ts, lanes.ts or memory.ts how secrets flow through it.`);
    }
  }

  #branch(depth: number, code: readonly Instruction[], labels: Label[]): number {
    const machine = this.#machine;
    const label = labels[labels.length - 1 - depth];
    if (label === undefined) return code.length;
    if (label.arity > 0) machine.copySlot(machine.top - 1, label.height);
    machine.top = label.height + label.arity;
    for (let left = label.isLoop ? depth : depth + 1; left > 0; left--) labels.pop();
    return label.target;
  }
}

/** An interpreted instance: the exports that a real one has, and the machine below them. */
export interface Interpreted {
  readonly machine: Machine;
  /** Functions, and `memory` with the machine's bytes as its `buffer`. */
  readonly exports: Record<string, unknown>;
}

/** What the caller of an exported function may add. */
export interface Hooks {
  /** Runs before each call of an export: the place to mark what is secret. */
  readonly before?: (name: string) => void;
  readonly after?: (name: string) => void;
}

/**
 * Makes an instance of `module`. A function that gives JavaScript a secret-dependent result is reported; `hooks` are
 * called around each exported function.
 */
export function instantiate(module: WasmModule, hooks: Hooks = {}): Interpreted {
  const machine = new Machine(module.memoryPages * 65536, module.lengthBytes);
  const interpreter = new Interpreter(module, machine);
  for (const { offset, bytes } of module.data) machine.memory.set(bytes, offset);
  for (const initial of module.globals) RULES.get(initial.name)!(machine, initial);
  const exports: Record<string, unknown> = {};
  for (const [name, { kind, index }] of module.exports) {
    if (kind === "memory") exports[name] = { buffer: machine.memory.buffer };
    if (kind === "global") exports[name] = { value: machine.i32[index * 4] };
    if (kind === "function") exports[name] = callFrom(interpreter, machine, module.functions[index]!, name, hooks);
  }
  return { machine, exports };
}

function callFrom(
  interpreter: Interpreter,
  machine: Machine,
  called: WasmFunction,
  name: string,
  hooks: Hooks,
): (...values: number[]) => number | undefined {
  return (...values) => {
    hooks.before?.(name);
    machine.beginCall();
    const base = machine.top;
    for (let i = 0; i < called.type.params; i++) machine.pushI32(values[i] ?? 0);
    try {
      interpreter.invoke(called);
      machine.where = called.name;
      if (called.type.results === 0) return undefined;
      machine.requirePublic(base, "result");
      return machine.i32[base * 4];
    } finally {
      machine.top = base;
      hooks.after?.(name);
    }
  };
}
