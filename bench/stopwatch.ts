/**
 * Times a contender in this process, with tinybench. A call that takes less than the sample time is timed in loops of
 * up to 256 calls, since a timer around one of them would mostly time itself: a sample is then the mean of its loop.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Bench } from "tinybench";
import type { Contender } from "./contender.ts";

/** How a contender's time is taken. */
export interface Stopwatch {
  /** Brings the contender to its full speed. */
  warm(contender: Contender, timeMs: number): Promise<void>;
  /** Takes away what others have left lying about, so that a contender pays for its own large arrays alone. */
  settle?(): void;
  /** Runs for about `timeMs` (a single sample may take longer) and returns nanoseconds per operation, one each sample. */
  take(contender: Contender, timeMs: number): Promise<readonly number[]>;
}

/** Node.js hands its collector out to scripts that were compiled after the flag was set. */
function findCollector(): (() => void) | undefined {
  setFlagsFromString("--expose-gc");
  return runInNewContext("globalThis.gc");
}

const SAMPLE_MS = 0.03;
const CALLS_MAX = 256;
/** A call that takes so long is not repeated just to be warm. */
const WARM_MAX_MS = 400;

/** A sample that another process broke into must not stand alone for a round, unless it takes very long. */
const SAMPLES_MIN = 16;
const SLOW_SAMPLES_MIN = 3;
const VERY_SLOW_MS = 100;

interface Loop {
  readonly calls: number;
  /** About how long a sample takes. */
  readonly sampleMs: number;
  readonly waits: boolean;
}

/** What the last call returned. Kept, so that no engine finds out that nobody looks at it. */
export let kept: unknown;

export function stopwatch(): Stopwatch {
  const loops = new WeakMap<Contender, Loop>();
  const collect = findCollector();
  return {
    settle: () => collect?.(),

    async warm(contender, timeMs) {
      const { run, sample } = contender;
      if (sample !== undefined) return;
      const waits = run() instanceof Promise;
      let calls = 0;
      let elapsedMs = 0;
      // The second half alone counts, when the code has been compiled for good. That takes a few calls, long ones, too.
      for (const end of [performance.now() + timeMs / 2, performance.now() + timeMs]) {
        const start = performance.now();
        for (calls = 0; calls < 2 || performance.now() < end; calls++) {
          kept = waits ? await run() : run();
          if (performance.now() - start > WARM_MAX_MS) break;
        }
        elapsedMs = performance.now() - start;
        calls = Math.max(calls, 1);
      }
      const wanted = 2 ** Math.ceil(Math.log2((SAMPLE_MS * calls) / elapsedMs));
      const looped = Math.min(Math.max(wanted, 1), CALLS_MAX);
      loops.set(contender, { calls: looped, sampleMs: (elapsedMs / calls) * looped, waits });
    },

    async take(contender, timeMs) {
      if (contender.sample !== undefined) return [contender.sample()];
      const loop = loops.get(contender);
      if (loop === undefined) throw new Error(`${contender.subject} is timed before it is warm.`);
      const samplesMs = loop.waits ? await takeWaiting(contender, loop, timeMs) : takeSync(contender, loop, timeMs);
      const nsPerOperation = 1e6 / (contender.operations ?? 1);
      return samplesMs.map((ms) => ms * nsPerOperation);
    },
  };
}

function benchFor(time: number, { sampleMs }: Loop): Bench {
  const least = sampleMs > VERY_SLOW_MS ? 1 : SLOW_SAMPLES_MIN;
  const iterations = Math.min(Math.max(Math.floor(time / sampleMs), least), SAMPLES_MIN);
  return new Bench({ time, iterations, warmup: false, retainSamples: true, throws: true });
}

function takeSync({ run }: Contender, loop: Loop, timeMs: number): readonly number[] {
  const { calls } = loop;
  const bench = benchFor(timeMs, loop);
  bench.add(
    "loop",
    () => {
      const start = bench.now();
      for (let i = 0; i < calls; i++) kept = run();
      return sampleOf(bench.now() - start, calls);
    },
    { async: false },
  );
  bench.runSync();
  return samplesOf(bench);
}

async function takeWaiting({ run }: Contender, loop: Loop, timeMs: number): Promise<readonly number[]> {
  const { calls } = loop;
  const bench = benchFor(timeMs, loop);
  bench.add(
    "loop",
    async () => {
      const start = bench.now();
      for (let i = 0; i < calls; i++) kept = await run();
      return sampleOf(bench.now() - start, calls);
    },
    { async: true },
  );
  await bench.run();
  return samplesOf(bench);
}

const sampleOf = (elapsedMs: number, calls: number) => ({
  overriddenDuration: elapsedMs / calls,
  overriddenIterationCost: elapsedMs,
});

function samplesOf(bench: Bench): readonly number[] {
  const result = bench.tasks[0]!.result;
  if (result.state !== "completed") throw new Error(`tinybench ended in the state "${result.state}".`);
  return result.latency.samples ?? [];
}
