/**
 * What the domain may know of the world outside, as small interfaces. Only the composition roots (node.ts, edge.ts)
 * read the real clock and the real entropy; tests and simulations hand in their own.
 */

export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  nowMs(): number;
}

export interface Random {
  /** Fills `out` with bytes from a cryptographically secure generator, read anew on every call. */
  fill(out: Uint8Array): void;
}

/** Where a key management service stands: the parts of every ARN that it makes. */
export interface Realm {
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
}

/** Who calls, from verified facts only; nothing here is ever read from a request's members. */
export interface Caller {
  readonly principalArn: string;
  readonly requestId: string;
  readonly sourceIp?: string;
}

/**
 * A `Random` that refuses to go on with a broken generator (SP 800-90B section 4.4, repetition test): a draw of 16
 * bytes or more that is all zero, or that repeats the draw before, throws instead of making a predictable key.
 */
export function healthChecked(random: Random): Random {
  const last = new Uint8Array(16);
  return {
    fill(out) {
      random.fill(out);
      if (out.length < last.length) return;
      let repeated = 0;
      let zero = 0;
      for (let i = 0; i < last.length; i++) {
        repeated |= out[i]! ^ last[i]!;
        zero |= out[i]!;
        last[i] = out[i]!;
      }
      if (repeated === 0 || zero === 0) {
        out.fill(0);
        throw new Error("The random generator repeated itself or returned zeros; no key or nonce was made from it.");
      }
    },
  };
}
