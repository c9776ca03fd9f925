/**
 * Amazon Resource Names of keys and aliases, and the four forms in which a caller may name a key: key id, key ARN,
 * alias name, alias ARN. Source: AWS KMS API reference, "KeyId", and "ARN format for KMS".
 */
import type { Realm } from "../env.ts";
import { KmsError } from "../errors.ts";
import { isAccountId } from "./realm.ts";
import { remember } from "./remember.ts";

export interface NamedKey {
  readonly kind: "key";
  readonly keyId: string;
  readonly accountId: string;
  readonly arn: string;
}

/** What a caller's `KeyId` says, after syntax and Region have been checked. */
export type KeyName = NamedKey | { readonly kind: "alias"; readonly aliasName: string; readonly accountId: string };

const KEY_ID = /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/;

export function isKeyId(text: string): boolean {
  return KEY_ID.test(text);
}

export function keyArn(realm: Realm, keyId: string): string {
  return `arn:${realm.partition}:kms:${realm.region}:${realm.accountId}:key/${keyId}`;
}

/** The key id in an ARN that `keyArn` has made. */
export function keyIdOfArn(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

/** @param aliasName with its `alias/` prefix */
export function aliasArn(realm: Realm, aliasName: string): string {
  return `arn:${realm.partition}:kms:${realm.region}:${realm.accountId}:${aliasName}`;
}

export function rootArn(realm: Realm): string {
  return `arn:${realm.partition}:iam::${realm.accountId}:root`;
}

/**
 * Reads a key reference.
 * @throws {KmsError} NotFoundException where AWS says so: an id of no valid form, an ARN of another Region
 */
export function parseKeyName(text: string, realm: Realm): KeyName {
  if (text.startsWith("alias/")) return { kind: "alias", aliasName: text, accountId: realm.accountId };
  if (!text.startsWith("arn:")) {
    if (!isKeyId(text)) throw new KmsError("NotFoundException", `Invalid keyId '${text}'`);
    return { kind: "key", keyId: text, accountId: realm.accountId, arn: keyArn(realm, text) };
  }
  const [, partition, service, region, accountId = "", ...rest] = text.split(":");
  const resource = rest.join(":");
  // An account names a folder of the store, so nothing else may stand there.
  if (partition !== realm.partition || service !== "kms" || !isAccountId(accountId) || resource === "") {
    throw new KmsError("NotFoundException", `Invalid arn ${text}`);
  }
  if (region !== realm.region) throw new KmsError("NotFoundException", `Invalid arn ${region}`);
  if (resource.startsWith("alias/")) return { kind: "alias", aliasName: resource, accountId };
  if (!resource.startsWith("key/")) throw new KmsError("NotFoundException", `Invalid arn ${text}`);
  const keyId = resource.slice("key/".length);
  if (!isKeyId(keyId)) throw new KmsError("NotFoundException", `Invalid keyId ${keyId}`);
  return { kind: "key", keyId, accountId, arn: text };
}

const REMEMBERED_NAMES = 1024;
/** Longer names, which only aliases have, are parsed anew each time. */
const REMEMBERED_LENGTH = 128;

/** `parseKeyName` for one realm, which parses a name in use once. */
export function keyNamesOf(realm: Realm): (text: string) => KeyName {
  const parseOnce = remember(REMEMBERED_NAMES, (text) => Object.freeze(parseKeyName(text, realm)));
  return (text) => (text.length <= REMEMBERED_LENGTH ? parseOnce(text) : parseKeyName(text, realm));
}

const KEY_ID_BYTES = 16;
const DASH = 0x2d;

/** Writes the 16 bytes of a key id (UUID or `mrk-` and 32 digits) to `out`, from `to` on. */
export function writeKeyId(keyId: string, out: Uint8Array, to: number): void {
  let digits = 0;
  for (let at = keyId.startsWith("mrk-") ? 4 : 0; at < keyId.length; at++) {
    const unit = keyId.charCodeAt(at);
    if (unit === DASH) continue;
    const byte = to + (digits >> 1);
    out[byte] = digits & 1 ? out[byte]! | digitValue(unit) : digitValue(unit) << 4;
    digits++;
  }
}

/** The value of a lower-case hexadecimal digit. */
function digitValue(unit: number): number {
  return unit < 0x3a ? unit - 0x30 : unit - 0x57;
}

/** The key id that 16 bytes stand for. */
export function keyIdOf(bytes: Uint8Array, multiRegion: boolean): string {
  const hex = toHex(bytes);
  if (multiRegion) return `mrk-${hex}`;
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

interface KnownKeyId {
  readonly keyId: string;
  readonly bytes: Uint8Array;
  readonly multiRegion: boolean;
}

/** Key ids of late by four of their bytes; whether it is that one, all of its bytes decide. */
const knownKeyIds = new Map<number, KnownKeyId>();

/** The key id that the 16 bytes at `at` stand for; made once for a key that is in use. */
export function readKeyId(bytes: Uint8Array, at: number, multiRegion: boolean): string {
  const hint = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  const known = knownKeyIds.get(hint);
  if (known !== undefined && known.multiRegion === multiRegion && startsWithAt(bytes, at, known.bytes)) {
    return known.keyId;
  }
  const idBytes = bytes.slice(at, at + KEY_ID_BYTES);
  const keyId = keyIdOf(idBytes, multiRegion);
  if (knownKeyIds.size >= REMEMBERED_NAMES) knownKeyIds.clear();
  knownKeyIds.set(hint, { keyId, bytes: idBytes, multiRegion });
  return keyId;
}

function startsWithAt(bytes: Uint8Array, at: number, start: Uint8Array): boolean {
  for (let i = 0; i < start.length; i++) if (bytes[at + i] !== start[i]) return false;
  return true;
}

/** Shapes 16 random bytes, in place, into a version 4 UUID (RFC 9562 section 5.4) and returns its text. */
export function uuidOf(randomBytes: Uint8Array): string {
  randomBytes[6] = (randomBytes[6]! & 0x0f) | 0x40;
  randomBytes[8] = (randomBytes[8]! & 0x3f) | 0x80;
  return keyIdOf(randomBytes, false);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** The two hexadecimal digits of a public byte. */
export function hexOf(byte: number): string {
  return HEX[byte]!;
}

/** Lower-case hexadecimal. For public bytes only: the digits are looked up by value. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** Whether lower-case hexadecimal digits start with those of the `lengthBytes` bytes at `at`. For public bytes only. */
export function startsWithHexOf(hex: string, bytes: Uint8Array, at: number, lengthBytes: number): boolean {
  for (let i = 0; i < lengthBytes; i++) {
    const byte = (digitValue(hex.charCodeAt(2 * i)) << 4) | digitValue(hex.charCodeAt(2 * i + 1));
    if (byte !== bytes[at + i]) return false;
  }
  return hex.length >= 2 * lengthBytes;
}
