/**
 * How a trail proves that nothing in it was changed. The lines of a batch are followed by a chain line with the hash of
 * the chain line's predecessor and of these lines, so an edited, removed, added or moved line breaks the chain; from
 * time to time a checkpoint signs where it stands.
 *
 *   {"trail":1,"id":"…","file":0,"previous":"…","publicKey":"…"}    the first line of a file
 *   {"eventVersion":…}                                              records
 *   {"chain":1,"records":2,"hash":"…"}                              SHA-256(previous hash, all lines since it)
 *   {"checkpoint":{"id":"…","file":0,"chain":1,"hash":"…","time":"…"},"signature":"…"}
 *
 * The hash of a file's beginning is `previous`: zeros, or the last hash of the file before. What is cut off at the end
 * shows only against a checkpoint that was kept elsewhere.
 */
import { toHex } from "../model/arn.ts";

export const NO_HASH = "0".repeat(64);
/** What a signature is for. */
const CHECKPOINT_LABEL = "wasm-kms audit checkpoint v1\n";
const encoder = new TextEncoder();

export interface FileHead {
  readonly trail: 1;
  /** Of the process that writes the trail. */
  readonly id: string;
  /** From 0. */
  readonly file: number;
  readonly previous: string;
  /** Base64 of the SubjectPublicKeyInfo of the Ed25519 key that signs; empty if nothing does. */
  readonly publicKey: string;
}

/** Where a trail stands. */
export interface Position {
  readonly id: string;
  readonly file: number;
  /** How many chain lines the file has. */
  readonly chain: number;
  readonly hash: string;
}

export interface Checkpoint extends Position {
  readonly time: string;
}

/** SHA-256 of the hash before and of the lines since, each with its line feed. */
export function chainHash(
  hash: (bytes: Uint8Array) => Uint8Array,
  previous: string,
  ...lines: readonly Uint8Array[]
): string {
  const whole = new Uint8Array(lines.reduce((sum, { length }) => sum + length, previous.length));
  let at = encoder.encodeInto(previous, whole).written;
  for (const each of lines) {
    whole.set(each, at);
    at += each.length;
  }
  return toHex(hash(whole));
}

/** What a checkpoint's signature signs. */
export function checkpointBytes({ id, file, chain, hash, time }: Checkpoint): Uint8Array {
  return encoder.encode(CHECKPOINT_LABEL + [id, file, chain, hash, time].join("\n"));
}
