/**
 * Records that wait to be written. They become bytes a few hundred at a time: one by one costs more, and texts that wait
 * for long are moved about by the garbage collector.
 */
import { concatBytes } from "../records/encoding.ts";

const PACKED_LINES = 256;
const encoder = new TextEncoder();

export interface RecordBatch {
  /** Lines, each with its line feed. */
  readonly bytes: Uint8Array;
  readonly count: number;
}

export class WaitingRecords {
  #packs: Uint8Array[] = [];
  #packedBytes = 0;
  /** Not packed yet. */
  #lines: string[] = [];
  #linesLength = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** About as many bytes. */
  get lengthBytes(): number {
    return this.#packedBytes + this.#linesLength;
  }

  add(line: string): void {
    this.#lines.push(line);
    this.#linesLength += line.length;
    this.#count++;
    if (this.#lines.length === PACKED_LINES) this.#pack();
  }

  /** All that wait; nothing waits any more. */
  take(): RecordBatch {
    if (this.#lines.length > 0) this.#pack();
    const batch = { bytes: concatBytes(...this.#packs), count: this.#count };
    this.#packs = [];
    this.#packedBytes = 0;
    this.#count = 0;
    return batch;
  }

  /** What was taken and could not be written goes before all others. */
  putBack({ bytes, count }: RecordBatch): void {
    this.#packs.unshift(bytes);
    this.#packedBytes += bytes.length;
    this.#count += count;
  }

  #pack(): void {
    const bytes = encoder.encode(`${this.#lines.join("\n")}\n`);
    this.#packs.push(bytes);
    this.#packedBytes += bytes.length;
    this.#lines = [];
    this.#linesLength = 0;
  }
}
