/** The process as the commands see it: its streams, its environment, and colours only where somebody looks. */
import type { Readable, Writable } from "node:stream";
import pc from "picocolors";

export interface OutputStream extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What `process` has. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

export type Colors = ReturnType<typeof pc.createColors>;

/** Whether somebody watches this stream on a terminal that can redraw a line. */
export function isWatched(stream: OutputStream, { env }: Io): boolean {
  return stream.isTTY === true && env.TERM !== "dumb";
}

/** Colours for a stream: none in a pipe, nor where NO_COLOR (no-color.org) is set. */
export function colorsFor(stream: OutputStream, io: Io): Colors {
  return pc.createColors(isWatched(stream, io) && !io.env.NO_COLOR);
}

/** Writes and waits until the stream has taken the bytes, so that their buffer may be used again. */
export function writeTo(stream: OutputStream, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, (error) => (error ? reject(error) : resolve()));
  });
}
