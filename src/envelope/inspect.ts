/**
 * What a message says of itself, read without a key. None of it is verified: whoever made the bytes chose them.
 */
import { decodeText, readU32 } from "./bytes.ts";
import type { Context } from "./context.ts";
import { EnvelopeError } from "./errors.ts";
import {
  DEFAULT_LIMITS,
  FINAL_HEAD_BYTES,
  FINAL_MARKER,
  FINAL_OVERHEAD_BYTES,
  FRAME_OVERHEAD_BYTES,
  KMS_PROVIDER_ID,
  type Limits,
  SUITE_ID,
  VERSION,
} from "./format.ts";
import { HeaderReader } from "./header.ts";

export interface InspectedMessage {
  readonly version: typeof VERSION;
  /** Always 0x0478: AES-256-GCM, HKDF-SHA-512, key commitment. */
  readonly suiteId: typeof SUITE_ID;
  readonly messageId: Uint8Array;
  readonly context: Context;
  readonly encryptedDataKeys: readonly {
    readonly providerId: string;
    /** Where the provider is `aws-kms`. */
    readonly keyArn: string | undefined;
    readonly ciphertextBytes: number;
  }[];
  /** Plaintext bytes of a regular frame. */
  readonly frameBytes: number;
  /** Where the body begins. */
  readonly headerBytes: number;
  /** What follows the header, where the given bytes are a whole message. */
  readonly body: { readonly frames: number; readonly plaintextBytes: number } | undefined;
}

/**
 * Reads a message's header, and counts its frames where `bytes` hold all of it. Unverified: see above.
 * @throws {EnvelopeError} where the bytes do not begin with a whole header of a message that this project opens.
 */
export function inspectMessage(bytes: Uint8Array, limits: Limits = DEFAULT_LIMITS): InspectedMessage {
  const parsed = new HeaderReader(limits).push(bytes);
  if (parsed === undefined) throw new EnvelopeError();
  const { header, rest } = parsed;
  return {
    version: VERSION,
    suiteId: SUITE_ID,
    messageId: header.messageId,
    context: header.context,
    encryptedDataKeys: header.encryptedDataKeys.map(({ providerId, providerInfo, ciphertext }) => ({
      providerId,
      keyArn: providerId === KMS_PROVIDER_ID ? decodeText(providerInfo) : undefined,
      ciphertextBytes: ciphertext.length,
    })),
    frameBytes: header.frameBytes,
    headerBytes: bytes.length - rest.length,
    body: inspectBody(rest, header.frameBytes),
  };
}

function inspectBody(body: Uint8Array, frameBytes: number): InspectedMessage["body"] {
  let at = 0;
  let frames = 0;
  while (at + 4 <= body.length && readU32(body, at) !== FINAL_MARKER) {
    at += frameBytes + FRAME_OVERHEAD_BYTES;
    frames++;
  }
  if (at + FINAL_HEAD_BYTES > body.length) return undefined;
  const lastBytes = readU32(body, at + FINAL_HEAD_BYTES - 4);
  if (at + lastBytes + FINAL_OVERHEAD_BYTES !== body.length) return undefined;
  return { frames: frames + 1, plaintextBytes: frames * frameBytes + lastBytes };
}
