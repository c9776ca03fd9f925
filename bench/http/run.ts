/**
 * The layer `http`: Encrypt of 64 bytes over a socket, as many as one processor answers beside a load generator on
 * another one, and how long an answer takes at a given rate. Every run is bounded in time.
 *
 *   npm run bench:http -- [--seconds 6] [--connections 32] [--rounds 3] [--rate 4000] [--json FILE]
 */
import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeCommit, describeMachine } from "../surroundings.ts";
import { generateLoad } from "./load.ts";
import type { Load, Measured, Subject, Target } from "./protocol.ts";
import { serveSubject } from "./server.ts";

const SUBJECTS: readonly Subject[] = ["node:http", "off", "sigv4"];
const NAMES: Readonly<Record<Subject, string>> = {
  "node:http": "bare node:http",
  off: "endpoint, auth off",
  sigv4: "endpoint, signed",
};
/** Issue bars. */
const BAR_PER_S = 8000;
const BAR_P99_MS = 20;
const PLAINTEXT_BYTES = 64;

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

/** Whether processes can be tied to a processor each. */
const canPin = cpus().length > 1 && spawnSync("taskset", ["-V"], { stdio: "ignore" }).status === 0;

/** This file once more, in a process of its own. */
function start(role: string, processor: number): ChildProcess {
  const child = fork(fileURLToPath(import.meta.url), [role], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  if (canPin) spawnSync("taskset", ["-a", "-p", "-c", String(processor), String(child.pid)], { stdio: "ignore" });
  return child;
}

function answerOf<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as T));
    child.once("exit", (code) => reject(new Error(`A process of the bench ended with ${code}.`)));
  });
}

/** Processor time of the server so far, in microseconds. */
async function cpuOf(server: ChildProcess): Promise<number> {
  server.send("cpu");
  const { user, system } = await answerOf<NodeJS.CpuUsage>(server);
  return user + system;
}

async function withSubject<T>(
  subject: Subject,
  use: (target: Target, load: ChildProcess, server: ChildProcess) => Promise<T>,
): Promise<T> {
  const server = start(subject, 0);
  const load = start("load", 1);
  try {
    return await use(await answerOf<Target>(server), load, server);
  } finally {
    server.disconnect();
    load.disconnect();
  }
}

function measure(load: ChildProcess, order: Load): Promise<Measured> {
  load.send(order);
  return answerOf<Measured>(load);
}

interface Round {
  readonly most: Measured;
  /** Of the server, for one request: what a processor that it has to itself would spend. */
  readonly cpuUs: number;
  readonly paced: Measured;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "6" },
      connections: { type: "string", default: "32" },
      rounds: { type: "string", default: "3" },
      rate: { type: "string", default: String(BAR_PER_S / 2) },
      json: { type: "string" },
    },
  });
  const [seconds, connections, rate] = [Number(values.seconds), Number(values.connections), Number(values.rate)];
  const rounds = new Map<Subject, Round[]>(SUBJECTS.map((subject) => [subject, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (let i = 0; i < SUBJECTS.length; i++) {
      const subject = SUBJECTS[(round + i) % SUBJECTS.length]!;
      await withSubject(subject, async (target, load, server) => {
        await measure(load, { target, connections, seconds: Math.min(3, seconds) });
        const before = await cpuOf(server);
        const most = await measure(load, { target, connections, seconds });
        const cpuUs = ((await cpuOf(server)) - before) / most.requests;
        const paced = await measure(load, { target, connections, seconds, rate });
        rounds.get(subject)!.push({ most, cpuUs, paced });
        show(subject, { most, cpuUs, paced }, rate);
      });
    }
  }
  conclude(rounds, rate, values.json);
}

function show(subject: Subject, { most, cpuUs, paced }: Round, rate: number): void {
  console.log(
    `${NAMES[subject].padEnd(20)} ${(most.requests / most.seconds).toFixed(0).padStart(6)}/s ` +
      `(${cpuUs.toFixed(0)} us of processor each) p99 ${(most.p99Ns / 1e6).toFixed(1)} ms, generator ${(most.busy * 100).toFixed(0)} % busy; at ` +
      `${(paced.requests / paced.seconds).toFixed(0)} of ${rate}/s p50 ${(paced.p50Ns / 1e6).toFixed(2)} ms, ` +
      `p99 ${(paced.p99Ns / 1e6).toFixed(2)} ms, worst ${(paced.worstNs / 1e6).toFixed(1)} ms`,
  );
}

function conclude(rounds: ReadonlyMap<Subject, readonly Round[]>, rate: number, file: string | undefined): void {
  const perSecond = (subject: Subject) => rounds.get(subject)!.map(({ most }) => most.requests / most.seconds);
  const rows = SUBJECTS.map((subject) => {
    const runs = rounds.get(subject)!;
    const ratios = perSecond(subject).map((each, i) => each / perSecond("node:http")[i]!);
    return {
      layer: "http",
      case: "Encrypt",
      bytes: PLAINTEXT_BYTES,
      subject: NAMES[subject],
      perSecond: Math.round(median(perSecond(subject))),
      cpuUs: Number(median(runs.map(({ cpuUs }) => cpuUs)).toFixed(1)),
      rate,
      p50Ns: median(runs.map(({ paced }) => paced.p50Ns)),
      p99Ns: median(runs.map(({ paced }) => paced.p99Ns)),
      ratio: Number(median(ratios).toFixed(3)),
      baseline: NAMES["node:http"],
      failures: runs.reduce((sum, { most, paced }) => sum + most.failures + paced.failures, 0),
    };
  });
  const signed = rows.at(-1)!;
  console.log("\nMedians:");
  for (const { subject, perSecond: each, cpuUs, ratio, p99Ns } of rows)
    console.log(
      `${subject.padEnd(20)} ${String(each).padStart(6)}/s  ${cpuUs.toFixed(0).padStart(4)} us  ${ratio.toFixed(2)}x  p99 ${(p99Ns / 1e6).toFixed(2)} ms`,
    );
  const holds = signed.perSecond >= BAR_PER_S && signed.p99Ns <= BAR_P99_MS * 1e6;
  console.log(
    `${holds ? "holds" : "does not hold"}: ${BAR_PER_S} signed Encrypt/s, p99 under ${BAR_P99_MS} ms at ${rate}/s`,
  );
  if (file !== undefined) {
    const results = {
      machine: describeMachine(),
      node: process.version,
      commit: describeCommit(),
      date: new Date().toISOString(),
      rows,
    };
    writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  }
  if (rows.some(({ failures }) => failures > 0)) {
    console.error("Some answers were not 200.");
    process.exitCode = 1;
  }
}

const role = process.argv[2];
if (role === "load") generateLoad();
else if (SUBJECTS.includes(role as Subject)) await serveSubject(role as Subject);
else await main();
