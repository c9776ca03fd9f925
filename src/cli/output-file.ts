/**
 * Output files that exist under their name only when they are whole. A draft has a hidden name in the same folder
 * (`.wasm-kms-<run>-<number>.partial`), is opened exclusively, and gets its name by `link`, which never replaces a
 * file, or by `rename` where replacing is wanted; neither follows a link at that name. A killed process leaves at most
 * drafts. Durable against a killed process; against a power cut only with `sync`, which fsyncs first.
 */
import {
  closeSync,
  fsync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  unlinkSync,
} from "node:fs";
import { join, sep } from "node:path";
import { promisify } from "node:util";
import { makeFolders } from "../keystore/sqlite-folder.ts";
import { explain, systemCode } from "./explain.ts";

const DRAFT_NAME = /^\.wasm-kms-[0-9a-f]{16}-\d+\.partial$/;
/** How file systems without hard links answer. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

const fsyncLater = promisify(fsync);
const drafts = new Set<string>();

/** Whether a file name is that of a draft, perhaps of a killed run. */
export function isDraftName(name: string): boolean {
  return DRAFT_NAME.test(name);
}

/** Removes every draft of this process; for the last moment before it exits. */
export function removeDrafts(): void {
  for (const path of drafts) {
    try {
      unlinkSync(path);
    } catch {
      // It was not made yet, or is gone; a draft that cannot be removed is never taken for a result.
    }
  }
}

export interface OutputOptions {
  /** The folder that everything goes into; it is created. */
  readonly out: string;
  /** Replaces files that are there. */
  readonly force: boolean;
  /** Fsyncs every file before it gets its name. */
  readonly sync: boolean;
  /** The modes of new files and folders, from which the process's umask is taken. */
  readonly fileMode: number;
  readonly folderMode: number;
  /** Sixteen hexadecimal digits that no other run has. */
  readonly runId: string;
}

/** The folder that a run writes into. */
export class OutputTree {
  readonly root: string;
  /** The folders that were made or found, by their paths, and which they were. */
  readonly #folders = new Map<string, Identity>();
  #draftCount = 0;

  /** @throws {Error} which says why, where the folder cannot be made */
  constructor(readonly options: OutputOptions) {
    try {
      makeFolders(options.out, options.folderMode);
    } catch (error) {
      throw new Error(`The output folder ${options.out} cannot be made: ${explain(error)}`, { cause: error });
    }
    this.root = realpathSync(options.out);
    this.#folders.set(this.root, identityOf(this.root));
  }

  /**
   * Makes a folder below the root, and refuses one that is reached through a link, or was exchanged since. To be
   * called right before each draft: what happens between the two is not seen.
   * @param path relative, of plain names; "" is the root itself
   */
  makeFolder(path: string): string {
    const whole = join(this.root, path);
    if (this.#isKnown(whole)) return whole;
    let folder = this.root;
    this.#isKnown(folder);
    for (const name of path === "" ? [] : path.split(sep)) {
      folder = join(folder, name);
      if (this.#isKnown(folder)) continue;
      try {
        mkdirSync(folder, { mode: this.options.folderMode });
      } catch (error) {
        if (systemCode(error) !== "EEXIST") throw error;
        if (!lstatSync(folder).isDirectory()) {
          throw new Error(`${folder} is in the way: it is a file or a link where a folder is needed`);
        }
      }
      this.#folders.set(folder, identityOf(folder));
    }
    return folder;
  }

  /** Whether this run has been in a folder. @throws where another has its path now */
  #isKnown(folder: string): boolean {
    const known = this.#folders.get(folder);
    if (known === undefined) return false;
    const { dev, ino } = identityOf(folder);
    if (dev === known.dev && ino === known.ino) return true;
    throw new Error(`${folder} is no longer the folder that it was; let nothing else change the output meanwhile`);
  }

  /** Starts an output file. @throws at once where the name is taken and must not be replaced */
  draft(folder: string, name: string): Draft {
    const target = join(folder, name);
    if (!this.options.force && lstatSync(target, { throwIfNoEntry: false }) !== undefined) throw taken(target);
    const path = join(folder, `.wasm-kms-${this.options.runId}-${++this.#draftCount}.partial`);
    return new Draft(path, target, this.options);
  }

  /** Makes the names durable, where that is wanted. */
  syncFolders(): void {
    if (!this.options.sync) return;
    for (const folder of this.#folders.keys()) {
      const descriptor = openSync(folder, "r");
      try {
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    }
  }
}

/** What tells a folder from another that is given its path. */
interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** Of the path itself, not of what a link there points to. */
function identityOf(path: string): Identity {
  const { dev, ino } = lstatSync(path, { bigint: true });
  return { dev, ino };
}

/** A file without its name yet. Ends with `publish` or `discard`; the latter does nothing after the former. */
export class Draft {
  readonly descriptor: number;
  #state: "open" | "closed" | "done" = "open";

  constructor(
    readonly path: string,
    readonly target: string,
    private readonly options: OutputOptions,
  ) {
    // Known before it exists, so that a signal in between leaves nothing behind.
    drafts.add(path);
    try {
      this.descriptor = openSync(path, "wx", options.fileMode);
    } catch (error) {
      drafts.delete(path);
      throw error;
    }
  }

  async publish(): Promise<void> {
    if (this.options.sync) await fsyncLater(this.descriptor);
    this.publishNow();
  }

  /** The same for a file that is not to be fsynced. */
  publishNow(): void {
    this.#close();
    if (this.options.force) renameSync(this.path, this.target);
    else giveName(this.path, this.target);
    this.#forget();
  }

  discard(): void {
    if (this.#state === "done") return;
    try {
      this.#close();
    } finally {
      unlinkSync(this.path);
      this.#forget();
    }
  }

  #close(): void {
    if (this.#state !== "open") return;
    this.#state = "closed";
    closeSync(this.descriptor);
  }

  #forget(): void {
    this.#state = "done";
    drafts.delete(this.path);
  }
}

function giveName(path: string, target: string): void {
  try {
    linkSync(path, target);
  } catch (error) {
    if (!NO_LINKS.has(systemCode(error) ?? "")) throw error;
    if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) throw taken(target);
    renameSync(path, target);
    return;
  }
  unlinkSync(path);
}

function taken(target: string): Error {
  return new Error(`${target} is there already; --force replaces it`);
}
