/** How far a run is and how long it will still take, on one line of a terminal; nothing in a pipe. */

export interface Progress {
  /** Shows what is measured now. */
  begin(what: string): void;
  /** One more is done. */
  step(): void;
  /** Takes the line away. */
  end(): void;
}

const SILENT: Progress = { begin() {}, step() {}, end() {} };

export function showProgress(total: number, stream: NodeJS.WriteStream = process.stderr): Progress {
  if (!stream.isTTY) return SILENT;
  const start = performance.now();
  let done = 0;
  const write = (text: string) => stream.write(`\r\u001b[2K${text.slice(0, Math.max((stream.columns ?? 80) - 1, 1))}`);
  return {
    begin: (what) => write(`[${done + 1}/${total}] ${what}${etaOf(done, total, performance.now() - start)}`),
    step: () => void done++,
    end: () => write(""),
  };
}

/** As ", about 2 min left": from the pace so far. */
export function etaOf(done: number, total: number, elapsedMs: number): string {
  if (done === 0) return "";
  const seconds = ((elapsedMs / done) * (total - done)) / 1000;
  return `, about ${seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`} left`;
}
