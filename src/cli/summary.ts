/** What a run says when it has ended. */
import type { BatchResult } from "./batch.ts";
import type { Colors } from "./terminal.ts";
import { counted, formatBytes, formatDuration, printable } from "./text.ts";

const NAMES_SHOWN = 3;

export interface SummaryOptions {
  readonly result: BatchResult;
  /** As "Sealed". */
  readonly verb: string;
  readonly out: string;
  /** Names all that was skipped. */
  readonly verbose: boolean;
  readonly colors: Colors;
}

/** Lines for a person: what was done, where it lies, what was left out. */
export function summarize({ result, verb, out, verbose, colors }: SummaryOptions): string[] {
  const { files, bytes, failures, untried, elapsedMs } = result;
  const rate = `${formatBytes((bytes / Math.max(elapsedMs, 1)) * 1000)}/s`;
  const done = `${verb} ${counted(files, "file")} (${formatBytes(bytes)}) into ${printable(out)} in ${formatDuration(elapsedMs)}, ${rate}.`;
  const lines = [files > 0 ? colors.green(done) : `${verb} nothing.`];
  if (failures.length > 0)
    lines.push(colors.red(`${counted(failures.length, "input")} failed and left nothing behind; each is named above.`));
  if (untried > 0)
    lines.push(colors.red(`${counted(untried, "file")} more would have failed alike and were not tried.`));
  return [...lines, ...skippedLines(result, verbose)];
}

function skippedLines({ skipped }: BatchResult, verbose: boolean): string[] {
  const byReason = new Map<string, string[]>();
  for (const { path, reason } of skipped) byReason.set(reason, [...(byReason.get(reason) ?? []), path]);
  return [...byReason].map(([reason, paths]) => {
    const shown = verbose ? paths : paths.slice(0, NAMES_SHOWN);
    const more = paths.length > shown.length ? ` and ${paths.length - shown.length} more (--verbose names them)` : "";
    return `Skipped ${reason}: ${shown.map(printable).join(", ")}${more}.`;
  });
}
