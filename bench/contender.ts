/** What can be timed, as data: a case is one job, its contenders are the ways to do it. */
import type { Layer } from "./row.ts";

/** One way to do the job of a case. */
export interface Contender {
  readonly subject: string;
  /** Does the job once, on fresh nonces, and returns what it made, or a promise of it. This very function is timed. */
  readonly run: () => unknown;
  /** Takes one sample itself and returns its nanoseconds, for what only another process can time. `run` is not called. */
  readonly sample?: () => number;
  /** Operations that one call stands for: records of a batch, messages in flight. 1 by default. */
  readonly operations?: number | undefined;
  /** Calls `run` and compares what it made with node:crypto on the same inputs. @throws {Error} where they differ */
  readonly validate: () => Promise<void>;
}

/** With what others are compared: the fastest, by its median over the run, of the subjects named. */
export interface Baseline {
  readonly fastestOf: readonly string[];
  /** Whose rows are written with this baseline: everybody's where it is absent. */
  readonly subjects?: readonly string[];
}

/** A job with everything ready. */
export interface Case {
  readonly contenders: readonly Contender[];
  readonly baselines: readonly Baseline[];
  /** Frees what the contenders hold. */
  readonly close?: () => void | Promise<void>;
}

/** A job that is made ready when its turn comes: the large ones need not all be in memory at once. */
export interface Plan {
  readonly layer: Layer;
  readonly case: string;
  readonly bytes: number;
  readonly prepare: () => Case | Promise<Case>;
}
