/**
 * The AWS Encryption SDK message format, version 2, suite 0x0478 (AES-256-GCM, HKDF-SHA-512, key commitment), framed:
 * its constants and sizes. Everything else (other suites, version 1, unframed bodies) is refused by this project.
 *
 *   header  version 02 | suite 0478 | message id 32 | u16 context length | context | u16 count | data keys
 *           | content type 02 | u32 frame length | commit key 32 | header tag 16
 *   frame   u32 sequence | nonce 12 | ciphertext (frame length) | tag 16
 *   final   FFFFFFFF | u32 sequence | nonce 12 | u32 length | ciphertext (length) | tag 16
 *
 * Integers are big-endian; nothing follows the final frame. Source: aws-encryption-sdk-specification, data-format/.
 */

export const VERSION = 2;
export const SUITE_ID = 0x0478;
/** The content type of a framed body. */
export const FRAMED = 2;

export const DATA_KEY_BYTES = 32;
export const MESSAGE_ID_BYTES = 32;
export const COMMITMENT_BYTES = 32;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

/** Stands where a regular frame has its sequence number. */
export const FINAL_MARKER = 0xffffffff;
/** The most frames of one message, the final one included. */
export const MAX_FRAMES = 0xffffffff;
/** The largest value of a length field of two bytes: of a context, a key name, a wrapped data key. */
export const MAX_FIELD_BYTES = 0xffff;

/** What precedes the ciphertext in a regular frame: sequence, nonce. */
export const FRAME_HEAD_BYTES = 4 + NONCE_BYTES;
/** What precedes the ciphertext in the final frame: marker, sequence, nonce, length. */
export const FINAL_HEAD_BYTES = 4 + 4 + NONCE_BYTES + 4;
/** What a regular frame is longer than its plaintext. */
export const FRAME_OVERHEAD_BYTES = FRAME_HEAD_BYTES + TAG_BYTES;
/** What the final frame is longer than its plaintext. */
export const FINAL_OVERHEAD_BYTES = FINAL_HEAD_BYTES + TAG_BYTES;

/** The provider id of a data key that a key management service wrapped. */
export const KMS_PROVIDER_ID = "aws-kms";
/** Context keys that begin so belong to the format. */
export const RESERVED_CONTEXT_PREFIX = "aws-crypto-";

/** The plaintext bytes of a frame where nobody asks for another size. */
export const DEFAULT_FRAME_BYTES = 65_536;
/** The largest frame that is opened unless `maxFrameBytes` says otherwise: opening buffers at most one frame. */
export const DEFAULT_MAX_FRAME_BYTES = 64 * 1024 * 1024;
/** The bound of `maxFrameBytes` itself: what one call of every cipher here takes. */
export const FRAME_BYTES_CEILING = 1024 * 1024 * 1024;
/** How many wrapped data keys a header may hold unless `maxEncryptedDataKeys` says otherwise. */
export const DEFAULT_MAX_ENCRYPTED_DATA_KEYS = 16;

/** What a reader accepts of a header before it spends memory or asks a key service. */
export interface Limits {
  readonly maxFrameBytes: number;
  readonly maxEncryptedDataKeys: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxFrameBytes: DEFAULT_MAX_FRAME_BYTES,
  maxEncryptedDataKeys: DEFAULT_MAX_ENCRYPTED_DATA_KEYS,
};
