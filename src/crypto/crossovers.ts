/**
 * From how many bytes on the runtime's own cryptography is taken instead of the core's: data, with its source. For
 * AES-GCM the bytes are those of data and additional data together. `bench/crossover.ts` measures a table.
 */
import type { HashName } from "../core/core.ts";

/** How a table came about. */
export interface Source {
  readonly runtime: string;
  readonly machine: string;
  readonly method: string;
  readonly date: string;
}

/** What a runtime with an asynchronous cipher alone is asked for. */
export interface CipherCrossover {
  readonly sealFromBytes: number;
  readonly openFromBytes: number;
}

export interface Crossover extends CipherCrossover {
  /** For the first message of a key: the KMS makes a key for every message, and a native key costs more to make. */
  readonly onceFromBytes: number;
  readonly hashFromBytes: Readonly<Record<HashName, number>>;
  readonly hmacFromBytes: Readonly<Record<HashName, number>>;
}

export const NODE_CROSSOVER: Crossover & { readonly source: Source } = {
  source: {
    runtime: "Node.js 20.20.2",
    machine: "AMD EPYC (Zen 4, AES-NI and SHA-NI), 2 virtual cores shared with other work",
    method:
      "medians of five runs of bench/crossover.ts on a quiet machine, each of 31 paired rounds a size; AES-256, 32 bytes of " +
      "additional data, HMAC keys of 32 bytes",
    date: "2026-11-26",
  },
  sealFromBytes: 1344,
  openFromBytes: 928,
  onceFromBytes: 1344,
  hashFromBytes: { "SHA-224": 384, "SHA-256": 384, "SHA-384": 1024, "SHA-512": 1024 },
  hmacFromBytes: { "SHA-224": 1376, "SHA-256": 1376, "SHA-384": 5072, "SHA-512": 5072 },
};

export const EDGE_CROSSOVER: CipherCrossover & { readonly source: Source } = {
  source: {
    runtime: "workerd, as wrangler 4.86.0 starts it; taken for browsers too, where it was not measured",
    machine: "AMD EPYC (Zen 4, AES-NI and SHA-NI), 2 virtual cores shared with other work",
    method:
      "sealAsync and openAsync of the engines wasm and native in a Worker, AES-256, 32 bytes of additional data, one call " +
      "after the other; timed over HTTP from outside as the difference of two loops, medians of 9 paired rounds a size, " +
      "interpolated, the mean of two runs (720 and 1,140 to seal, 900 and 920 to open)",
    date: "2026-11-26",
  },
  sealFromBytes: 928,
  openFromBytes: 912,
};

/** Native whatever the size: for an engine that is forced. */
export const ALWAYS_NATIVE: Crossover = {
  sealFromBytes: 0,
  openFromBytes: 0,
  onceFromBytes: 0,
  hashFromBytes: { "SHA-224": 0, "SHA-256": 0, "SHA-384": 0, "SHA-512": 0 },
  hmacFromBytes: { "SHA-224": 0, "SHA-256": 0, "SHA-384": 0, "SHA-512": 0 },
};

/** Runtimes take no more than this in one call; the core goes on from there. */
const NATIVE_MAX_BYTES = 2 ** 31 - 1;

/** Whether a message goes the native way, which begins at `fromBytes`. */
export function isNative(lengthBytes: number, fromBytes: number): boolean {
  return lengthBytes >= fromBytes && lengthBytes <= NATIVE_MAX_BYTES;
}
