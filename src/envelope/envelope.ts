/**
 * Sealed messages over a key service: data of any size under a data key of its own, which the key service wraps. The
 * bytes are AWS Encryption SDK messages (version 2, suite 0x0478), so that SDK opens what is sealed here, and the other
 * way round. Opening trusts every key that the key service lets its caller use, unless `keyArns` names the ones to
 * trust. Memory: a whole message for `seal` and `open`, one chunk and one frame for the streams.
 */
import { viewBytes } from "../byte-views.ts";
import type { Engine } from "../crypto/engine.ts";
import { healthChecked, type Random } from "../env.ts";

import { type Context, copyContext, copyContextToSeal, encodeContext, holdsContext } from "./context.ts";
import { EnvelopeError } from "./errors.ts";
import {
  DEFAULT_FRAME_BYTES,
  DEFAULT_LIMITS,
  FRAME_BYTES_CEILING,
  type Limits,
  MAX_FIELD_BYTES,
  MESSAGE_ID_BYTES,
} from "./format.ts";
import { type Header, HeaderReader } from "./header.ts";
import { generateDataKey, type KeyService, unwrapDataKey } from "./key-service.ts";
import { Opener } from "./opener.ts";
import { Sealer } from "./sealer.ts";
import { type ByteSource, openChunks, sealChunks } from "./streams.ts";

/** What the composition root lends: ciphers and entropy. */
export interface EnvelopePlatform {
  readonly crypto: Engine;
  readonly random: Random;
}

export interface EnvelopeOptions {
  readonly kms: KeyService;
  /** The key that wraps data keys where `seal` names none: an id, ARN or alias. */
  readonly keyId?: string;
  /** Plaintext bytes of a frame of new messages, 65,536 by default; at most `maxFrameBytes`. */
  readonly frameBytes?: number;
  /** The largest frame that is opened, 64 MiB by default (at most 1 GiB): a stream buffers up to one frame. */
  readonly maxFrameBytes?: number;
  /** How many wrapped data keys a message may carry, 16 by default: each may cost a call of the key service. */
  readonly maxEncryptedDataKeys?: number;
  /** The only keys (full ARNs) whose messages are opened; every key that `kms` may use where it is absent. */
  readonly keyArns?: readonly string[];
}

export interface SealOptions {
  /** The key that wraps this message's data key, instead of the envelope's `keyId`. */
  readonly keyId?: string | undefined;
  /** Pairs bound to the message and stored in it readable. Keys may not begin with `aws-crypto-`. */
  readonly context?: Context | undefined;
}

export interface OpenOptions {
  /** Pairs that the message's context must hold; it may hold more. */
  readonly context?: Context | undefined;
}

export interface OpenStreamOptions extends OpenOptions {
  /** Told of the message once its header is verified, before any plaintext. To refuse the message, throw. */
  readonly onHeader?: ((message: Omit<OpenedMessage, "plaintext">) => void | Promise<void>) | undefined;
}

export interface OpenedMessage {
  readonly plaintext: Uint8Array;
  /** The message's whole context. */
  readonly context: Context;
  /** The ARN of the key that unwrapped the data key. */
  readonly keyArn: string;
}

/**
 * Every opening method rejects with one `EnvelopeError`, whatever is wrong with the message. What is wrong elsewhere
 * (a disabled key, no permission, no network) is the key service's own error.
 */
export interface Envelope {
  /**
   * The plaintext is read once the data key is there: do not change it before the message is.
   * @throws {TypeError} for a context or options that cannot be used; what the key service throws.
   */
  seal(plaintext: Uint8Array, options?: SealOptions): Promise<Uint8Array>;
  /** @throws {EnvelopeError} and returns nothing of a message that is not whole. */
  open(message: Uint8Array, options?: OpenOptions): Promise<OpenedMessage>;
  /** Yields the message in fresh arrays, at least once a chunk that fills a frame. */
  sealStream(source: ByteSource, options?: SealOptions): AsyncGenerator<Uint8Array, void, undefined>;
  /**
   * Yields plaintext in fresh arrays, each frame after its tag, and the last only where the source ends with it.
   * @throws {EnvelopeError} even after some frames: only a stream that ended without an error was whole.
   */
  openStream(source: ByteSource, options?: OpenStreamOptions): AsyncGenerator<Uint8Array, void, undefined>;
  /** Begins a message for a caller who brings buffers: see `Sealer`. The caller destroys it. */
  sealer(options?: SealOptions): Promise<Sealer>;
  /** Reads headers within this envelope's limits. */
  headerReader(): HeaderReader;
  /** Verifies a header for a caller who brings buffers: see `Opener`. The caller destroys it. */
  opener(header: Header, options?: OpenOptions): Promise<Opener>;
}

/** @throws {TypeError} or {RangeError} for options that cannot be used. */
export function envelopeOver(platform: EnvelopePlatform, options: EnvelopeOptions): Envelope {
  const { kms, keyId: usualKeyId } = options;
  if (typeof kms?.generateDataKey !== "function" || typeof kms.decrypt !== "function") {
    throw new TypeError("`kms` must be a key service with generateDataKey and decrypt, such as createKms() makes.");
  }
  const { crypto } = platform;
  const random = healthChecked(platform.random);
  const limits = readLimits(options);
  const frameBytes = readBound("frameBytes", options.frameBytes, DEFAULT_FRAME_BYTES, limits.maxFrameBytes);
  const keyArns = options.keyArns === undefined ? undefined : new Set(options.keyArns);

  const sealer = async ({ keyId = usualKeyId, context: given }: SealOptions = {}): Promise<Sealer> => {
    if (typeof keyId !== "string") throw new TypeError("Name the key that seals: `keyId` here or in the envelope.");
    const context = copyContextToSeal(given);
    encodeContext(context); // refuses a context that is too long before a data key is made for it
    const key = await generateDataKey(kms, keyId, context);
    try {
      const messageId = new Uint8Array(MESSAGE_ID_BYTES);
      random.fill(messageId);
      return Sealer.start(crypto, { key, messageId, context, frameBytes });
    } finally {
      key.dataKey.wipe();
    }
  };

  const opener = async (header: Header, { context }: OpenOptions = {}): Promise<Opener> => {
    if (!holdsContext(header.context, copyContext(context))) throw new EnvelopeError();
    const key = await unwrapDataKey(kms, header, keyArns);
    try {
      return Opener.start(crypto, header, key);
    } finally {
      key.dataKey.wipe();
    }
  };

  const headerReader = (): HeaderReader => new HeaderReader(limits);

  return {
    seal: async (plaintext, sealOptions) => sealWhole(viewBytes("plaintext", plaintext), await sealer(sealOptions)),
    open: async (message, openOptions) => {
      const parsed = headerReader().push(viewBytes("message", message));
      if (parsed === undefined) throw new EnvelopeError();
      return openWhole(parsed.rest, await opener(parsed.header, openOptions));
    },
    sealStream: (source, sealOptions) => sealChunks(source, () => sealer(sealOptions)),
    openStream: (source, { onHeader, ...openOptions } = {}) =>
      openChunks(source, headerReader(), async (header) => {
        const opened = await opener(header, openOptions);
        try {
          await onHeader?.({ context: opened.context, keyArn: opened.keyArn });
          return opened;
        } catch (error) {
          opened.destroy();
          throw error;
        }
      }),
    sealer,
    headerReader,
    opener,
  };
}

/** How much of a whole message is under way at a time: an asynchronous cipher copies what it is given. */
const SLICE_BYTES = 1 << 20;

/** The bytes of a slice of whole frames. */
const sliceBytesOf = (frameBytes: number): number => Math.max(1, Math.floor(SLICE_BYTES / frameBytes)) * frameBytes;

async function sealWhole(plaintext: Uint8Array, sealer: Sealer): Promise<Uint8Array> {
  try {
    const { header } = sealer;
    const sliceBytes = sliceBytesOf(sealer.frameBytes);
    const message = new Uint8Array(header.length + sealer.finalBytes(plaintext.length));
    message.set(header);
    let [read, written] = [0, header.length];
    for (; plaintext.length - read > sliceBytes; read += sliceBytes) {
      const slice = plaintext.subarray(read, read + sliceBytes);
      written += await sealer.updateAsync(slice, message.subarray(written));
    }
    await sealer.finalAsync(plaintext.subarray(read), message.subarray(written));
    return message;
  } finally {
    sealer.destroy();
  }
}

async function openWhole(body: Uint8Array, opener: Opener): Promise<OpenedMessage> {
  const sliceBytes = sliceBytesOf(opener.sealedFrameBytes);
  const plaintext = new Uint8Array(opener.updateBytes(body.length));
  let written = 0;
  let whole = false;
  try {
    for (let read = 0; read < body.length; read += sliceBytes) {
      const slice = body.subarray(read, read + sliceBytes);
      written += await opener.updateAsync(slice, plaintext.subarray(written));
    }
    opener.final();
    whole = true;
    return { plaintext: plaintext.subarray(0, written), context: opener.context, keyArn: opener.keyArn };
  } finally {
    if (!whole) plaintext.fill(0);
    opener.destroy();
  }
}

/** The limits that these options ask for. @throws {RangeError} where one is out of its own bounds. */
export function readLimits(options: Pick<EnvelopeOptions, "maxFrameBytes" | "maxEncryptedDataKeys">): Limits {
  const { maxFrameBytes, maxEncryptedDataKeys } = DEFAULT_LIMITS;
  return {
    maxFrameBytes: readBound("maxFrameBytes", options.maxFrameBytes, maxFrameBytes, FRAME_BYTES_CEILING),
    maxEncryptedDataKeys: readBound(
      "maxEncryptedDataKeys",
      options.maxEncryptedDataKeys,
      maxEncryptedDataKeys,
      MAX_FIELD_BYTES,
    ),
  };
}

function readBound(name: string, given: number | undefined, usual: number, most: number): number {
  const value = given ?? Math.min(usual, most);
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new RangeError(`\`${name}\` must be a whole number from 1 to ${most}, not ${String(given)}.`);
  }
  return value;
}
