/** What a run writes down: one row for each subject of a case, and where and when it was measured. */

export const LAYERS = ["core", "engine", "kms", "envelope", "policy"] as const;
export type Layer = (typeof LAYERS)[number];

export interface Row {
  readonly layer: Layer;
  readonly case: string;
  /** Bytes of plaintext of one operation; of the module where that is what the case is about. */
  readonly bytes: number;
  readonly subject: string;
  /** Nanoseconds of one operation: the median of the rounds' medians, and the 99th percentile of all samples. */
  readonly p50Ns: number;
  readonly p99Ns: number;
  /** 10^6 bytes a second, at the median. */
  readonly mbPerS: number;
  /** Time of the baseline over time of the subject in the same round: above 1 the subject is faster. Median. */
  readonly ratio: number;
  /** The quartiles of those ratios. */
  readonly ratioLow: number;
  readonly ratioHigh: number;
  /** The subject that `ratio` compares with. */
  readonly baseline: string;
}

export interface Results {
  /** Processor, how many of them, and the platform. */
  readonly machine: string;
  /** The runtime: "v20.20.2", or "workerd 1.20260426.1". */
  readonly node: string;
  readonly commit: string;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly rows: readonly Row[];
}
