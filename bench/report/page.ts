/** The report: one HTML file that needs nothing else, neither a network nor a script. */
import { judge, type Verdict } from "../bars.ts";
import { OUR_CORES, PIPELINE_CASE, PIPELINE_WHOLE } from "../names.ts";
import type { Results } from "../row.ts";
import { crossover, type Draw, envelopeThroughput, pipeline, ratios, requests, throughput } from "./figure.ts";
import { formatNs } from "./quantity.ts";
import { STYLE } from "./style.ts";
import { escapeHtml, tableOfBars, tableOfRows } from "./table.ts";

/** Widths at which charts are drawn: of a phone, and of everything else. */
const NARROW_PX = 344;
const WIDE_PX = 800;

function figure(draw: Draw): string {
  return `<figure><div class="narrow">${draw(NARROW_PX)}</div>` + `<div class="wide">${draw(WIDE_PX)}</div></figure>`;
}

interface Section {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly draw: Draw | undefined;
}

function sectionsOf({ rows }: Results): Section[] {
  const whole = rows.find((row) => row.case === PIPELINE_CASE && row.subject === PIPELINE_WHOLE)?.p50Ns;
  const sections: Section[] = [
    {
      id: "throughput",
      title: "Throughput by size: seal",
      text: "AES-256-GCM, a fresh nonce with each message, 32 bytes of additional data. Both axes are logarithmic.",
      draw: throughput(rows, "seal"),
    },
    {
      id: "open",
      title: "Throughput by size: open",
      text: "The same messages opened. The core authenticates a message before it decrypts any of it.",
      draw: throughput(rows, "open"),
    },
    {
      id: "crossover",
      title: "Where native wins",
      text: "A call into the runtime's native cipher costs microseconds before the first byte; after that it is many times as fast. The engine takes the core below the crossing and the native cipher above it.",
      draw: crossover(rows),
    },
    ...[64, 1024, 2 ** 20].map((bytes) => ({
      id: `ratio-${bytes}`,
      title: `The core against everybody, ${bytes === 64 ? "64 B" : bytes === 1024 ? "1 KiB" : "1 MiB"}`,
      text: "How many times as fast as each alternative the core seals such a message.",
      draw: ratios(rows, bytes),
    })),
    {
      id: "kms",
      title: "Whole requests to the key management service",
      text: "A command sent, admitted, authorized, executed, answered and audited, in this process with the memory keystore. Beside it the primitives alone in node:crypto: two HMACs to derive a key, and one message under it.",
      draw: requests(rows),
    },
    {
      id: "pipeline",
      title: "Inside one Encrypt",
      text: `Each part of the pipeline, the real one, timed by itself; the whole request took ${formatNs(whole ?? 0)}.`,
      draw: pipeline(rows),
    },
    {
      id: "envelope",
      title: "Whole messages",
      text: "Messages in the AWS Encryption SDK's format, each with a data key of its own: ours, that SDK's, and as a floor bare AES-256-GCM in node:crypto under a key that is already there.",
      draw: envelopeThroughput(rows),
    },
  ];
  return sections.filter(({ draw }) => draw !== undefined);
}

function sectionHtml({ id, title, text, draw }: Section): string {
  return `<section id="${id}"><h2>${escapeHtml(title)}</h2><p>${escapeHtml(text)}</p>${figure(draw!)}</section>`;
}

function scoreHtml(verdicts: readonly Verdict[]): string {
  const count = (...wanted: Verdict["verdict"][]) => verdicts.filter(({ verdict }) => wanted.includes(verdict)).length;
  const item = (text: string, number: number) => `<li><b>${number}</b>${text}</li>`;
  return `<ul class="score">${item("met", count("met", "stretch"))}${item("of them beyond the stretch goal", count("stretch"))}${item("not met", count("not met"))}${item("not measured", count("not measured"))}</ul>`;
}

function factsHtml({ machine, node, commit, date }: Results): string {
  const day = date.slice(0, 10);
  const at = `${day}, ${date.slice(11, 16)} UTC`;
  return `<p class="faint">${escapeHtml(`${at}. ${runtimeOf(node)} on ${machine}. Commit ${commit}.`)}</p>`;
}

export const runtimeOf = (node: string): string => (node.startsWith("v") ? `Node.js ${node.slice(1)}` : node);

/** Runs of other runtimes in short: their throughput, and when and where it was measured. */
function otherHtml(results: Results, index: number): string {
  const draws = [throughput(results.rows, "seal"), crossover(results.rows)].filter((draw) => draw !== undefined);
  if (draws.length === 0) return "";
  return (
    `<section id="other-${index}"><h2>The same in ${escapeHtml(runtimeOf(results.node))}</h2>` +
    `${factsHtml(results)}${draws.map(figure).join("")}</section>`
  );
}

/** @param others the newest results of other runtimes */
export function renderPage(results: Results, others: readonly Results[]): string {
  const verdicts = judge(results);
  const sections = sectionsOf(results);
  const links = [{ id: "claims", title: "Claims" }, ...sections, { id: "rows", title: "All numbers" }];
  const nav = links.map(({ id, title }) => `<a href="#${id}">${escapeHtml(title)}</a>`).join("");
  const core = OUR_CORES.find((name) => results.rows.some(({ subject }) => subject === name));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>wasm-kms: how fast it is</title><style>${STYLE}</style></head><body><main>
<h1>How fast wasm-kms is</h1>
${factsHtml(results)}
<p>Every subject was compared with node:crypto on the very inputs of its case before it was timed. Subjects take turns, round after round; a ratio is the baseline's time over the subject's in the same round, so above 1 the subject is faster. Shown are medians, with the quartiles of the ratios. On a shared machine trust the ratios: absolute times move.</p>
<nav>${nav}</nav>
<section id="claims"><h2>Claims</h2>
<p>Against node:crypto with a KeyObject unless said.${results.node.startsWith("v20.") ? "" : " The bars are those for Node.js 20."}${core === undefined ? "" : ` “Core” is ${escapeHtml(core)}.`}</p>
${scoreHtml(verdicts)}${tableOfBars(verdicts)}</section>
${sections.map(sectionHtml).join("\n")}
${others.map(otherHtml).join("\n")}
<section id="rows"><h2>All numbers</h2>
<p>Times are of one operation. Where one takes less than 30 microseconds, a sample is the mean of a loop of up to 256 calls, and p50 and p99 are of such means.</p>
<details><summary>${results.rows.length} rows</summary>${tableOfRows(results.rows)}</details></section>
</main></body></html>
`;
}
