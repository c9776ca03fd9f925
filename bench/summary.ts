/** What a run shows in the terminal: the claims, and whether they hold. */
import { placeOf, type Verdict } from "./bars.ts";
import { runtimeOf } from "./report/page.ts";
import { formatNs } from "./report/quantity.ts";
import type { Results } from "./row.ts";

export function summarize({ machine, node, rows }: Results, verdicts: readonly Verdict[]): string {
  const title = `${rows.length} rows, ${runtimeOf(node)}, ${machine}`;
  const known = verdicts.filter(({ row }) => row !== undefined);
  if (known.length === 0) return title;
  const lines = [
    ["claim", "bar / stretch", "measured (quartiles)", "time", ""],
    ...known.map((judged) => {
      const { bar, row, wanted, measured, verdict } = judged;
      const place = placeOf(judged);
      return [bar.claim, wanted, measured, formatNs(row!.p50Ns), place === "" ? verdict : `${verdict} (${place})`];
    }),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]!.length)));
  return [
    title,
    "",
    ...lines.map((line) =>
      line
        .map((text, i) => text.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    ),
  ].join("\n");
}
