/** Decimal numbers of any length, compared exactly: a policy's bound must not move by a float's rounding. */

export interface Decimal {
  readonly isNegative: boolean;
  /** Without leading zeros. */
  readonly whole: string;
  /** Without trailing zeros. */
  readonly fraction: string;
}

const ZERO_UNIT = 0x30;
const NINE_UNIT = 0x39;

/** Reads an integer or decimal, as "-12.50"; `undefined` for anything else. */
export function parseDecimal(text: string): Decimal | undefined {
  const start = text.startsWith("-") || text.startsWith("+") ? 1 : 0;
  const point = text.indexOf(".", start);
  const whole = text.slice(start, point < 0 ? text.length : point);
  const fraction = point < 0 ? "" : text.slice(point + 1);
  if (whole === "" || !isDigits(whole) || (point >= 0 && (fraction === "" || !isDigits(fraction)))) return undefined;
  const trimmed = { whole: withoutLeadingZeros(whole), fraction: withoutTrailingZeros(fraction) };
  const isZero = trimmed.whole === "" && trimmed.fraction === "";
  return { isNegative: text.startsWith("-") && !isZero, ...trimmed };
}

/** Negative, zero or positive, as `a` is less than, equal to or greater than `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.isNegative !== b.isNegative) return a.isNegative ? -1 : 1;
  const magnitudes = compareMagnitudes(a, b);
  return a.isNegative ? -magnitudes : magnitudes;
}

function compareMagnitudes(a: Decimal, b: Decimal): number {
  if (a.whole.length !== b.whole.length) return a.whole.length - b.whole.length;
  if (a.whole !== b.whole) return a.whole < b.whole ? -1 : 1;
  if (a.fraction === b.fraction) return 0;
  return a.fraction < b.fraction ? -1 : 1;
}

export function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < ZERO_UNIT || unit > NINE_UNIT) return false;
  }
  return text.length > 0;
}

function withoutLeadingZeros(digits: string): string {
  let at = 0;
  while (digits[at] === "0") at++;
  return digits.slice(at);
}

function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  return digits.slice(0, end);
}
