/**
 * `wasm-kms/audit`: a trail in files of a folder, for Node.js. Files are made anew (never appended to by two processes),
 * for their owner alone, and followed by another one when they are large or a day old.
 */
import { constants } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import type { FileHead } from "./chain.ts";
import type { AuditSource } from "./source.ts";
import type { AuditOutput } from "./trail.ts";

export type { Position } from "./chain.ts";
export { type AuditSource, auditTo, type LineReceiver } from "./source.ts";
export { type TrailFile, type TrailFinding, type TrailReport, type VerifyOptions, verifyTrails } from "./verify.ts";

const MAX_BYTES = 64 * 1024 * 1024;
const MAX_AGE_MS = 86_400_000;
const { O_CREAT, O_EXCL, O_WRONLY, O_APPEND } = constants;

export interface AuditFilesOptions {
  readonly folder: string;
  /** From how many bytes on the next file is begun; 64 MiB by default. */
  readonly maxBytes?: number;
}

/** A trail in `folder`, which is made where it is missing. Each process writes files of its own. */
export function auditFiles({ folder, maxBytes = MAX_BYTES }: AuditFilesOptions): AuditSource {
  if (typeof folder !== "string" || folder === "")
    throw new TypeError("folder must name a folder for the audit files.");
  return { openOutput: () => new AuditFiles(folder, maxBytes) };
}

class AuditFiles implements AuditOutput {
  readonly #folder: string;
  readonly #maxBytes: number;
  #handle: FileHandle | undefined;
  #lengthBytes = 0;
  #begunAtMs = 0;

  constructor(folder: string, maxBytes: number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  async begin({ id, file }: FileHead, timeMs: number): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const time = new Date(timeMs).toISOString().slice(0, 19).replaceAll(":", "").replaceAll("-", "");
    const path = join(this.#folder, `audit-${time}Z-${id}-${String(file).padStart(6, "0")}.jsonl`);
    const handle = await open(path, O_CREAT | O_EXCL | O_WRONLY | O_APPEND, 0o600);
    await this.#syncFolder();
    await this.#handle?.close();
    this.#handle = handle;
    this.#lengthBytes = 0;
    this.#begunAtMs = timeMs;
  }

  turn(): Promise<void> {
    return new Promise(setImmediate);
  }

  async append(bytes: Uint8Array, durable: boolean): Promise<void> {
    const handle = this.#handle!;
    try {
      for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten;
      if (durable) await handle.datasync();
    } catch (error) {
      // What was half written must not stand before the next attempt.
      await handle.truncate(this.#lengthBytes).catch(() => undefined);
      throw error;
    }
    this.#lengthBytes += bytes.length;
  }

  isFull(timeMs: number): boolean {
    return this.#lengthBytes >= this.#maxBytes || timeMs - this.#begunAtMs >= MAX_AGE_MS;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    if (handle === undefined) return;
    await handle.datasync().catch(() => undefined);
    await handle.close();
  }

  /** A new file is there after a power cut only if its folder was written. */
  async #syncFolder(): Promise<void> {
    const folder = await open(this.#folder, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}
