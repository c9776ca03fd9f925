/**
 * The SHA-256 block function (FIPS 180-4 section 6.2). Scalar: one message has no work for SIMD lanes to share.
 *
 * Time depends on the number of blocks alone: no branch, address or select takes a bit of the message. The schedule
 * lies in the HASH region, which `wipeHash` clears; nothing else is written but the chaining value.
 *
 *   SCHEDULE   w[0] .. w[63], 4 bytes each
 */
import { SCHEDULE } from "./hash-layout";

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

/** Takes `count` blocks of 64 bytes at `block` into the chaining value at `state`. */
export function compressSha256(state: usize, block: usize, count: usize): void {
  for (; count > 0; count--) {
    expand(block);
    rounds(state);
    block += 64;
  }
}

function expand(block: usize): void {
  for (let i: usize = 0; i < 64; i += 4) store<u32>(SCHEDULE + i, bswap<u32>(load<u32>(block + i)));
  for (let w: usize = SCHEDULE + 64; w < SCHEDULE + 256; w += 4) {
    const w2 = load<u32>(w - 8);
    const w15 = load<u32>(w - 60);
    const s1 = rotr<u32>(w2, 17) ^ rotr<u32>(w2, 19) ^ (w2 >> 10);
    const s0 = rotr<u32>(w15, 7) ^ rotr<u32>(w15, 18) ^ (w15 >> 3);
    store<u32>(w, s1 + load<u32>(w - 28) + s0 + load<u32>(w - 64));
  }
}

/** T1 of one round, but for h: the caller's eight names rotate instead of the values. */
// @ts-ignore: decorator
@inline function t1(e: u32, f: u32, g: u32, i: usize): u32 {
  return (
    (rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)) +
    (g ^ (e & (f ^ g))) +
    (load<u32>(SCHEDULE + i) + load<u32>(K + i))
  );
}

// @ts-ignore: decorator
@inline function t2(a: u32, b: u32, c: u32): u32 {
  return (rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22)) + ((a & b) ^ (c & (a ^ b)));
}

function rounds(state: usize): void {
  let a = load<u32>(state);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  let e = load<u32>(state, 16);
  let f = load<u32>(state, 20);
  let g = load<u32>(state, 24);
  let h = load<u32>(state, 28);
  for (let i: usize = 0; i < 256; i += 32) {
    h += t1(e, f, g, i); d += h; h += t2(a, b, c);
    g += t1(d, e, f, i + 4); c += g; g += t2(h, a, b);
    f += t1(c, d, e, i + 8); b += f; f += t2(g, h, a);
    e += t1(b, c, d, i + 12); a += e; e += t2(f, g, h);
    d += t1(a, b, c, i + 16); h += d; d += t2(e, f, g);
    c += t1(h, a, b, i + 20); g += c; c += t2(d, e, f);
    b += t1(g, h, a, i + 24); f += b; b += t2(c, d, e);
    a += t1(f, g, h, i + 28); e += a; a += t2(b, c, d);
  }
  store<u32>(state, load<u32>(state) + a);
  store<u32>(state, load<u32>(state, 4) + b, 4);
  store<u32>(state, load<u32>(state, 8) + c, 8);
  store<u32>(state, load<u32>(state, 12) + d, 12);
  store<u32>(state, load<u32>(state, 16) + e, 16);
  store<u32>(state, load<u32>(state, 20) + f, 20);
  store<u32>(state, load<u32>(state, 24) + g, 24);
  store<u32>(state, load<u32>(state, 28) + h, 28);
}
