/**
 * Many files through a few lanes. A small file passes through at once and synchronously (a call through the thread
 * pool costs more than its work); the lanes are for large ones, and for `--sync`, where they wait for the disk
 * together. A file that fails is named and the others go on, unless the reason will fail them all.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { KeystoreError } from "../errors.ts";
import { systemCode } from "./explain.ts";
import { createLane, type Lane, wipeLane } from "./lane.ts";
import type { Draft, OutputTree } from "./output-file.ts";
import { Turns } from "./pause.ts";
import type { Plan, PlannedFile, PlannedFolder, Skipped } from "./walk.ts";

const LANES = 4;
const HOPELESS = new Set(["ENOSPC", "EDQUOT", "EROFS"]);

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
    reporter.end();
  }
  const { files, bytes, failures } = batch;
  const untried = plan.files - files - (failures.length - plan.failures.length);
  return { files, bytes, failures, untried, skipped: plan.skipped, elapsedMs: performance.now() - startedAtMs };
}

function* filesOf(plan: Plan): Generator<readonly [PlannedFolder, PlannedFile], void, undefined> {
  for (const folder of plan.folders) for (const file of folder.files) yield [folder, file];
}

class Batch {
  readonly failures: Failure[] = [];
  readonly #turns = new Turns();
  files = 0;
  bytes = 0;
  #hopeless = false;

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
          await this.#pass(path, folder.outputPath, file.outputName, lane);
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

  async #pass(path: string, outputPath: string, outputName: string, lane: Lane): Promise<void> {
    const descriptor = openSync(path, "r");
    const drafts: Draft[] = [];
    try {
      const status = fstatSync(descriptor);
      if (!status.isFile()) throw new Error("it is no longer a regular file");
      // Not `this.bytes += await …`, which would add to what the sum was before the wait.
      const passedBytes = await this.task.work({
        input: { descriptor, sizeBytes: status.size },
        lane,
        draft: () => {
          const draft = this.tree.draft(this.tree.makeFolder(outputPath), outputName);
          drafts.push(draft);
          return draft;
        },
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
