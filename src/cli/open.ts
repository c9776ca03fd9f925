/**
 * Opens sealed files into files. A small one is verified whole before its output is started; a large one frame by
 * frame on its way into a draft, which gets its name after the final frame and is removed where anything was wrong.
 */
import type { Context } from "../envelope/context.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { EnvelopeError } from "../envelope/errors.ts";
import type { Opener } from "../envelope/opener.ts";
import {
  type BatchResult,
  type Job,
  type PathsOptions,
  type Reporter,
  readStart,
  runBatch,
  writeStart,
} from "./batch.ts";
import { flowThrough, type Lane, WIDE_FRAME_BYTES } from "./lane.ts";
import { OutputTree } from "./output-file.ts";
import { SEALED_SUFFIX } from "./seal.ts";
import { planWork } from "./walk.ts";

/** Sealed files up to this are read, verified and written whole. */
const SMALL_BYTES = 256 * 1024;
/** About how much of a larger one is read, opened and written at once. */
const CHUNK_BYTES = 1024 * 1024;

/**
 * Opens sealed files, and folders with all sealed files in them. What is in a folder goes right into the output
 * folder, so that opening the output of `sealPaths` restores names and paths. Outputs are readable by their owner only.
 * @param options whose context every file's must hold
 * @throws {UsageError} before any work where outputs collide
 */
export async function openPaths(options: PathsOptions, reporter: Reporter): Promise<BatchResult> {
  const { envelope, context, output } = options;
  const plan = await planWork(options.paths, {
    command: "open",
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

async function openFile(job: Job, envelope: Envelope, context: Context): Promise<number> {
  const { input, lane } = job;
  const start = lane.input.take(0, input.sizeBytes <= SMALL_BYTES ? SMALL_BYTES + 1 : CHUNK_BYTES);
  const startBytes = readStart(input.descriptor, start, input.sizeBytes);
  const parsed = envelope.headerReader().push(start.subarray(0, startBytes));
  if (parsed === undefined) throw new EnvelopeError();
  const opener = await envelope.opener(parsed.header, { context });
  try {
    return startBytes <= SMALL_BYTES
      ? await openSmall(job, opener, parsed.rest, startBytes)
      : await openLarge(job, opener, startBytes - parsed.rest.length);
  } finally {
    opener.destroy();
  }
}

async function openSmall(job: Job, opener: Opener, body: Uint8Array, messageBytes: number): Promise<number> {
  const plaintext = job.lane.output.take(0, opener.updateBytes(body.length));
  const plaintextBytes = opener.update(body, plaintext);
  opener.final();
  const draft = job.draft();
  writeStart(draft.descriptor, plaintext.subarray(0, plaintextBytes));
  job.onChunk(messageBytes);
  await job.publish(draft);
  return plaintextBytes;
}

function openLarge(job: Job, opener: Opener, headerBytes: number): Promise<number> {
  if (opener.frameBytes <= WIDE_FRAME_BYTES) return openThrough(job.lane, job, opener, headerBytes);
  return job.alone((lane) => openThrough(lane, job, opener, headerBytes));
}

async function openThrough(lane: Lane, job: Job, opener: Opener, headerBytes: number): Promise<number> {
  const { input, onChunk } = job;
  const draft = job.draft();
  const frames = Math.max(1, Math.floor(CHUNK_BYTES / opener.sealedFrameBytes));
  const bodyBytes = input.sizeBytes - headerBytes;
  // Whole frames, so that none is split between chunks; and no more than there is, whatever the header claims.
  const chunkBytes = Math.min(frames * opener.sealedFrameBytes, bodyBytes + 1);
  let plaintextBytes = 0;
  onChunk(headerBytes);
  await flowThrough(lane, {
    from: { descriptor: input.descriptor, position: headerBytes },
    to: { descriptor: draft.descriptor, position: 0 },
    chunkBytes,
    outputBytes: chunkBytes + opener.frameBytes,
    expectedBytes: bodyBytes,
    transform(chunk, out, last) {
      const outBytes = opener.update(chunk, out);
      if (last) opener.final();
      plaintextBytes += outBytes;
      return outBytes;
    },
    onChunk,
  });
  await job.publish(draft);
  return plaintextBytes;
}
