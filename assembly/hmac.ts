/**
 * HMAC (FIPS 198-1, RFC 2104) over the stream of hash.ts. A key is kept as the two chaining values that follow its
 * pads, so that a message costs two blocks less and the key itself is gone at once.
 *
 * Time depends on the hash and on the lengths of key and message alone.
 */
import {
  AUTHENTICATING, absorb, algorithm, begin, blockBytes, digestBytes, finish, hashWipe, isHash, phase, resume, setPhase,
} from "./hash";
import { DIGEST, KEY, KEY_BLOCK, STATE, copyState } from "./hash-layout";
import { CHUNK_BYTES, INPUT, OUTPUT } from "./layout";
import { BAD_ARGUMENT, BAD_STATE, OK } from "./status";

/** Makes KEY from `length` bytes at `key` (section 4, steps 1 to 4 and 7). */
export function setKey(hash: i32, key: usize, length: usize): void {
  const block = blockBytes(hash);
  if (length > block) {
    begin(hash);
    absorb(key, length);
    finish(DIGEST);
    key = DIGEST;
    length = digestBytes(hash);
  }
  memory.copy(KEY_BLOCK, key, length);
  memory.fill(KEY_BLOCK + length, 0, 128 - length);
  setMidstate(hash, KEY, 0x36);
  setMidstate(hash, KEY + 64, 0x36 ^ 0x5c);
}

/** XORs `pad` into the key's block and leaves the chaining value behind it at `midstate`. */
function setMidstate(hash: i32, midstate: usize, pad: u8): void {
  const pads = v128.splat<u8>(pad);
  for (let at: usize = KEY_BLOCK; at < KEY_BLOCK + 128; at += 16) v128.store(at, v128.xor(v128.load(at), pads));
  begin(hash);
  absorb(KEY_BLOCK, blockBytes(hash));
  copyState(midstate, STATE);
}

/** Starts a message under KEY. */
export function beginMac(hash: i32): void {
  resume(hash, KEY);
}

/** Ends it, and writes the tag to `out` (a whole chaining value, 32 or 64 bytes). */
export function finishMac(out: usize): void {
  finish(DIGEST);
  resume(algorithm, KEY + 64);
  absorb(DIGEST, digestBytes(algorithm));
  finish(out);
}

/** Begins an HMAC under the key in the first `length` bytes of INPUT, which are wiped; `hashUpdate` goes on. */
export function hmacBegin(hash: i32, length: usize): i32 {
  if (!isHash(hash) || length > CHUNK_BYTES) return BAD_ARGUMENT;
  setKey(hash, INPUT, length);
  memory.fill(INPUT, 0, length);
  beginMac(hash);
  setPhase(AUTHENTICATING);
  return OK;
}

/** Ends an HMAC and writes the tag to OUTPUT. */
export function hmacFinish(): i32 {
  if (phase != AUTHENTICATING) return BAD_STATE;
  const length = digestBytes(algorithm);
  finishMac(DIGEST);
  memory.copy(OUTPUT, DIGEST, length);
  hashWipe();
  return OK;
}
