/**
 * The SHA-512 block function (FIPS 180-4 section 6.4), which SHA-384 shares (section 6.5). Scalar, as SHA-256 is.
 *
 * Time depends on the number of blocks alone: no branch, address or select takes a bit of the message. Nothing
 * is written but the chaining value.
 */
import { copyState } from "./hash-layout";

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
 * Takes `count` blocks of 128 bytes at `block` into the chaining value at `state`. The schedule's last sixteen
 * words live in locals; each is replaced in place just before its round, which V8 runs faster than in a pass of its own.
 */
export function compressSha512(state: usize, block: usize, count: usize): void {
  for (; count > 0; count--) {
    let a = load<u64>(state); let b = load<u64>(state, 8);
    let c = load<u64>(state, 16); let d = load<u64>(state, 24);
    let e = load<u64>(state, 32); let f = load<u64>(state, 40);
    let g = load<u64>(state, 48); let h = load<u64>(state, 56);
    let w0 = bswap<u64>(load<u64>(block)); let w1 = bswap<u64>(load<u64>(block, 8));
    let w2 = bswap<u64>(load<u64>(block, 16)); let w3 = bswap<u64>(load<u64>(block, 24));
    let w4 = bswap<u64>(load<u64>(block, 32)); let w5 = bswap<u64>(load<u64>(block, 40));
    let w6 = bswap<u64>(load<u64>(block, 48)); let w7 = bswap<u64>(load<u64>(block, 56));
    let w8 = bswap<u64>(load<u64>(block, 64)); let w9 = bswap<u64>(load<u64>(block, 72));
    let w10 = bswap<u64>(load<u64>(block, 80)); let w11 = bswap<u64>(load<u64>(block, 88));
    let w12 = bswap<u64>(load<u64>(block, 96)); let w13 = bswap<u64>(load<u64>(block, 104));
    let w14 = bswap<u64>(load<u64>(block, 112)); let w15 = bswap<u64>(load<u64>(block, 120));
    h += t1(e, f, g, w0 + load<u64>(K)); d += h; h += t2(a, b, c);
    g += t1(d, e, f, w1 + load<u64>(K, 8)); c += g; g += t2(h, a, b);
    f += t1(c, d, e, w2 + load<u64>(K, 16)); b += f; f += t2(g, h, a);
    e += t1(b, c, d, w3 + load<u64>(K, 24)); a += e; e += t2(f, g, h);
    d += t1(a, b, c, w4 + load<u64>(K, 32)); h += d; d += t2(e, f, g);
    c += t1(h, a, b, w5 + load<u64>(K, 40)); g += c; c += t2(d, e, f);
    b += t1(g, h, a, w6 + load<u64>(K, 48)); f += b; b += t2(c, d, e);
    a += t1(f, g, h, w7 + load<u64>(K, 56)); e += a; a += t2(b, c, d);
    h += t1(e, f, g, w8 + load<u64>(K, 64)); d += h; h += t2(a, b, c);
    g += t1(d, e, f, w9 + load<u64>(K, 72)); c += g; g += t2(h, a, b);
    f += t1(c, d, e, w10 + load<u64>(K, 80)); b += f; f += t2(g, h, a);
    e += t1(b, c, d, w11 + load<u64>(K, 88)); a += e; e += t2(f, g, h);
    d += t1(a, b, c, w12 + load<u64>(K, 96)); h += d; d += t2(e, f, g);
    c += t1(h, a, b, w13 + load<u64>(K, 104)); g += c; c += t2(d, e, f);
    b += t1(g, h, a, w14 + load<u64>(K, 112)); f += b; b += t2(c, d, e);
    a += t1(f, g, h, w15 + load<u64>(K, 120)); e += a; a += t2(b, c, d);
    for (let k: usize = K + 128; k < K + 640; k += 128) {
      w0 += sigma1(w14) + w9 + sigma0(w1); h += t1(e, f, g, w0 + load<u64>(k)); d += h; h += t2(a, b, c);
      w1 += sigma1(w15) + w10 + sigma0(w2); g += t1(d, e, f, w1 + load<u64>(k, 8)); c += g; g += t2(h, a, b);
      w2 += sigma1(w0) + w11 + sigma0(w3); f += t1(c, d, e, w2 + load<u64>(k, 16)); b += f; f += t2(g, h, a);
      w3 += sigma1(w1) + w12 + sigma0(w4); e += t1(b, c, d, w3 + load<u64>(k, 24)); a += e; e += t2(f, g, h);
      w4 += sigma1(w2) + w13 + sigma0(w5); d += t1(a, b, c, w4 + load<u64>(k, 32)); h += d; d += t2(e, f, g);
      w5 += sigma1(w3) + w14 + sigma0(w6); c += t1(h, a, b, w5 + load<u64>(k, 40)); g += c; c += t2(d, e, f);
      w6 += sigma1(w4) + w15 + sigma0(w7); b += t1(g, h, a, w6 + load<u64>(k, 48)); f += b; b += t2(c, d, e);
      w7 += sigma1(w5) + w0 + sigma0(w8); a += t1(f, g, h, w7 + load<u64>(k, 56)); e += a; a += t2(b, c, d);
      w8 += sigma1(w6) + w1 + sigma0(w9); h += t1(e, f, g, w8 + load<u64>(k, 64)); d += h; h += t2(a, b, c);
      w9 += sigma1(w7) + w2 + sigma0(w10); g += t1(d, e, f, w9 + load<u64>(k, 72)); c += g; g += t2(h, a, b);
      w10 += sigma1(w8) + w3 + sigma0(w11); f += t1(c, d, e, w10 + load<u64>(k, 80)); b += f; f += t2(g, h, a);
      w11 += sigma1(w9) + w4 + sigma0(w12); e += t1(b, c, d, w11 + load<u64>(k, 88)); a += e; e += t2(f, g, h);
      w12 += sigma1(w10) + w5 + sigma0(w13); d += t1(a, b, c, w12 + load<u64>(k, 96)); h += d; d += t2(e, f, g);
      w13 += sigma1(w11) + w6 + sigma0(w14); c += t1(h, a, b, w13 + load<u64>(k, 104)); g += c; c += t2(d, e, f);
      w14 += sigma1(w12) + w7 + sigma0(w15); b += t1(g, h, a, w14 + load<u64>(k, 112)); f += b; b += t2(c, d, e);
      w15 += sigma1(w13) + w8 + sigma0(w0); a += t1(f, g, h, w15 + load<u64>(k, 120)); e += a; a += t2(b, c, d);
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

/**
 * T1 of one round, but for h: the caller's eight names rotate instead of the values. The three rotations of Sigma are
 * nested, because an x64 rotation overwrites its operand and every further one from the same value costs a copy.
 */
// @ts-ignore: decorator
@inline function t1(e: u64, f: u64, g: u64, wk: u64): u64 {
  return wk + (g ^ (e & (f ^ g))) + rotr<u64>(rotr<u64>(rotr<u64>(e, 23) ^ e, 4) ^ e, 14);
}

// @ts-ignore: decorator
@inline function t2(a: u64, b: u64, c: u64): u64 {
  return (a & b) + (c & (a ^ b)) + rotr<u64>(rotr<u64>(rotr<u64>(a, 5) ^ a, 6) ^ a, 28);
}

// @ts-ignore: decorator
@inline function sigma0(w: u64): u64 {
  return rotr<u64>(w, 1) ^ rotr<u64>(w, 8) ^ (w >> 7);
}

// @ts-ignore: decorator
@inline function sigma1(w: u64): u64 {
  return rotr<u64>(w, 19) ^ rotr<u64>(w, 61) ^ (w >> 6);
}

/** Reverses the bytes of each of two words. */
// @ts-ignore: decorator
@inline export function bigEndian64(words: v128): v128 {
  return i8x16.swizzle(words, i8x16(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8));
}
