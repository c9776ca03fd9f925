/**
 * CONTROL, never to be shipped: AES-128 (FIPS 197) the way textbooks write it, with the S-box as a table in memory.
 * It is correct and it leaks: every address that it looks up depends on the key.
 *
 *   0       256            432
 *   | S-box | round keys   |
 */
const ROUND_KEYS: usize = 256;

function times2(a: u32): u32 {
  return ((a << 1) ^ ((a >> 7) * 0x11b)) & 0xff;
}

function rotl8(a: u32, by: u32): u32 {
  return ((a << by) | (a >> (8 - by))) & 0xff;
}

/** Fills the S-box by walking through the field with a generator and its inverse. */
export function prepareTableAes(): void {
  let p: u32 = 1;
  let q: u32 = 1;
  do {
    p = p ^ times2(p);
    q ^= q << 1;
    q ^= q << 2;
    q ^= q << 4;
    q &= 0xff;
    if ((q & 0x80) !== 0) q ^= 0x09;
    store<u8>(p, <u8>(q ^ rotl8(q, 1) ^ rotl8(q, 2) ^ rotl8(q, 3) ^ rotl8(q, 4) ^ 0x63));
  } while (p !== 1);
  store<u8>(0, 0x63);
}

function expandKey(key: usize): void {
  memory.copy(ROUND_KEYS, key, 16);
  let constant: u32 = 1;
  for (let i: usize = 16; i < 176; i += 4) {
    const turned = (i & 15) === 0;
    for (let j: usize = 0; j < 4; j++) {
      let byte: u32 = load<u8>(ROUND_KEYS + i - 4 + j);
      if (turned) byte = load<u8>(load<u8>(ROUND_KEYS + i - 4 + ((j + 1) & 3)));
      if (turned && j === 0) byte ^= constant;
      store<u8>(ROUND_KEYS + i + j, <u8>(byte ^ load<u8>(ROUND_KEYS + i - 16 + j)));
    }
    if (turned) constant = times2(constant);
  }
}

function addRoundKey(block: usize, round: usize): void {
  v128.store(block, v128.xor(v128.load(block), v128.load(ROUND_KEYS + 16 * round)));
}

/** SubBytes and ShiftRows into the 16 bytes after the block, and back. */
function substitute(block: usize): void {
  for (let i: usize = 0; i < 16; i++) {
    store<u8>(block + 16 + i, load<u8>(load<u8>(block + ((i * 5) & 15))));
  }
  memory.copy(block, block + 16, 16);
}

function mixColumns(block: usize): void {
  for (let column: usize = block; column < block + 16; column += 4) {
    const a: u32 = load<u8>(column);
    const b: u32 = load<u8>(column, 1);
    const c: u32 = load<u8>(column, 2);
    const d: u32 = load<u8>(column, 3);
    const all = a ^ b ^ c ^ d;
    store<u8>(column, <u8>(a ^ all ^ times2(a ^ b)));
    store<u8>(column, <u8>(b ^ all ^ times2(b ^ c)), 1);
    store<u8>(column, <u8>(c ^ all ^ times2(c ^ d)), 2);
    store<u8>(column, <u8>(d ^ all ^ times2(d ^ a)), 3);
  }
}

/** Encrypts the 16 bytes at `block` in place; the 16 bytes after them are overwritten. */
export function encryptWithTable(key: usize, block: usize): void {
  expandKey(key);
  addRoundKey(block, 0);
  for (let round: usize = 1; round < 10; round++) {
    substitute(block);
    mixColumns(block);
    addRoundKey(block, round);
  }
  substitute(block);
  addRoundKey(block, 10);
}
