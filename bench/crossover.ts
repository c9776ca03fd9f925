/**
 * Where the runtime's own cryptography begins to win on this machine: prints the table of src/crypto/crossovers.ts. Both
 * ways are timed as the engines "wasm" and "native" go them, in interleaved rounds of which each gives one ratio. The
 * crossover is the size that loses least by these ratios.
 *
 *   npm run bench:crossover [-- rounds]
 */
import { cpus } from "node:os";
import { ALWAYS_NATIVE } from "../src/crypto/crossovers.ts";
import type { Engine } from "../src/crypto/engine.ts";
import { nodeEngine } from "../src/crypto/node.ts";
import { wasmEngine } from "../src/crypto/wasm.ts";

type Run = () => unknown;

const ROUNDS = Number(process.argv[2] ?? 31);
const ROUND_NS = 600_000;
const AAD_BYTES = 32;
const HASHES = ["SHA-256", "SHA-384", "SHA-512"] as const;

const wasm = wasmEngine();
const native = nodeEngine(wasmEngine(), ALWAYS_NATIVE);
const nonce = new Uint8Array(12);
const aad = new Uint8Array(AAD_BYTES).fill(7);
const key = new Uint8Array(32).fill(9);
const keys = new Map([wasm, native].map((engine) => [engine, engine.aead(key)]));

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

function timeNs(run: Run, times: number): number {
  const start = process.hrtime.bigint();
  for (let i = 0; i < times; i++) run();
  return Number(process.hrtime.bigint() - start) / times;
}

/** The median of core time over native time: above 1 where native wins. */
function ratioOf(core: Run, other: Run): number {
  for (const run of [core, other]) timeNs(run, 300);
  const times = [core, other].map((run) => Math.max(1, Math.ceil(ROUND_NS / timeNs(run, 100))));
  const ratios = Array.from({ length: ROUNDS }, (_, round) => {
    const order = round % 2 === 0 ? [0, 1] : [1, 0];
    const spent = [0, 0];
    for (const i of order) spent[i] = timeNs([core, other][i]!, times[i]!);
    return spent[0]! / spent[1]!;
  });
  return median(ratios);
}

/** The size that loses least: the sum over sizes of how much slower the way that it assigns to them is. */
function crossoverOf(fromBytes: number, toBytes: number, make: (engine: Engine, bytes: number) => Run): number {
  const gains: [bytes: number, gain: number][] = [];
  for (let bytes = toBytes; bytes >= fromBytes; bytes = Math.min(bytes - 16, Math.round(bytes / 1.1 / 16) * 16)) {
    const ratio = ratioOf(make(wasm, bytes), make(native, bytes));
    process.stderr.write(`  ${bytes} bytes: core/native ${ratio.toFixed(2)}\n`);
    gains.push([bytes, Math.log(ratio)]);
    if (ratio < 0.75) break;
  }
  const lossOf = (from: number) =>
    gains.reduce((sum, [bytes, gain]) => sum + Math.max(0, bytes >= from ? -gain : gain), 0);
  return gains.reduce((best, [bytes]) => (lossOf(bytes) < lossOf(best) ? bytes : best), Number.POSITIVE_INFINITY);
}

const sealOf = (engine: Engine, bytes: number): Run => {
  const text = new Uint8Array(bytes);
  return () => keys.get(engine)!.seal(nonce, text, aad);
};
const openOf = (engine: Engine, bytes: number): Run => {
  const sealed = keys.get(engine)!.seal(nonce, new Uint8Array(bytes), aad);
  return () => keys.get(engine)!.open(nonce, sealed, aad);
};

/** As a key management service does: a key for one message. */
const sealOnce = (engine: Engine, bytes: number): Run => {
  const text = new Uint8Array(bytes);
  return () => {
    const once = engine.aead(key);
    once.seal(nonce, text, aad);
    once.destroy();
  };
};
const openOnce = (engine: Engine, bytes: number): Run => {
  const sealed = keys.get(engine)!.seal(nonce, new Uint8Array(bytes), aad);
  return () => {
    const once = engine.aead(key);
    once.open(nonce, sealed, aad);
    once.destroy();
  };
};

const table: Record<string, number | Record<string, number>> = { hashFromBytes: {}, hmacFromBytes: {} };
process.stderr.write("seal\n");
table.sealFromBytes = AAD_BYTES + crossoverOf(256, 4096, sealOf);
process.stderr.write("open\n");
table.openFromBytes = AAD_BYTES + crossoverOf(256, 4096, openOf);
process.stderr.write("the only seal of a key\n");
table.onceFromBytes = AAD_BYTES + crossoverOf(256, 8192, sealOnce);
process.stderr.write("the only open of a key\n");
table.onceFromBytes = Math.round((table.onceFromBytes + AAD_BYTES + crossoverOf(256, 8192, openOnce)) / 2);
for (const hash of HASHES) {
  const most = hash === "SHA-256" ? 2048 : 6144;
  process.stderr.write(`hash ${hash}\n`);
  const hashOf = (engine: Engine, bytes: number): Run => {
    const data = new Uint8Array(bytes);
    return () => engine.hash(hash, data);
  };
  (table.hashFromBytes as Record<string, number>)[hash] = crossoverOf(32, most, hashOf);
  process.stderr.write(`HMAC ${hash}\n`);
  const hmacOf = (engine: Engine, bytes: number): Run => {
    const data = new Uint8Array(bytes);
    return () => engine.hmac(hash, key, data);
  };
  (table.hmacFromBytes as Record<string, number>)[hash] = crossoverOf(32, most, hmacOf);
}
console.log(`Node.js ${process.versions.node}, ${cpus()[0]!.model.trim()}, medians of ${ROUNDS} paired rounds\n`);
console.log(JSON.stringify(table, undefined, 2));
