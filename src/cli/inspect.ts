/**
 * What a sealed file says of itself, without a key. Only its header and the head of its final frame are read. None of
 * it is verified, and all of its text is printed escaped.
 */
import { closeSync, readSync } from "node:fs";
import { readU32 } from "../envelope/bytes.ts";
import { EnvelopeError } from "../envelope/errors.ts";
import { FINAL_HEAD_BYTES, FINAL_MARKER, FINAL_OVERHEAD_BYTES, FRAME_OVERHEAD_BYTES } from "../envelope/format.ts";
import { type InspectedMessage, inspectMessage } from "../envelope/inspect.ts";
import { toHex } from "../model/arn.ts";
import { openRegularFile, readStart } from "./batch.ts";
import { counted, formatBytes, formatCount, printable } from "./text.ts";

/** More than any header that is accepted: 16 wrapped keys of three fields, and the context, of 65,535 bytes each. */
const HEADER_BYTES_MAX = 50 * 65_537;
const HEADER_BYTES_USUAL = 4096;

export interface InspectedFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly message: InspectedMessage;
  /** `undefined` where the length of the file does not fit a whole message. */
  readonly body: { readonly frames: number; readonly plaintextBytes: number } | undefined;
}

/**
 * @throws {EnvelopeError} where the file does not begin with the header of a sealed message
 * @throws {Error} where it cannot be read, or is no regular file
 */
export function inspectFile(path: string): InspectedFile {
  const { descriptor, status } = openRegularFile(path, { followsLink: true });
  try {
    const sizeBytes = Number(status.size);
    const message = readHeader(descriptor);
    return { path, sizeBytes, message, body: readBody(descriptor, sizeBytes, message) };
  } finally {
    closeSync(descriptor);
  }
}

function readHeader(descriptor: number): InspectedMessage {
  for (let wantedBytes = HEADER_BYTES_USUAL; ; wantedBytes *= 8) {
    const start = new Uint8Array(wantedBytes);
    const filledBytes = readStart(descriptor, start);
    try {
      return inspectMessage(start.subarray(0, filledBytes));
    } catch (error) {
      const mayGoOn = filledBytes === wantedBytes && wantedBytes < HEADER_BYTES_MAX;
      if (!(error instanceof EnvelopeError) || !mayGoOn) throw error;
    }
  }
}

/** All frames but the final one have the same length, so their number follows from the file's. */
function readBody(
  descriptor: number,
  sizeBytes: number,
  { headerBytes, frameBytes }: InspectedMessage,
): InspectedFile["body"] {
  const bodyBytes = sizeBytes - headerBytes;
  const sealedFrameBytes = frameBytes + FRAME_OVERHEAD_BYTES;
  const regularFrames = Math.floor((bodyBytes - FINAL_OVERHEAD_BYTES) / sealedFrameBytes);
  if (regularFrames < 0) return undefined;
  const head = new Uint8Array(FINAL_HEAD_BYTES);
  const readBytes = readSync(descriptor, head, 0, head.length, headerBytes + regularFrames * sealedFrameBytes);
  const lastBytes = readU32(head, FINAL_HEAD_BYTES - 4);
  const fits = regularFrames * sealedFrameBytes + FINAL_OVERHEAD_BYTES + lastBytes === bodyBytes;
  if (readBytes < head.length || readU32(head, 0) !== FINAL_MARKER || !fits) return undefined;
  return { frames: regularFrames + 1, plaintextBytes: regularFrames * frameBytes + lastBytes };
}

/** Label and value pairs for a person. */
export function describeFile({ path, sizeBytes, message, body }: InspectedFile): [string, string][] {
  const context = Object.entries(message.context);
  const frames =
    body &&
    `${counted(body.frames, "frame")} of ${counted(message.frameBytes, "byte")}, ${counted(body.plaintextBytes, "byte")} of plaintext`;
  return [
    ["file", `${printable(path)} (${formatBytes(sizeBytes)})`],
    ["format", "AWS Encryption SDK message, version 2"],
    ["suite", "0x0478: AES-256-GCM, HKDF-SHA-512, key commitment"],
    ["message id", toHex(message.messageId)],
    ...message.encryptedDataKeys.map(({ providerId, keyArn, ciphertextBytes }): [string, string] => [
      "key",
      `${printable(keyArn ?? `of provider ${providerId}`)} (${formatCount(ciphertextBytes)} bytes wrapped)`,
    ]),
    ...(context.length === 0 ? [["context", "none"] as [string, string]] : []),
    ...context.map(([key, value]): [string, string] => ["context", `${printable(key)} = ${printable(value)}`]),
    ["header", counted(message.headerBytes, "byte")],
    ["body", frames ?? "not whole: the file was cut short or continued"],
  ];
}

/** The same as one value for JSON. */
export function describeFileAsData({ path, sizeBytes, message, body }: InspectedFile): object {
  const { messageId, suiteId, ...rest } = message;
  return {
    file: path,
    sizeBytes,
    ...rest,
    suiteId: `0x${suiteId.toString(16).padStart(4, "0")}`,
    messageId: toHex(messageId),
    body: body ?? null,
  };
}
