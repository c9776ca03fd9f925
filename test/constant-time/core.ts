/**
 * The compiled core twice: in the real engine, and interpreted with marks. Both are driven by the product's own
 * JavaScript, so the proof covers every call that the product makes and describes the core's interface nowhere.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type CoreExports, openAbi, type Simd } from "../../src/core/abi.ts";
import { createCore } from "../../src/core/core.ts";
import { assembleCore, type Core } from "../../src/core/instance.ts";
import { instantiate } from "./interpret.ts";
import { describeLeak, type Leak, type Machine } from "./machine.ts";
import { decodeModule, namesInText, type WasmModule } from "./module.ts";
import { Watch } from "./watch.ts";

const build = new URL("../../build/", import.meta.url);

/** The exports of either kind, driven by the product. */
function drive(exports: Record<string, unknown>, simd: Simd): Core {
  return assembleCore(openAbi(exports as unknown as CoreExports, simd));
}

/** A place where a secret-dependent bit becomes public on purpose: one instruction, once for each message of a call. */
export interface Declassified {
  /** The function's name in the module's text. */
  readonly where: string;
  readonly kind: string;
  /** Of a call: as many as it opens messages at the most. */
  readonly bits: number;
  readonly why: string;
}

function readBuilt(name: string): Buffer {
  const path = fileURLToPath(new URL(name, build));
  if (!existsSync(path)) throw new Error(`${path} is missing: run "npm run build:core" first.`);
  return readFileSync(path);
}

/** The build that this engine runs: the test projects "plain" and "relaxed" prove one each. */
export const SIMD: Simd = createCore().simd;

/** The bytes that ship: those in the inlined module, which must be those of the built file. */
export function readCore(): { binary: Buffer; inlined: Buffer; text: string } {
  const all = [
    ...readBuilt("core-wasm.ts")
      .toString("latin1")
      .matchAll(/"([A-Za-z0-9+/=]+)"/g),
  ];
  const base64 = all[SIMD === "plain" ? 0 : 1]?.[1] ?? "";
  const text = readBuilt(`core-${SIMD}.wat`).toString("utf8");
  return { binary: readBuilt(`core-${SIMD}.wasm`), inlined: Buffer.from(base64, "base64"), text };
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
    this.real = drive(new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(binary))).exports, SIMD);
    this.#module = decodeModule(binary, namesInText(text));
    const { machine, exports } = instantiate(this.#module, this.watch.hooks);
    this.#machine = machine;
    this.watch.attach(machine);
    this.shadow = drive(exports, SIMD);
  }

  /**
   * Every place found so far that is not declassified; and every declassified one that does not tell as many bits as it
   * is said to: it must be one place that decides once for each message.
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
        .filter(({ place, bits }) => bits !== place.bits)
        .map(
          ({ place, bits }) => `declassified for ${place.bits} bits, tells ${bits}: ${place.kind} in ${place.where}`,
        ),
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
 * that leave a block of SHA-256 (63) or SHA-512 (127) no room for its padding. `npm run soak` has more of them.
 */
export const LENGTHS =
  process.env.SOAK === undefined ? [0, 1, 16, 63, 97, 127, 300] : [0, 1, 15, 16, 17, 63, 95, 96, 97, 127, 300, 1024];

/** `length` bytes without a zero, so that each of them is seen to be written; `seed` tells one string from another. */
export function message(length: number, seed: number): Uint8Array {
  return Uint8Array.from(
    { length },
    (_, i) => 1 + (((Math.imul(i + 1, 2654435761) + Math.imul(seed, 40503)) >>> 16) % 255),
  );
}
