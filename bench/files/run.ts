/**
 * Whole files through the built command: one large file and many small ones, sealed and opened again, compared byte
 * by byte, with the peak memory of the process, beside what the machine can do without us in the same round.
 *
 *   npm run bench:files -- [--mib 1024] [--files 100000] [--rounds 3] [--dir FOLDER] [--json FILE]
 */
import { execFileSync, spawn } from "node:child_process";
import { createHash, randomFillSync } from "node:crypto";
import {
  closeSync,
  createReadStream,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));
const cli = join(here, "..", "..", "dist", "cli.js");
const MIB = 1024 * 1024;
/** In which /proc counts processor time. */
const TICKS_PER_SECOND = 100;

interface Run {
  readonly seconds: number;
  /** Highest resident set, from the kernel's own high-water mark. */
  readonly peakMib: number;
  /** Processor time in the program itself, and in the kernel on its behalf. */
  readonly userSeconds: number;
  readonly kernelSeconds: number;
}

const { values } = parseArgs({
  options: {
    mib: { type: "string", default: "1024" },
    files: { type: "string", default: "100000" },
    rounds: { type: "string", default: "3" },
    dir: { type: "string", default: tmpdir() },
    json: { type: "string" },
  },
});
const mib = Number(values.mib);
const fileCount = Number(values.files);
const rounds = Number(values.rounds);

const folder = mkdtempSync(join(values.dir, "wasm-kms-bench-"));
const home = join(folder, "home");

/** Runs a program to its end and watches its memory. What others left to be written is written first. */
async function run(command: string, args: readonly string[]): Promise<Run> {
  execFileSync("sync");
  const started = performance.now();
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"] });
  let peakMib = 0;
  let [userSeconds, kernelSeconds] = [0, 0];
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peakMib = Math.max(peakMib, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
      const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      userSeconds = Number(fields[11] ?? 0) / TICKS_PER_SECOND;
      kernelSeconds = Number(fields[12] ?? 0) / TICKS_PER_SECOND;
    } catch {
      // Not Linux, or the program has just ended.
    }
  }, 20);
  const code = await new Promise((resolve) => child.on("close", resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}.`);
  return { seconds: (performance.now() - started) / 1000, peakMib, userSeconds, kernelSeconds };
}

const node = (script: string, ...args: string[]) => run(process.execPath, [script, ...args]);
const wasmKms = (...args: string[]) => node(cli, "--home", home, ...args);

function makeLargeFile(path: string): void {
  const file = openSync(path, "w");
  const block = Buffer.alloc(MIB);
  for (let i = 0; i < mib; i++) writeSync(file, randomFillSync(block));
  closeSync(file);
}

function makeSmallFiles(path: string): void {
  for (let i = 0; i < fileCount; i++) {
    if (i % 1000 === 0) mkdirSync(join(path, String(i / 1000)), { recursive: true });
    writeFileSync(join(path, String(Math.floor(i / 1000)), `${i}.bin`), randomFillSync(Buffer.alloc(1024)));
  }
}

async function digest(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

/** One hash over names and contents of everything below a folder. */
async function digestTree(path: string): Promise<string> {
  const hash = createHash("sha256");
  for (const name of readdirSync(path, { recursive: true, encoding: "utf8" }).sort()) {
    if (statSync(join(path, name)).isFile()) hash.update(name).update(readFileSync(join(path, name)));
  }
  return hash.digest("hex");
}

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

interface Round {
  readonly [subject: string]: Run;
}

/** Measures every subject once, beginning with another one each round: the first has the coldest caches. */
async function measureInTurn(round: number, subjects: Readonly<Record<string, () => Promise<Run>>>): Promise<Round> {
  const names = Object.keys(subjects);
  const measured: Record<string, Run> = {};
  for (let i = 0; i < names.length; i++) {
    const name = names[(round + i) % names.length]!;
    measured[name] = await subjects[name]!();
  }
  return Object.fromEntries(names.map((name) => [name, measured[name]!]));
}

const at = (name: string) => join(folder, name);

/** Runs a program that writes one output, which is not kept. */
async function withoutTrace(output: string, work: () => Promise<Run>): Promise<Run> {
  const measured = await work();
  rmSync(output, { recursive: true });
  return measured;
}

const openssl = (source: string, target: string) =>
  run("openssl", ["enc", "-aes-256-ctr", "-pbkdf2", "-pass", "pass:bench", "-in", source, "-out", target]);

async function roundOfLarge(round: number): Promise<Round> {
  const large = at("large");
  return measureInTurn(round, {
    native: () => withoutTrace(at("bare"), () => node(join(here, "native-pass.mjs"), large, at("bare"))),
    openssl: () => withoutTrace(at("bare"), () => openssl(large, at("bare"))),
    memory: () => node(join(here, "memory-pass.mjs"), String(mib)),
    seal: () => withoutTrace(at("sealed"), () => wasmKms("seal", large, "--out", at("sealed"))),
    open: () => withoutTrace(at("opened"), () => wasmKms("open", at("kept"), "--out", at("opened"))),
  });
}

async function roundOfSmall(round: number): Promise<Round> {
  const small = at("small");
  return measureInTurn(round, {
    copy: () => withoutTrace(at("bare"), () => node(join(here, "copy-tree.mjs"), small, at("bare"))),
    seal: () => withoutTrace(at("sealed"), () => wasmKms("seal", small, "--out", at("sealed"))),
    open: () => withoutTrace(at("opened"), () => wasmKms("open", at("kept-small"), "--out", at("opened"))),
  });
}

/** Seals and opens once for the comparison, and keeps what was sealed for the rounds. */
async function compareOnce(): Promise<void> {
  await wasmKms("seal", at("large"), "--out", at("kept"));
  await wasmKms("open", at("kept"), "--out", at("opened"));
  if ((await digest(join(at("opened"), "large"))) !== (await digest(at("large"))))
    throw new Error("The large file came back changed.");
  rmSync(at("opened"), { recursive: true });
  await wasmKms("seal", at("small"), "--out", at("kept-small"));
  await wasmKms("open", at("kept-small"), "--out", at("opened"));
  if ((await digestTree(join(at("opened"), "small"))) !== (await digestTree(at("small"))))
    throw new Error("A small file came back changed.");
  rmSync(at("opened"), { recursive: true });
}

function report(title: string, measured: readonly Round[], baseline: string, rate: (seconds: number) => string): void {
  console.log(`\n${title}`);
  for (const subject of Object.keys(measured[0]!)) {
    const seconds = median(measured.map((round) => round[subject]!.seconds));
    const ratio = median(measured.map((round) => round[baseline]!.seconds / round[subject]!.seconds));
    const peakMib = Math.max(...measured.map((round) => round[subject]!.peakMib));
    console.log(
      `  ${subject.padEnd(8)} ${seconds.toFixed(2).padStart(7)} s  ${rate(seconds).padStart(16)}` +
        `  ${ratio.toFixed(2).padStart(5)}x of ${baseline}  peak ${peakMib.toFixed(0).padStart(4)} MiB` +
        `  user ${median(measured.map((round) => round[subject]!.userSeconds))
          .toFixed(1)
          .padStart(5)} s` +
        `  kernel ${median(measured.map((round) => round[subject]!.kernelSeconds))
          .toFixed(1)
          .padStart(5)} s`,
    );
  }
}

try {
  await wasmKms("keys", "create", "--alias", "alias/default");
  makeLargeFile(at("large"));
  makeSmallFiles(at("small"));
  await compareOnce();
  const large: Round[] = [];
  const small: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    large.push(await roundOfLarge(round));
    small.push(await roundOfSmall(round));
  }
  const mbPerS = (seconds: number) => `${((mib * MIB) / 1e6 / seconds).toFixed(0)} MB/s`;
  report(
    `One file of ${mib} MiB, medians of ${rounds} rounds (native: bare AES-256-GCM, file to file; memory: the same without files; openssl: enc -aes-256-ctr)`,
    large,
    "native",
    mbPerS,
  );
  const perSecond = (seconds: number) => `${(fileCount / seconds).toFixed(0)} files/s`;
  report(`${fileCount} files of 1 KiB (copy: the same file operations, no cryptography)`, small, "copy", perSecond);
  console.log("\nEvery byte came back.");
  if (values.json)
    writeFileSync(
      values.json,
      JSON.stringify({ date: new Date().toISOString(), mib, fileCount, large, small }, undefined, 2),
    );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
