/** Times in ISO 8601's basic format, as "20150830T123600Z", in which requests are dated. */

const FORM = /^\d{8}T\d{6}Z$/;

/** The time in basic format. */
export function basicTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replaceAll("-", "").replaceAll(":", "")}Z`;
}

/** Milliseconds since 1970; `undefined` for what is no time. */
export function parseBasicTime(text: string): number | undefined {
  if (!FORM.test(text)) return undefined;
  const [year, month, day] = [text.slice(0, 4), text.slice(4, 6), text.slice(6, 8)];
  const [hours, minutes, seconds] = [text.slice(9, 11), text.slice(11, 13), text.slice(13, 15)];
  const ms = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`);
  // What does not come out again as it went in is no time of any day, as the thirtieth of February.
  return Number.isNaN(ms) || basicTime(ms) !== text ? undefined : ms;
}
