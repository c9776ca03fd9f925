/**
 * Makes contenders of subjects: the work, and with it a check of that very work against node:crypto. A result that
 * differs in one byte, a changed message that opens, a missing record: each is a reason not to be timed.
 */
import type { Contender } from "./contender.ts";
import type { DeriveJob, HkdfJob, Message, OpenJob, PackedJob, PackedRecord, Ring, SealJob } from "./job.ts";
import { deriveRightly, sealRightly } from "./reference.ts";
import type { Subject, Work } from "./subjects/subject.ts";

/** Beyond this a check would take longer than what it checks. */
const LONG_BYTES = 2 ** 18;
const callsFor = (lengthBytes: number) => (lengthBytes > LONG_BYTES ? 1 : 3);

export interface Prepared {
  readonly contender: Contender;
  readonly close: () => void;
}

/** The subjects that can do this job, ready. `job` makes a fresh place in the inputs for each. */
export async function prepareAll<Job>(
  subjects: readonly Subject[],
  method: (subject: Subject) => ((job: Job) => Work | undefined | Promise<Work | undefined>) | undefined,
  job: () => Job,
  check: (work: Work, job: Job) => Promise<void>,
): Promise<Prepared[]> {
  const prepared: Prepared[] = [];
  for (const subject of subjects) {
    const own = job();
    const work = await method(subject)?.(own);
    if (work === undefined) continue;
    const { run, operations } = work;
    prepared.push({
      contender: { subject: subject.name, run, operations, validate: () => check(work, own) },
      close: () => work.close?.(),
    });
  }
  return prepared;
}

/** Bytes as any library returns them. */
export function bytesOf(result: unknown): Buffer {
  if (result instanceof Uint8Array) return Buffer.from(result.buffer, result.byteOffset, result.byteLength);
  if (result instanceof ArrayBuffer) return Buffer.from(result);
  if (typeof result === "string") return Buffer.from(result, "latin1");
  throw new Error(`It returned ${result === null ? "null" : typeof result} where bytes were expected.`);
}

/** The results of one call: an array of them, or bytes end to end. */
function resultsOf(made: unknown, operations: number): Buffer[] {
  const results = Array.isArray(made) ? made.map(bytesOf) : cut(bytesOf(made), operations);
  if (results.length !== operations) throw new Error(`It returned ${results.length} results instead of ${operations}.`);
  return results;
}

function cut(bytes: Buffer, count: number): Buffer[] {
  const each = bytes.length / count;
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * each, (i + 1) * each));
}

export function checkEqual(made: Uint8Array, right: Uint8Array, what: string): void {
  if (Buffer.compare(made, right) !== 0) throw new Error(`${what} differs from that of node:crypto.`);
}

export async function checkSeal({ run, operations = 1 }: Work, job: SealJob): Promise<void> {
  for (let i = 0; i < callsFor(job.plaintexts.items[0]!.length); i++) {
    const made = resultsOf(await run(), operations);
    const nonces = job.nonces.last(operations);
    const plaintexts = job.plaintexts.last(operations);
    made.forEach((sealed, at) => {
      checkEqual(sealed, sealRightly(job.key, nonces[at]!, plaintexts[at]!, job.aad), "The sealed message");
    });
  }
}

/** As `checkSeal`, and the result lies in the same buffer every time. */
export async function checkSealInto(work: Work, job: SealJob): Promise<void> {
  await checkSeal(work, job);
  const first = (await work.run()) as Uint8Array;
  const second = (await work.run()) as Uint8Array;
  if (first.buffer !== second.buffer || first.byteOffset !== second.byteOffset) {
    throw new Error("It made a new result instead of sealing into the buffer.");
  }
}

export const checkOpen = (work: Work, { messages }: OpenJob) => checkMessages(work, messages);

async function checkMessages({ run, operations = 1 }: Work, messages: Ring<Message>): Promise<void> {
  for (let i = 0; i < callsFor(messages.items[0]!.plaintext.length); i++) {
    const made = resultsOf(await run(), operations);
    const expected = messages.last(operations);
    made.forEach((plaintext, at) => {
      checkEqual(plaintext, expected[at]!.plaintext, "The opened message");
    });
  }
  await checkRefusal(run, messages.items);
}

/** A bit of every message is changed for one call, at the end (in the tag), then at the start. */
async function checkRefusal(run: () => unknown, messages: readonly Message[]): Promise<void> {
  for (const at of [-1, 0]) {
    const flip = () => {
      for (const { sealed } of messages) sealed[at < 0 ? sealed.length + at : at]! ^= 1;
    };
    flip();
    try {
      if (!(await isRefused(run))) throw new Error("It opened a message that had been changed.");
    } finally {
      flip();
    }
  }
}

async function isRefused(run: () => unknown): Promise<boolean> {
  try {
    const result = await run();
    return result === undefined || result === null;
  } catch {
    return true;
  }
}

export const checkDeriveAndOpen = (work: Work, { messages }: DeriveJob) => checkMessages(work, messages);

export async function checkSealPacked({ run }: Work, job: PackedJob): Promise<void> {
  const made = await run();
  const sealed = Array.isArray(made) ? Buffer.concat(made) : bytesOf(made);
  const right = job.records.map(({ nonce, plaintext, aad }) => sealRightly(job.key, nonce, plaintext, aad));
  checkEqual(sealed, Buffer.concat(right), "The sealed batch");
}

/** All records, then all but one, whose last bit is changed. */
export async function checkOpenPacked({ run }: Work, { records }: PackedJob): Promise<void> {
  const changed = Math.floor(records.length / 2);
  const tag = records[changed]!.sealed;
  for (const refused of [undefined, changed]) {
    if (refused !== undefined) tag[tag.length - 1]! ^= 1;
    const opened = openedOf(await run(), records);
    if (refused !== undefined) tag[tag.length - 1]! ^= 1;
    opened.forEach((plaintext, i) => {
      if ((plaintext === undefined) !== (i === refused)) throw new Error("It opened a record that had been changed.");
      if (plaintext !== undefined) checkEqual(plaintext, records[i]!.plaintext, "An opened record");
    });
  }
}

function openedOf(made: unknown, records: readonly PackedRecord[]): (Uint8Array | undefined)[] {
  if (Array.isArray(made)) return made;
  const { plaintexts, failed } = made as { plaintexts: Uint8Array; failed: readonly number[] };
  let at = 0;
  return records.map(({ plaintext }, i) => {
    const part = plaintexts.subarray(at, (at += plaintext.length));
    if (!failed.includes(i)) return part;
    if (part.some((byte) => byte !== 0)) throw new Error("It let out bytes of a record that it refused.");
    return undefined;
  });
}

export async function checkHkdf({ run, operations = 1 }: Work, job: HkdfJob): Promise<void> {
  for (let i = 0; i < 3; i++) {
    const made = resultsOf(await run(), operations);
    const secrets = job.secrets.last(operations);
    const infos = job.infos.last(operations);
    made.forEach((okm, at) => {
      checkEqual(okm, deriveRightly(secrets[at]!, job.salt, infos[at]!, job.lengthBytes), "The derived key");
    });
  }
}

export async function checkDeriveAndSeal({ run, operations = 1 }: Work, job: DeriveJob): Promise<void> {
  const made = resultsOf(await run(), operations);
  const nonces = job.nonces.last(operations);
  const plaintexts = job.plaintexts.last(operations);
  job.infos.last(operations).forEach((info, at) => {
    const key = deriveRightly(job.secret, job.salt, info, 32);
    checkEqual(made[at]!, sealRightly(key, nonces[at]!, plaintexts[at]!, job.aad), "The sealed message");
  });
}
