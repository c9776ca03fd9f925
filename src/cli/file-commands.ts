/** The commands for files: seal, open, inspect. */
import { once } from "node:events";
import { createWriteStream, rmSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Context } from "../envelope/context.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { EnvelopeError } from "../envelope/errors.ts";
import type { BatchResult, Reporter } from "./batch.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { explain, UsageError } from "./explain.ts";
import { ACCOUNT_DEFAULT, type Home, makeHome, newRunId, openHome, REGION_DEFAULT } from "./home.ts";
import { describeFile, describeFileAsData, type InspectedFile, inspectFile } from "./inspect.ts";
import { ensureDefaultKey, type KeyMetadata, requireKey } from "./key-choice.ts";
import { openPaths } from "./open.ts";
import { openPipe, openSource, sealPipe } from "./pipe.ts";
import { createProgress } from "./progress.ts";
import { sealPaths } from "./seal.ts";
import { summarize } from "./summary.ts";
import { makeTemporaryFolder } from "./temporary-folder.ts";
import { colorsFor, type Io, isWatched } from "./terminal.ts";
import { formatTable, printable } from "./text.ts";

/** What holds for every command. */
export interface Settings {
  readonly io: Io;
  readonly home: string | undefined;
  readonly region: string;
  readonly account: string;
  readonly verbose?: boolean;
}

export interface FileOptions {
  readonly out?: string;
  readonly key?: string;
  readonly context?: Context;
  readonly exclude?: readonly string[];
  readonly force?: boolean;
  readonly sync?: boolean;
}

export interface SealOptions extends FileOptions {
  readonly frame: number;
}

/** `wasm-kms seal` */
export async function seal(paths: readonly string[], options: SealOptions, settings: Settings): Promise<ExitCode> {
  const { io } = settings;
  const { context = {}, exclude = [] } = options;
  const target = targetOf(paths, options);
  if (target === "stdout" && io.stdout.isTTY) {
    throw new UsageError("A sealed message is no text for a terminal; send stdout to a file or a pipe.");
  }
  if (target === "stdout") {
    return withSource(paths[0]!, io, (chunks) =>
      withHome(makeHome(settings), async (home) => {
        const { envelope } = await prepareSealing(home, options);
        await sealPipe(chunks, io.stdout, envelope, context);
      }),
    );
  }
  return withHome(makeHome(settings), async (home) => {
    const { envelope, keyLine } = await prepareSealing(home, options);
    const output = outputTo(target.folder, options);
    const task = { paths, envelope, context, output, home: home.folder, exclude: new Set(exclude) };
    const result = await sealPaths(task, progressOf("sealing", settings));
    return finish(result, { verb: "Sealed", out: target.folder, lines: [keyLine] }, settings);
  });
}

async function prepareSealing(home: Home, { key: named, frame }: SealOptions) {
  const { key, isNew } = await keyToSeal(home, named);
  return {
    envelope: home.envelope({ keyId: key.Arn!, frameBytes: frame }),
    keyLine: `Key ${key.Arn}${isNew ? ", made now as alias/default" : ""}`,
  };
}

/** `wasm-kms open` */
export async function open(paths: readonly string[], options: FileOptions, settings: Settings): Promise<ExitCode> {
  const { io } = settings;
  const { context = {}, exclude = [] } = options;
  const target = targetOf(paths, options);
  const existing = { ...settings, env: io.env, create: false };
  if (target === "stdout") {
    return withSource(paths[0]!, io, (chunks) =>
      withHome(openHome(existing), async (home) => {
        const envelope = await prepareOpening(home, options);
        try {
          await openPipe(chunks, io.stdout, envelope, context);
        } catch (error) {
          warnOfConditions([error], options, settings);
          throw error;
        }
      }),
    );
  }
  return withHome(openHome(existing), async (home) => {
    const envelope = await prepareOpening(home, options);
    const output = outputTo(target.folder, options);
    const task = { paths, envelope, context, output, home: home.folder, exclude: new Set(exclude) };
    const result = await openPaths(task, progressOf("opening", settings));
    const errors = result.failures.map(({ error }) => error);
    warnOfConditions(errors, options, settings);
    return finish(result, { verb: "Opened", out: target.folder, lines: [] }, settings);
  });
}

async function prepareOpening(home: Home, { key }: FileOptions): Promise<Envelope> {
  return home.envelope(key === undefined ? {} : { keyArns: [(await requireKey(home.kms, key)).Arn!] });
}

/** A refusal says nothing of its reason (it must not), but what was asked for on the command line is no secret. */
function warnOfConditions(errors: readonly unknown[], { context = {}, key }: FileOptions, settings: Settings): void {
  const { io, region, account } = settings;
  const conditions = [
    ...(region === REGION_DEFAULT ? [] : [`--region ${region}`]),
    ...(account === ACCOUNT_DEFAULT ? [] : [`--account ${account}`]),
    ...Object.entries(context).map(([name, value]) => `--context ${name}=${value}`),
    ...(key === undefined ? [] : [`--key ${key}`]),
  ];
  if (conditions.length === 0 || !errors.some((error) => error instanceof EnvelopeError)) return;
  io.stderr.write(`Only what was sealed with the same opens: ${printable(conditions.join(", "))}\n`);
}

/** Opens what is to be read first: where it is missing, no keystore is made and nothing is written. */
async function withSource(
  path: string,
  { stdin }: Io,
  use: (chunks: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<ExitCode> {
  const source = await openSource(path, stdin);
  try {
    await use(source.chunks);
    return EXIT.ok;
  } finally {
    await source.close();
  }
}

async function withHome<T>(opening: Promise<Home>, use: (home: Home) => Promise<T>): Promise<T> {
  const home = await opening;
  try {
    return await use(home);
  } finally {
    await home.close();
  }
}

/** `wasm-kms inspect` */
export async function inspect(
  paths: readonly string[],
  { json }: { readonly json?: boolean },
  { io }: Settings,
): Promise<ExitCode> {
  const { bold, dim } = colorsFor(io.stdout, io);
  let exitCode: ExitCode = EXIT.ok;
  for (const [index, path] of paths.entries()) {
    try {
      const file = path === "-" ? await inspectStdin(io) : inspectFile(path);
      if (json) {
        io.stdout.write(`${JSON.stringify(describeFileAsData(file))}\n`);
        continue;
      }
      const lines = formatTable(describeFile(file));
      io.stdout.write(`${index > 0 ? "\n" : ""}${bold(lines[0]!)}\n${lines.slice(1).join("\n")}\n`);
    } catch (error) {
      exitCode = EXIT.failed;
      io.stderr.write(`${printable(path)}: ${explain(error)}\n`);
    }
  }
  if (!json && isWatched(io.stdout, io)) {
    io.stdout.write(dim("Nothing of this is verified; that takes the key, and wasm-kms open.\n"));
  }
  return exitCode;
}

/** Through a file, because the end of a message is needed, and the length. */
async function inspectStdin({ stdin }: Io): Promise<InspectedFile> {
  const folder = makeTemporaryFolder();
  try {
    const path = join(folder, "stdin");
    await pipeline(stdin, createWriteStream(path, { flags: "wx", mode: 0o600 }));
    return { ...inspectFile(path), path: "-" };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function targetOf(paths: readonly string[], { out }: FileOptions): "stdout" | { readonly folder: string } {
  if (paths.includes("-") || out === "-") {
    if (paths.length > 1) throw new UsageError("With - there is one message, so name one input only.");
    if (out !== undefined && out !== "-")
      throw new UsageError("What comes from stdin goes to stdout; leave --out away.");
    return "stdout";
  }
  if (out === undefined) throw new UsageError("Say where the results go with --out FOLDER (or --out - for stdout).");
  return { folder: out };
}

function outputTo(out: string, { force = false, sync = false }: FileOptions) {
  return { out, force, sync, runId: newRunId() };
}

async function keyToSeal({ kms }: Home, named: string | undefined): Promise<{ key: KeyMetadata; isNew: boolean }> {
  if (named === undefined) return ensureDefaultKey(kms);
  return { key: await requireKey(kms, named), isNew: false };
}

function progressOf(verb: string, { io, verbose = false }: Settings): Reporter {
  return createProgress({ io, verb, verbose });
}

async function finish(
  result: BatchResult,
  { verb, out, lines }: { readonly verb: string; readonly out: string; readonly lines: readonly string[] },
  { io, verbose = false }: Settings,
): Promise<ExitCode> {
  const colors = colorsFor(io.stdout, io);
  const summary = summarize({ result, verb, out, verbose, colors });
  if (!io.stdout.write(`${[...summary, ...lines].join("\n")}\n`)) await once(io.stdout, "drain");
  return result.failures.length > 0 || result.untried > 0 ? EXIT.failed : EXIT.ok;
}
