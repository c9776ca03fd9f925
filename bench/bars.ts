/**
 * What this project claims of its speed, as data, and which of it a run shows. A claim is met by the median ratio of its
 * rows; where it covers several rows (every size), by the lowest.
 */
import {
  AUTO,
  batchNameOf,
  COMPILE_CASE,
  EVALUATE_CASE,
  EVALUATE_TEXT,
  fourNameOf,
  GUARDED,
  INSTANTIATE,
  NOBLE,
  NODE_CRYPTO,
  NPM_WASM,
  OUR_CORES,
  OWN_COMMAND,
  PARSE_POLICY,
  PATTERN_CASE,
  packedNameOf,
  SDK_COMMAND,
  STARS,
  START_CASE,
  TWO_HMACS,
} from "./names.ts";
import { formatBytes, formatRatio } from "./report/quantity.ts";
import type { Layer, Results, Row } from "./row.ts";

const PACKED = OUR_CORES.map(packedNameOf);
const BATCH = OUR_CORES.map(batchNameOf);

export interface Bar {
  readonly claim: string;
  readonly layer: Layer;
  readonly case: string;
  /** Every size where it is absent. */
  readonly bytes?: number;
  readonly subjects: readonly string[];
  /** How the name of the baseline begins. */
  readonly baseline: string;
  /** A ratio, to be reached; with a `unit`, a limit, to be kept. */
  readonly bar: number;
  readonly stretch?: number;
  readonly unit?: Unit;
}

type Unit = "us" | "ms" | "KiB";

export interface Verdict {
  readonly bar: Bar;
  /** As "8x / 12x", "at most 5 ms". */
  readonly wanted: string;
  /** As "6.3x (5.9x–6.4x)", "3.1 ms"; empty if it was not measured. */
  readonly measured: string;
  /** The row that decides; absent if the run did not measure it. */
  readonly row?: Row;
  readonly verdict: "stretch" | "met" | "not met" | "not measured";
}

type Steps = readonly (readonly [bytes: number, bar: number, stretch: number])[];

function stepsOf(claim: string, name: string, subjects: readonly string[], steps: Steps): Bar[] {
  return steps.map(([bytes, bar, stretch]) => {
    const text = `${claim}, ${bytes >= 1024 ? `${bytes / 1024} KiB` : `${bytes} B`}`;
    return { claim: text, layer: "core", case: name, bytes, subjects, baseline: NODE_CRYPTO, bar, stretch };
  });
}

const core = (claim: string, name: string, bytes: number, rest: Pick<Bar, "baseline" | "bar" | "stretch">): Bar => {
  return { claim, layer: "core", case: name, bytes, subjects: OUR_CORES, ...rest };
};

/** A whole request takes at most 1.3 times as long as its cryptography in bare node:crypto. */
const nearNative = (name: string): Bar => ({
  claim: `a whole ${name} request against bare node:crypto`,
  layer: "kms",
  case: name,
  subjects: [OWN_COMMAND],
  baseline: NODE_CRYPTO,
  bar: 1 / 1.3,
});

const START = { layer: "core", case: START_CASE, subjects: [INSTANTIATE], baseline: INSTANTIATE } as const;

const policy = (claim: string, name: string, subject: string, bar: number, unit: Unit): Bar => {
  return { claim, layer: "policy", case: name, subjects: [subject], baseline: "", bar, unit };
};

export const BARS: readonly Bar[] = [
  ...stepsOf("seal, new result", "seal", OUR_CORES, [
    [16, 8, 12],
    [64, 4.5, 6],
    [256, 2.2, 2.8],
    [1024, 0.9, 1.15],
  ]),
  ...stepsOf("seal into the caller's buffer", "seal into a buffer", OUR_CORES, [[64, 6.5, 8]]),
  ...stepsOf("open", "open", OUR_CORES, [
    [16, 7, 12],
    [64, 4.5, 6],
    [256, 1.9, 2.6],
    [1024, 0.8, 1.1],
  ]),
  ...stepsOf("sealPacked, 1,000 records", "seal 1,000 records", PACKED, [
    [16, 18, 26],
    [64, 10.5, 14],
    [256, 3.3, 4.5],
  ]),
  core(`seal, 1 MiB, against ${NOBLE}`, "seal", 2 ** 20, { baseline: NOBLE, bar: 5.5, stretch: 7 }),
  core("seal, 1 MiB, against the npm wasm", "seal", 2 ** 20, { baseline: NPM_WASM, bar: 7, stretch: 9 }),
  core("HKDF-SHA-256, 32 B, against the best node path", "HKDF-SHA-256", 32, {
    baseline: NODE_CRYPTO,
    bar: 1.8,
    stretch: 2.2,
  }),
  {
    claim: "HKDF-SHA-256, 32 B, four at a time",
    layer: "core",
    case: "HKDF-SHA-256",
    bytes: 32,
    subjects: OUR_CORES.map(fourNameOf),
    baseline: NODE_CRYPTO,
    bar: 4.5,
    stretch: 5.5,
  },
  core("derive from a held key and seal 64 B", "derive and seal", 64, {
    baseline: TWO_HMACS,
    bar: 3,
    stretch: 5,
  }),
  {
    claim: "derive from a held key and seal 64 B, batched",
    layer: "core",
    case: "derive and seal",
    bytes: 64,
    subjects: BATCH,
    baseline: TWO_HMACS,
    bar: 4.5,
    stretch: 7,
  },
  {
    claim: "a whole Encrypt request of 64 B against the bare node path",
    layer: "kms",
    case: "Encrypt",
    bytes: 64,
    subjects: [SDK_COMMAND],
    baseline: TWO_HMACS,
    bar: 0.7,
    stretch: 1.2,
  },
  {
    claim: "the same with authorization and audit on",
    layer: "kms",
    case: "Encrypt",
    bytes: 64,
    subjects: [GUARDED],
    baseline: TWO_HMACS,
    bar: 0.7,
    stretch: 1,
  },
  ...["Sign RSA_2048", "Sign ECC_NIST_P256", "Sign ECC_NIST_EDWARDS25519"].map(nearNative),
  ...["Verify RSA_2048", "Verify ECC_NIST_P256", "Verify ECC_NIST_EDWARDS25519"].map(nearNative),
  nearNative("GenerateDataKeyPair ECC_NIST_P256"),
  {
    claim: "engine auto against the better of wasm and native, every size",
    layer: "engine",
    case: "",
    subjects: [AUTO],
    baseline: "engine",
    bar: 0.95,
  },
  policy("a decision: 300,000 a second", EVALUATE_CASE, EVALUATE_TEXT, 1e6 / 300_000, "us"),
  policy("compile the console's key policy", COMPILE_CASE, PARSE_POLICY, 200, "us"),
  policy("a pattern of 200 stars against 8,000 characters", PATTERN_CASE, STARS, 5, "ms"),
  { ...START, claim: "the module", bar: 64, unit: "KiB" },
  { ...START, claim: "compile and instantiate the module", bar: 5, unit: "ms" },
];

export function judge({ rows }: Pick<Results, "rows">): Verdict[] {
  return BARS.map((bar) => {
    const row = decidingRow(bar, rows);
    const wanted = wantedBy(bar);
    if (row === undefined) return { bar, wanted, measured: "", verdict: "not measured" };
    if (bar.unit !== undefined) {
      const value = measuredIn(bar.unit, row);
      const measured = `${value.toFixed(1)} ${bar.unit}`;
      return { bar, row, wanted, measured, verdict: value <= bar.bar ? "met" : "not met" };
    }
    const { ratio, ratioLow, ratioHigh } = row;
    const measured = `${formatRatio(ratio)} (${formatRatio(ratioLow)}–${formatRatio(ratioHigh)})`;
    if (bar.stretch !== undefined && ratio >= bar.stretch) return { bar, row, wanted, measured, verdict: "stretch" };
    return { bar, row, wanted, measured, verdict: ratio >= bar.bar ? "met" : "not met" };
  });
}

function measuredIn(unit: Unit, { p50Ns, bytes }: Row): number {
  if (unit === "KiB") return bytes / 1024;
  return p50Ns / (unit === "ms" ? 1e6 : 1e3);
}

function wantedBy({ bar, stretch, unit }: Bar): string {
  if (unit !== undefined) return `at most ${Number(bar.toFixed(2))} ${unit}`;
  return [bar, stretch].flatMap((ratio) => (ratio === undefined ? [] : `${Number(ratio.toFixed(2))}x`)).join(" / ");
}

/** Where a claim about every size is decided. */
export function placeOf({ bar, row }: Verdict): string {
  if (row === undefined || bar.bytes !== undefined || bar.unit !== undefined) return "";
  return `lowest: ${row.case} ${formatBytes(row.bytes)}`;
}

function decidingRow(bar: Bar, rows: readonly Row[]): Row | undefined {
  const known = rows.filter(
    ({ layer, case: name, bytes, baseline }) =>
      layer === bar.layer &&
      (bar.case === "" || name === bar.case) &&
      (bar.bytes === undefined || bytes === bar.bytes) &&
      baseline.startsWith(bar.baseline),
  );
  const subject = bar.subjects.find((name) => known.some((row) => row.subject === name));
  return known.filter((row) => row.subject === subject).sort((a, b) => a.ratio - b.ratio)[0];
}
