/**
 * Points in time as policies write them: seconds since 1970, or ISO 8601 in the profile of the W3C note "Date and Time
 * Formats" (YYYY, YYYY-MM, YYYY-MM-DD, then THH:MM, seconds and a fraction, and Z or an offset).
 */
import { isDigits, parseDecimal } from "./decimal.ts";

const YEAR_DIGITS = 4;
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Milliseconds since 1970-01-01T00:00:00Z, or `undefined` for what is no point in time. */
export function parseInstant(text: string): number | undefined {
  if (text.length !== YEAR_DIGITS && parseDecimal(text) !== undefined) return Number(text) * 1000;
  const [date = "", time] = splitOnce(text, "T");
  const day = parseDate(date);
  if (day === undefined) return undefined;
  if (time === undefined) return text.includes("T") ? undefined : day;
  // A time needs a whole date.
  if (date.length !== 10) return undefined;
  const ofDay = parseTime(time);
  return ofDay === undefined ? undefined : day + ofDay;
}

function parseDate(text: string): number | undefined {
  const [year = "", month = "01", day = "01", ...rest] = text.split("-");
  if (rest.length > 0 || year.length !== YEAR_DIGITS || !areDigits(2, month, day) || !isDigits(year)) return undefined;
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  if (m < 1 || m > 12 || d < 1 || d > MONTH_DAYS[m - 1]!) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(y, m - 1, d);
  // The 29th of February of another year has become the 1st of March.
  return date.getUTCMonth() === m - 1 ? date.getTime() : undefined;
}

/** Milliseconds since midnight in UTC, which an offset may put into the day before or after. */
function parseTime(text: string): number | undefined {
  const zoneAt = text.endsWith("Z") ? text.length - 1 : Math.max(text.lastIndexOf("+"), text.lastIndexOf("-"));
  if (zoneAt < 0) return undefined;
  const offset = text.endsWith("Z") ? 0 : parseOffset(text.slice(zoneAt));
  const [clock = "", fraction] = splitOnce(text.slice(0, zoneAt), ".");
  const [hours = "", minutes = "", seconds = "00", ...rest] = clock.split(":");
  if (offset === undefined || rest.length > 0 || !areDigits(2, hours, minutes, seconds)) return undefined;
  if (fraction !== undefined && (!isDigits(fraction) || clock.length !== 8)) return undefined;
  const [h, m, s] = [Number(hours), Number(minutes), Number(seconds)];
  if (h > 23 || m > 59 || s > 59) return undefined;
  return ((h * 60 + m) * 60 + s) * 1000 + Number(`0.${fraction ?? 0}`) * 1000 - offset;
}

/** Milliseconds of "+02:00". */
function parseOffset(text: string): number | undefined {
  const [hours = "", minutes = "", ...rest] = text.slice(1).split(":");
  if (rest.length > 0 || !areDigits(2, hours, minutes) || Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const minutesInAll = Number(hours) * 60 + Number(minutes);
  return (text.startsWith("-") ? -minutesInAll : minutesInAll) * 60_000;
}

function areDigits(length: number, ...texts: readonly string[]): boolean {
  return texts.every((text) => text.length === length && isDigits(text));
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
