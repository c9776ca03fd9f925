/**
 * The buffers that one file at a time passes through, and the loop that reads and writes in the thread pool while this
 * thread encrypts. Two buffers each way: while one is worked on, the other is filled or emptied. The buffers are made
 * once, used for many files and wiped at the end.
 */
import { read, write } from "node:fs";
import { promisify } from "node:util";

const readLater = promisify(read);
const writeLater = promisify(write);

/** Two buffers that take turns, and grow where a file needs more. */
class Pair {
  #buffers: [Uint8Array, Uint8Array] = [new Uint8Array(0), new Uint8Array(0)];

  take(turn: number, lengthBytes: number): Uint8Array {
    const index = (turn % 2) as 0 | 1;
    if (this.#buffers[index].length < lengthBytes) {
      this.#buffers[index].fill(0);
      this.#buffers[index] = new Uint8Array(lengthBytes);
    }
    return this.#buffers[index].subarray(0, lengthBytes);
  }

  wipe(): void {
    for (const buffer of this.#buffers) buffer.fill(0);
  }
}

export interface Lane {
  readonly input: Pair;
  readonly output: Pair;
}

export function createLane(): Lane {
  return { input: new Pair(), output: new Pair() };
}

export function wipeLane({ input, output }: Lane): void {
  input.wipe();
  output.wipe();
}

/** Frames above this pass through one lane at a time: a lane takes about six of them. */
export const WIDE_FRAME_BYTES = 4 * 1024 * 1024;

export interface Flow {
  readonly from: { readonly descriptor: number; readonly position: number };
  readonly to: { readonly descriptor: number; readonly position: number };
  /** How much is read at once. */
  readonly chunkBytes: number;
  /** Room for what one chunk becomes. */
  readonly outputBytes: number;
  /** The length of the input, as far as it is known: it only saves a read. */
  readonly expectedBytes: number;
  /** Works on a chunk, the last one marked and perhaps empty; returns how many bytes of `out` it has written. */
  transform(chunk: Uint8Array, out: Uint8Array, last: boolean): number;
  /** Told of every chunk. */
  onChunk(chunkBytes: number): void;
}

/** Passes a file through `transform`, in order, and returns how many bytes were read. No read or write is under way any more when this returns or throws. */
export async function flowThrough({ input, output }: Lane, flow: Flow): Promise<number> {
  const { from, to, chunkBytes } = flow;
  const readChunk = (turn: number): Promise<number> =>
    readFully(from.descriptor, input.take(turn, chunkBytes), from.position + turn * chunkBytes);
  let reading = readChunk(0);
  const writing: Promise<void>[] = [];
  let position = to.position;
  let passedBytes = 0;
  try {
    for (let turn = 0, last = false; !last; turn++) {
      const filledBytes = await reading;
      last = filledBytes < chunkBytes;
      if (!last) {
        reading = readChunk(turn + 1);
        // A file that ends with its chunk: the last chunk is told as such, so that no empty one follows it.
        if ((turn + 1) * chunkBytes >= flow.expectedBytes) last = (await reading) === 0;
      }
      await writing[turn % 2];
      const out = output.take(turn, flow.outputBytes);
      const outBytes = flow.transform(input.take(turn, chunkBytes).subarray(0, filledBytes), out, last);
      const written = writeFully(to.descriptor, out.subarray(0, outBytes), position);
      // Awaited two turns later; until then a failure must not count as unhandled.
      written.catch(() => undefined);
      writing[turn % 2] = written;
      position += outBytes;
      passedBytes += filledBytes;
      flow.onChunk(filledBytes);
    }
    await Promise.all(writing);
    return passedBytes;
  } finally {
    await Promise.allSettled([reading, ...writing]);
  }
}

async function readFully(descriptor: number, buffer: Uint8Array, position: number): Promise<number> {
  let filledBytes = 0;
  while (filledBytes < buffer.length) {
    const left = buffer.length - filledBytes;
    const { bytesRead } = await readLater(descriptor, buffer, filledBytes, left, position + filledBytes);
    if (bytesRead === 0) break;
    filledBytes += bytesRead;
  }
  return filledBytes;
}

async function writeFully(descriptor: number, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await writeLater(descriptor, bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
