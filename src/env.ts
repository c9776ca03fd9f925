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

/** Sends a request over HTTPS, as the runtime's own `fetch` does, with the certificates that it trusts. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Where a key management service stands: the parts of every ARN that it makes. */
export interface Realm {
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
}

export type PrincipalType = "user" | "assumed-role" | "root" | "service" | "federated-user";

/** Who somebody is. */
export interface Principal {
  readonly type: PrincipalType;
  /** As "arn:aws:iam::111122223333:user/alice"; of a service its name, as "s3.amazonaws.com". */
  readonly arn: string;
  /** Twelve digits; of a service empty. */
  readonly account: string;
  /** The role behind a session, from the record of its credentials: never read out of the session's ARN. */
  readonly roleArn?: string;
}

/** Who calls, and how, from verified facts only; nothing here is ever read from a request's members. */
export interface Caller extends CallerFacts {
  readonly principal: Principal;
  readonly requestId: string;
}

/** What is known of a call besides who makes it. */
export interface CallerFacts {
  readonly sourceIp?: string | undefined;
  readonly userAgent?: string | undefined;
  /** Whether the request came over TLS. Absent in process, where there is no transport. */
  readonly secureTransport?: boolean | undefined;
  /** The access key that signed the request. Absent in process. */
  readonly accessKeyId?: string | undefined;
  /** The service through which the principal calls, as "s3.us-east-1.amazonaws.com". */
  readonly viaService?: string | undefined;
  /** The resource for which a service calls, and its account. */
  readonly sourceArn?: string | undefined;
  readonly sourceAccount?: string | undefined;
}

/** A request's caller, as the facts of somebody with a request id. Member by member: spreading costs a microsecond. */
export function callerWith(
  principal: Principal,
  requestId: string,
  { sourceIp, userAgent, secureTransport, accessKeyId, viaService, sourceArn, sourceAccount }: CallerFacts,
): Caller {
  return {
    principal,
    requestId,
    sourceIp,
    userAgent,
    secureTransport,
    accessKeyId,
    viaService,
    sourceArn,
    sourceAccount,
  };
}

const CHECK_BYTES = 16;
const REMEMBERED_DRAWS = 8;
/** Rooms for draws of fewer bytes are kept, one of each length. */
const ROOM_COUNT = 65;

/**
 * A `Random` that refuses to go on with a broken generator instead of making a predictable key (after SP 800-90B
 * section 4.4, repetition test). Every draw takes 16 bytes more than asked, which nobody else sees: if they are zero
 * (a short read, too), equal to the beginning of the draw or to one of the last eight draws', it throws.
 */
export function healthChecked(random: Random): Random {
  // Zeros stand where nothing has been drawn yet: they are refused anyway.
  const remembered = new Uint8Array(REMEMBERED_DRAWS * CHECK_BYTES);
  const rooms = new Array<Room | undefined>(ROOM_COUNT + 1).fill(undefined);
  let turn = 0;

  const check = (drawn: Uint8Array, at: number) => {
    let suspicious = isRepeated(drawn, at, ZEROS, 0) || isRepeated(drawn, at, drawn, 0);
    for (let i = 0; i < remembered.length; i += CHECK_BYTES) suspicious ||= isRepeated(drawn, at, remembered, i);
    if (suspicious) {
      throw new Error("The random generator repeats itself or returns zeros; no key or nonce was made from it.");
    }
    for (let i = 0; i < CHECK_BYTES; i++) remembered[turn + i] = drawn[at + i]!;
    turn = (turn + CHECK_BYTES) % remembered.length;
  };

  return {
    fill(out) {
      const { length } = out;
      const room = rooms[Math.min(length, ROOM_COUNT)] ?? makeRoom(length);
      // A generator that draws while it is asked gets another room.
      if (length < ROOM_COUNT) rooms[length] = undefined;
      try {
        random.fill(room.drawn);
        check(room.drawn, length);
        out.set(room.asked);
      } finally {
        room.drawn.fill(0);
        if (length < ROOM_COUNT) rooms[length] = room;
      }
    },
  };
}

interface Room {
  /** What was asked for, and the check bytes. */
  readonly drawn: Uint8Array;
  readonly asked: Uint8Array;
}

function makeRoom(lengthBytes: number): Room {
  const drawn = secretBytes(lengthBytes + CHECK_BYTES);
  return { drawn, asked: drawn.subarray(0, lengthBytes) };
}

const ZEROS = new Uint8Array(CHECK_BYTES);

/** Whether the check bytes at `at` are the bytes of `other` at `from`. Nobody uses them, so time may depend on them. */
function isRepeated(drawn: Uint8Array, at: number, other: Uint8Array, from: number): boolean {
  for (let i = 0; i < CHECK_BYTES; i++) if (drawn[at + i] !== other[from + i]) return false;
  return true;
}
