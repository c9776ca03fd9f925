/**
 * Finds a long piece of a pattern in a text without looking at any place of the text twice: by the Shift-And algorithm
 * (Baeza-Yates and Gonnet, "A new approach to text searching", 1992), 32 characters of the piece in a word. Comparing
 * place by place, or `indexOf` on a piece that nearly repeats itself, takes the product of both lengths.
 */

const WORD_BITS = 32;
const LAST_BIT = 31;

/** The first place from `from` on where the piece fits, or -1. @param oneUnit stands for any one character */
export function findLongPiece(piece: string, oneUnit: number, text: string, from: number): number {
  if (text.length - from < piece.length) return -1;
  const wordCount = Math.ceil(piece.length / WORD_BITS);
  const { masks, wild } = masksOf(piece, oneUnit, wordCount);
  // Bit i of the state: the i + 1 characters up to here fit the beginning of the piece.
  const state = new Int32Array(wordCount);
  const lastBit = 1 << ((piece.length - 1) % WORD_BITS);
  let active = 0;
  for (let at = from; at < text.length; at++) {
    const mask = masks.get(text.charCodeAt(at)) ?? wild;
    const end = Math.min(active + 1, wordCount);
    let carry = 1;
    active = 0;
    for (let word = 0; word < end; word++) {
      const before = state[word]!;
      const now = ((before << 1) | carry) & mask[word]!;
      state[word] = now;
      carry = before >>> LAST_BIT;
      if (now !== 0) active = word + 1;
    }
    if ((state[wordCount - 1]! & lastBit) !== 0) return at - piece.length + 1;
  }
  return -1;
}

/** For each character of the piece the places where it may stand; for all others, the places where anything may. */
function masksOf(piece: string, oneUnit: number, wordCount: number) {
  const masks = new Map<number, Int32Array>();
  const wild = new Int32Array(wordCount);
  for (let i = 0; i < piece.length; i++) {
    if (piece.charCodeAt(i) === oneUnit) wild[i >>> 5]! |= 1 << (i & LAST_BIT);
  }
  for (let i = 0; i < piece.length; i++) {
    const unit = piece.charCodeAt(i);
    if (unit === oneUnit) continue;
    let mask = masks.get(unit);
    if (mask === undefined) masks.set(unit, (mask = wild.slice()));
    mask[i >>> 5]! |= 1 << (i & LAST_BIT);
  }
  return { masks, wild };
}
