/**
 * The nonce and the additional data of each frame, in buffers that are made once for a message and rewritten for each
 * frame. Nonce: 8 zero bytes, u32 sequence. Additional data: message id, a label that tells the final frame from the
 * others, u32 sequence, u64 plaintext length. Source: aws-encryption-sdk-specification, data-format/message-body.md.
 */
import { encodeText, writeU32 } from "./bytes.ts";
import { NONCE_BYTES } from "./format.ts";

const REGULAR_LABEL = encodeText("AWSKMSEncryptionClient Frame")!;
const FINAL_LABEL = encodeText("AWSKMSEncryptionClient Final Frame")!;

/** The header is sealed under the nonce of sequence 0. */
export const HEADER_NONCE: Uint8Array = new Uint8Array(NONCE_BYTES);

/** Frames of one call that an asynchronous cipher has under way. */
export type FrameJobs = Promise<unknown>[];

/** Waits for all of them, also where some fail: none writes to a buffer any more then. @throws what the first threw. */
export async function finishJobs(jobs: FrameJobs): Promise<void> {
  try {
    await Promise.all(jobs);
  } catch (error) {
    await Promise.allSettled(jobs);
    throw error;
  }
}

export class FrameBinding {
  readonly nonce = new Uint8Array(NONCE_BYTES);
  readonly #regular: Uint8Array;
  readonly #final: Uint8Array;

  constructor(messageId: Uint8Array) {
    this.#regular = bindingOf(messageId, REGULAR_LABEL);
    this.#final = bindingOf(messageId, FINAL_LABEL);
  }

  /** Sets `nonce` and returns the additional data of a frame, both valid until the next call. */
  bind(sequence: number, plaintextBytes: number, final: boolean): Uint8Array {
    const aad = final ? this.#final : this.#regular;
    writeU32(this.nonce, NONCE_BYTES - 4, sequence);
    writeU32(aad, aad.length - 12, sequence);
    writeU32(aad, aad.length - 4, plaintextBytes); // frames have less than 2^32 bytes: the upper half stays zero
    return aad;
  }
}

function bindingOf(messageId: Uint8Array, label: Uint8Array): Uint8Array {
  const aad = new Uint8Array(messageId.length + label.length + 12);
  aad.set(messageId);
  aad.set(label, messageId.length);
  return aad;
}
