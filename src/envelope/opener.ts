/**
 * Opens one message frame by frame from the caller's buffers into the caller's buffers, synchronously or through the
 * asynchronous cipher of an edge runtime. The commitment is compared before any other use of the key, the header's tag is checked before any frame, and a frame's plaintext
 * exists only after its tag. Only a frame that is split between chunks is copied, into one buffer that grows as bytes
 * arrive to at most a frame. Source: aws-encryption-sdk-specification, client-apis/decrypt.md.
 */
import { viewBytes } from "../byte-views.ts";
import { type Engine, type EngineKey, equalBytes } from "../crypto/engine.ts";
import type { Secret } from "../crypto/secret.ts";
import { Gathered, readU32 } from "./bytes.ts";
import type { Context } from "./context.ts";
import { EnvelopeError } from "./errors.ts";
import {
  FINAL_HEAD_BYTES,
  FINAL_MARKER,
  FINAL_OVERHEAD_BYTES,
  FRAME_HEAD_BYTES,
  FRAME_OVERHEAD_BYTES,
  MAX_FRAMES,
  NONCE_BYTES,
  TAG_BYTES,
} from "./format.ts";
import { FrameBinding, type FrameJobs, finishJobs, HEADER_NONCE } from "./frames.ts";
import type { Header } from "./header.ts";
import { deriveMessageKeys } from "./keys.ts";

/**
 * ```
 * for (each chunk of the body) use(target.subarray(0, opener.update(chunk, target)));
 * opener.final();
 * ```
 * What `update` wrote is authentic and in order, but only `final` says that nothing is missing. Every failure is the
 * same `EnvelopeError` and destroys this object; call `destroy` in a `finally` besides.
 */
export class Opener {
  /** Plaintext bytes of a regular frame. */
  readonly frameBytes: number;
  /** Message bytes of a regular frame. Chunks of a multiple of this are opened without a copy. */
  readonly sealedFrameBytes: number;
  /** The ARN of the key that unwrapped the data key. */
  readonly keyArn: string;
  /** The message's encryption context, verified. */
  readonly context: Context;
  readonly #binding: FrameBinding;
  readonly #pending = new Gathered();
  #aead: EngineKey | undefined;
  #waits = false;
  #sequence = 0;
  #finished = false;

  private constructor(aead: EngineKey, header: Header, keyArn: string) {
    this.#aead = aead;
    this.#binding = new FrameBinding(header.messageId);
    this.frameBytes = header.frameBytes;
    this.sealedFrameBytes = header.frameBytes + FRAME_OVERHEAD_BYTES;
    this.keyArn = keyArn;
    this.context = header.context;
  }

  /**
   * Derives the message's keys and verifies the header. The data key (32 bytes) stays with the caller, who wipes it.
   * @throws {EnvelopeError} where the data key is not the one that the header commits to, or its tag does not match.
   */
  static start(crypto: Engine, header: Header, key: { dataKey: Secret; keyArn: string }): Opener {
    const { aead, commitment } = key.dataKey.expose((bytes) => deriveMessageKeys(crypto, bytes, header.messageId));
    try {
      if (!equalBytes(commitment, header.commitment)) throw new EnvelopeError();
      if (aead.open(HEADER_NONCE, header.tag, header.body) === undefined) throw new EnvelopeError();
      return new Opener(aead, header, key.keyArn);
    } catch (error) {
      aead.destroy();
      throw error;
    }
  }

  /** Whether the final frame has been opened: what follows it is refused. */
  get finished(): boolean {
    return this.#finished;
  }

  /** The most bytes that `update` will write for a chunk of this length. */
  updateBytes(chunkBytes: number): number {
    const messageBytes = this.#pending.length + chunkBytes;
    // A frame that is known to need more gives nothing: else a large frame in small chunks would ask for its room often.
    if (messageBytes < this.#measure(this.#pending.bytes)) return 0;
    const frames = Math.floor(messageBytes / this.sealedFrameBytes);
    const rest = messageBytes - frames * this.sealedFrameBytes;
    return frames * this.frameBytes + Math.max(0, rest - FINAL_OVERHEAD_BYTES);
  }

  /**
   * Opens every frame that `chunk` completes into `out`, and keeps the rest. Returns the bytes written, at most
   * `updateBytes` of the chunk's length. `out` may be longer, and may not overlap `chunk`.
   * @throws {EnvelopeError} at the first frame that is not as it was sealed, and at bytes after the final frame.
   * @throws {RangeError} where `out` is too short; nothing has happened then.
   * @throws {TypeError} after `final`, `destroy` or a failure.
   */
  update(chunk: Uint8Array, out: Uint8Array): number {
    return this.#update(chunk, out);
  }

  /**
   * As `update`, through the engine's asynchronous cipher, all frames of the chunk at once. `chunk` is read before this
   * returns; `out` is to be left alone, and no other call made, before it resolves. Where a frame is refused, `out` is
   * wiped.
   */
  async updateAsync(chunk: Uint8Array, out: Uint8Array): Promise<number> {
    const jobs: FrameJobs = [];
    const target = viewBytes("out", out);
    const room = target.subarray(0, this.updateBytes(viewBytes("chunk", chunk).length));
    let written: number;
    try {
      written = this.#update(chunk, target, jobs);
    } catch (error) {
      await Promise.allSettled(jobs);
      if (jobs.length > 0) room.fill(0);
      throw error;
    }
    this.#waits = true;
    try {
      await finishJobs(jobs);
      return written;
    } catch (error) {
      room.fill(0);
      this.destroy();
      throw error;
    } finally {
      this.#waits = false;
    }
  }

  #update(chunk: Uint8Array, out: Uint8Array, jobs?: FrameJobs): number {
    const aead = this.#live();
    const [source, target] = [viewBytes("chunk", chunk), viewBytes("out", out)];
    const room = this.updateBytes(source.length);
    if (target.length < room) {
      throw new RangeError(`The output has ${target.length} bytes and up to ${room} are written.`);
    }
    try {
      return this.#open(aead, source, target, jobs);
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /** Ends the message. @throws {EnvelopeError} where its final frame is missing: the message was cut short. */
  final(): void {
    this.#live();
    this.destroy();
    if (!this.#finished) throw new EnvelopeError();
  }

  /** Wipes the key. Any number of calls. */
  destroy(): void {
    this.#aead?.destroy();
    this.#aead = undefined;
    this.#pending.wipe();
  }

  #live(): EngineKey {
    if (this.#aead === undefined) throw new TypeError("This message has ended: open the next one with a new Opener.");
    if (this.#waits) throw new TypeError("Frames of this message are being opened: await the call before.");
    return this.#aead;
  }

  #open(aead: EngineKey, chunk: Uint8Array, out: Uint8Array, jobs: FrameJobs | undefined): number {
    let at = 0;
    let written = 0;
    while (at < chunk.length) {
      if (this.#finished) throw new EnvelopeError();
      let frame: Uint8Array;
      const left = chunk.length - at;
      const frameBytes = this.#pending.length === 0 ? this.#measure(chunk.subarray(at)) : left + 1;
      if (frameBytes <= left) {
        frame = chunk.subarray(at, at + frameBytes);
        at += frameBytes;
      } else {
        at += this.#gather(chunk, at);
        frame = this.#pending.bytes;
        if (this.#measure(frame) > frame.length) continue;
        this.#pending.clear();
      }
      // Whatever follows a final frame spoils the message, and does so before the frame is released.
      if (readU32(frame, 0) === FINAL_MARKER && at < chunk.length) throw new EnvelopeError();
      written += this.#openFrame(aead, frame, out.subarray(written), jobs);
    }
    return written;
  }

  /** Moves bytes of the chunk, no more than the pending frame is known to need, and returns how many. */
  #gather(chunk: Uint8Array, at: number): number {
    const needed = this.#measure(this.#pending.bytes);
    const taken = chunk.subarray(at, at + needed - this.#pending.length);
    this.#pending.append(taken, needed);
    return taken.length;
  }

  /** The length of the frame that `bytes` begin, or, while that is not known, how many bytes it takes to know more. */
  #measure(bytes: Uint8Array): number {
    if (bytes.length < 4) return 4;
    if (readU32(bytes, 0) !== FINAL_MARKER) return this.sealedFrameBytes;
    if (bytes.length < FINAL_HEAD_BYTES) return FINAL_HEAD_BYTES;
    const plaintextBytes = readU32(bytes, FINAL_HEAD_BYTES - 4);
    if (plaintextBytes > this.frameBytes) throw new EnvelopeError();
    return plaintextBytes + FINAL_OVERHEAD_BYTES;
  }

  #openFrame(aead: EngineKey, frame: Uint8Array, out: Uint8Array, jobs: FrameJobs | undefined): number {
    const final = readU32(frame, 0) === FINAL_MARKER;
    const headBytes = final ? FINAL_HEAD_BYTES : FRAME_HEAD_BYTES;
    const plaintextBytes = frame.length - headBytes - TAG_BYTES;
    const sequence = ++this.#sequence;
    if (sequence > MAX_FRAMES) throw new EnvelopeError();
    const aad = this.#binding.bind(sequence, plaintextBytes, final);
    const sequenceAt = final ? 4 : 0;
    if (readU32(frame, sequenceAt) !== sequence) throw new EnvelopeError();
    // The stored nonce, which the tag covers: official messages exist whose nonce is not the sequence alone.
    const nonce = frame.subarray(sequenceAt + 4, sequenceAt + 4 + NONCE_BYTES);
    const sealed = frame.subarray(headBytes);
    const room = out.subarray(0, plaintextBytes);
    if (jobs === undefined) requireOpened(aead.open(nonce, sealed, aad, room));
    else jobs.push(aead.openAsync(nonce, sealed, aad, room).then(requireOpened));
    this.#finished = final;
    return plaintextBytes;
  }
}

function requireOpened(plaintext: Uint8Array | undefined): void {
  if (plaintext === undefined) throw new EnvelopeError();
}
