/**
 * IP addresses and blocks (RFC 4291, RFC 4632). An IPv4 address in IPv6 clothes (`::ffff:203.0.113.5`) is the IPv4
 * address; spellings that other readers take for another address (leading zeros, hexadecimal) are none.
 */
import { isDigits } from "./decimal.ts";

/** A block: the addresses that begin with the first `prefixBits` bits of `bytes` (4 or 16). */
export interface IpBlock {
  readonly bytes: readonly number[];
  readonly prefixBits: number;
}

const V4_BYTES = 4;
const V6_BYTES = 16;
const MAPPED_PREFIX_BITS = 96;
const DOT = 0x2e;
const ZERO_UNIT = 0x30;
const HEX_DIGITS = "0123456789abcdef";

/** The 4 or 16 bytes of an address, or `undefined`. */
export function parseIp(text: string): readonly number[] | undefined {
  const bytes = text.includes(":") ? parseV6(text) : parseV4(text);
  return bytes !== undefined && isMapped(bytes) ? bytes.slice(V6_BYTES - V4_BYTES) : bytes;
}

/** Reads "203.0.113.0/24"; without a prefix length it is one address. */
export function parseIpBlock(text: string): IpBlock | undefined {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const written = address.includes(":") ? parseV6(address) : parseV4(address);
  if (written === undefined) return undefined;
  const length = slash < 0 ? String(written.length * 8) : text.slice(slash + 1);
  if (!isDigits(length) || length.length > 3 || (length.length > 1 && length.startsWith("0"))) return undefined;
  const prefixBits = Number(length);
  if (prefixBits > written.length * 8) return undefined;
  if (!isMapped(written) || prefixBits < MAPPED_PREFIX_BITS) return { bytes: written, prefixBits };
  return { bytes: written.slice(V6_BYTES - V4_BYTES), prefixBits: prefixBits - MAPPED_PREFIX_BITS };
}

export function isInBlock(address: readonly number[], { bytes, prefixBits }: IpBlock): boolean {
  if (address.length !== bytes.length) return false;
  const whole = prefixBits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== bytes[i]) return false;
  const rest = prefixBits & 7;
  return rest === 0 || (address[whole]! ^ bytes[whole]!) >> (8 - rest) === 0;
}

function isMapped(bytes: readonly number[]): boolean {
  return bytes.length === V6_BYTES && bytes.every((byte, i) => i >= 12 || byte === (i >= 10 ? 0xff : 0));
}

function parseV4(text: string): number[] | undefined {
  const bytes: number[] = [];
  let value = 0;
  let digits = 0;
  for (let i = 0; i <= text.length; i++) {
    const unit = i < text.length ? text.charCodeAt(i) : DOT;
    if (unit === DOT) {
      if (digits === 0 || value > 255) return undefined;
      bytes.push(value);
      value = digits = 0;
    } else {
      const isDigit = unit >= ZERO_UNIT && unit <= ZERO_UNIT + 9;
      if (!isDigit || digits === 3 || (digits > 0 && value === 0)) return undefined;
      value = value * 10 + unit - ZERO_UNIT;
      digits++;
    }
  }
  return bytes.length === V4_BYTES ? bytes : undefined;
}

function parseV6(text: string): number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => parseGroups(half));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  if (tail === undefined) return head.length === V6_BYTES ? head : undefined;
  const gap = V6_BYTES - head.length - tail.length;
  return gap < 2 ? undefined : [...head, ...new Array<number>(gap).fill(0), ...tail];
}

/** The bytes of groups between colons, of which the last may be an IPv4 address. */
function parseGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const groups = text.split(":");
  const bytes: number[] = [];
  for (const [i, group] of groups.entries()) {
    const parsed = i === groups.length - 1 && group.includes(".") ? parseV4(group) : parseGroup(group);
    if (parsed === undefined) return undefined;
    bytes.push(...parsed);
  }
  return bytes;
}

function parseGroup(group: string): number[] | undefined {
  if (group === "" || group.length > 4) return undefined;
  let value = 0;
  for (const digit of group.toLowerCase()) {
    const digitValue = HEX_DIGITS.indexOf(digit);
    if (digitValue < 0) return undefined;
    value = value * 16 + digitValue;
  }
  return [value >> 8, value & 0xff];
}
