/**
 * The SHA-256 block function (FIPS 180-4 section 6.2) of one message. The message schedule is made by vectors, four
 * words at a time, and meets the rounds in memory: sixteen words and eight of state are more than the registers hold.
 *
 * Time depends on the number of blocks alone: no branch, address or select takes a bit of the message. What is written
 * is the chaining value and SCHEDULE.
 */
import { SCHEDULE } from "./hash-layout";

/** Section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
export const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

/** Section 5.3.3: the same of the square roots of the first eight primes. */
export const IV: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

/** Section 5.3.2: the second 32 bits of the same of the ninth to the sixteenth prime. */
const IV_224: usize = memory.data<u32>([
  0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4,
]);

/** Writes the initial chaining value, eight words of 4 bytes, to `state`. */
export function beginSha256(state: usize): void {
  v128.store(state, v128.load(IV));
  v128.store(state, v128.load(IV, 16), 16);
}

/** The same of SHA-224, whose digest is the first 28 bytes. */
export function beginSha224(state: usize): void {
  v128.store(state, v128.load(IV_224));
  v128.store(state, v128.load(IV_224, 16), 16);
}

/**
 * Takes `count` blocks of 64 bytes at `block` into the chaining value at `state`. `x` and `y` are a ^ b of this round
 * and of the one before (b ^ c of this one), which is half of the majority.
 */
export function compressSha256(state: usize, block: usize, count: usize): void {
  for (; count > 0; count--) {
    let a = load<u32>(state); let b = load<u32>(state, 4);
    let c = load<u32>(state, 8); let d = load<u32>(state, 12);
    let e = load<u32>(state, 16); let f = load<u32>(state, 20);
    let g = load<u32>(state, 24); let h = load<u32>(state, 28);
    let x: u32 = 0; let y = b ^ c;
    let w0 = bigEndian(v128.load(block)); let w1 = bigEndian(v128.load(block, 16));
    let w2 = bigEndian(v128.load(block, 32)); let w3 = bigEndian(v128.load(block, 48));
    for (let k: usize = K; k < K + 256; k += 64) {
      v128.store(SCHEDULE, i32x4.add(w0, v128.load(k)));
      v128.store(SCHEDULE, i32x4.add(w1, v128.load(k, 16)), 16);
      v128.store(SCHEDULE, i32x4.add(w2, v128.load(k, 32)), 32);
      v128.store(SCHEDULE, i32x4.add(w3, v128.load(k, 48)), 48);
      if (k < K + 192) {
        w0 = extend(w0, w1, w2, w3); w1 = extend(w1, w2, w3, w0);
        w2 = extend(w2, w3, w0, w1); w3 = extend(w3, w0, w1, w2);
      }
      h += load<u32>(SCHEDULE); h += ch(e, f, g); h += sum1(e); d += h; x = a ^ b; h += sum0(a); h += b ^ (x & y);
      g += load<u32>(SCHEDULE, 4); g += ch(d, e, f); g += sum1(d); c += g; y = h ^ a; g += sum0(h); g += a ^ (x & y);
      f += load<u32>(SCHEDULE, 8); f += ch(c, d, e); f += sum1(c); b += f; x = g ^ h; f += sum0(g); f += h ^ (x & y);
      e += load<u32>(SCHEDULE, 12); e += ch(b, c, d); e += sum1(b); a += e; y = f ^ g; e += sum0(f); e += g ^ (x & y);
      d += load<u32>(SCHEDULE, 16); d += ch(a, b, c); d += sum1(a); h += d; x = e ^ f; d += sum0(e); d += f ^ (x & y);
      c += load<u32>(SCHEDULE, 20); c += ch(h, a, b); c += sum1(h); g += c; y = d ^ e; c += sum0(d); c += e ^ (x & y);
      b += load<u32>(SCHEDULE, 24); b += ch(g, h, a); b += sum1(g); f += b; x = c ^ d; b += sum0(c); b += d ^ (x & y);
      a += load<u32>(SCHEDULE, 28); a += ch(f, g, h); a += sum1(f); e += a; y = b ^ c; a += sum0(b); a += c ^ (x & y);
      h += load<u32>(SCHEDULE, 32); h += ch(e, f, g); h += sum1(e); d += h; x = a ^ b; h += sum0(a); h += b ^ (x & y);
      g += load<u32>(SCHEDULE, 36); g += ch(d, e, f); g += sum1(d); c += g; y = h ^ a; g += sum0(h); g += a ^ (x & y);
      f += load<u32>(SCHEDULE, 40); f += ch(c, d, e); f += sum1(c); b += f; x = g ^ h; f += sum0(g); f += h ^ (x & y);
      e += load<u32>(SCHEDULE, 44); e += ch(b, c, d); e += sum1(b); a += e; y = f ^ g; e += sum0(f); e += g ^ (x & y);
      d += load<u32>(SCHEDULE, 48); d += ch(a, b, c); d += sum1(a); h += d; x = e ^ f; d += sum0(e); d += f ^ (x & y);
      c += load<u32>(SCHEDULE, 52); c += ch(h, a, b); c += sum1(h); g += c; y = d ^ e; c += sum0(d); c += e ^ (x & y);
      b += load<u32>(SCHEDULE, 56); b += ch(g, h, a); b += sum1(g); f += b; x = c ^ d; b += sum0(c); b += d ^ (x & y);
      a += load<u32>(SCHEDULE, 60); a += ch(f, g, h); a += sum1(f); e += a; y = b ^ c; a += sum0(b); a += c ^ (x & y);
    }
    store<u32>(state, load<u32>(state) + a);
    store<u32>(state, load<u32>(state, 4) + b, 4);
    store<u32>(state, load<u32>(state, 8) + c, 8);
    store<u32>(state, load<u32>(state, 12) + d, 12);
    store<u32>(state, load<u32>(state, 16) + e, 16);
    store<u32>(state, load<u32>(state, 20) + f, 20);
    store<u32>(state, load<u32>(state, 24) + g, 24);
    store<u32>(state, load<u32>(state, 28) + h, 28);
    block += 64;
  }
}

// @ts-ignore: decorator
@inline function ch(e: u32, f: u32, g: u32): u32 {
  return g ^ (e & (f ^ g));
}

/** On the way from one round to the next, so made for the shortest way. */
// @ts-ignore: decorator
@inline function sum1(e: u32): u32 {
  return rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25);
}

/** Nested, because an x64 rotation overwrites its operand and every further one from the same value costs a copy. */
// @ts-ignore: decorator
@inline function sum0(a: u32): u32 {
  return rotr<u32>(rotr<u32>(rotr<u32>(a, 9) ^ a, 11) ^ a, 2);
}

/** The four words after `w3`, where `w0` to `w3` are the last sixteen. The last two of them need the first two. */
// @ts-ignore: decorator
@inline function extend(w0: v128, w1: v128, w2: v128, w3: v128): v128 {
  const sum = i32x4.add(i32x4.add(w0, shiftIn(w2, w3)), sigma0(shiftIn(w0, w1)));
  const last = i8x16.shuffle(w3, w3, 8, 9, 10, 11, 8, 9, 10, 11, 12, 13, 14, 15, 12, 13, 14, 15);
  const early = i32x4.add(sum, sigma1(last));
  const late = sigma1(i8x16.shuffle(early, early, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7));
  return i8x16.shuffle(early, i32x4.add(sum, late), 0, 1, 2, 3, 4, 5, 6, 7, 24, 25, 26, 27, 28, 29, 30, 31);
}

/** Words 1 to 4 of the eight. */
// @ts-ignore: decorator
@inline function shiftIn(low: v128, high: v128): v128 {
  return i8x16.shuffle(low, high, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
}

// @ts-ignore: decorator
@inline function sigma0(w: v128): v128 {
  return v128.xor(
    v128.xor(v128.xor(i32x4.shr_u(w, 7), i32x4.shl(w, 25)), v128.xor(i32x4.shr_u(w, 18), i32x4.shl(w, 14))),
    i32x4.shr_u(w, 3),
  );
}

/** Of two words, each of them doubled, so that a shift of 64 bits rotates it; the two results twice. */
// @ts-ignore: decorator
@inline function sigma1(w: v128): v128 {
  const sum = v128.xor(v128.xor(i32x4.shr_u(w, 10), i64x2.shr_u(w, 17)), i64x2.shr_u(w, 19));
  return i8x16.shuffle(sum, sum, 0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11);
}

/** Reverses the bytes of each of four words. */
// @ts-ignore: decorator
@inline export function bigEndian(words: v128): v128 {
  return i8x16.swizzle(words, i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
}
