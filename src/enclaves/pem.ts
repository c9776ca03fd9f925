/** One certificate in PEM (RFC 7468): the text with "-----BEGIN CERTIFICATE-----". */
import { decodeBase64 } from "../model/base64.ts";

const CERTIFICATE = /^-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----$/;

/** @throws {TypeError} unless there is one certificate, and nothing else */
export function readPem(text: string): Uint8Array {
  const body = CERTIFICATE.exec(text.trim())?.[1];
  try {
    if (body !== undefined) return decodeBase64(body.replaceAll(/\s/g, ""));
  } catch {}
  throw new TypeError('A root certificate in PEM is one block from "-----BEGIN CERTIFICATE-----" to its end.');
}
