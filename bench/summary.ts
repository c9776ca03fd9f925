/** What a run shows in the terminal: the claims, and whether they hold. */
import type { Verdict } from "./bars.ts";
import { runtimeOf } from "./report/page.ts";
import { formatBytes, formatNs, formatRatio } from "./report/quantity.ts";
import type { Results } from "./row.ts";

export function summarize({ machine, node, rows }: Results, verdicts: readonly Verdict[]): string {
  const measured = verdicts.filter(({ row }) => row !== undefined);
  const width = Math.max(...measured.map(({ bar }) => bar.claim.length), 5);
  const lines = measured.map(({ bar, row, verdict }) => {
    const spread = `(${formatRatio(row!.ratioLow)} to ${formatRatio(row!.ratioHigh)})`;
    const at = bar.bytes === undefined ? `, lowest at ${formatBytes(row!.bytes)} ${row!.case}` : "";
    return (
      `${bar.claim.padEnd(width)} ${formatRatio(bar.bar).padStart(7)} ${formatRatio(row!.ratio).padStart(7)} ` +
      `${spread.padEnd(20)} ${formatNs(row!.p50Ns).padStart(8)}  ${verdict}${at}`
    );
  });
  const head = `${"claim".padEnd(width)} ${"wanted".padStart(7)} ${"is".padStart(7)} ${"(quartiles)".padEnd(20)} ${"time".padStart(8)}`;
  const title = `${rows.length} rows, ${runtimeOf(node)}, ${machine}`;
  return lines.length === 0 ? title : [title, "", head, ...lines].join("\n");
}
