/** The part of the README that a run writes: its charts as files, and between two marks a table and where it is from. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NODE_CRYPTO, OUR_CORES } from "./names.ts";
import { PROJECT_ROOT } from "./project-root.ts";
import { asFile } from "./report/chart.ts";
import { crossover, type Draw, pipeline, ratios, throughput } from "./report/figure.ts";
import { runtimeOf } from "./report/page.ts";
import { formatBytes, formatNs, formatRatio } from "./report/quantity.ts";
import { RESULTS_FOLDER } from "./results.ts";
import type { Results, Row } from "./row.ts";

const BEGIN = "<!-- written by npm run bench -- --readme -->";
const END = "<!-- end of what the bench wrote -->";
const WIDTH_PX = 800;

const CHARTS: readonly (readonly [name: string, alt: string, draw: (rows: readonly Row[]) => Draw | undefined])[] = [
  ["throughput", "Throughput of AES-256-GCM by message size, for each library", (rows) => throughput(rows, "seal")],
  ["crossover", "Time of one seal by size: the core, the native cipher, and the engine's choice", crossover],
  ["ratios", "How many times as fast as each alternative the core seals 64 bytes", (rows) => ratios(rows, 64)],
  ["pipeline", "Where the time of one Encrypt request goes", pipeline],
];

/** Writes the charts, renews the README and returns the paths of both. @throws {Error} if the README has lost its marks */
export function renewReadme(results: Results): string[] {
  const path = join(PROJECT_ROOT, "README.md");
  const text = readFileSync(path, "utf8");
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`README.md must hold the lines "${BEGIN}" and "${END}".`);
  const written: string[] = [];
  const images = CHARTS.flatMap(([name, alt, chart]) => {
    const draw = chart(results.rows);
    if (draw === undefined) return [];
    const file = join(RESULTS_FOLDER, `${name}.svg`);
    writeFileSync(file, asFile(draw(WIDTH_PX)));
    written.push(file);
    return [`![${alt}](bench/results/${name}.svg)`];
  });
  const parts = [BEGIN, sourceOf(results), tableOf(results.rows), ...images];
  writeFileSync(path, `${text.slice(0, begin)}${parts.join("\n\n")}\n\n${text.slice(end)}`);
  return [...written, path];
}

function sourceOf({ date, machine, node, commit }: Results): string {
  return (
    `Measured on ${date.slice(0, 10)} with ${runtimeOf(node)} on ${machine}, commit ${commit}. AES-256-GCM, 32 bytes of ` +
    "additional data; a ratio is node:crypto's time (with a KeyObject) over the core's, in medians of interleaved rounds:"
  );
}

function tableOf(rows: readonly Row[]): string {
  const find = (name: string, bytes: number, subject: string) =>
    rows.find(
      (row) =>
        row.layer === "core" &&
        row.case === name &&
        row.bytes === bytes &&
        row.subject === subject &&
        row.baseline === NODE_CRYPTO,
    );
  const sizes = [...new Set(rows.filter((row) => row.layer === "core" && row.case === "seal").map((row) => row.bytes))];
  const core = OUR_CORES.find((name) => rows.some(({ subject }) => subject === name)) ?? OUR_CORES[0];
  const lines = sizes
    .sort((a, b) => a - b)
    .map((bytes) => {
      const [seal, open, native] = [
        find("seal", bytes, core),
        find("open", bytes, core),
        find("seal", bytes, NODE_CRYPTO),
      ];
      const ratioOf = (row: Row | undefined) =>
        row === undefined
          ? "–"
          : `${formatRatio(row.ratio)} (${formatRatio(row.ratioLow)}–${formatRatio(row.ratioHigh)})`;
      const timeOf = (row: Row | undefined) => (row === undefined ? "–" : formatNs(row.p50Ns));
      return `| ${formatBytes(bytes)} | ${timeOf(seal)} | ${timeOf(native)} | ${ratioOf(seal)} | ${ratioOf(open)} |`;
    });
  return [
    "| size | core seals in | node:crypto in | seal, ratio (quartiles) | open, ratio (quartiles) |",
    "|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}
