/**
 * What the domain may know of the world outside, as small interfaces. Only the composition roots (node.ts, edge.ts)
 * read the real clock and the real entropy; tests and simulations hand in their own.
 */

import { secretBytes } from "./secret-bytes.ts";

export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  nowMs(): number;
}

export interface Random {
  /** Fills `out` with bytes from a cryptographically secure generator, each byte handed out once. */
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

const CHECK_BYTES = 16;
const REMEMBERED_DRAWS = 8;

/**
 * A `Random` that refuses to go on with a broken generator instead of making a predictable key (after SP 800-90B
 * section 4.4, repetition test). Every draw takes 16 bytes more than asked, which nobody else sees: if they are zero
 * (a short read, too), equal to the beginning of the draw or to one of the last eight draws', it throws.
 */
export function healthChecked(random: Random): Random {
  const remembered: Uint8Array[] = [];
  let turn = 0;
  return {
    fill(out) {
      const drawn = secretBytes(out.length + CHECK_BYTES);
      try {
        random.fill(drawn);
        const check = drawn.slice(out.length);
        const same = (other: Uint8Array) => check.every((byte, i) => byte === other[i]);
        if (same(new Uint8Array(CHECK_BYTES)) || same(drawn) || remembered.some(same)) {
          throw new Error("The random generator repeats itself or returns zeros; no key or nonce was made from it.");
        }
        remembered[turn] = check;
        turn = (turn + 1) % REMEMBERED_DRAWS;
        out.set(drawn.subarray(0, out.length));
      } finally {
        drawn.fill(0);
      }
    },
  };
}
