/** Seals files into files: one message, with a data key of its own, for each. */
import type { Context } from "../envelope/context.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { FRAME_OVERHEAD_BYTES } from "../envelope/format.ts";
import type { Sealer } from "../envelope/sealer.ts";
import { KmsError } from "../errors.ts";
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
import { type Draft, OutputTree } from "./output-file.ts";
import { planWork } from "./walk.ts";

export const SEALED_SUFFIX = ".sealed";
/** Files up to this are read whole, sealed in one go and written once. */
const SMALL_BYTES = 256 * 1024;
/** About how much of a larger file is read, sealed and written at once. */
const CHUNK_BYTES = 1024 * 1024;

/**
 * Seals files, and folders with all that is in them. A folder keeps its name: `photos/a.jpg` of the argument `photos`
 * becomes `photos/a.jpg.sealed` in the output folder.
 * @param options whose envelope knows the key, and the frames' size
 * @throws {UsageError} before any work where outputs collide
 */
export async function sealPaths(options: PathsOptions, reporter: Reporter): Promise<BatchResult> {
  const { envelope, context, output } = options;
  const plan = await planWork(options.paths, {
    command: "seal",
    out: output.out,
    home: options.home,
    exclude: options.exclude,
    keepsFolderName: true,
    outputName: (name) => name + SEALED_SUFFIX,
    foreignFiles: "",
  });
  const tree = new OutputTree({ ...output, fileMode: 0o644, folderMode: 0o755 });
  return runBatch(plan, tree, reporter, {
    work: (job) => sealFile(job, envelope, context),
    // A key that does not seal one file seals none.
    isHopeless: (error) => error instanceof KmsError,
  });
}

async function sealFile(job: Job, envelope: Envelope, context: Context): Promise<number> {
  const draft = job.draft();
  const sealer = await envelope.sealer({ context });
  try {
    const plaintextBytes = sealSmall(job, draft, sealer) ?? (await sealLarge(job, draft, sealer));
    await job.publish(draft);
    return plaintextBytes;
  } finally {
    sealer.destroy();
  }
}

/** Seals a file in one go, or returns `undefined` where it is too large for that. */
function sealSmall({ input, lane, onChunk }: Job, draft: Draft, sealer: Sealer): number | undefined {
  if (input.sizeBytes > SMALL_BYTES) return undefined;
  // One byte more than is small, so that a file that has grown since is noticed.
  const buffer = lane.input.take(0, SMALL_BYTES + 1);
  const filledBytes = readStart(input.descriptor, buffer, input.sizeBytes);
  if (filledBytes > SMALL_BYTES) return undefined;
  const message = lane.output.take(0, sealer.header.length + sealer.finalBytes(filledBytes));
  message.set(sealer.header);
  sealer.final(buffer.subarray(0, filledBytes), message.subarray(sealer.header.length));
  writeStart(draft.descriptor, message);
  onChunk(filledBytes);
  return filledBytes;
}

function sealLarge(job: Job, draft: Draft, sealer: Sealer): Promise<number> {
  if (sealer.frameBytes <= WIDE_FRAME_BYTES) return sealThrough(job.lane, job, draft, sealer);
  return job.alone((lane) => sealThrough(lane, job, draft, sealer));
}

function sealThrough(lane: Lane, { input, onChunk }: Job, draft: Draft, sealer: Sealer): Promise<number> {
  const { header, frameBytes } = sealer;
  writeStart(draft.descriptor, header);
  const frames = Math.max(1, Math.floor(CHUNK_BYTES / frameBytes));
  return flowThrough(lane, {
    from: { descriptor: input.descriptor, position: 0 },
    to: { descriptor: draft.descriptor, position: header.length },
    chunkBytes: frames * frameBytes,
    outputBytes: (frames + 1) * (frameBytes + FRAME_OVERHEAD_BYTES),
    expectedBytes: input.sizeBytes,
    transform: (chunk, out, last) => (last ? sealer.final(chunk, out) : sealer.update(chunk, out)),
    onChunk,
  });
}
