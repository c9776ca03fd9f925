/**
 * Core and engine inside a real workerd, the runtime of Cloudflare Workers. Contenders run there in loops of a number of
 * calls; here each loop's request is timed, and that of an empty loop of as many calls taken off.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Baseline, Contender, Plan } from "../contender.ts";
import { PROJECT_ROOT } from "../project-root.ts";
import type { Layer } from "../row.ts";
import type { Stopwatch } from "../stopwatch.ts";

export interface RemotePlan {
  readonly layer: Layer;
  readonly case: string;
  readonly bytes: number;
}

export interface RemoteCase {
  readonly contenders: readonly {
    readonly subject: string;
    readonly operations?: number | undefined;
    readonly disagreement?: string | undefined;
  }[];
  readonly baselines: readonly Baseline[];
}

export interface WorkerdSession {
  /** As "workerd 1.20260426.1". */
  readonly runtime: string;
  readonly plans: readonly Plan[];
  readonly stopwatch: Stopwatch;
  stop(): Promise<void>;
}

/** Against which a request's own time, about a millisecond, and its changes weigh little. */
const LOOP_MS = 40;
const CALLS_MAX = 2 ** 20;
const WORKER = join(PROJECT_ROOT, "bench", "workerd", "worker.ts");

type Ask = (path: string) => Promise<unknown>;

/** Where a contender is found in the worker, by its place in the case that is prepared there. */
class RemoteContender implements Contender {
  readonly subject: string;
  readonly operations: number | undefined;
  readonly path: string;
  readonly #disagreement: string | undefined;

  constructor(index: number, { subject, operations, disagreement }: RemoteCase["contenders"][number]) {
    this.subject = subject;
    this.operations = operations;
    this.path = `/loop?contender=${index}`;
    this.#disagreement = disagreement;
  }

  run(): never {
    throw new Error("What runs in workerd is timed by its own stopwatch.");
  }

  /** It was checked where it runs. */
  async validate(): Promise<void> {
    if (this.#disagreement !== undefined) throw new Error(this.#disagreement);
  }
}

export async function startWorkerd(): Promise<WorkerdSession> {
  Object.assign(process.env, { CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false", CI: "1" });
  const { unstable_dev } = await import("wrangler");
  const worker = await unstable_dev(WORKER, {
    compatibilityDate: "2026-04-01",
    compatibilityFlags: ["nodejs_compat"],
    ip: "127.0.0.1",
    logLevel: "error",
    experimental: { disableExperimentalWarning: true, testMode: true },
  });
  const ask: Ask = async (path) => {
    const response = await worker.fetch(path);
    const text = await response.text();
    if (!response.ok) throw new Error(`The worker failed at ${path}: ${text}`);
    return text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text;
  };
  let remotePlans: RemotePlan[];
  try {
    remotePlans = (await ask("/plans")) as RemotePlan[];
  } catch (error) {
    await worker.stop();
    throw error;
  }
  return {
    runtime: `workerd ${versionOf("workerd")}`,
    plans: remotePlans.map((plan, i) => ({ ...plan, prepare: () => prepare(ask, i) })),
    stopwatch: remoteStopwatch(ask),
    stop: () => worker.stop(),
  };
}

async function prepare(ask: Ask, plan: number) {
  const { contenders, baselines } = (await ask(`/prepare?plan=${plan}`)) as RemoteCase;
  return {
    contenders: contenders.map((contender, i) => new RemoteContender(i, contender)),
    baselines,
    close: () => ask("/close").then(() => undefined),
  };
}

function remoteStopwatch(ask: Ask): Stopwatch {
  const callsOf = new WeakMap<Contender, number>();
  const time = async (path: string, calls: number) => {
    const start = performance.now();
    await ask(`${path}&calls=${calls}`);
    return performance.now() - start;
  };
  return {
    async warm(contender) {
      const { path } = contender as RemoteContender;
      let calls = 1;
      while (calls < CALLS_MAX && (await time(path, calls)) < LOOP_MS) calls *= 2;
      callsOf.set(contender, calls);
    },
    async take(contender) {
      let calls = callsOf.get(contender);
      if (calls === undefined) throw new Error(`${contender.subject} is timed before it is warm.`);
      for (;;) {
        const emptyMs = await time("/loop?", calls);
        const loopMs = (await time((contender as RemoteContender).path, calls)) - emptyMs;
        if (loopMs > LOOP_MS / 2) return [(loopMs / calls / (contender.operations ?? 1)) * 1e6];
        // It has become faster since it was warmed, or something broke into the empty loop.
        if (calls < CALLS_MAX) calls *= 2;
        callsOf.set(contender, calls);
      }
    },
  };
}

function versionOf(name: string): string {
  const manifest = createRequire(join(PROJECT_ROOT, "package.json")).resolve(`${name}/package.json`);
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}
