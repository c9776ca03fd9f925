/**
 * The compiled core twice: in the real engine, and interpreted with marks. Both are driven by the product's own
 * JavaScript, so the proof covers every call that the product makes and describes the core's interface nowhere.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { instantiate } from "./interpret.ts";
import { describeLeak } from "./machine.ts";
import { decodeModule, namesInText } from "./module.ts";
import { Watch } from "./watch.ts";

const build = new URL("../../build/", import.meta.url);

/** A place where a secret-dependent value becomes public on purpose. */
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

/** The same drivers over the real core and over the interpreted one. */
export class Proof<Drivers> {
  readonly real: Drivers;
  readonly shadow: Drivers;
  readonly watch = new Watch();

  /** @param drive makes the product's drivers over an instance's exports */
  constructor(drive: (exports: WebAssembly.Exports) => Drivers) {
    const { binary, text } = readCore();
    const module = new WebAssembly.Module(new Uint8Array(binary));
    this.real = drive(new WebAssembly.Instance(module).exports);
    const { machine, exports } = instantiate(decodeModule(binary, namesInText(text)), this.watch.hooks);
    this.watch.attach(machine);
    this.shadow = drive(exports as WebAssembly.Exports);
  }

  /** Every place found so far that is not declassified, and every declassified place that was not found. */
  findings(declassified: readonly Declassified[]): string[] {
    const { leaks } = this.watch;
    const undeclared = leaks.filter(
      (leak) => !declassified.some((d) => d.where === leak.where && d.kind === leak.kind),
    );
    const stale = declassified.filter((d) => !leaks.some((leak) => leak.where === d.where && leak.kind === d.kind));
    return [
      ...undeclared.map(describeLeak),
      ...stale.map(({ kind, where }) => `declassified, but not found: secret ${kind} in ${where}`),
    ];
  }
}

/** Public lengths that take every path: none, under, at and over a block, a batch, several batches. */
export const LENGTHS = [0, 1, 15, 16, 17, 95, 96, 97, 300, 1024];

/** `length` bytes without a zero, so that each of them is seen to be written; `seed` tells one string from another. */
export function message(length: number, seed: number): Uint8Array {
  return Uint8Array.from(
    { length },
    (_, i) => 1 + (((Math.imul(i + 1, 2654435761) + Math.imul(seed, 40503)) >>> 16) % 255),
  );
}
