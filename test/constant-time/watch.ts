/**
 * Stands between the JavaScript that drives the core and the interpreted core: sees what JavaScript has written to the
 * memory before each call, marks what of it is secret, and keeps what each call has left, so that a result can be
 * looked up with its marks.
 */
import { HASH_LENGTH_COUNT, HASH_LENGTHS_AT, LENGTHS_AT, LENGTHS_BYTES } from "../../src/core/abi.ts";
import type { Hooks } from "./interpret.ts";
import type { Leak, Machine } from "./machine.ts";

/** The memory is compared in pieces of this size, so that a call on little data costs little. */
const PAGE_BYTES = 4096;

/** Where JavaScript writes what is public: the lengths of a batch's records. */
const PUBLIC = [
  { from: LENGTHS_AT, to: LENGTHS_AT + LENGTHS_BYTES },
  { from: HASH_LENGTHS_AT, to: HASH_LENGTHS_AT + HASH_LENGTH_COUNT * 4 },
] as const;

const isPublic = (at: number): boolean => PUBLIC.some(({ from, to }) => at >= from && at < to);

/** What the memory held when a call returned. */
interface Trace {
  readonly memory: Buffer<ArrayBuffer>;
  readonly secret: Uint8Array;
}

/**
 * What is secret: every byte that JavaScript writes to the core's memory ("everything written": all that is public are
 * the arguments, which are lengths and handles, and PUBLIC), or only these byte strings, wherever they turn up.
 */
export type Secrets = "everything written" | readonly Uint8Array[];

/** The marks of one interpreted instance. */
export class Watch {
  readonly hooks: Hooks = { before: () => this.#before(), after: () => this.#after() };
  #machine: Machine | undefined;
  #seen = new Uint8Array(new ArrayBuffer(0));
  #secrets: Secrets = "everything written";
  #traces: Trace[] = [];

  /** Starts to watch; before anything is called. */
  attach(machine: Machine): void {
    this.#machine = machine;
    this.#seen = machine.memory.slice();
  }

  /** Runs `action` with the given secrets, from empty traces. */
  run<T>(secrets: Secrets, action: () => T): T {
    this.#secrets = secrets;
    this.#traces = [];
    return action();
  }

  get leaks(): Leak[] {
    return this.#machine!.leaks;
  }

  /**
   * How many bytes of `output` carried a mark when a call had just left them in memory.
   * @throws {Error} if no call of this run left these bytes, or the run was one of "everything written".
   */
  countMarked(output: Uint8Array): number {
    for (const { memory, secret } of this.#traces) {
      const at = memory.indexOf(output);
      if (at >= 0) return secret.subarray(at, at + output.length).reduce((count, mark) => count + mark, 0);
    }
    throw new Error("No call of this run left these bytes in the core's memory.");
  }

  /** Where the pages begin that differ from what was seen last. */
  #changedPages(): number[] {
    const { memory } = this.#machine!;
    const changed: number[] = [];
    for (let page = 0; page < memory.length; page += PAGE_BYTES) {
      const end = page + PAGE_BYTES;
      if (Buffer.compare(memory.subarray(page, end), this.#seen.subarray(page, end)) !== 0) changed.push(page);
    }
    return changed;
  }

  #before(): void {
    const { memory, secret } = this.#machine!;
    const mark = this.#secrets === "everything written" ? 1 : 0;
    for (const page of this.#changedPages()) {
      for (let i = page; i < page + PAGE_BYTES; i++) {
        if (memory[i] !== this.#seen[i]) secret[i] = isPublic(i) ? 0 : mark;
      }
    }
    if (this.#secrets === "everything written") return;
    const text = Buffer.from(memory.buffer);
    for (const bytes of this.#secrets) {
      for (let at = text.indexOf(bytes); at >= 0; at = text.indexOf(bytes, at + 1))
        secret.fill(1, at, at + bytes.length);
    }
  }

  #after(): void {
    const { memory, secret } = this.#machine!;
    for (const page of this.#changedPages()) this.#seen.set(memory.subarray(page, page + PAGE_BYTES), page);
    // Where everything is secret, a marked result would show nothing.
    if (this.#secrets === "everything written") return;
    this.#traces.push({ memory: Buffer.from(memory), secret: secret.slice() });
  }
}
