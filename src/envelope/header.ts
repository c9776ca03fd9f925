/**
 * The header of a message: written at once, read from chunks of any size. Reading trusts nothing: bounds come before
 * memory, and bytes are buffered as they arrive, so a header costs at most its own length. What a parsed header says
 * is unproven until `Opener` has checked the commitment and the header's tag.
 */
import { decodeText, Gathered, readU16, readU32, writeU16, writeU32 } from "./bytes.ts";
import { type Context, decodeContext } from "./context.ts";
import { EnvelopeError } from "./errors.ts";
import {
  COMMITMENT_BYTES,
  FRAMED,
  type Limits,
  MAX_FIELD_BYTES,
  MESSAGE_ID_BYTES,
  SUITE_ID,
  TAG_BYTES,
  VERSION,
} from "./format.ts";

/** One wrapped copy of the message's data key. */
export interface EncryptedDataKey {
  readonly providerId: string;
  /** What the provider needs to unwrap it; for `aws-kms` the ARN of the key in UTF-8. */
  readonly providerInfo: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** A header as it stands in a message, in private copies. */
export interface Header {
  readonly messageId: Uint8Array;
  readonly context: Context;
  readonly encryptedDataKeys: readonly EncryptedDataKey[];
  readonly frameBytes: number;
  readonly commitment: Uint8Array;
  /** The bytes that the tag covers. */
  readonly body: Uint8Array;
  readonly tag: Uint8Array;
}

const CONTEXT_AT = 1 + 2 + MESSAGE_ID_BYTES;
/** Content type, frame length, commit key, tag. */
const TRAILER_BYTES = 1 + 4 + COMMITMENT_BYTES + TAG_BYTES;

/** Writes a header's body, all that the tag covers. `context` is in its serialized form. */
export function encodeHeaderBody(header: {
  readonly messageId: Uint8Array;
  readonly context: Uint8Array;
  readonly encryptedDataKeys: readonly { providerId: Uint8Array; providerInfo: Uint8Array; ciphertext: Uint8Array }[];
  readonly frameBytes: number;
  readonly commitment: Uint8Array;
}): Uint8Array {
  const fields = header.encryptedDataKeys.flatMap((key) => [key.providerId, key.providerInfo, key.ciphertext]);
  if (fields.some((field) => field.length > MAX_FIELD_BYTES)) {
    throw new RangeError(`A wrapped data key or the name of its key is longer than ${MAX_FIELD_BYTES} bytes.`);
  }
  const keysBytes = fields.reduce((sum, field) => sum + 2 + field.length, 2);
  const body = new Uint8Array(CONTEXT_AT + 2 + header.context.length + keysBytes + TRAILER_BYTES - TAG_BYTES);
  body[0] = VERSION;
  writeU16(body, 1, SUITE_ID);
  body.set(header.messageId, 3);
  writeU16(body, CONTEXT_AT, header.context.length);
  body.set(header.context, CONTEXT_AT + 2);
  let at = CONTEXT_AT + 2 + header.context.length;
  writeU16(body, at, header.encryptedDataKeys.length);
  at += 2;
  for (const field of fields) {
    writeU16(body, at, field.length);
    body.set(field, at + 2);
    at += 2 + field.length;
  }
  body[at] = FRAMED;
  writeU32(body, at + 1, header.frameBytes);
  body.set(header.commitment, at + 5);
  return body;
}

/** Gathers chunks until the header is whole. */
export class HeaderReader {
  readonly #limits: Limits;
  readonly #gathered = new Gathered();
  #neededBytes = CONTEXT_AT + 2;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /**
   * Takes the next bytes of a message. Returns `undefined` while the header goes on, then the header and the bytes of
   * this chunk that follow it (a view). To be called no more after that.
   * @throws {EnvelopeError} as soon as the bytes cannot be the header of a message that this project opens.
   */
  push(chunk: Uint8Array): { header: Header; rest: Uint8Array } | undefined {
    let at = 0;
    for (;;) {
      const missing = this.#neededBytes - this.#gathered.length;
      const taken = chunk.subarray(at, at + missing);
      this.#gathered.append(taken, this.#neededBytes);
      at += taken.length;
      if (taken.length < missing) {
        checkStart(this.#gathered.bytes);
        return undefined;
      }
      const neededBytes = measureHeader(this.#gathered.bytes, this.#limits);
      if (neededBytes === this.#neededBytes) break;
      this.#neededBytes = neededBytes;
    }
    return { header: decodeHeader(this.#gathered.bytes.slice(), this.#limits), rest: chunk.subarray(at) };
  }
}

/** Refuses what is no message of this kind at its first byte, before anything is awaited of it. */
function checkStart(bytes: Uint8Array): void {
  if (bytes.length > 0 && bytes[0] !== VERSION) throw new EnvelopeError();
  if (bytes.length > 2 && readU16(bytes, 1) !== SUITE_ID) throw new EnvelopeError();
}

/** How many bytes the header has at least, from those that are there; its length once they are all there. */
function measureHeader(bytes: Uint8Array, limits: Limits): number {
  checkStart(bytes);
  let at = CONTEXT_AT + 2 + readU16(bytes, CONTEXT_AT);
  if (at + 2 > bytes.length) return at + 2;
  const count = readU16(bytes, at);
  if (count === 0 || count > limits.maxEncryptedDataKeys) throw new EnvelopeError();
  at += 2;
  for (let field = 0; field < 3 * count; field++) {
    if (at + 2 > bytes.length) return at + 2;
    at += 2 + readU16(bytes, at);
  }
  return at + TRAILER_BYTES;
}

/** Reads a whole header from bytes that from here on belong to it. */
function decodeHeader(bytes: Uint8Array, limits: Limits): Header {
  let at = CONTEXT_AT;
  const take = (length: number): Uint8Array => bytes.subarray(at, (at += length));
  const takeField = (): Uint8Array => take(readU16(take(2), 0));
  const context = decodeContext(takeField());
  const count = readU16(take(2), 0);
  const encryptedDataKeys: EncryptedDataKey[] = [];
  for (let i = 0; i < count; i++) {
    const providerId = decodeText(takeField());
    if (providerId === undefined) throw new EnvelopeError();
    encryptedDataKeys.push({ providerId, providerInfo: takeField(), ciphertext: takeField() });
  }
  const contentType = take(1)[0];
  const frameBytes = readU32(take(4), 0);
  const commitment = take(COMMITMENT_BYTES);
  if (context === undefined || contentType !== FRAMED) throw new EnvelopeError();
  if (frameBytes === 0 || frameBytes > limits.maxFrameBytes) throw new EnvelopeError();
  return {
    messageId: bytes.subarray(3, 3 + MESSAGE_ID_BYTES),
    context,
    encryptedDataKeys,
    frameBytes,
    commitment,
    body: bytes.subarray(0, at),
    tag: bytes.subarray(at),
  };
}
