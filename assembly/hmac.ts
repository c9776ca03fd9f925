/**
 * HMAC (FIPS 198-1, RFC 2104) over the stream of hash.ts. A key is kept as the two chaining values that follow its
 * pads, so that a message costs two blocks less and the key itself is gone at once.
 *
 * Time depends on the hash and on the lengths of key and message alone.
 */
import {
  AUTHENTICATING, absorb, algorithm, begin, beginState, blockBytes, compress, digestBytes, finish, finishOuter, forget,
  giveDigest, isHash, phase, resume, setPhase,
} from "./hash";
import { DIGEST, KEY, KEY_BLOCK, PARTIAL, clearWide, copyWide } from "./hash-layout";
import { CHUNK_BYTES, INPUT, OUTPUT } from "./layout";
import { BAD_ARGUMENT, BAD_STATE, OK } from "./status";

/** Makes the 128 bytes of a key at `to` from `length` bytes at `key` (section 4, steps 1 to 4 and 7). */
export function setKey(hash: i32, to: usize, key: usize, length: usize): void {
  const block = blockBytes(hash);
  if (length > block) {
    begin(hash);
    absorb(key, length);
    finish(DIGEST);
    key = DIGEST;
    length = digestBytes(hash);
  }
  copyWide(KEY_BLOCK, key, length);
  clearWide(KEY_BLOCK + length, KEY_BLOCK + 128);
  setMidstate(hash, to, 0x36);
  setMidstate(hash, to + 64, 0x36 ^ 0x5c);
}

/** XORs `pad` into the key's block and leaves the chaining value behind it at `midstate`. */
function setMidstate(hash: i32, midstate: usize, pad: u8): void {
  const pads = v128.splat<u8>(pad);
  for (let at: usize = KEY_BLOCK; at < KEY_BLOCK + 128; at += 16) v128.store(at, v128.xor(v128.load(at), pads));
  beginState(hash, midstate);
  compress(hash, midstate, KEY_BLOCK, 1);
}

/** Ends a message that was resumed under `key`, and writes the tag to `out` (a chaining value, 32 or 64 bytes). */
// @ts-ignore: decorator
@inline export function finishMac(key: usize, out: usize): void {
  finish(PARTIAL);
  finishOuter(key + 64, out);
}

/**
 * The HMAC, in OUTPUT, under a key that takes the first `keyLength` bytes of INPUT, of the `length` bytes after it.
 * INPUT is wiped, and what was under way is forgotten.
 */
export function hmacTag(hash: i32, keyLength: usize, length: usize): i32 {
  if (!isHash(hash) || keyLength > CHUNK_BYTES || length > CHUNK_BYTES - keyLength) return BAD_ARGUMENT;
  setKey(hash, KEY, INPUT, keyLength);
  resume(hash, KEY);
  absorb(INPUT + keyLength, length);
  clearWide(INPUT, INPUT + keyLength + length);
  finishMac(KEY, DIGEST);
  giveDigest(OUTPUT, digestBytes(hash));
  forget();
  return OK;
}

/**
 * Begins an HMAC whose message takes several calls, under the key in the first `length` bytes of INPUT, which are
 * wiped; `hashUpdate` goes on.
 */
export function hmacBegin(hash: i32, length: usize): i32 {
  if (!isHash(hash) || length > CHUNK_BYTES) return BAD_ARGUMENT;
  setKey(hash, KEY, INPUT, length);
  clearWide(INPUT, INPUT + length);
  resume(hash, KEY);
  setPhase(AUTHENTICATING);
  return OK;
}

/** Ends an HMAC and writes the tag to OUTPUT. */
export function hmacFinish(): i32 {
  if (phase != AUTHENTICATING) return BAD_STATE;
  const length = digestBytes(algorithm);
  finishMac(KEY, DIGEST);
  giveDigest(OUTPUT, length);
  forget();
  return OK;
}
