/**
 * The SHA-256 block function (FIPS 180-4 section 6.2). Scalar: one message has no work for SIMD lanes to share.
 *
 * Time depends on the number of blocks alone: no branch, address or select takes a bit of the message. Nothing
 * is written but the chaining value.
 */

/** Section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const K: usize = memory.data<u32>([
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
const IV: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

/** Writes the initial chaining value, eight words of 4 bytes, to `state`. */
export function beginSha256(state: usize): void {
  memory.copy(state, IV, 32);
}

/**
 * Takes `count` blocks of 64 bytes at `block` into the chaining value at `state`. The schedule's last sixteen
 * words live in locals; each is replaced in place just before its round, which V8 runs faster than in a pass of its own.
 */
export function compressSha256(state: usize, block: usize, count: usize): void {
  for (; count > 0; count--) {
    let a = load<u32>(state); let b = load<u32>(state, 4);
    let c = load<u32>(state, 8); let d = load<u32>(state, 12);
    let e = load<u32>(state, 16); let f = load<u32>(state, 20);
    let g = load<u32>(state, 24); let h = load<u32>(state, 28);
    let w0 = bswap<u32>(load<u32>(block)); let w1 = bswap<u32>(load<u32>(block, 4));
    let w2 = bswap<u32>(load<u32>(block, 8)); let w3 = bswap<u32>(load<u32>(block, 12));
    let w4 = bswap<u32>(load<u32>(block, 16)); let w5 = bswap<u32>(load<u32>(block, 20));
    let w6 = bswap<u32>(load<u32>(block, 24)); let w7 = bswap<u32>(load<u32>(block, 28));
    let w8 = bswap<u32>(load<u32>(block, 32)); let w9 = bswap<u32>(load<u32>(block, 36));
    let w10 = bswap<u32>(load<u32>(block, 40)); let w11 = bswap<u32>(load<u32>(block, 44));
    let w12 = bswap<u32>(load<u32>(block, 48)); let w13 = bswap<u32>(load<u32>(block, 52));
    let w14 = bswap<u32>(load<u32>(block, 56)); let w15 = bswap<u32>(load<u32>(block, 60));
    h += t1(e, f, g, w0 + load<u32>(K)); d += h; h += t2(a, b, c);
    g += t1(d, e, f, w1 + load<u32>(K, 4)); c += g; g += t2(h, a, b);
    f += t1(c, d, e, w2 + load<u32>(K, 8)); b += f; f += t2(g, h, a);
    e += t1(b, c, d, w3 + load<u32>(K, 12)); a += e; e += t2(f, g, h);
    d += t1(a, b, c, w4 + load<u32>(K, 16)); h += d; d += t2(e, f, g);
    c += t1(h, a, b, w5 + load<u32>(K, 20)); g += c; c += t2(d, e, f);
    b += t1(g, h, a, w6 + load<u32>(K, 24)); f += b; b += t2(c, d, e);
    a += t1(f, g, h, w7 + load<u32>(K, 28)); e += a; a += t2(b, c, d);
    h += t1(e, f, g, w8 + load<u32>(K, 32)); d += h; h += t2(a, b, c);
    g += t1(d, e, f, w9 + load<u32>(K, 36)); c += g; g += t2(h, a, b);
    f += t1(c, d, e, w10 + load<u32>(K, 40)); b += f; f += t2(g, h, a);
    e += t1(b, c, d, w11 + load<u32>(K, 44)); a += e; e += t2(f, g, h);
    d += t1(a, b, c, w12 + load<u32>(K, 48)); h += d; d += t2(e, f, g);
    c += t1(h, a, b, w13 + load<u32>(K, 52)); g += c; c += t2(d, e, f);
    b += t1(g, h, a, w14 + load<u32>(K, 56)); f += b; b += t2(c, d, e);
    a += t1(f, g, h, w15 + load<u32>(K, 60)); e += a; a += t2(b, c, d);
    for (let k: usize = K + 64; k < K + 256; k += 64) {
      w0 += sigma1(w14) + w9 + sigma0(w1); h += t1(e, f, g, w0 + load<u32>(k)); d += h; h += t2(a, b, c);
      w1 += sigma1(w15) + w10 + sigma0(w2); g += t1(d, e, f, w1 + load<u32>(k, 4)); c += g; g += t2(h, a, b);
      w2 += sigma1(w0) + w11 + sigma0(w3); f += t1(c, d, e, w2 + load<u32>(k, 8)); b += f; f += t2(g, h, a);
      w3 += sigma1(w1) + w12 + sigma0(w4); e += t1(b, c, d, w3 + load<u32>(k, 12)); a += e; e += t2(f, g, h);
      w4 += sigma1(w2) + w13 + sigma0(w5); d += t1(a, b, c, w4 + load<u32>(k, 16)); h += d; d += t2(e, f, g);
      w5 += sigma1(w3) + w14 + sigma0(w6); c += t1(h, a, b, w5 + load<u32>(k, 20)); g += c; c += t2(d, e, f);
      w6 += sigma1(w4) + w15 + sigma0(w7); b += t1(g, h, a, w6 + load<u32>(k, 24)); f += b; b += t2(c, d, e);
      w7 += sigma1(w5) + w0 + sigma0(w8); a += t1(f, g, h, w7 + load<u32>(k, 28)); e += a; a += t2(b, c, d);
      w8 += sigma1(w6) + w1 + sigma0(w9); h += t1(e, f, g, w8 + load<u32>(k, 32)); d += h; h += t2(a, b, c);
      w9 += sigma1(w7) + w2 + sigma0(w10); g += t1(d, e, f, w9 + load<u32>(k, 36)); c += g; g += t2(h, a, b);
      w10 += sigma1(w8) + w3 + sigma0(w11); f += t1(c, d, e, w10 + load<u32>(k, 40)); b += f; f += t2(g, h, a);
      w11 += sigma1(w9) + w4 + sigma0(w12); e += t1(b, c, d, w11 + load<u32>(k, 44)); a += e; e += t2(f, g, h);
      w12 += sigma1(w10) + w5 + sigma0(w13); d += t1(a, b, c, w12 + load<u32>(k, 48)); h += d; d += t2(e, f, g);
      w13 += sigma1(w11) + w6 + sigma0(w14); c += t1(h, a, b, w13 + load<u32>(k, 52)); g += c; c += t2(d, e, f);
      w14 += sigma1(w12) + w7 + sigma0(w15); b += t1(g, h, a, w14 + load<u32>(k, 56)); f += b; b += t2(c, d, e);
      w15 += sigma1(w13) + w8 + sigma0(w0); a += t1(f, g, h, w15 + load<u32>(k, 60)); e += a; a += t2(b, c, d);
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

/**
 * T1 of one round, but for h: the caller's eight names rotate instead of the values. The three rotations of Sigma are
 * nested, because an x64 rotation overwrites its operand and every further one from the same value costs a copy.
 */
// @ts-ignore: decorator
@inline function t1(e: u32, f: u32, g: u32, wk: u32): u32 {
  return wk + (g ^ (e & (f ^ g))) + rotr<u32>(rotr<u32>(rotr<u32>(e, 14) ^ e, 5) ^ e, 6);
}

// @ts-ignore: decorator
@inline function t2(a: u32, b: u32, c: u32): u32 {
  return (a & b) + (c & (a ^ b)) + rotr<u32>(rotr<u32>(rotr<u32>(a, 9) ^ a, 11) ^ a, 2);
}

// @ts-ignore: decorator
@inline function sigma0(w: u32): u32 {
  return rotr<u32>(w, 7) ^ rotr<u32>(w, 18) ^ (w >> 3);
}

// @ts-ignore: decorator
@inline function sigma1(w: u32): u32 {
  return rotr<u32>(w, 17) ^ rotr<u32>(w, 19) ^ (w >> 10);
}
