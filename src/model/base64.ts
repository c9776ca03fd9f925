/**
 * Canonical base64 (RFC 4648 section 4): one text for one byte string. White space, the URL alphabet, missing padding
 * and trailing bits that are not zero are refused.
 */
import { KmsError } from "../errors.ts";

/** @throws {KmsError} SerializationException if `text` is not canonical base64 */
export function decodeBase64(text: string): Uint8Array {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw notCanonical();
  }
  if (btoa(binary) !== text) throw notCanonical();
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** As many bytes as one call may take as arguments. */
const PIECE_BYTES = 8192;

export function encodeBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const piece = bytes.length <= PIECE_BYTES ? bytes : bytes.subarray(at, at + PIECE_BYTES);
    binary += String.fromCharCode.apply(null, piece as unknown as number[]);
  }
  return btoa(binary);
}

function notCanonical(): KmsError {
  return new KmsError(
    "SerializationException",
    "A blob must be base64 in its one canonical form (RFC 4648 section 4).",
  );
}
