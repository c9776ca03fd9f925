/**
 * An audit sink that writes a hash-chained trail (chain.ts) in batches. A record of something that changes nothing waits
 * in memory for its batch, at most a tenth of a second; one of a change is on disk before the change is. What cannot be
 * written stays: reads go on until the room for it is full, changes fail at once.
 */
import type { Clock, Random } from "../env.ts";
import { toHex } from "../model/arn.ts";
import { encodeBase64 } from "../model/base64.ts";
import { countedIds } from "../model/counted-ids.ts";
import { concatBytes } from "../records/encoding.ts";
import type { AuditEvent } from "./audit.ts";
import { type Checkpoint, chainHash, checkpointBytes, type FileHead, NO_HASH } from "./chain.ts";
import { RecordWriter } from "./record.ts";
import { WaitingRecords } from "./waiting-records.ts";

const BATCH_RECORDS = 256;
const BATCH_MS = 100;
const CHECKPOINT_BATCHES = 64;
const CHECKPOINT_MS = 60_000;
const MAX_WAITING_BYTES = 1024 * 1024;
const ID_BYTES = 8;

/** Where a trail is written. */
export interface AuditOutput {
  /** Begins a file, or whatever stands for one. */
  begin(head: FileHead, timeMs: number): Promise<void>;
  /** Appends in one piece; with `durable` it is on disk when the promise resolves. */
  append(bytes: Uint8Array, durable: boolean): Promise<void>;
  /** Lets what is being written go on, where a caller that never pauses would keep it from its turn. */
  turn?(): Promise<void>;
  /** Whether it is time for the next file. */
  isFull(timeMs: number): boolean;
  close(): Promise<void>;
}

export interface TrailSigner {
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

export interface TrailOptions {
  readonly output: AuditOutput;
  readonly signer: TrailSigner;
  /** SHA-256. */
  readonly hash: (bytes: Uint8Array) => Uint8Array;
  readonly random: Random;
  readonly clock: Clock;
}

const encoder = new TextEncoder();

export class AuditTrail {
  readonly #options: TrailOptions;
  readonly #writer = new RecordWriter();
  readonly #id: string;
  readonly #nextEventId: () => string;
  readonly #waiting = new WaitingRecords();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #queue: Promise<void> = Promise.resolve();
  #file = -1;
  #hash = NO_HASH;
  #chain = 0;
  /** Lines of our own that are written, and that the next chain line covers. */
  #unchained = "";
  /** Where and when the last checkpoint was made. */
  #signed = { chain: 0, timeMs: 0 };

  constructor(options: TrailOptions) {
    this.#options = options;
    const draw = new Uint8Array(ID_BYTES);
    options.random.fill(draw);
    this.#id = toHex(draw);
    this.#nextEventId = countedIds(options.random);
  }

  /** The sink: nothing to wait for, or a promise. */
  readonly record = (event: AuditEvent): Promise<void> | undefined => {
    if (this.#waiting.lengthBytes > MAX_WAITING_BYTES) {
      // Either the output is slower than the requests, or it fails: whoever comes now waits, or hears of it.
      return this.#enqueue(false).then(() => this.#take(event));
    }
    return this.#take(event);
  };

  /** Writes what waits, durably. @throws whatever the output throws */
  flush(): Promise<void> {
    return this.#enqueue(true);
  }

  /** Writes what waits, and a last checkpoint. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      await this.flush();
      if (this.#file >= 0) await this.#inTurn(() => this.#sign());
    } finally {
      await this.#options.output.close();
    }
  }

  #take(event: AuditEvent): Promise<void> | undefined {
    this.#waiting.add(this.#writer.lineOf(event, this.#nextEventId()));
    if (!event.readOnly) return this.flush();
    if (this.#waiting.count < BATCH_RECORDS) {
      this.#timer ??= this.#startTimer();
      return undefined;
    }
    this.#writeSoon();
    return this.#waiting.count % BATCH_RECORDS === 0 ? this.#options.output.turn?.() : undefined;
  }

  #startTimer(): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => this.#writeSoon(), BATCH_MS);
    // On Node.js a batch that waits keeps no process alive; whoever ends, closes.
    (timer as { unref?: () => void }).unref?.();
    return timer;
  }

  /** What cannot be written now is tried again with the next batch. */
  #writeSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#enqueue(false).catch(() => undefined);
  }

  #enqueue(durable: boolean): Promise<void> {
    return this.#inTurn(() => this.#writeBatch(durable));
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #writeBatch(durable: boolean): Promise<void> {
    if (this.#waiting.count === 0) return;
    const { output, clock, hash: sha256 } = this.#options;
    await this.#beginFile();
    const records = this.#waiting.take();
    const hash = chainHash(sha256, this.#hash, encoder.encode(this.#unchained), records.bytes);
    const chain = this.#chain + 1;
    const line = encoder.encode(`${JSON.stringify({ chain, records: records.count, hash })}\n`);
    try {
      await output.append(concatBytes(records.bytes, line), durable);
    } catch (error) {
      this.#waiting.putBack(records);
      throw error;
    }
    this.#unchained = "";
    this.#hash = hash;
    this.#chain = chain;
    const nowMs = clock.nowMs();
    const isDue = chain - this.#signed.chain >= CHECKPOINT_BATCHES || nowMs - this.#signed.timeMs >= CHECKPOINT_MS;
    if (isDue || output.isFull(nowMs)) await this.#sign();
  }

  /** Begins the first file, and the next one where this one is full. */
  async #beginFile(): Promise<void> {
    const { output, signer, clock } = this.#options;
    const nowMs = clock.nowMs();
    if (this.#file >= 0 && !output.isFull(nowMs)) return;
    const publicKey = encodeBase64(signer.publicKey);
    const head: FileHead = { trail: 1, id: this.#id, file: this.#file + 1, previous: this.#hash, publicKey };
    const line = `${JSON.stringify(head)}\n`;
    await output.begin(head, nowMs);
    await output.append(encoder.encode(line), false);
    this.#file++;
    this.#chain = 0;
    this.#unchained = line;
    this.#signed = { chain: 0, timeMs: nowMs };
  }

  async #sign(): Promise<void> {
    const { signer, clock, output } = this.#options;
    const nowMs = clock.nowMs();
    const checkpoint: Checkpoint = {
      id: this.#id,
      file: this.#file,
      chain: this.#chain,
      hash: this.#hash,
      time: new Date(nowMs).toISOString(),
    };
    const signature = encodeBase64(await signer.sign(checkpointBytes(checkpoint)));
    const line = `${JSON.stringify({ checkpoint, signature })}\n`;
    await output.append(encoder.encode(line), false);
    this.#unchained += line;
    this.#signed = { chain: this.#chain, timeMs: nowMs };
  }
}
