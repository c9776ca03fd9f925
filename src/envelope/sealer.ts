/**
 * Seals one message frame by frame from the caller's buffers into the caller's buffers, synchronously or through the
 * asynchronous cipher of an edge runtime. Only plaintext that does not fill a frame is copied, into one buffer of a
 * frame's size; per frame nothing but views is allocated.
 * Source: aws-encryption-sdk-specification, client-apis/encrypt.md.
 */
import { viewBytes } from "../byte-views.ts";
import type { Engine, EngineKey } from "../crypto/engine.ts";
import type { Secret } from "../crypto/secret.ts";
import { encodeText, writeU32 } from "./bytes.ts";
import { type Context, encodeContext } from "./context.ts";
import {
  FINAL_HEAD_BYTES,
  FINAL_MARKER,
  FINAL_OVERHEAD_BYTES,
  FRAME_HEAD_BYTES,
  FRAME_OVERHEAD_BYTES,
  KMS_PROVIDER_ID,
  MAX_FRAMES,
  NONCE_BYTES,
  TAG_BYTES,
} from "./format.ts";
import { FrameBinding, type FrameJobs, finishJobs, HEADER_NONCE } from "./frames.ts";
import { encodeHeaderBody } from "./header.ts";
import { deriveMessageKeys } from "./keys.ts";

const NOTHING = new Uint8Array(0);

/** A data key fresh from a key service, in both its forms. */
export interface SealedDataKey {
  /** 32 bytes, for one message only unless every message has its own `messageId`. */
  readonly dataKey: Secret;
  /** The ARN of the key that wrapped it, as the key service names it. */
  readonly keyArn: string;
  readonly ciphertext: Uint8Array;
}

/**
 * ```
 * out.write(sealer.header);
 * for (each chunk) out.write(target.subarray(0, sealer.update(chunk, target)));
 * out.write(target.subarray(0, sealer.final(last, target)));
 * ```
 * Call `destroy` in a `finally`; it wipes the cipher's key and what is left of the plaintext.
 */
export class Sealer {
  /** The bytes that a message begins with. */
  readonly header: Uint8Array;
  /** Plaintext bytes of a frame. Chunks of a multiple of this are sealed without a copy. */
  readonly frameBytes: number;
  /** The ARN of the key that wraps the message's data key. */
  readonly keyArn: string;
  /** The encryption context that the header carries. */
  readonly context: Context;
  readonly #binding: FrameBinding;
  #aead: EngineKey | undefined;
  #waits = false;
  #sequence = 0;
  #pending = NOTHING;
  #pendingBytes = 0;

  private constructor(aead: EngineKey, header: Uint8Array, message: MessageStart) {
    this.#aead = aead;
    this.#binding = new FrameBinding(message.messageId);
    this.header = header;
    this.frameBytes = message.frameBytes;
    this.keyArn = message.key.keyArn;
    this.context = message.context;
  }

  /** Derives the message's keys and seals the header. The data key stays with the caller, who wipes it. */
  static start(crypto: Engine, message: MessageStart): Sealer {
    const { aead, commitment } = message.key.dataKey.expose((key) => deriveMessageKeys(crypto, key, message.messageId));
    try {
      const body = encodeHeaderBody({
        messageId: message.messageId,
        context: encodeContext(message.context),
        encryptedDataKeys: [
          {
            providerId: encodeText(KMS_PROVIDER_ID)!,
            providerInfo: encodeText(message.key.keyArn)!,
            ciphertext: message.key.ciphertext,
          },
        ],
        frameBytes: message.frameBytes,
        commitment,
      });
      const header = new Uint8Array(body.length + TAG_BYTES);
      header.set(body);
      header.set(aead.seal(HEADER_NONCE, NOTHING, body), body.length);
      return new Sealer(aead, header, message);
    } catch (error) {
      aead.destroy();
      throw error;
    }
  }

  /** The bytes that `update` will write for a chunk of this length. */
  updateBytes(chunkBytes: number): number {
    return Math.floor((this.#pendingBytes + chunkBytes) / this.frameBytes) * (this.frameBytes + FRAME_OVERHEAD_BYTES);
  }

  /** The bytes that `final` will write for a last chunk of this length. */
  finalBytes(chunkBytes: number): number {
    const plaintextBytes = this.#pendingBytes + chunkBytes;
    return plaintextBytes + this.#framesBeforeFinal(plaintextBytes) * FRAME_OVERHEAD_BYTES + FINAL_OVERHEAD_BYTES;
  }

  /**
   * Seals every frame that `chunk` fills into `out` and keeps the rest. Returns the bytes written: `updateBytes` of
   * the chunk's length. `out` may be longer, and may not overlap `chunk`.
   * @throws {RangeError} where `out` is too short (nothing has happened then), or after 2^32-1 frames.
   * @throws {TypeError} after `final` or `destroy`.
   */
  update(chunk: Uint8Array, out: Uint8Array): number {
    return this.#write(chunk, out, false);
  }

  /**
   * As `update`, through the engine's asynchronous cipher, all frames of the chunk at once. `chunk` is read before this
   * returns; `out` is to be left alone, and no other call made, before it resolves.
   */
  async updateAsync(chunk: Uint8Array, out: Uint8Array): Promise<number> {
    return this.#writeAsync(chunk, out, false);
  }

  /**
   * Seals `chunk` (of any length, or none) and ends the message with the final frame, which is full where the
   * plaintext comes out even. Returns the bytes written: `finalBytes` of the chunk's length. Destroys this object.
   * @throws as `update`.
   */
  final(chunk: Uint8Array, out: Uint8Array): number {
    const written = this.#write(chunk, out, true);
    this.destroy();
    return written;
  }

  /** `final` as `updateAsync` is `update`. */
  async finalAsync(chunk: Uint8Array, out: Uint8Array): Promise<number> {
    const written = await this.#writeAsync(chunk, out, true);
    this.destroy();
    return written;
  }

  /** Wipes the key and the plaintext that is held. Any number of calls. */
  destroy(): void {
    this.#aead?.destroy();
    this.#aead = undefined;
    this.#pending.fill(0);
    this.#pendingBytes = 0;
  }

  #live(): EngineKey {
    if (this.#aead === undefined) throw new TypeError("This message has ended: seal the next one with a new Sealer.");
    if (this.#waits) throw new TypeError("Frames of this message are being sealed: await the call before.");
    return this.#aead;
  }

  #write(chunk: Uint8Array, out: Uint8Array, last: boolean, jobs?: FrameJobs): number {
    const aead = this.#live();
    const [source, target] = [viewBytes("chunk", chunk), viewBytes("out", out)];
    requireRoom(target, last ? this.finalBytes(source.length) : this.updateBytes(source.length));
    const plaintextBytes = this.#pendingBytes + source.length;
    const frames = last ? this.#framesBeforeFinal(plaintextBytes) : Math.floor(plaintextBytes / this.frameBytes);
    const seal: SealFrame =
      jobs === undefined
        ? (nonce, plaintext, aad, room) => void aead.seal(nonce, plaintext, aad, room)
        : (nonce, plaintext, aad, room) => void jobs.push(aead.sealAsync(nonce, plaintext, aad, room));
    try {
      return this.#seal(seal, source, frames, target, last);
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  async #writeAsync(chunk: Uint8Array, out: Uint8Array, last: boolean): Promise<number> {
    const jobs: FrameJobs = [];
    let written: number;
    try {
      written = this.#write(chunk, out, last, jobs);
    } catch (error) {
      // What was begun before the failure must not fail unheard.
      await Promise.allSettled(jobs);
      throw error;
    }
    this.#waits = true;
    try {
      await finishJobs(jobs);
      return written;
    } catch (error) {
      this.destroy();
      throw error;
    } finally {
      this.#waits = false;
    }
  }

  #framesBeforeFinal(plaintextBytes: number): number {
    return Math.max(0, Math.ceil(plaintextBytes / this.frameBytes) - 1);
  }

  #seal(seal: SealFrame, chunk: Uint8Array, frames: number, out: Uint8Array, last: boolean): number {
    if (this.#sequence + frames + 1 > MAX_FRAMES) throw new RangeError(`A message has at most ${MAX_FRAMES} frames.`);
    let at = 0;
    let written = 0;
    for (let i = 0; i < frames; i++) {
      const missing = this.frameBytes - this.#pendingBytes;
      written += this.#sealFrame(seal, this.#join(chunk, at, at + missing), out, written, false);
      at += missing;
    }
    if (last) return written + this.#sealFrame(seal, this.#join(chunk, at, chunk.length), out, written, true);
    this.#keep(chunk, at, chunk.length);
    return written;
  }

  /** What is kept and then these bytes of the chunk, as one view; without a copy where nothing is kept. */
  #join(chunk: Uint8Array, from: number, to: number): Uint8Array {
    if (this.#pendingBytes === 0) return chunk.subarray(from, to);
    this.#keep(chunk, from, to);
    const joined = this.#pending.subarray(0, this.#pendingBytes);
    this.#pendingBytes = 0;
    return joined;
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    if (from === to) return;
    if (this.#pending.length === 0) this.#pending = new Uint8Array(this.frameBytes);
    this.#pending.set(chunk.subarray(from, to), this.#pendingBytes);
    this.#pendingBytes += to - from;
  }

  #sealFrame(seal: SealFrame, plaintext: Uint8Array, out: Uint8Array, start: number, final: boolean): number {
    const sequence = ++this.#sequence;
    const aad = this.#binding.bind(sequence, plaintext.length, final);
    const headBytes = final ? FINAL_HEAD_BYTES : FRAME_HEAD_BYTES;
    let at = start;
    if (final) {
      writeU32(out, at, FINAL_MARKER);
      at += 4;
    }
    writeU32(out, at, sequence);
    out.set(this.#binding.nonce, at + 4);
    if (final) writeU32(out, at + 4 + NONCE_BYTES, plaintext.length);
    seal(this.#binding.nonce, plaintext, aad, out.subarray(start + headBytes));
    return headBytes + plaintext.length + TAG_BYTES;
  }
}

/** Has one frame sealed into the start of `room`; the other buffers are read before it returns. */
type SealFrame = (nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array, room: Uint8Array) => void;

/** What a message begins with. */
export interface MessageStart {
  readonly key: SealedDataKey;
  /** 32 random bytes, never used before. */
  readonly messageId: Uint8Array;
  /** A context that `copyContextToSeal` made. */
  readonly context: Context;
  readonly frameBytes: number;
}

function requireRoom(out: Uint8Array, bytes: number): void {
  if (out.length < bytes) throw new RangeError(`The output has ${out.length} bytes and ${bytes} are to be written.`);
}
