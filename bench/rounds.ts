/**
 * Runs a case: checks every contender, warms it, then lets all of them run in turn, round after round, each round
 * beginning with another one. Times of one round are compared with each other only: on a shared machine the next round
 * may see another clock speed.
 */
import type { Baseline, Case, Contender, Plan } from "./contender.ts";
import type { Row } from "./row.ts";
import { medianOf, quantileOf, sort } from "./statistics.ts";
import type { Stopwatch } from "./stopwatch.ts";

export interface Budget {
  /** For each contender, before the first round. */
  readonly warmMs: number;
  /** For each contender in each round. */
  readonly sliceMs: number;
  /** For all rounds of a case: slow contenders get fewer rounds. */
  readonly caseMs: number;
  readonly roundsMin: number;
  readonly roundsMax: number;
}

/** Messages from which on the garbage of one contender would slow the next one down. */
const LARGE_BYTES = 65_536;

/** A contender that was not timed, and why. */
export interface Refusal {
  readonly plan: Plan;
  readonly subject: string;
  readonly reason: string;
}

export interface Outcome {
  readonly rows: readonly Row[];
  readonly refusals: readonly Refusal[];
}

interface Times {
  readonly contender: Contender;
  /** Nanoseconds per operation of every sample. */
  readonly samplesNs: number[];
  /** The median of each round. */
  readonly roundsNs: number[];
}

export async function runPlan(plan: Plan, watch: Stopwatch, budget: Budget): Promise<Outcome> {
  const prepared = await plan.prepare();
  try {
    const refusals: Refusal[] = [];
    const times: Times[] = [];
    for (const contender of prepared.contenders) {
      const reason = await findDisagreement(contender);
      if (reason === undefined) times.push({ contender, samplesNs: [], roundsNs: [] });
      else refusals.push({ plan, subject: contender.subject, reason });
    }
    for (const { contender } of times) await watch.warm(contender, budget.warmMs);
    await runRounds(times, plan.bytes >= LARGE_BYTES, watch, budget);
    return { rows: rowsOf(plan, prepared, times), refusals };
  } finally {
    await prepared.close?.();
  }
}

/** Why a contender must not be timed, or `undefined`. */
export async function findDisagreement(contender: Contender): Promise<string | undefined> {
  try {
    await contender.validate();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function runRounds(times: readonly Times[], large: boolean, watch: Stopwatch, budget: Budget): Promise<void> {
  const { sliceMs, caseMs, roundsMin, roundsMax } = budget;
  const start = performance.now();
  for (let round = 0; round < roundsMax; round++) {
    for (let i = 0; i < times.length; i++) {
      const { contender, samplesNs, roundsNs } = times[(round + i) % times.length]!;
      if (large) watch.settle?.();
      const taken = await watch.take(contender, sliceMs);
      for (const ns of taken) samplesNs.push(ns);
      roundsNs.push(medianOf(taken));
    }
    const elapsedMs = performance.now() - start;
    if (round + 1 >= roundsMin && elapsedMs + elapsedMs / (round + 1) > caseMs) return;
  }
}

/** The rows of a case, those of the first baseline first. */
function rowsOf(plan: Plan, { baselines }: Case, times: readonly Times[]): Row[] {
  return baselines.flatMap((baseline) => {
    const against = fastestOf(baseline, times);
    if (against === undefined) return [];
    const compared = times.filter(({ contender }) => baseline.subjects?.includes(contender.subject) ?? true);
    return compared.map((subject) => rowOf(plan, subject, against));
  });
}

function fastestOf({ fastestOf: names }: Baseline, times: readonly Times[]): Times | undefined {
  const known = times.filter(({ contender }) => names.includes(contender.subject));
  return known.sort((a, b) => medianOf(a.roundsNs) - medianOf(b.roundsNs))[0];
}

function rowOf({ layer, case: name, bytes }: Plan, subject: Times, baseline: Times): Row {
  const ratios = sort(subject.roundsNs.map((ns, round) => baseline.roundsNs[round]! / ns));
  // Of the rounds, so that one in which the machine was fast, with its many samples, counts no more than another.
  const p50Ns = medianOf(subject.roundsNs);
  return {
    layer,
    case: name,
    bytes,
    subject: subject.contender.subject,
    p50Ns: rounded(p50Ns),
    p99Ns: rounded(quantileOf(sort(subject.samplesNs), 0.99)),
    mbPerS: rounded((bytes / p50Ns) * 1e3),
    ratio: rounded(quantileOf(ratios, 0.5)),
    ratioLow: rounded(quantileOf(ratios, 0.25)),
    ratioHigh: rounded(quantileOf(ratios, 0.75)),
    baseline: baseline.contender.subject,
  };
}

/** To four digits: what is beyond them is noise. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
