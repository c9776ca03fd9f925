/** What a library offers to the bench. Each file of this folder is one library, used in the fastest way it allows. */
import type { DeriveJob, HkdfJob, OpenJob, PackedJob, SealJob } from "../job.ts";

/** A job made ready: keys imported, everything that may be kept between calls kept. */
export interface Work {
  /**
   * One call. Returns bytes, an array of them (the oldest first) or a promise of either. Bytes that do not authenticate
   * give `undefined` or `null`, or an error.
   */
  readonly run: () => unknown;
  /** How many of the job's inputs one call takes; 1 by default. */
  readonly operations?: number;
  /** Frees what is held. */
  readonly close?: () => void;
}

type Prepare<Job> = (job: Job) => Work | undefined | Promise<Work | undefined>;

/** A method is absent, or answers `undefined` for a job that the library cannot do (as a key of 24 bytes). */
export interface Subject {
  readonly name: string;
  readonly seal?: Prepare<SealJob>;
  /** Seals into a buffer of the caller's, the same for all calls, and returns a view of it. */
  readonly sealInto?: Prepare<SealJob>;
  readonly open?: Prepare<OpenJob>;
  /** Seals all records in one call. Returns bytes end to end, or an array of them. */
  readonly sealPacked?: Prepare<PackedJob>;
  /** Opens all records in one call. Returns an array of plaintexts, each `undefined` that is refused, or the like. */
  readonly openPacked?: Prepare<PackedJob>;
  readonly hkdf?: Prepare<HkdfJob>;
  readonly deriveAndSeal?: Prepare<DeriveJob>;
  readonly deriveAndOpen?: Prepare<DeriveJob>;
}
