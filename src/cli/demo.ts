/** The demonstration: seals a folder, opens it again, compares every byte, and says where things lie. */
import { closeSync, openSync, readSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { BatchResult } from "./batch.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import type { Settings } from "./file-commands.ts";
import { type Home, makeHome, newRunId } from "./home.ts";
import { ensureDefaultKey } from "./key-choice.ts";
import { openPaths } from "./open.ts";
import { Turns } from "./pause.ts";
import { createProgress } from "./progress.ts";
import { sealPaths } from "./seal.ts";
import { summarize } from "./summary.ts";
import { makeTemporaryFolder } from "./temporary-folder.ts";
import { type Colors, colorsFor, type Io } from "./terminal.ts";
import { counted, formatBytes, formatTable, printable } from "./text.ts";
import { planWork } from "./walk.ts";

const LEFT_OUT = ["node_modules", ".git"];
const COMPARED_BYTES = 1024 * 1024;

/** `wasm-kms demo` */
export async function demo(path: string, settings: Settings): Promise<ExitCode> {
  const home = await makeHome(settings);
  try {
    return await show(path, home, settings);
  } finally {
    await home.close();
  }
}

async function show(path: string, home: Home, settings: Settings): Promise<ExitCode> {
  const { io } = settings;
  const { bold, dim } = colorsFor(io.stdout, io);
  const folder = makeTemporaryFolder();
  const places: Places = { path, sealed: join(folder, "sealed"), restored: join(folder, "restored"), home };
  try {
    const { key } = await ensureDefaultKey(home.kms);
    io.stdout.write(`Sealing ${bold(printable(resolve(path)))} ${dim(`(without ${LEFT_OUT.join(" and ")})`)}\n`);
    const rounds = await roundTrip(places, key.Arn!, settings);
    const differing = await findDifferences(places);
    const lines = [...verdict(rounds, differing, colorsFor(io.stdout, io)), "", ...closing(places, key.Arn!, io)];
    io.stdout.write(`${lines.join("\n")}\n`);
    return isWhole(rounds, differing) ? EXIT.ok : EXIT.failed;
  } finally {
    rmSync(places.restored, { recursive: true, force: true });
  }
}

interface Places {
  readonly path: string;
  readonly sealed: string;
  readonly restored: string;
  readonly home: Home;
}

interface Rounds {
  readonly sealing: BatchResult;
  readonly opening: BatchResult;
}

async function roundTrip({ path, sealed, restored, home }: Places, keyId: string, settings: Settings): Promise<Rounds> {
  const { io, verbose = false } = settings;
  const common = { context: { purpose: "demonstration" }, home: home.folder };
  const outputTo = (out: string) => ({ out, force: false, sync: false, runId: newRunId() });
  const sealing = await sealPaths(
    {
      ...common,
      paths: [path],
      envelope: home.envelope({ keyId }),
      output: outputTo(sealed),
      exclude: new Set(LEFT_OUT),
    },
    createProgress({ io, verb: "sealing", verbose }),
  );
  const opening = await openPaths(
    { ...common, paths: [sealed], envelope: home.envelope({}), output: outputTo(restored), exclude: new Set() },
    createProgress({ io, verb: "opening", verbose }),
  );
  for (const [result, verb, out] of [
    [sealing, "Sealed", sealed],
    [opening, "Opened", restored],
  ] as const) {
    const lines = summarize({ result, verb, out, verbose, colors: colorsFor(io.stdout, io) });
    io.stdout.write(`${lines.join("\n")}\n`);
  }
  return { sealing, opening };
}

/** Input files that were not restored to the byte. */
async function findDifferences({ path, restored, home }: Places): Promise<string[]> {
  const plan = await planWork([path], {
    command: "seal",
    out: restored,
    home: home.folder,
    exclude: new Set(LEFT_OUT),
    keepsFolderName: true,
    outputName: (name) => name,
    foreignFiles: "",
  });
  const turns = new Turns();
  const differing: string[] = [];
  for (const { inputPath, outputPath, files } of plan.folders) {
    for (const { name, outputName } of files) {
      const input = join(inputPath, name);
      if (!isSame(input, join(restored, outputPath, outputName))) differing.push(input);
      await turns.pause();
    }
  }
  return differing;
}

function isSame(a: string, b: string): boolean {
  const descriptors: number[] = [];
  try {
    for (const path of [a, b]) descriptors.push(openSync(path, "r"));
    const [left, right] = [Buffer.alloc(COMPARED_BYTES), Buffer.alloc(COMPARED_BYTES)];
    for (let position = 0; ; ) {
      const readBytes = readSync(descriptors[0]!, left, 0, COMPARED_BYTES, position);
      if (readBytes !== readSync(descriptors[1]!, right, 0, COMPARED_BYTES, position)) return false;
      if (readBytes === 0) return true;
      if (left.compare(right, 0, readBytes, 0, readBytes) !== 0) return false;
      position += readBytes;
    }
  } catch {
    return false;
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor);
  }
}

function isWhole({ sealing, opening }: Rounds, differing: readonly string[]): boolean {
  const failures = sealing.failures.length + opening.failures.length + sealing.untried + opening.untried;
  return failures === 0 && differing.length === 0 && sealing.files === opening.files;
}

function verdict(rounds: Rounds, differing: readonly string[], { green, red }: Colors): string[] {
  const { files, bytes } = rounds.sealing;
  if (isWhole(rounds, differing)) {
    return [
      green(
        `Compared ${counted(files, "file")} (${formatBytes(bytes)}): every byte is the same. The opened copy is removed again.`,
      ),
    ];
  }
  return [red(`Not the same: ${differing.map(printable).join(", ") || "some files failed, see above"}.`)];
}

function closing({ path, sealed, home }: Places, keyArn: string, { env }: Io): string[] {
  const places: [string, string][] = [
    ["Key", keyArn],
    ["Keystore", printable(home.folder)],
    ["Sealed files", printable(join(sealed, basename(resolve(path))))],
  ];
  const next = [
    "seal ~/photos --out sealed",
    "open sealed --out restored",
    "inspect sealed/photos/a.jpg.sealed",
    "keys list",
    "--help",
  ];
  // The words that started this process, so that they can be copied.
  const command = env.npm_lifecycle_event === "start" ? "npm start --" : "wasm-kms";
  return [...formatTable(places), "", "Try next:", ...next.map((rest) => `  ${command} ${rest}`)];
}
