/**
 * Opens sealed files into files. A small one is verified whole before its output is started; a large one frame by
 * frame on its way into a draft, which gets its name after the final frame and is removed where anything was wrong.
 */
import type { Context } from "../envelope/context.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { EnvelopeError } from "../envelope/errors.ts";
import type { Header } from "../envelope/header.ts";
import { type BatchResult, type Job, type Reporter, readStart, runBatch, writeStart } from "./batch.ts";
import { flowThrough } from "./lane.ts";
import { type OutputOptions, OutputTree } from "./output-file.ts";
import { SEALED_SUFFIX } from "./seal.ts";
import { planWork } from "./walk.ts";

/** Sealed files up to this are read, verified and written whole. */
const SMALL_BYTES = 256 * 1024;
/** About how much of a larger one is read, opened and written at once; also what is read at first for its header. */
const CHUNK_BYTES = 1024 * 1024;

export interface OpenPathsOptions {
  readonly paths: readonly string[];
  readonly envelope: Envelope;
  /** Pairs that every file's context must hold. */
  readonly context: Context;
  readonly output: Omit<OutputOptions, "fileMode" | "folderMode">;
  readonly home: string;
  readonly exclude: ReadonlySet<string>;
}

/**
 * Opens sealed files, and folders with all sealed files in them. What is in a folder goes right into the output
 * folder, so that opening the output of `sealPaths` restores names and paths. Outputs are readable by their owner only.
 * @throws {UsageError} before any work where outputs collide
 */
export async function openPaths(options: OpenPathsOptions, reporter: Reporter): Promise<BatchResult> {
  const { envelope, context, output } = options;
  const plan = await planWork(options.paths, {
    out: output.out,
    home: options.home,
    exclude: options.exclude,
    keepsFolderName: false,
    outputName: openedName,
    foreignFiles: `files without ${SEALED_SUFFIX}`,
  });
  const tree = new OutputTree({ ...output, fileMode: 0o600, folderMode: 0o700 });
  return runBatch(plan, tree, reporter, {
    work: (job) => openFile(job, envelope, context),
    isHopeless: () => false,
  });
}

function openedName(name: string): string | undefined {
  return name.endsWith(SEALED_SUFFIX) && name !== SEALED_SUFFIX ? name.slice(0, -SEALED_SUFFIX.length) : undefined;
}

async function openFile(job: Job, envelope: Envelope, context: Context): Promise<void> {
  const { input, lane } = job;
  const isSmall = input.sizeBytes <= SMALL_BYTES;
  const start = lane.input.take(0, isSmall ? SMALL_BYTES + 1 : CHUNK_BYTES);
  const startBytes = readStart(input.descriptor, start, input.sizeBytes);
  const parsed = envelope.headerReader().push(start.subarray(0, startBytes));
  if (parsed === undefined) throw new EnvelopeError();
  const opener = await envelope.opener(parsed.header, { context });
  try {
    if (startBytes <= SMALL_BYTES) {
      const plaintext = lane.output.take(0, opener.updateBytes(parsed.rest.length));
      const plaintextBytes = opener.update(parsed.rest, plaintext);
      opener.final();
      const draft = job.draft();
      writeStart(draft.descriptor, plaintext.subarray(0, plaintextBytes));
      job.onChunk(startBytes);
      await draft.publish();
      return;
    }
    await openLarge(job, opener, headerBytesOf(parsed.header));
  } finally {
    opener.destroy();
  }
}

async function openLarge(
  job: Job,
  opener: Awaited<ReturnType<Envelope["opener"]>>,
  headerBytes: number,
): Promise<void> {
  const { input, lane } = job;
  const draft = job.draft();
  const frames = Math.max(1, Math.floor(CHUNK_BYTES / opener.sealedFrameBytes));
  const bodyBytes = input.sizeBytes - headerBytes;
  // Whole frames, so that none is split between chunks; and no more than there is, whatever the header claims.
  const chunkBytes = Math.min(frames * opener.sealedFrameBytes, bodyBytes + 1);
  job.onChunk(headerBytes);
  await flowThrough(lane, {
    from: { descriptor: input.descriptor, position: headerBytes },
    to: { descriptor: draft.descriptor, position: 0 },
    chunkBytes,
    outputBytes: chunkBytes + opener.frameBytes,
    expectedBytes: bodyBytes,
    transform(chunk, out, last) {
      const outBytes = opener.update(chunk, out);
      if (last) opener.final();
      return outBytes;
    },
    onChunk: job.onChunk,
  });
  await draft.publish();
}

function headerBytesOf({ body, tag }: Header): number {
  return body.length + tag.length;
}
