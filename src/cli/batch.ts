/**
 * Many files through a few lanes. A small file passes through at once and synchronously (a call through the thread
 * pool costs more than its work); the lanes are for large ones, and for `--sync`, where they wait for the disk
 * together. A file that fails is named and the others go on, unless the reason will fail them all.
 */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../envelope/context.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { KeystoreError } from "../errors.ts";
import { systemCode } from "./explain.ts";
import { createLane, type Lane, wipeLane } from "./lane.ts";
import type { Draft, OutputOptions, OutputTree } from "./output-file.ts";
import { Turns } from "./pause.ts";
import type { Plan, PlannedFile, PlannedFolder, Skipped } from "./walk.ts";

const LANES = 4;
const HOPELESS = new Set(["ENOSPC", "EDQUOT", "EROFS"]);

/** What sealing and opening files have in common. */
export interface PathsOptions {
  readonly paths: readonly string[];
  readonly envelope: Envelope;
  readonly context: Context;
  readonly output: Omit<OutputOptions, "fileMode" | "folderMode">;
  /** The data folder: left out of what is around it, and never written into. */
  readonly home: string;
  /** Base names that are left out. */
  readonly exclude: ReadonlySet<string>;
}

export interface Failure {
  readonly path: string;
  readonly error: unknown;
}

/** Told of a run while it goes on. */
export interface Reporter {
  begin(totals: { readonly files: number; readonly bytes: number }): void;
  /** Input bytes that have passed, and files that are done, since the last call. */
  advance(bytes: number, files: number): void;
  fail(failure: Failure): void;
  end(): void;
}

export interface BatchResult {
  /** Files that have their output. */
  readonly files: number;
  /** Their bytes, not sealed. */
  readonly bytes: number;
  readonly failures: readonly Failure[];
  /** Files that were not tried because the reason of the last failure would have failed them too. */
  readonly untried: number;
  readonly skipped: readonly Skipped[];
  readonly elapsedMs: number;
}

/** A file of the plan on its way. */
export interface Job {
  readonly input: { readonly descriptor: number; readonly sizeBytes: number };
  readonly lane: Lane;
  /** Starts the output; to be called once there is something to write. */
  draft(): Draft;
  /** Gives the output its name. @throws where the input is no longer what it was when it was opened */
  publish(draft: Draft): Promise<void>;
  /** Works on one file at a time, through buffers of its own: for frames so large that several would fill the memory. */
  alone<T>(work: (lane: Lane) => Promise<T>): Promise<T>;
  /** To be told of all that was read. */
  onChunk(chunkBytes: number): void;
}

/** What happens to each file. */
export interface Task {
  /** Returns when the output has its name: how many bytes of plaintext it was. */
  work(job: Job): Promise<number>;
  /** Whether this error of one file will come with every other, too. */
  isHopeless(error: unknown): boolean;
}

/** Passes every file of a plan through a task. */
export async function runBatch(plan: Plan, tree: OutputTree, reporter: Reporter, task: Task): Promise<BatchResult> {
  const startedAtMs = performance.now();
  const batch = new Batch(tree, reporter, task);
  reporter.begin(plan);
  for (const failure of plan.failures) batch.fail(failure);
  const queue = filesOf(plan);
  try {
    await Promise.all(Array.from({ length: LANES }, () => batch.runLane(queue)));
    batch.makeFolders(plan);
    if (batch.files > 0) tree.syncFolders();
  } finally {
    batch.wipe();
    reporter.end();
  }
  const { files, bytes, failures } = batch;
  const untried = plan.files - files - (failures.length - plan.failures.length);
  return { files, bytes, failures, untried, skipped: plan.skipped, elapsedMs: performance.now() - startedAtMs };
}

function* filesOf(plan: Plan): Generator<readonly [PlannedFolder, PlannedFile], void, undefined> {
  for (const folder of plan.folders) for (const file of folder.files) yield [folder, file];
}

interface Passage {
  readonly path: string;
  readonly folder: PlannedFolder;
  readonly file: PlannedFile;
  readonly lane: Lane;
}

class Batch {
  readonly failures: Failure[] = [];
  readonly #turns = new Turns();
  files = 0;
  bytes = 0;
  #hopeless = false;
  readonly #wideLane = createLane();
  #wideTurn: Promise<unknown> = Promise.resolve();

  constructor(
    readonly tree: OutputTree,
    readonly reporter: Reporter,
    readonly task: Task,
  ) {}

  async runLane(queue: Generator<readonly [PlannedFolder, PlannedFile], void, undefined>): Promise<void> {
    const lane = createLane();
    try {
      for (let next = queue.next(); !next.done && !this.#hopeless; next = queue.next()) {
        const [folder, file] = next.value;
        const path = join(folder.inputPath, file.name);
        try {
          await this.#pass({ path, folder, file, lane });
        } catch (error) {
          this.fail({ path, error });
        }
        await this.#turns.pause();
      }
    } finally {
      wipeLane(lane);
    }
  }

  fail(failure: Failure): void {
    const { error } = failure;
    this.failures.push(failure);
    this.reporter.fail(failure);
    const isEverywhere = HOPELESS.has(systemCode(error) ?? "") || error instanceof KeystoreError;
    this.#hopeless ||= isEverywhere || this.task.isHopeless(error);
  }

  /** Folders without files, too, have their place in the output. */
  makeFolders(plan: Plan): void {
    if (this.#hopeless) return;
    for (const { inputPath, outputPath, files } of plan.folders) {
      if (files.length > 0) continue;
      try {
        this.tree.makeFolder(outputPath);
      } catch (error) {
        this.fail({ path: inputPath, error });
      }
    }
  }

  wipe(): void {
    wipeLane(this.#wideLane);
  }

  #alone<T>(work: (lane: Lane) => Promise<T>): Promise<T> {
    const turn = this.#wideTurn.then(() => work(this.#wideLane));
    this.#wideTurn = turn.catch(() => undefined);
    return turn;
  }

  async #pass({ path, folder, file, lane }: Passage): Promise<void> {
    const { descriptor, status } = openRegularFile(path, { followsLink: folder.isNamed });
    const drafts: Draft[] = [];
    try {
      // Not `this.bytes += await …`, which would add to what the sum was before the wait.
      const passedBytes = await this.task.work({
        input: { descriptor, sizeBytes: Number(status.size) },
        lane,
        draft: () => {
          const draft = this.tree.draft(this.tree.makeFolder(folder.outputPath), file.outputName);
          drafts.push(draft);
          return draft;
        },
        publish: async (draft) => {
          checkUnchanged(descriptor, status);
          await draft.publish();
        },
        alone: (work) => this.#alone(work),
        onChunk: (chunkBytes) => this.reporter.advance(chunkBytes, 0),
      });
      this.bytes += passedBytes;
    } finally {
      closeSync(descriptor);
      for (const draft of drafts) draft.discard();
    }
    this.files++;
    this.reporter.advance(0, 1);
  }
}

/** A file in the system's hands, and what it was when it was opened. */
export interface OpenedFile {
  readonly descriptor: number;
  readonly status: BigIntStats;
}

/**
 * Opens a regular file to be read; the caller closes its descriptor.
 * @throws where it is anything else, at once also for a pipe that nobody writes into
 */
export function openRegularFile(path: string, { followsLink }: { readonly followsLink: boolean }): OpenedFile {
  // Windows has neither flag, and counts them as nothing.
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  const descriptor = openSync(path, O_RDONLY | O_NONBLOCK | (followsLink ? 0 : O_NOFOLLOW));
  try {
    const status = fstatSync(descriptor, { bigint: true });
    if (!status.isFile()) throw new Error(status.isDirectory() ? "it is a folder" : "it is not a regular file");
    return { descriptor, status };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** Files of the kernel, as in /proc, have no size and a new time whenever one asks; their time says nothing. */
function checkUnchanged(descriptor: number, before: BigIntStats): void {
  const after = fstatSync(descriptor, { bigint: true });
  if (after.size === before.size && (before.size === 0n || after.mtimeNs === before.mtimeNs)) return;
  throw new Error("it changed while it was read; try again when nothing writes to it");
}

/**
 * Reads from the start until the buffer is full or the file ends.
 * @param expectedBytes the length of the file as far as it is known: reaching it saves the read that finds the end
 */
export function readStart(descriptor: number, buffer: Uint8Array, expectedBytes = 0): number {
  let filledBytes = 0;
  while (filledBytes < buffer.length) {
    const readBytes = readSync(descriptor, buffer, filledBytes, buffer.length - filledBytes, filledBytes);
    filledBytes += readBytes;
    if (readBytes === 0 || filledBytes === expectedBytes) break;
  }
  return filledBytes;
}

/** Writes at the start of a file. */
export function writeStart(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done, bytes.length - done, done);
}
