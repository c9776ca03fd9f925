/** What the processes of this bench tell each other. */

export type Subject = "node:http" | "off" | "sigv4";

/** Where a subject listens, and who may ask it. */
export interface Target {
  readonly port: number;
  readonly region: string;
  readonly keyId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** One run of the load generator. */
export interface Load {
  readonly target: Target;
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second; as many as possible without. */
  readonly rate?: number;
}

export interface Measured {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly worstNs: number;
  /** Answers that were not 200. */
  readonly failures: number;
  /** Share of the run in which the generator's own processor was busy. */
  readonly busy: number;
}
