/**
 * The stream over the block functions (FIPS 180-4 sections 5.1 and 6): one message at a time, its state in the HASH
 * region, taken through INPUT in calls of at most CHUNK_BYTES. HMAC and HKDF run on the same stream.
 *
 * Time depends on the hash and on lengths alone. INPUT is wiped as it is taken, and everything when a digest leaves.
 */
import { DIGEST, FOUR, FOUR_BYTES, PARTIAL, STATE, WORK_BYTES, clearWide, copyState, copyWide } from "./hash-layout";
import { CHUNK_BYTES, HASH, INPUT, OUTPUT } from "./layout";
import { beginSha224, beginSha256, bigEndian, compressSha256 } from "./sha256";
import { beginSha384, beginSha512, bigEndian64, compressSha512 } from "./sha512";
import { BAD_ARGUMENT, BAD_STATE, OK } from "./status";

// @ts-ignore: decorator
@inline export const SHA_256: i32 = 1;
// @ts-ignore: decorator
@inline export const SHA_384: i32 = 2;
// @ts-ignore: decorator
@inline export const SHA_512: i32 = 3;
// @ts-ignore: decorator
@inline export const SHA_224: i32 = 4;

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

// @ts-ignore: decorator
@inline export function setPhase(next: i32): void {
  phase = next;
}

// @ts-ignore: decorator
@inline export function isHash(hash: i32): bool {
  return hash >= SHA_256 && hash <= SHA_224;
}

/** Whether words have 32 bits: SHA-256 and what is cut from it. */
// @ts-ignore: decorator
@inline function isShort(hash: i32): bool {
  return hash == SHA_256 || hash == SHA_224;
}

// @ts-ignore: decorator
@inline export function blockBytes(hash: i32): usize {
  return isShort(hash) ? 64 : 128;
}

// @ts-ignore: decorator
@inline export function digestBytes(hash: i32): usize {
  return hash == SHA_256 ? 32 : hash == SHA_224 ? 28 : hash == SHA_384 ? 48 : 64;
}

/** Writes the initial chaining value of `hash` to `state`. */
export function beginState(hash: i32, state: usize): void {
  if (hash == SHA_256) beginSha256(state);
  else if (hash == SHA_224) beginSha224(state);
  else if (hash == SHA_384) beginSha384(state);
  else beginSha512(state);
}

/** Takes `count` whole blocks into the chaining value at `state`. */
// @ts-ignore: decorator
@inline export function compress(hash: i32, state: usize, block: usize, count: usize): void {
  if (isShort(hash)) compressSha256(state, block, count);
  else compressSha512(state, block, count);
}

/** Starts a message of `hash` at its initial value. */
export function begin(hash: i32): void {
  algorithm = hash;
  partialBytes = 0;
  totalBytes = 0;
  beginState(hash, STATE);
}

/** Goes on from a chaining value that has taken one block. */
// @ts-ignore: decorator
@inline export function resume(hash: i32, midstate: usize): void {
  algorithm = hash;
  partialBytes = 0;
  totalBytes = <u64>blockBytes(hash);
  copyState(STATE, midstate);
}

/** Takes `length` bytes at `data`. */
export function absorb(data: usize, length: usize): void {
  const block = blockBytes(algorithm);
  totalBytes += <u64>length;
  if (partialBytes > 0) {
    const taken = min<usize>(block - partialBytes, length);
    copyWide(PARTIAL + partialBytes, data, taken);
    partialBytes += taken;
    data += taken;
    length -= taken;
    if (partialBytes < block) return;
    compress(algorithm, STATE, PARTIAL, 1);
  }
  const whole = length & ~(block - 1);
  if (whole > 0) compress(algorithm, STATE, data, whole >> (block == 64 ? 6 : 7));
  copyWide(PARTIAL, data + whole, length - whole);
  partialBytes = length - whole;
}

/** Pads (section 5.1) and writes the digest to `out`: always a whole chaining value, 32 or 64 bytes. */
export function finish(out: usize): void {
  const block = blockBytes(algorithm);
  store<u8>(PARTIAL + partialBytes, 0x80);
  clearWide(PARTIAL + partialBytes + 1, PARTIAL + block);
  if (partialBytes >= block - (block >> 3)) {
    compress(algorithm, STATE, PARTIAL, 1);
    clearWide(PARTIAL, PARTIAL + block);
  }
  store<u64>(PARTIAL + block - 8, bswap<u64>(totalBytes << 3));
  compress(algorithm, STATE, PARTIAL, 1);
  writeDigest(out);
}

/** Hashes the digest in PARTIAL, behind the one block that led to `midstate`, and writes the digest to `out`. */
export function finishOuter(midstate: usize, out: usize): void {
  const block = blockBytes(algorithm);
  const length = digestBytes(algorithm);
  copyState(STATE, midstate);
  clearWide(PARTIAL + length, PARTIAL + block - 16);
  v128.store(PARTIAL + length, i32x4(0x80, 0, 0, 0));
  const bits = bswap<u64>(<u64>(block + length) << 3);
  v128.store(PARTIAL + block - 16, i64x2.replace_lane(i64x2.splat(0), 1, bits));
  compress(algorithm, STATE, PARTIAL, 1);
  writeDigest(out);
}

// @ts-ignore: decorator
@inline function writeDigest(out: usize): void {
  if (isShort(algorithm)) {
    v128.store(out, bigEndian(v128.load(STATE)));
    v128.store(out, bigEndian(v128.load(STATE, 16)), 16);
  } else {
    for (let i: usize = 0; i < 64; i += 16) v128.store(out + i, bigEndian64(v128.load(STATE + i)));
  }
}

/** Writes the first `length` bytes of DIGEST to `out`, and clears up to 16 bytes behind them. */
// @ts-ignore: decorator
@inline export function giveDigest(out: usize, length: usize): void {
  copyWide(out, DIGEST, length);
  v128.store(out + length, i32x4.splat(0));
}

/** Forgets the message, the key and all that was computed from them one by one, without a call. */
// @ts-ignore: decorator
@inline export function forget(): void {
  clearWide(HASH, HASH + WORK_BYTES);
  phase = IDLE;
  algorithm = 0;
  partialBytes = 0;
  totalBytes = 0;
}

/** Forgets what is under way, and what a batch that was broken off has left. */
export function hashWipe(): void {
  forget();
  forgetFour();
}

/** Forgets what four lanes held. */
export function forgetFour(): void {
  memory.fill(FOUR, 0, FOUR_BYTES);
}

/** The digest of the first `length` bytes of INPUT, which are wiped, in OUTPUT. What was under way is forgotten. */
export function hashDigest(hash: i32, length: usize): i32 {
  if (!isHash(hash) || length > CHUNK_BYTES) return BAD_ARGUMENT;
  begin(hash);
  absorb(INPUT, length);
  clearWide(INPUT, INPUT + length);
  finish(DIGEST);
  giveDigest(OUTPUT, digestBytes(hash));
  forget();
  return OK;
}

/** Begins a digest of a message that takes several calls. What was under way is forgotten. */
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
  clearWide(INPUT, INPUT + length);
  return OK;
}

/** Ends a digest and writes it to OUTPUT. */
export function hashFinish(): i32 {
  if (phase != HASHING) return BAD_STATE;
  const length = digestBytes(algorithm);
  finish(DIGEST);
  giveDigest(OUTPUT, length);
  forget();
  return OK;
}
