/**
 * Streaming over the block functions (FIPS 180-4 sections 5.1 and 6): one message at a time, in calls of at most
 * CHUNK_BYTES through INPUT, its state in the HASH region. HMAC and HKDF run on the same stream.
 *
 * Time depends on the hash and on lengths alone. INPUT is wiped as it is taken, and everything when a digest leaves.
 */
import { DIGEST, PARTIAL, STATE, WORK_BYTES, copyState } from "./hash-layout";
import { CHUNK_BYTES, HASH, INPUT, OUTPUT } from "./layout";
import { beginSha256, compressSha256 } from "./sha256";
import { beginSha384, beginSha512, compressSha512 } from "./sha512";
import { BAD_ARGUMENT, BAD_STATE, OK } from "./status";

// @ts-ignore: decorator
@inline export const SHA_256: i32 = 1;
// @ts-ignore: decorator
@inline export const SHA_384: i32 = 2;
// @ts-ignore: decorator
@inline export const SHA_512: i32 = 3;

/** What the stream is: its calls must come in turn. */
// @ts-ignore: decorator
@inline export const IDLE: i32 = 0;
// @ts-ignore: decorator
@inline export const HASHING: i32 = 1;
// @ts-ignore: decorator
@inline export const AUTHENTICATING: i32 = 2;
/** KEY holds a pseudorandom key to expand. */
// @ts-ignore: decorator
@inline export const KEYED: i32 = 3;

export let phase: i32 = IDLE;
export let algorithm: i32 = 0;
let partialBytes: usize = 0;
let totalBytes: u64 = 0;

export function setPhase(next: i32): void {
  phase = next;
}

export function isHash(hash: i32): bool {
  return hash >= SHA_256 && hash <= SHA_512;
}

export function blockBytes(hash: i32): usize {
  return hash == SHA_256 ? 64 : 128;
}

export function digestBytes(hash: i32): usize {
  return hash == SHA_256 ? 32 : hash == SHA_384 ? 48 : 64;
}

/** Starts a message of `hash` at its initial value. */
export function begin(hash: i32): void {
  algorithm = hash;
  partialBytes = 0;
  totalBytes = 0;
  if (hash == SHA_256) beginSha256(STATE);
  else if (hash == SHA_384) beginSha384(STATE);
  else beginSha512(STATE);
}

/** Goes on from a chaining value that has taken one block. */
export function resume(hash: i32, midstate: usize): void {
  algorithm = hash;
  partialBytes = 0;
  totalBytes = <u64>blockBytes(hash);
  copyState(STATE, midstate);
}

function compress(block: usize, count: usize): void {
  if (algorithm == SHA_256) compressSha256(STATE, block, count);
  else compressSha512(STATE, block, count);
}

/** Takes `length` bytes at `data`. */
export function absorb(data: usize, length: usize): void {
  const block = blockBytes(algorithm);
  totalBytes += <u64>length;
  if (partialBytes > 0) {
    const taken = min<usize>(block - partialBytes, length);
    memory.copy(PARTIAL + partialBytes, data, taken);
    partialBytes += taken;
    data += taken;
    length -= taken;
    if (partialBytes < block) return;
    compress(PARTIAL, 1);
    partialBytes = 0;
  }
  const whole = length & ~(block - 1);
  if (whole > 0) compress(data, whole >> (block == 64 ? 6 : 7));
  memory.copy(PARTIAL, data + whole, length - whole);
  partialBytes = length - whole;
}

/** Pads (section 5.1) and writes the digest to `out`: always a whole chaining value, 32 or 64 bytes. */
export function finish(out: usize): void {
  const block = blockBytes(algorithm);
  store<u8>(PARTIAL + partialBytes, 0x80);
  memory.fill(PARTIAL + partialBytes + 1, 0, block - partialBytes - 1);
  if (partialBytes >= block - (block >> 3)) {
    compress(PARTIAL, 1);
    memory.fill(PARTIAL, 0, block);
  }
  store<u64>(PARTIAL + block - 8, bswap<u64>(totalBytes << 3));
  compress(PARTIAL, 1);
  if (algorithm == SHA_256) {
    for (let i: usize = 0; i < 32; i += 4) store<u32>(out + i, bswap<u32>(load<u32>(STATE + i)));
  } else {
    for (let i: usize = 0; i < 64; i += 8) store<u64>(out + i, bswap<u64>(load<u64>(STATE + i)));
  }
}

/** Forgets the message, the key and all that was computed from them, without a call. */
// @ts-ignore: decorator
@inline export function forget(): void {
  for (let at = HASH; at < HASH + WORK_BYTES; at += 16) v128.store(at, i32x4.splat(0));
  phase = IDLE;
  algorithm = 0;
  partialBytes = 0;
  totalBytes = 0;
}

/** Forgets what is under way. */
export function hashWipe(): void {
  forget();
}

/** Begins a digest. A message that was under way is forgotten. */
export function hashBegin(hash: i32): i32 {
  if (!isHash(hash)) return BAD_ARGUMENT;
  begin(hash);
  phase = HASHING;
  return OK;
}

/** Takes the first `length` bytes of INPUT into the digest or HMAC under way. */
export function hashUpdate(length: usize): i32 {
  if (phase != HASHING && phase != AUTHENTICATING) return BAD_STATE;
  if (length > CHUNK_BYTES) return BAD_ARGUMENT;
  absorb(INPUT, length);
  memory.fill(INPUT, 0, length);
  return OK;
}

/** Ends a digest and writes it to OUTPUT. */
export function hashFinish(): i32 {
  if (phase != HASHING) return BAD_STATE;
  const length = digestBytes(algorithm);
  finish(DIGEST);
  memory.copy(OUTPUT, DIGEST, length);
  hashWipe();
  return OK;
}
