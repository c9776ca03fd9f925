/** The charts of a run, each a function from rows to SVG; `undefined` where the run did not measure what it shows. */
import {
  AUTO,
  AWS_ENCRYPTION_SDK,
  NATIVE,
  OUR_CORES,
  OUR_ENVELOPE,
  OWN_COMMAND,
  PIPELINE_CASE,
  PIPELINE_PARTS,
  PIPELINE_WHOLE,
  SDK_COMMAND,
  WASM,
} from "../names.ts";
import type { Layer, Row } from "../row.ts";
import { type Bar, drawBars, drawLines, type Line } from "./chart.ts";
import { colorOf, lookOf, shortNameOf } from "./palette.ts";
import { formatBytes, formatNs, formatRatio } from "./quantity.ts";

export type Draw = (width: number) => string;

const HEIGHT = 380;

function rowsOf(rows: readonly Row[], layer: Layer, name: string): Row[] {
  return rows.filter((row) => row.layer === layer && row.case === name);
}

function linesOf(rows: readonly Row[], value: (row: Row) => number, names?: readonly string[]): Line[] {
  // The rows of further baselines repeat their subjects.
  const subjects = names ?? [...new Set(rows.map(({ subject }) => subject))];
  return subjects
    .map((subject) => {
      const points = new Map(rows.filter((row) => row.subject === subject).map((row) => [row.bytes, value(row)]));
      return { subject, points: [...points].sort(([a], [b]) => a - b) };
    })
    .filter(({ points }) => points.length > 0);
}

const mbPerS = (row: Row) => row.mbPerS;
const p50Us = (row: Row) => row.p50Ns / 1000;

function lines(title: string, unit: string, drawn: readonly Line[]): Draw | undefined {
  if (drawn.length === 0) return undefined;
  return (width) => drawLines(title, unit, drawn, { width, height: HEIGHT });
}

export function throughput(rows: readonly Row[], name: "seal" | "open"): Draw | undefined {
  return lines(`Throughput of AES-256-GCM ${name} by size`, "MB/s", linesOf(rowsOf(rows, "core", name), mbPerS));
}

export function crossover(rows: readonly Row[]): Draw | undefined {
  const drawn = linesOf(rowsOf(rows, "engine", "seal"), p50Us, [WASM, NATIVE, AUTO]);
  return lines("Time of one seal by size: core, native cipher, and the engine's choice", "us", drawn);
}

export function envelopeThroughput(rows: readonly Row[]): Draw | undefined {
  const drawn = linesOf(rowsOf(rows, "envelope", "seal"), mbPerS, [OUR_ENVELOPE, AWS_ENCRYPTION_SDK, "node:crypto"]);
  return lines("Throughput of whole sealed messages by size", "MB/s", drawn);
}

/** How many times as fast as each alternative our core seals. */
export function ratios(rows: readonly Row[], bytes: number): Draw | undefined {
  const measured = rowsOf(rows, "core", "seal").filter((row) => row.bytes === bytes);
  const ours = OUR_CORES.map((name) => measured.find(({ subject }) => subject === name)).find((row) => row);
  if (ours === undefined) return undefined;
  const seen = new Set<string>([...OUR_CORES]);
  const bars: Bar[] = [];
  for (const { subject, p50Ns, baseline } of measured) {
    if (seen.has(subject)) continue;
    seen.add(subject);
    // Paired where the run has such a row; else of the medians.
    const paired = measured.find((row) => row.subject === ours.subject && row.baseline === subject);
    const value = subject === baseline ? ours.ratio : (paired?.ratio ?? p50Ns / ours.p50Ns);
    bars.push({ label: shortNameOf(subject), value, text: formatRatio(value), color: lookOf(subject).color });
  }
  if (bars.length === 0) return undefined;
  const title = `How many times as fast as each the core seals ${formatBytes(bytes)}`;
  return (width) => drawBars(title, "times as fast; left of 1 it is slower", bars, width, "1x");
}

const KMS_CASES = [
  ["Encrypt", 64],
  ["Decrypt", 64],
  ["GenerateDataKey", 32],
] as const;

/** Whole requests beside the bare primitives. */
export function requests(rows: readonly Row[]): Draw | undefined {
  const bars = KMS_CASES.flatMap(([name, bytes]): Bar[] => {
    const measured = rowsOf(rows, "kms", name).filter((row) => row.bytes === bytes);
    const bare = measured.find(({ subject, baseline }) => subject === baseline);
    const shown = [OWN_COMMAND, SDK_COMMAND].map((subject) => measured.find((row) => row.subject === subject));
    return [...shown, bare].flatMap((row): Bar[] => {
      if (row === undefined) return [];
      const color = row === bare ? colorOf("vermilion") : colorOf("blue");
      const label = `${name}: ${row === bare ? "bare node:crypto" : row.subject.replace("wasm-kms, ", "")}`;
      return [{ label, value: row.p50Ns / 1000, text: formatNs(row.p50Ns), color }];
    });
  });
  if (bars.length === 0) return undefined;
  return (width) => drawBars("Time of a whole request beside the bare primitives", "us", bars, width);
}

/** Where the time of one Encrypt goes. */
export function pipeline(rows: readonly Row[]): Draw | undefined {
  const measured = rowsOf(rows, "kms", PIPELINE_CASE);
  const timeOf = (subject: string) => measured.find((row) => row.subject === subject)?.p50Ns ?? 0;
  const whole = timeOf(PIPELINE_WHOLE);
  if (whole === 0) return undefined;
  const parts = PIPELINE_PARTS.map((part) => [part as string, timeOf(part)] as const);
  const rest = whole - parts.reduce((sum, [, ns]) => sum + ns, 0);
  // The parts were timed apart from each other: on a busy machine their sum may exceed the whole.
  const all = rest > 0 ? [...parts, ["the way between them", rest] as const] : parts;
  const bars = all.map(([label, ns]): Bar => {
    const text = `${formatNs(ns)}, ${Math.round((ns / whole) * 100)} %`;
    return { label, value: ns / 1000, text, color: label === "cryptography" ? colorOf("blue") : colorOf("grey") };
  });
  return (width) => drawBars("Where the time of one Encrypt goes", "us", bars, width);
}
