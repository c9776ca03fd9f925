/**
 * One message through pipes: `-` for stdin and stdout. Sealing streams; opening streams too, but keeps back the first
 * MiB, so that a small message comes whole or not at all. Of a larger one frames come out as they are verified, and
 * only the exit code says that nothing is missing.
 */
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { Context } from "../envelope/context.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { explain } from "./explain.ts";
import { type OutputStream, writeTo } from "./terminal.ts";

const KEPT_BACK_BYTES = 1024 * 1024;
const READ_BYTES = 1024 * 1024;

/** Where a message comes from. */
export interface Source {
  readonly chunks: AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/**
 * `-`, or a file, which is open before anything is made or written.
 * @throws {Error} that names the file, where it cannot be read
 */
export async function openSource(path: string, stdin: Readable): Promise<Source> {
  if (path === "-") return { chunks: stdin, close: async () => undefined };
  try {
    const handle = await open(path);
    if ((await handle.stat()).isDirectory()) {
      await handle.close();
      throw new Error("it is a folder; name one file");
    }
    return {
      chunks: handle.createReadStream({ highWaterMark: READ_BYTES, autoClose: false }),
      close: () => handle.close(),
    };
  } catch (error) {
    throw new Error(`${path}: ${explain(error)}`, { cause: error });
  }
}

export async function sealPipe(
  source: AsyncIterable<Uint8Array>,
  target: OutputStream,
  envelope: Envelope,
  context: Context,
): Promise<void> {
  for await (const chunk of envelope.sealStream(source, { context })) await writeTo(target, chunk);
}

export async function openPipe(
  source: AsyncIterable<Uint8Array>,
  target: OutputStream,
  envelope: Envelope,
  context: Context,
): Promise<void> {
  const kept: Uint8Array[] = [];
  let keptBytes = 0;
  const release = async (): Promise<void> => {
    for (const chunk of kept.splice(0)) await writeTo(target, chunk);
  };
  try {
    for await (const chunk of envelope.openStream(source, { context })) {
      kept.push(chunk);
      keptBytes += chunk.length;
      if (keptBytes > KEPT_BACK_BYTES) await release();
    }
    await release();
  } finally {
    for (const chunk of kept) chunk.fill(0);
  }
}
