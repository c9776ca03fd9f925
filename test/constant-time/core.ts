/**
 * The compiled core twice: in the real engine, and interpreted with marks. Both are driven by the product's own
 * JavaScript, so the proof covers every call that the product makes and describes the core's interface nowhere.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type CoreExports, openAbi } from "../../src/core/abi.ts";
import { assembleCore, type Core } from "../../src/core/instance.ts";
import { instantiate } from "./interpret.ts";
import { describeLeak, type Leak, type Machine } from "./machine.ts";
import { decodeModule, namesInText, type WasmModule } from "./module.ts";
import { Watch } from "./watch.ts";

const build = new URL("../../build/", import.meta.url);

/** The exports of either kind, driven by the product. */
function drive(exports: Record<string, unknown>): Core {
  return assembleCore(openAbi(exports as unknown as CoreExports));
}

/** A place where one secret-dependent bit becomes public on purpose: one instruction, once in a call. */
export interface Declassified {
  /** The function's name in build/core.wat. */
  readonly where: string;
  readonly kind: string;
  readonly why: string;
}

function readBuilt(name: string): Buffer {
  const path = fileURLToPath(new URL(name, build));
  if (!existsSync(path)) throw new Error(`${path} is missing: run "npm run build:core" first.`);
  return readFileSync(path);
}

/** The bytes that ship: those in the inlined module, which must be those of build/core.wasm. */
export function readCore(): { binary: Buffer; inlined: Buffer; text: string } {
  const [, base64] = /"([A-Za-z0-9+/=]+)"/.exec(readBuilt("core-wasm.ts").toString("latin1")) ?? [];
  const text = readBuilt("core.wat").toString("utf8");
  return { binary: readBuilt("core.wasm"), inlined: Buffer.from(base64 ?? "", "base64"), text };
}

/** Instructions that touch memory, decide where the run goes, or take a time that depends on their operands. */
const COULD_LEAK = /load|store|^memory|^(if|br_if|br_table|select|call_indirect)$|\.(div|rem)_/;

/** The product's driver of the core, over the real module and over the interpreted one. */
export class Proof {
  readonly real: Core;
  readonly shadow: Core;
  readonly watch = new Watch();
  readonly #module: WasmModule;
  readonly #machine: Machine;

  constructor() {
    const { binary, text } = readCore();
    this.real = drive(new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(binary))).exports);
    this.#module = decodeModule(binary, namesInText(text));
    const { machine, exports } = instantiate(this.#module, this.watch.hooks);
    this.#machine = machine;
    this.watch.attach(machine);
    this.shadow = drive(exports);
  }

  /**
   * Every place found so far that is not declassified; and every declassified one that tells more than one bit: it must
   * be one place that decides once in a call.
   */
  findings(declassified: readonly Declassified[]): string[] {
    const { leaks } = this.watch;
    const isAt = (leak: Leak, { where, kind }: Declassified): boolean => leak.where === where && leak.kind === kind;
    const undeclared = leaks.filter((leak) => !declassified.some((place) => isAt(leak, place)));
    const told = declassified.map((place) => {
      const found = leaks.filter((leak) => isAt(leak, place));
      return { place, bits: found.reduce((sum, { timesPerCall }) => sum + timesPerCall, 0) };
    });
    return [
      ...undeclared.map(describeLeak),
      ...told
        .filter(({ bits }) => bits !== 1)
        .map(({ place, bits }) => `declassified for one bit, tells ${bits}: ${place.kind} in ${place.where}`),
    ];
  }

  /** What could leak and has run in none of the proofs: it would be unproved. */
  static unproved(proofs: readonly Proof[]): string[] {
    return proofs[0]!.#module.functions.flatMap(({ name, code }) =>
      code
        .filter((instruction) => COULD_LEAK.test(instruction.name))
        .filter(({ at }) => !proofs.some((proof) => proof.#machine.executed[at]))
        .map((instruction) => `${instruction.name} in ${name}, byte ${instruction.at}, has never run`),
    );
  }
}

/**
 * Public lengths that take every path: none; under, at and over a block of AES, a batch, several batches; and those
 * that leave a block of SHA-256 (63) or SHA-512 (127) no room for its padding.
 */
export const LENGTHS = [0, 1, 15, 16, 17, 63, 95, 96, 97, 127, 300, 1024];

/** `length` bytes without a zero, so that each of them is seen to be written; `seed` tells one string from another. */
export function message(length: number, seed: number): Uint8Array {
  return Uint8Array.from(
    { length },
    (_, i) => 1 + (((Math.imul(i + 1, 2654435761) + Math.imul(seed, 40503)) >>> 16) % 255),
  );
}
