/**
 * HKDF (RFC 5869) of many records in one call; with SHA-256 four at a time, with the other hashes one by one.
 *
 * Time depends on the hash, on the number of records and on lengths alone. INPUT holds the records' bytes end to end,
 * LENGTHS their lengths; results of one length lie end to end in OUTPUT.
 */
import { AUTHENTICATING, SHA_256, absorb, algorithm, digestBytes, forget, forgetFour, phase, resume } from "./hash";
import { KEY, KEY_4, LENGTHS, LENGTH_COUNT, PRK, ROWS, SALT_4, clearWide, copyWide } from "./hash-layout";
import { expand, extract, hashOf, keyOf } from "./hkdf";
import { macFour, setKeyFour, setLane, spreadKey } from "./hmacx4";
import { CHUNK_BYTES, INPUT, OUTPUT } from "./layout";
import { lengthAt, sumLengths } from "./lengths";
import { storeFour } from "./sha256x4";
import { BAD_ARGUMENT, BAD_STATE, OK } from "./status";

// @ts-ignore: decorator
@inline const TAG_BYTES: usize = 32;

/**
 * Expands the keys in KEY_4 with the infos that the lanes hold to `length` bytes each (up to 255 * 32), the first
 * `count` of them to `out` and on, `stride` bytes apart. Nothing else is written there.
 */
function expandFour(count: usize, out: usize, stride: usize, length: usize): void {
  for (let done: usize = 0, counter: u32 = 1; done < length; done += TAG_BYTES, counter++) {
    macFour(KEY_4, counter > 1, counter);
    storeFour();
    const taken = min<usize>(TAG_BYTES, length - done);
    const whole = taken & ~15;
    for (let lane: usize = 0; lane < count; lane++) {
      const to = out + stride * lane + done;
      const tag = ROWS + TAG_BYTES * lane;
      copyWide(to, tag, whole);
      for (let at = whole; at < taken; at++) store<u8>(to + at, load<u8>(tag + at));
    }
  }
}

function isBatch(hash: i32, count: usize, length: usize): bool {
  return count <= LENGTH_COUNT && length <= 255 * digestBytes(hash) && count * length <= CHUNK_BYTES;
}

/**
 * Gives the lanes up to four records from `record` on, the lanes left over the last; returns where the data ends. The
 * records' lengths are at `lengths`.
 */
function setLanes(lengths: usize, record: usize, count: usize, data: usize): usize {
  for (let lane: usize = 0; lane < 4; lane++) {
    const length = lengthAt(lengths, record + min<usize>(lane, count - 1));
    setLane(lane, lane < count ? data : data - length, length);
    if (lane < count) data += length;
  }
  return data;
}

/**
 * Expands the key of a slot with the `count` infos at `infos`, whose lengths are at `lengths`, to `length` bytes each, end
 * to end at `out`. The hashes' working memory is the caller's to wipe.
 */
export function expandEach(handle: usize, count: usize, infos: usize, lengths: usize, out: usize, length: usize): void {
  const hash = hashOf(handle);
  const key = keyOf(handle);
  let record: usize = 0;
  if (hash == SHA_256) {
    spreadKey(KEY_4, key);
    // A last record by itself is faster alone.
    while (record + 1 < count) {
      const taken = min<usize>(4, count - record);
      infos = setLanes(lengths, record, taken, infos);
      expandFour(taken, out + length * record, length, length);
      record += taken;
    }
    forgetFour();
  }
  for (; record < count; record++) {
    expand(hash, key, infos, lengthAt(lengths, record), out + length * record, length);
    infos += lengthAt(lengths, record);
  }
}

/** Expands one key with `count` infos, of which LENGTHS has the lengths, and wipes INPUT. */
export function hkdfExpandMany(handle: usize, count: usize, length: usize): i32 {
  const hash = hashOf(handle);
  if (hash == 0 || !isBatch(hash, count, length)) return BAD_ARGUMENT;
  const total = sumLengths(LENGTHS, count);
  if (total > CHUNK_BYTES) return BAD_ARGUMENT;
  expandEach(handle, count, INPUT, LENGTHS, OUTPUT, length);
  clearWide(INPUT, INPUT + total);
  clearWide(LENGTHS, LENGTHS + 4 * count);
  forget();
  return OK;
}

/**
 * Derives from `count` secrets and as many infos under one salt, which is the key of the HMAC under way. INPUT has the
 * secrets and then the infos, and is wiped; LENGTHS has the lengths of all secrets first.
 */
export function hkdfDeriveMany(count: usize, length: usize): i32 {
  if (phase != AUTHENTICATING) return BAD_STATE;
  const hash = algorithm;
  if (count > LENGTH_COUNT / 2 || !isBatch(hash, count, length)) return BAD_ARGUMENT;
  const total = sumLengths(LENGTHS, 2 * count);
  if (total > CHUNK_BYTES) return BAD_ARGUMENT;
  let secret = INPUT;
  let info = INPUT + sumLengths(LENGTHS, count);
  let record: usize = 0;
  if (hash == SHA_256) {
    spreadKey(SALT_4, KEY);
    while (record + 1 < count) {
      const taken = min<usize>(4, count - record);
      secret = setLanes(LENGTHS, record, taken, secret);
      macFour(SALT_4, false, 0);
      setKeyFour();
      info = setLanes(LENGTHS, count + record, taken, info);
      expandFour(taken, OUTPUT + length * record, length, length);
      record += taken;
    }
    forgetFour();
  }
  for (; record < count; record++) {
    resume(hash, KEY);
    absorb(secret, lengthAt(LENGTHS, record));
    extract(hash, PRK);
    expand(hash, PRK, info, lengthAt(LENGTHS, count + record), OUTPUT + length * record, length);
    secret += lengthAt(LENGTHS, record);
    info += lengthAt(LENGTHS, count + record);
  }
  clearWide(INPUT, INPUT + total);
  clearWide(LENGTHS, LENGTHS + 8 * count);
  forget();
  return OK;
}
