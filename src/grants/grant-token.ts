/**
 * Grant tokens: base64 of `1:<account>:<region>:<key id>:<grant id>:<32 digits>`. The digits make every token another
 * one. A token is no secret and gives nothing by itself: it only names a grant, which then is judged as it would be
 * without the token. Source: AWS KMS Developer Guide, "Grant tokens".
 */
import type { Random } from "../env.ts";
import { isKeyId, toHex } from "../model/arn.ts";
import { decodeBase64, encodeBase64 } from "../model/base64.ts";
import { isAccountId, isRegion } from "../model/realm.ts";
import { isGrantId } from "./grant.ts";

const VERSION = "1";
const NONCE_BYTES = 16;
const NONCE = /^[0-9a-f]{32}$/;
/** Longer texts are not tokens of ours, and are not decoded. */
const MAX_LENGTH = 512;

const encoder = new TextEncoder();

/** What a grant token names. */
export interface NamedGrant {
  readonly accountId: string;
  readonly region: string;
  readonly keyId: string;
  readonly grantId: string;
}

/** A new token for a grant. */
export function writeGrantToken({ accountId, region, keyId, grantId }: NamedGrant, random: Random): string {
  const nonce = new Uint8Array(NONCE_BYTES);
  random.fill(nonce);
  return encodeBase64(encoder.encode([VERSION, accountId, region, keyId, grantId, toHex(nonce)].join(":")));
}

/** What the token names, whether or not there is such a grant; undefined for a text that is no token. */
export function readGrantToken(text: string): NamedGrant | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  let parts: string[];
  try {
    // Every byte of a token is ASCII; others become characters that no part may hold.
    parts = String.fromCharCode(...decodeBase64(text)).split(":");
  } catch {
    return undefined;
  }
  const [version, accountId = "", region = "", keyId = "", grantId = "", nonce = ""] = parts;
  const isToken =
    parts.length === 6 &&
    version === VERSION &&
    isAccountId(accountId) &&
    isRegion(region) &&
    isKeyId(keyId) &&
    isGrantId(grantId) &&
    NONCE.test(nonce);
  return isToken ? { accountId, region, keyId, grantId } : undefined;
}
