/**
 * The canonical request and the string to sign of a `POST` without a query, put together as bytes in one room: hashes go
 * in as digits, and no text is built around them. Source: IAM User Guide, "Create a signed AWS API request".
 */
import type { Engine } from "../crypto/engine.ts";
import { ALGORITHM, type Scope } from "./scope.ts";

/** More than the headers of a request may have. */
const ROOM_BYTES = 32_768;
const DIGEST_DIGITS = 64;
const encoder = new TextEncoder();
const DIGITS = encoder.encode("0123456789abcdef");

/** What is signed of a request besides its values. */
export interface SigningForm {
  readonly scope: Scope;
  /** Names in lower case and ascending order, separated by semicolons. */
  readonly signedHeadersText: string;
}

/** Writes what is signed. One at a time: each of its methods overwrites the bytes of the last. */
export class CanonicalWriter {
  readonly #engine: Engine;
  readonly #room = new Uint8Array(ROOM_BYTES);

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * The string to sign, in bytes that are good until the next call.
   * @param values of the signed headers, in their order
   * @param path of the request, of characters that need no escape
   * @returns `undefined` where a value is not printable ASCII, or all of them are too long
   */
  stringToSign(
    { scope, signedHeadersText }: SigningForm,
    path: string,
    values: readonly string[],
    amzDate: string,
    bodyHash: Uint8Array,
  ): Uint8Array | undefined {
    let headers = "";
    let i = 0;
    for (const name of signedHeadersText.split(";")) headers += `${name}:${canonicalValue(values[i++]!)}\n`;
    const canonical = this.#write(`POST\n${path}\n\n${headers}\n${signedHeadersText}\n`, bodyHash);
    if (canonical === undefined) return undefined;
    const hash = this.#engine.hash("SHA-256", canonical);
    // A session token may stand in it.
    canonical.fill(0);
    const { credential, accessKeyId } = scope;
    return this.#write(`${ALGORITHM}\n${amzDate}\n${credential.slice(accessKeyId.length + 1)}\n`, hash);
  }

  /** A text of ASCII and, behind it, the digits of a hash. */
  #write(text: string, hash: Uint8Array): Uint8Array | undefined {
    const room = this.#room;
    const { read, written } = encoder.encodeInto(text, room);
    if (read !== text.length || written !== read || written > ROOM_BYTES - DIGEST_DIGITS) return undefined;
    writeDigits(hash, room, written);
    return room.subarray(0, written + DIGEST_DIGITS);
  }
}

/** Without spaces at its ends, and with one where there were several. */
function canonicalValue(value: string): string {
  if (!value.startsWith(" ") && !value.endsWith(" ") && !value.includes("  ")) return value;
  return value.replace(/ {2,}/g, " ").replace(/^ | $/g, "");
}

/** Lower-case hexadecimal digits of public bytes. */
function writeDigits(bytes: Uint8Array, room: Uint8Array, at: number): void {
  for (const byte of bytes) {
    room[at++] = DIGITS[byte >> 4]!;
    room[at++] = DIGITS[byte & 15]!;
  }
}

/** The bytes of 64 lower-case hexadecimal digits; `undefined` for any other text. The text is public. */
export function parseDigest(text: string): Uint8Array | undefined {
  if (text.length !== DIGEST_DIGITS) return undefined;
  const bytes = new Uint8Array(DIGEST_DIGITS / 2);
  for (let i = 0; i < DIGEST_DIGITS; i++) {
    const code = text.charCodeAt(i);
    // "0" to "9" and "a" to "f"
    const digit = code >= 0x30 && code <= 0x39 ? code - 0x30 : code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;
    if (digit < 0) return undefined;
    bytes[i >> 1] = (bytes[i >> 1]! << 4) | digit;
  }
  return bytes;
}
