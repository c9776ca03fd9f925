/**
 * The SHA-512 block function (FIPS 180-4 section 6.4), which SHA-384 shares (section 6.5), made as that of sha256.ts.
 *
 * Time depends on the number of blocks alone: no branch, address or select takes a bit of the message. What is written
 * is the chaining value and SCHEDULE.
 */
import { SCHEDULE, copyState } from "./hash-layout";

/** Section 4.2.3: the first 64 bits of the fractional parts of the cube roots of the first 80 primes. */
const K: usize = memory.data<u64>([
  0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
  0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
  0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
  0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
  0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
  0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
  0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
  0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
  0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
  0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
  0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
  0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
  0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
  0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
  0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
  0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
  0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
  0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
  0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
  0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
]);

/** Section 5.3.4: the same of the square roots of the ninth to the sixteenth prime. */
const IV_384: usize = memory.data<u64>([
  0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
  0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
]);

/** Section 5.3.5: the same of the square roots of the first eight primes. */
const IV_512: usize = memory.data<u64>([
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
  0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
]);

/** Writes the initial chaining value of SHA-384, eight words of 8 bytes, to `state`. */
export function beginSha384(state: usize): void {
  copyState(state, IV_384);
}

/** Writes the initial chaining value of SHA-512, eight words of 8 bytes, to `state`. */
export function beginSha512(state: usize): void {
  copyState(state, IV_512);
}

/**
 * Takes `count` blocks of 128 bytes at `block` into the chaining value at `state`. `x` and `y` are a ^ b of this round
 * and of the one before (b ^ c of this one), which is half of the majority.
 */
export function compressSha512(state: usize, block: usize, count: usize): void {
  for (; count > 0; count--) {
    let a = load<u64>(state); let b = load<u64>(state, 8);
    let c = load<u64>(state, 16); let d = load<u64>(state, 24);
    let e = load<u64>(state, 32); let f = load<u64>(state, 40);
    let g = load<u64>(state, 48); let h = load<u64>(state, 56);
    let x: u64 = 0; let y = b ^ c;
    let w0 = bigEndian64(v128.load(block)); let w1 = bigEndian64(v128.load(block, 16));
    let w2 = bigEndian64(v128.load(block, 32)); let w3 = bigEndian64(v128.load(block, 48));
    let w4 = bigEndian64(v128.load(block, 64)); let w5 = bigEndian64(v128.load(block, 80));
    let w6 = bigEndian64(v128.load(block, 96)); let w7 = bigEndian64(v128.load(block, 112));
    for (let k: usize = K; k < K + 640; k += 128) {
      v128.store(SCHEDULE, i64x2.add(w0, v128.load(k)));
      v128.store(SCHEDULE, i64x2.add(w1, v128.load(k, 16)), 16);
      v128.store(SCHEDULE, i64x2.add(w2, v128.load(k, 32)), 32);
      v128.store(SCHEDULE, i64x2.add(w3, v128.load(k, 48)), 48);
      v128.store(SCHEDULE, i64x2.add(w4, v128.load(k, 64)), 64);
      v128.store(SCHEDULE, i64x2.add(w5, v128.load(k, 80)), 80);
      v128.store(SCHEDULE, i64x2.add(w6, v128.load(k, 96)), 96);
      v128.store(SCHEDULE, i64x2.add(w7, v128.load(k, 112)), 112);
      if (k < K + 512) {
        w0 = extend(w0, w1, w4, w5, w7); w1 = extend(w1, w2, w5, w6, w0);
        w2 = extend(w2, w3, w6, w7, w1); w3 = extend(w3, w4, w7, w0, w2);
        w4 = extend(w4, w5, w0, w1, w3); w5 = extend(w5, w6, w1, w2, w4);
        w6 = extend(w6, w7, w2, w3, w5); w7 = extend(w7, w0, w3, w4, w6);
      }
      h += load<u64>(SCHEDULE); h += ch(e, f, g); h += sum1(e); d += h; x = a ^ b; h += sum0(a); h += b ^ (x & y);
      g += load<u64>(SCHEDULE, 8); g += ch(d, e, f); g += sum1(d); c += g; y = h ^ a; g += sum0(h); g += a ^ (x & y);
      f += load<u64>(SCHEDULE, 16); f += ch(c, d, e); f += sum1(c); b += f; x = g ^ h; f += sum0(g); f += h ^ (x & y);
      e += load<u64>(SCHEDULE, 24); e += ch(b, c, d); e += sum1(b); a += e; y = f ^ g; e += sum0(f); e += g ^ (x & y);
      d += load<u64>(SCHEDULE, 32); d += ch(a, b, c); d += sum1(a); h += d; x = e ^ f; d += sum0(e); d += f ^ (x & y);
      c += load<u64>(SCHEDULE, 40); c += ch(h, a, b); c += sum1(h); g += c; y = d ^ e; c += sum0(d); c += e ^ (x & y);
      b += load<u64>(SCHEDULE, 48); b += ch(g, h, a); b += sum1(g); f += b; x = c ^ d; b += sum0(c); b += d ^ (x & y);
      a += load<u64>(SCHEDULE, 56); a += ch(f, g, h); a += sum1(f); e += a; y = b ^ c; a += sum0(b); a += c ^ (x & y);
      h += load<u64>(SCHEDULE, 64); h += ch(e, f, g); h += sum1(e); d += h; x = a ^ b; h += sum0(a); h += b ^ (x & y);
      g += load<u64>(SCHEDULE, 72); g += ch(d, e, f); g += sum1(d); c += g; y = h ^ a; g += sum0(h); g += a ^ (x & y);
      f += load<u64>(SCHEDULE, 80); f += ch(c, d, e); f += sum1(c); b += f; x = g ^ h; f += sum0(g); f += h ^ (x & y);
      e += load<u64>(SCHEDULE, 88); e += ch(b, c, d); e += sum1(b); a += e; y = f ^ g; e += sum0(f); e += g ^ (x & y);
      d += load<u64>(SCHEDULE, 96); d += ch(a, b, c); d += sum1(a); h += d; x = e ^ f; d += sum0(e); d += f ^ (x & y);
      c += load<u64>(SCHEDULE, 104); c += ch(h, a, b); c += sum1(h); g += c; y = d ^ e; c += sum0(d); c += e ^ (x & y);
      b += load<u64>(SCHEDULE, 112); b += ch(g, h, a); b += sum1(g); f += b; x = c ^ d; b += sum0(c); b += d ^ (x & y);
      a += load<u64>(SCHEDULE, 120); a += ch(f, g, h); a += sum1(f); e += a; y = b ^ c; a += sum0(b); a += c ^ (x & y);
    }
    store<u64>(state, load<u64>(state) + a);
    store<u64>(state, load<u64>(state, 8) + b, 8);
    store<u64>(state, load<u64>(state, 16) + c, 16);
    store<u64>(state, load<u64>(state, 24) + d, 24);
    store<u64>(state, load<u64>(state, 32) + e, 32);
    store<u64>(state, load<u64>(state, 40) + f, 40);
    store<u64>(state, load<u64>(state, 48) + g, 48);
    store<u64>(state, load<u64>(state, 56) + h, 56);
    block += 128;
  }
}

// @ts-ignore: decorator
@inline function ch(e: u64, f: u64, g: u64): u64 {
  return g ^ (e & (f ^ g));
}

/** On the way from one round to the next, so made for the shortest way. */
// @ts-ignore: decorator
@inline function sum1(e: u64): u64 {
  return rotr<u64>(e, 14) ^ rotr<u64>(e, 18) ^ rotr<u64>(e, 41);
}

/** Nested, because an x64 rotation overwrites its operand and every further one from the same value costs a copy. */
// @ts-ignore: decorator
@inline function sum0(a: u64): u64 {
  return rotr<u64>(rotr<u64>(rotr<u64>(a, 5) ^ a, 6) ^ a, 28);
}

/** Two words: of the last sixteen, w0 and w1 begin with those 16 and 14 before, w4 and w5 around those 7 before, w7 ends. */
// @ts-ignore: decorator
@inline function extend(w0: v128, w1: v128, w4: v128, w5: v128, w7: v128): v128 {
  return i64x2.add(i64x2.add(w0, shiftIn(w4, w5)), i64x2.add(sigma0(shiftIn(w0, w1)), sigma1(w7)));
}

/** Words 1 and 2 of the four. */
// @ts-ignore: decorator
@inline function shiftIn(low: v128, high: v128): v128 {
  return i8x16.shuffle(low, high, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23);
}

// @ts-ignore: decorator
@inline function sigma0(w: v128): v128 {
  return v128.xor(
    v128.xor(v128.xor(i64x2.shr_u(w, 1), i64x2.shl(w, 63)), v128.xor(i64x2.shr_u(w, 8), i64x2.shl(w, 56))),
    i64x2.shr_u(w, 7),
  );
}

// @ts-ignore: decorator
@inline function sigma1(w: v128): v128 {
  return v128.xor(
    v128.xor(v128.xor(i64x2.shr_u(w, 19), i64x2.shl(w, 45)), v128.xor(i64x2.shr_u(w, 61), i64x2.shl(w, 3))),
    i64x2.shr_u(w, 6),
  );
}

/** Reverses the bytes of each of two words. */
// @ts-ignore: decorator
@inline export function bigEndian64(words: v128): v128 {
  return i8x16.swizzle(words, i8x16(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8));
}
