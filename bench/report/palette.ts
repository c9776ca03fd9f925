/**
 * How subjects look: a colour that people with any kind of colour vision tell from its neighbours (after Okabe and Ito,
 * darkened where it must be read on white), and a mark and a line of its own, so that nothing hangs on colour alone.
 */

export interface Look {
  readonly color: string;
  readonly symbol: string;
  readonly line: "solid" | "dashed" | "dotted";
}

/** The variables that a chart's colours are, on light paper and on dark. */
const COLORS = {
  paper: ["#ffffff", "#15181c"],
  ink: ["#1b1f24", "#e8eaed"],
  faint: ["#5b6470", "#a3abb5"],
  rule: ["#d9dee4", "#343a42"],
  blue: ["#0067a8", "#5ab4f0"],
  vermilion: ["#c14a00", "#ff9257"],
  green: ["#00795a", "#3fce9f"],
  purple: ["#9b4480", "#e79bcb"],
  ochre: ["#8a6100", "#e6b93c"],
  grey: ["#5f6770", "#a9b1ba"],
  red: ["#a3123a", "#ff8099"],
} as const;

export type ColorName = keyof typeof COLORS;

export const colorOf = (name: ColorName): string => `var(--${name})`;

const declare = (at: 0 | 1): string =>
  Object.entries(COLORS)
    .map(([name, values]) => `--${name}:${values[at]};`)
    .join("");

/** Style rules that give the variables their values; print is always on light paper. */
export const COLOR_RULES =
  `:root{color-scheme:light dark;${declare(0)}}` +
  `@media screen and (prefers-color-scheme:dark){:root{${declare(1)}}}`;

const LOOKS: readonly (readonly [start: string, look: Look])[] = [
  ["wasm-kms (relaxed)", { color: colorOf("blue"), symbol: "diamond", line: "dashed" }],
  ["wasm-kms", { color: colorOf("blue"), symbol: "circle", line: "solid" }],
  ["engine auto", { color: colorOf("ink"), symbol: "diamond", line: "dotted" }],
  ["engine wasm", { color: colorOf("blue"), symbol: "circle", line: "solid" }],
  ["engine native", { color: colorOf("vermilion"), symbol: "rect", line: "solid" }],
  ["node:crypto", { color: colorOf("vermilion"), symbol: "rect", line: "solid" }],
  ["WebCrypto, 64", { color: colorOf("green"), symbol: "triangle", line: "dashed" }],
  ["WebCrypto", { color: colorOf("green"), symbol: "triangle", line: "solid" }],
  ["@noble", { color: colorOf("purple"), symbol: "roundRect", line: "solid" }],
  ["@transcend", { color: colorOf("ochre"), symbol: "emptyDiamond", line: "solid" }],
  ["node-forge", { color: colorOf("grey"), symbol: "emptyRect", line: "dotted" }],
  ["@stablelib", { color: colorOf("red"), symbol: "emptyCircle", line: "dashed" }],
  ["@aws-crypto", { color: colorOf("purple"), symbol: "roundRect", line: "dashed" }],
];

export function lookOf(subject: string): Look {
  const [, look] = LOOKS.find(([start]) => subject.startsWith(start)) ?? [];
  return look ?? { color: colorOf("grey"), symbol: "circle", line: "dotted" };
}

/** A subject's name where room is scarce. */
export function shortNameOf(subject: string): string {
  return subject.replace("@transcend-io/encrypt-web-streams", "@transcend-io (wasm)");
}
