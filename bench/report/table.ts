/** Tables of the report: the claims with their verdicts, and every row. */
import { placeOf, type Verdict } from "../bars.ts";
import type { Row } from "../row.ts";
import { formatBytes, formatNs, formatRatio } from "./quantity.ts";

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => ESCAPES[char]!);
}

/** Verdicts have a sign and a word: colour only repeats them. */
const VERDICTS = {
  stretch: { name: "stretch", text: "✓✓ met, stretch" },
  met: { name: "met", text: "✓ met" },
  "not met": { name: "missed", text: "✗ not met" },
  "not measured": { name: "absent", text: "– not measured" },
} as const;

const cell = (label: string, text: string) => `<td class="n" data-label="${label}">${escapeHtml(text)}</td>`;

const spreadOf = (low: number, high: number) => `(${formatRatio(low)}–${formatRatio(high)})`;

export function tableOfBars(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map((judged) => {
    const { bar, row, wanted, measured, verdict } = judged;
    const { name, text } = VERDICTS[verdict];
    const claim = [bar.claim, placeOf(judged)].filter((part) => part !== "").join("; ");
    return (
      `<tr><td class="claim">${escapeHtml(claim)}</td><td class="verdict ${name}">${text}</td>` +
      `${cell("wanted", wanted)}${cell("measured", measured)}` +
      `${cell("in", row === undefined ? "" : formatNs(row.p50Ns))}</tr>`
    );
  });
  return (
    '<table class="bars"><thead><tr><th>claim</th><th>verdict</th><th class="n">bar / stretch</th>' +
    '<th class="n">measured (quartiles)</th><th class="n">time</th></tr></thead>' +
    `<tbody>${rows.join("")}</tbody></table>`
  );
}

export function tableOfRows(rows: readonly Row[]): string {
  const lines = rows.map((row) =>
    [
      `<tr><td>${escapeHtml(`${row.layer}: ${row.case}`)}</td>`,
      `<td class="n">${formatBytes(row.bytes)}</td>`,
      `<td>${escapeHtml(row.subject)}</td>`,
      `<td class="n">${formatNs(row.p50Ns)}</td>`,
      `<td class="n">${formatNs(row.p99Ns)}</td>`,
      `<td class="n">${row.mbPerS.toPrecision(3)}</td>`,
      `<td class="n">${formatRatio(row.ratio)} ${spreadOf(row.ratioLow, row.ratioHigh)}</td>`,
      `<td>${escapeHtml(row.baseline)}</td></tr>`,
    ].join(""),
  );
  const heads = ["case", "size", "subject", "p50", "p99", "MB/s", "ratio (quartiles)", "baseline"];
  const numeric = new Set([1, 3, 4, 5, 6]);
  const head = heads.map((name, i) => `<th${numeric.has(i) ? ' class="n"' : ""}>${name}</th>`).join("");
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${lines.join("")}</tbody></table></div>`;
}
