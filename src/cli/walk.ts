/**
 * What a run will work on: the paths of the command line, folders walked. Symbolic links are followed only where the
 * command line names them; links inside a folder, devices, pipes and sockets are skipped and told. Everything is
 * listed before work starts, so that two inputs with one output are refused and the progress knows its end.
 * Memory: names and sizes, about 100 bytes a file.
 */
import { isUtf8 } from "node:buffer";
import { lstatSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { UsageError } from "./explain.ts";
import { isDraftName } from "./output-file.ts";
import { Turns } from "./pause.ts";

export interface PlannedFile {
  readonly name: string;
  readonly outputName: string;
  /** When it was listed; a hint, no more. */
  readonly sizeBytes: number;
}

export interface PlannedFolder {
  /** As the user wrote it, continued by the names found. */
  readonly inputPath: string;
  /** Relative to the output folder; "" is that folder. */
  readonly outputPath: string;
  /** Whether the command line names its files themselves, so that links among them are followed. */
  readonly isNamed: boolean;
  readonly files: PlannedFile[];
}

export interface Plan {
  readonly folders: readonly PlannedFolder[];
  readonly files: number;
  readonly bytes: number;
  readonly skipped: readonly Skipped[];
  readonly failures: readonly { readonly path: string; readonly error: unknown }[];
}

export interface Skipped {
  readonly path: string;
  /** In the plural, as "symbolic links". */
  readonly reason: string;
}

export interface WalkRules {
  /** The command that asks, for advice. */
  readonly command: "seal" | "open";
  /** The output folder: never walked. */
  readonly out: string;
  /** A folder that is never walked nor written into: the keystore's. */
  readonly home: string;
  /** Base names that are left out. */
  readonly exclude: ReadonlySet<string>;
  /** Whether a folder of the command line keeps its own name in the output. */
  readonly keepsFolderName: boolean;
  /** The output's name, or `undefined` where a file found in a folder is none to work on. */
  outputName(name: string): string | undefined;
  /** What such files are called, in the plural. */
  readonly foreignFiles: string;
}

/**
 * Lists the work.
 * @throws {UsageError} where two inputs have one output, an input is its own output, or the keystore's folder is named
 */
export async function planWork(paths: readonly string[], rules: WalkRules): Promise<Plan> {
  const walk = new Walk(rules);
  for (const path of paths) await walk.add(path);
  walk.refuseOutputsInHome();
  walk.refuseOwnOutputs();
  if (paths.length > 1) walk.refuseSharedOutputs();
  return walk.plan();
}

class Walk {
  readonly #folders: PlannedFolder[] = [];
  readonly #skipped: Skipped[] = [];
  readonly #failures: { path: string; error: unknown }[] = [];
  readonly #turns = new Turns();
  readonly #closed: ReadonlyMap<string, string>;
  #files = 0;
  #bytes = 0;

  constructor(readonly rules: WalkRules) {
    this.#closed = new Map([
      [realPath(rules.home), "the folder of the keystore, which is to be backed up as it is"],
      [realPath(rules.out), "the output folder"],
    ]);
  }

  async add(path: string): Promise<void> {
    let status: Stats;
    try {
      status = statSync(path);
    } catch (error) {
      this.#failures.push({ path, error });
      return;
    }
    const name = basename(resolve(path));
    if (status.isDirectory()) {
      const closed = this.#closed.get(realPath(path));
      if (closed !== undefined) throw new UsageError(`${path} is ${closed}; name another folder.`);
      await this.#walk(path, this.rules.keepsFolderName ? name : "");
    } else if (status.isFile()) {
      if (dirname(realPath(path)) === realPath(this.rules.home)) {
        throw new UsageError(`${path} is in the folder of the keystore, which is to be backed up as it is.`);
      }
      const folder: PlannedFolder = { inputPath: dirname(path), outputPath: "", isNamed: true, files: [] };
      this.#folders.push(folder);
      this.#addFile(folder, name, this.rules.outputName(name) ?? name, status.size);
    } else {
      const advice = `send it through stdin: wasm-kms ${this.rules.command} - < ${path}`;
      this.#failures.push({ path, error: new Error(`it is not a regular file; ${advice}`) });
    }
  }

  plan(): Plan {
    return {
      folders: this.#folders,
      files: this.#files,
      bytes: this.#bytes,
      skipped: this.#skipped,
      failures: this.#failures,
    };
  }

  refuseOutputsInHome(): void {
    const [out, home] = [realPath(this.rules.out), realPath(this.rules.home)];
    if (out !== home && !this.#folders.some(({ outputPath }) => join(out, outputPath) === home)) return;
    throw new UsageError(`Results would be written into ${home}, the folder of the keystore; name another --out.`);
  }

  refuseOwnOutputs(): void {
    const out = realPath(this.rules.out);
    for (const { inputPath, outputPath, files } of this.#folders) {
      if (realPath(inputPath) !== join(out, outputPath)) continue;
      const own = files.find(({ name, outputName }) => name === outputName);
      if (own === undefined) continue;
      throw new UsageError(`${join(inputPath, own.name)} would be its own output; name another --out.`);
    }
  }

  /** Within one folder names differ; so this is only for several arguments. */
  refuseSharedOutputs(): void {
    const inputs = new Map<string, string>();
    for (const { inputPath, outputPath, files } of this.#folders) {
      for (const { name, outputName } of files) {
        const output = join(outputPath, outputName);
        const input = join(inputPath, name);
        const other = inputs.get(output);
        if (other !== undefined) {
          throw new UsageError(`${other} and ${input} would both be written to ${output}; take them one at a time.`);
        }
        inputs.set(output, input);
      }
    }
  }

  async #walk(root: string, outputRoot: string): Promise<void> {
    const pending = [{ inputPath: root, outputPath: outputRoot, real: realPath(root) }];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { inputPath, outputPath, real } = next;
      const folder: PlannedFolder = { inputPath, outputPath, isNamed: false, files: [] };
      this.#folders.push(folder);
      const inner: string[] = [];
      for (const name of this.#list(inputPath)) {
        await this.#turns.pause();
        if (this.#addEntry(folder, name, join(real, name))) inner.push(name);
      }
      for (const name of inner.reverse()) {
        pending.push({
          inputPath: join(inputPath, name),
          outputPath: join(outputPath, name),
          real: join(real, name),
        });
      }
    }
  }

  #list(path: string): string[] {
    try {
      const names: string[] = [];
      for (const bytes of readdirSync(path, { encoding: "buffer" })) {
        const name = bytes.toString();
        // As text it would be the name of another file, or of none.
        if (isUtf8(bytes)) names.push(name);
        else this.#failures.push({ path: join(path, name), error: new Error("its name is not UTF-8; rename it") });
      }
      return names.sort();
    } catch (error) {
      this.#failures.push({ path, error });
      return [];
    }
  }

  /** Takes an entry of a folder; true where it is a folder to walk. */
  #addEntry(folder: PlannedFolder, name: string, realEntry: string): boolean {
    const path = join(folder.inputPath, name);
    const skip = (reason: string): false => {
      this.#skipped.push({ path, reason });
      return false;
    };
    if (this.rules.exclude.has(name)) return skip("excluded names");
    let status: Stats;
    try {
      status = lstatSync(path);
    } catch (error) {
      this.#failures.push({ path, error });
      return false;
    }
    if (status.isDirectory()) return this.#closed.has(realEntry) ? skip("folders of this tool") : true;
    if (status.isSymbolicLink()) return skip("symbolic links");
    if (!status.isFile()) return skip(SPECIAL);
    if (isDraftName(name)) return skip("drafts of an interrupted run");
    const outputName = this.rules.outputName(name);
    if (outputName === undefined) return skip(this.rules.foreignFiles);
    this.#addFile(folder, name, outputName, status.size);
    return false;
  }

  #addFile(folder: PlannedFolder, name: string, outputName: string, sizeBytes: number): void {
    folder.files.push({ name, outputName, sizeBytes });
    this.#files++;
    this.#bytes += sizeBytes;
  }
}

const SPECIAL = "devices, pipes and sockets";

/** The path without links, also where the end of it does not exist yet. */
function realPath(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(realPath(parent), basename(absolute));
  }
}
