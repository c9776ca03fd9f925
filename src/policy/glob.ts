/**
 * Patterns with `*` (any characters, also none) and `?` (one character). A compiled pattern is a string in which two
 * noncharacters of Unicode stand for the wildcards, so that a `*` from a variable's value is only a character.
 */

import { findLongPiece } from "./long-piece.ts";

const ANY = "\uFFFF";
const ONE = "\uFFFE";
const ONE_UNIT = 0xfffe;
/** Longer pieces are looked for by an algorithm that needs tables, but no product of lengths. */
const MAX_SHORT_PIECE = 16;
const MAX_SHORT_LITERAL = 256;

/** Whether a text holds a character that compiled patterns need for themselves. */
export function holdsReserved(text: string): boolean {
  return text.includes(ANY) || text.includes(ONE);
}

/** @param text without reserved characters */
export function compileGlob(text: string): string {
  return text.replaceAll("*", ANY).replaceAll("?", ONE);
}

/**
 * Whether a compiled pattern covers the whole text: what stands between two `*` is looked for from left to right, the
 * first place that fits is taken, and there is no way back and no recursion.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let star = pattern.indexOf(ANY);
  if (star < 0) return pattern.length === text.length && fitsAt(pattern, 0, pattern.length, text, 0);
  if (text.length < star || !fitsAt(pattern, 0, star, text, 0)) return false;
  let at = star;
  for (;;) {
    const start = star + 1;
    star = pattern.indexOf(ANY, start);
    if (star < 0) {
      const tailLength = pattern.length - start;
      return text.length - at >= tailLength && fitsAt(pattern, start, pattern.length, text, text.length - tailLength);
    }
    const found = find(pattern, start, star, text, at);
    if (found < 0) return false;
    at = found + star - start;
  }
}

/** The first place from `from` on where the pattern's piece fits, or -1. */
function find(pattern: string, start: number, end: number, text: string, from: number): number {
  if (start === end) return from;
  const piece = pattern.slice(start, end);
  const isLiteral = !piece.includes(ONE);
  if (piece.length > (isLiteral ? MAX_SHORT_LITERAL : MAX_SHORT_PIECE)) {
    return findLongPiece(piece, ONE_UNIT, text, from);
  }
  if (isLiteral) return text.indexOf(piece, from);
  for (let at = from; at + end - start <= text.length; at++) if (fitsAt(pattern, start, end, text, at)) return at;
  return -1;
}

/** Whether a piece without `*` fits at a place where the text is long enough. */
function fitsAt(pattern: string, start: number, end: number, text: string, at: number): boolean {
  for (let i = start; i < end; i++) {
    const unit = pattern.charCodeAt(i);
    if (unit !== ONE_UNIT && unit !== text.charCodeAt(at + i - start)) return false;
  }
  return true;
}
