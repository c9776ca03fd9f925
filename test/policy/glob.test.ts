/** Patterns beside a matcher that tries everything, and the bound on their work. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileGlob, holdsReserved, matchesGlob } from "../../src/policy/glob.ts";
import { findLongPiece } from "../../src/policy/long-piece.ts";

/** By the definition, with every way tried: what the first `i` characters of a pattern can cover. */
function naive(pattern: string, text: string): boolean {
  let covered = new Set([0]);
  for (const char of pattern.split("")) {
    const next = new Set<number>();
    for (const at of covered) {
      if (char === "*") for (let end = at; end <= text.length; end++) next.add(end);
      else if (at < text.length && (char === "?" || char === text[at])) next.add(at + 1);
    }
    covered = next;
  }
  return covered.has(text.length);
}

const few = (letters: string, maxLength: number) =>
  fc.array(fc.constantFrom(...letters.split("")), { maxLength }).map((list) => list.join(""));

describe("matching", () => {
  it("is what trying everything finds", () => {
    let matched = 0;
    const property = fc.property(few("ab*?", 12), few("ab\n", 14), (pattern, text) => {
      const expected = naive(pattern, text);
      if (expected) matched++;
      expect(matchesGlob(compileGlob(pattern), text)).toBe(expected);
    });
    fc.assert(property, { numRuns: 20_000, seed: 5 });
    expect(matched).toBeGreaterThan(500);
  });

  it("is it for long pieces, too", () => {
    const property = fc.property(few("aab?", 90), few("aaab", 200), fc.nat(60), (piece, text, from) => {
      let expected = -1;
      for (let at = from; expected < 0 && at + piece.length <= text.length; at++) {
        if (naive(piece, text.slice(at, at + piece.length))) expected = at;
      }
      if (piece !== "") expect(findLongPiece(piece, "?".charCodeAt(0), text, from)).toBe(expected);
    });
    fc.assert(property, { numRuns: 1000, seed: 5 });
  });

  it("finds long pieces where they were put", () => {
    const text = fc.array(fc.constantFrom("a", "b", "\u00e9", "\u4e2d"), { minLength: 300, maxLength: 900 });
    const property = fc.property(text, fc.nat(), fc.nat(), (letters, a, b) => {
      const [start, end] = [a % letters.length, b % letters.length].sort((x, y) => x - y) as [number, number];
      const piece = letters.slice(start, end).map((letter, i) => (i % 7 === 3 ? "?" : letter));
      expect(matchesGlob(compileGlob(`*${piece.join("")}*`), letters.join(""))).toBe(true);
      expect(matchesGlob(compileGlob(`*${piece.join("")}c*`), letters.join(""))).toBe(false);
    });
    fc.assert(property, { numRuns: 500, seed: 5 });
  });

  it("knows the characters that it needs for itself", () => {
    expect(holdsReserved("a\uFFFF")).toBe(true);
    expect(holdsReserved("a\uFFFE")).toBe(true);
    expect(holdsReserved("a*?\uFFFD")).toBe(false);
  });
});

/** A string that counts how often a place of it is read. */
function counting(text: string): { text: string; reads: () => number } {
  let reads = 0;
  const counted = {
    length: text.length,
    charCodeAt(at: number) {
      reads++;
      return text.charCodeAt(at);
    },
    indexOf(piece: string, from: number) {
      const found = text.indexOf(piece, from);
      reads += (found < 0 ? text.length : found + piece.length) - from;
      return found;
    },
  };
  return { text: counted as unknown as string, reads: () => reads };
}

describe("the work of a pattern", () => {
  const long = "a".repeat(8000);

  it.each([
    ["200 stars", `${"a*".repeat(200)}b`],
    ["4,000 stars", `${"a*".repeat(4000)}b`],
    ["10,000 stars", `${"a*".repeat(10_000)}b`],
    ["200 stars and question marks", `${"*?a".repeat(200)}b`],
    ["a long piece with a question mark", `*${"a".repeat(4000)}?b*`],
    ["a long piece that nearly repeats itself", `*${"a".repeat(2000)}b${"a".repeat(2000)}*`],
    ["question marks alone", `*${"?".repeat(4000)}b*`],
  ])("is bounded for %s", (_, pattern) => {
    const { text, reads } = counting(long);
    expect(matchesGlob(compileGlob(pattern), text)).toBe(false);
    expect(reads()).toBeLessThanOrEqual(20 * long.length);
  });
});
