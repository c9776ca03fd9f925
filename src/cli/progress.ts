/**
 * What a run shows while it goes on: failures, as they come; and on a terminal one line with files, bytes, rate and
 * the time that is left, redrawn at most ten times a second and wiped at the end. In a pipe there is no such line.
 */
import type { Failure, Reporter } from "./batch.ts";
import { explain } from "./explain.ts";
import { colorsFor, type Io, isWatched } from "./terminal.ts";
import { counted, formatBytes, formatCount, formatDuration, printable } from "./text.ts";

const REDRAW_MS = 100;
/** Before this much time a rate says little. */
const SETTLED_MS = 1000;
const WIPE = "\r\u001b[K";

export interface ProgressOptions {
  readonly io: Io;
  /** As "sealing". */
  readonly verb: string;
  /** Prints stacks of failures, too. */
  readonly verbose: boolean;
}

/** A reporter that writes to stderr. */
export function createProgress({ io, verb, verbose }: ProgressOptions): Reporter {
  const { stderr } = io;
  const watched = isWatched(stderr, io);
  const { dim, red } = colorsFor(stderr, io);
  let totals = { files: 0, bytes: 0 };
  let files = 0;
  let bytes = 0;
  let startedAtMs = 0;
  let drawnAtMs = 0;
  const wipe = (): void => {
    if (watched && drawnAtMs > 0) stderr.write(WIPE);
  };
  const draw = (): void => {
    const now = performance.now();
    if (!watched || now - drawnAtMs < REDRAW_MS) return;
    drawnAtMs = now;
    const line = `${verb} ${progressLine(totals, { files, bytes, elapsedMs: now - startedAtMs })}`;
    stderr.write(WIPE + dim(line.slice(0, (stderr.columns || 80) - 1)));
  };
  return {
    begin(planned) {
      totals = planned;
      startedAtMs = performance.now();
      drawnAtMs = startedAtMs - REDRAW_MS;
      draw();
    },
    advance(moreBytes, moreFiles) {
      bytes += moreBytes;
      files += moreFiles;
      draw();
    },
    fail({ path, error }: Failure) {
      wipe();
      stderr.write(`${red("failed")} ${printable(path)}: ${explain(error)}\n`);
      if (verbose && error instanceof Error) stderr.write(`${dim(stackOf(error))}\n`);
    },
    end: wipe,
  };
}

/** A stack with its causes. */
export function stackOf(error: Error): string {
  const stack = error.stack ?? error.message;
  return error.cause instanceof Error ? `${stack}\ncaused by ${stackOf(error.cause)}` : stack;
}

interface Moment {
  readonly files: number;
  readonly bytes: number;
  readonly elapsedMs: number;
}

function progressLine(totals: { readonly files: number; readonly bytes: number }, now: Moment): string {
  const parts = [
    totals.files === 1 ? "" : `${formatCount(now.files)} of ${counted(totals.files, "file")}`,
    `${formatBytes(now.bytes)} of ${formatBytes(totals.bytes)}`,
  ];
  if (now.elapsedMs >= SETTLED_MS) {
    parts.push(`${formatBytes((now.bytes / now.elapsedMs) * 1000)}/s`);
    const doneShare = Math.min(1, shareDone(totals, now));
    if (doneShare > 0) parts.push(`${formatDuration((now.elapsedMs / doneShare) * (1 - doneShare))} left`);
  }
  return parts.filter((part) => part !== "").join(" · ");
}

/** Small files cost time by number, large ones by size: whichever is further behind tells. */
function shareDone(totals: { readonly files: number; readonly bytes: number }, { files, bytes }: Moment): number {
  const bytesShare = totals.bytes === 0 ? 1 : bytes / totals.bytes;
  if (totals.files < 100) return bytesShare;
  return Math.min(bytesShare, files / totals.files);
}
