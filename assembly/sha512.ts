/**
 * The SHA-512 block function (FIPS 180-4 section 6.4), which SHA-384 shares (section 6.5). Scalar, as SHA-256 is.
 *
 * Time depends on the number of blocks alone: no branch, address or select takes a bit of the message. The schedule
 * lies in the HASH region, which `wipeHash` clears; nothing else is written but the chaining value.
 *
 *   SCHEDULE   w[0] .. w[79], 8 bytes each
 */
import { SCHEDULE } from "./hash-layout";

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
  memory.copy(state, IV_384, 64);
}

/** Writes the initial chaining value of SHA-512, eight words of 8 bytes, to `state`. */
export function beginSha512(state: usize): void {
  memory.copy(state, IV_512, 64);
}

/** Takes `count` blocks of 128 bytes at `block` into the chaining value at `state`. */
export function compressSha512(state: usize, block: usize, count: usize): void {
  for (; count > 0; count--) {
    expand(block);
    rounds(state);
    block += 128;
  }
}

function expand(block: usize): void {
  for (let i: usize = 0; i < 128; i += 8) store<u64>(SCHEDULE + i, bswap<u64>(load<u64>(block + i)));
  for (let w: usize = SCHEDULE + 128; w < SCHEDULE + 640; w += 8) {
    const w2 = load<u64>(w - 16);
    const w15 = load<u64>(w - 120);
    const s1 = rotr<u64>(w2, 19) ^ rotr<u64>(w2, 61) ^ (w2 >> 6);
    const s0 = rotr<u64>(w15, 1) ^ rotr<u64>(w15, 8) ^ (w15 >> 7);
    store<u64>(w, s1 + load<u64>(w - 56) + s0 + load<u64>(w - 128));
  }
}

/** T1 of one round, but for h: the caller's eight names rotate instead of the values. */
// @ts-ignore: decorator
@inline function t1(e: u64, f: u64, g: u64, i: usize): u64 {
  return (
    (rotr<u64>(e, 14) ^ rotr<u64>(e, 18) ^ rotr<u64>(e, 41)) +
    (g ^ (e & (f ^ g))) +
    (load<u64>(SCHEDULE + i) + load<u64>(K + i))
  );
}

// @ts-ignore: decorator
@inline function t2(a: u64, b: u64, c: u64): u64 {
  return (rotr<u64>(a, 28) ^ rotr<u64>(a, 34) ^ rotr<u64>(a, 39)) + ((a & b) ^ (c & (a ^ b)));
}

function rounds(state: usize): void {
  let a = load<u64>(state);
  let b = load<u64>(state, 8);
  let c = load<u64>(state, 16);
  let d = load<u64>(state, 24);
  let e = load<u64>(state, 32);
  let f = load<u64>(state, 40);
  let g = load<u64>(state, 48);
  let h = load<u64>(state, 56);
  for (let i: usize = 0; i < 640; i += 64) {
    h += t1(e, f, g, i); d += h; h += t2(a, b, c);
    g += t1(d, e, f, i + 8); c += g; g += t2(h, a, b);
    f += t1(c, d, e, i + 16); b += f; f += t2(g, h, a);
    e += t1(b, c, d, i + 24); a += e; e += t2(f, g, h);
    d += t1(a, b, c, i + 32); h += d; d += t2(e, f, g);
    c += t1(h, a, b, i + 40); g += c; c += t2(d, e, f);
    b += t1(g, h, a, i + 48); f += b; b += t2(c, d, e);
    a += t1(f, g, h, i + 56); e += a; a += t2(b, c, d);
  }
  store<u64>(state, load<u64>(state) + a);
  store<u64>(state, load<u64>(state, 8) + b, 8);
  store<u64>(state, load<u64>(state, 16) + c, 16);
  store<u64>(state, load<u64>(state, 24) + d, 24);
  store<u64>(state, load<u64>(state, 32) + e, 32);
  store<u64>(state, load<u64>(state, 40) + f, 40);
  store<u64>(state, load<u64>(state, 48) + g, 48);
  store<u64>(state, load<u64>(state, 56) + h, 56);
}
