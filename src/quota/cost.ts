/** What AWS would have charged for a month, by prices.ts. */
import type { Usage } from "./metering.ts";
import { FREE_REQUESTS, KEY_MONTH_DOLLARS, PRICED_ROTATIONS, PRICES, PRICES_DATE, type PriceGroup } from "./prices.ts";

const REQUESTS_PRICED = 10_000;

/** A key as far as it costs. */
export interface PricedKey {
  readonly createdAtMs: number;
  readonly rotatedAtMs: readonly number[];
}

export interface CostLine {
  readonly label: string;
  /** Requests, or months of keys. */
  readonly quantity: number;
  readonly free: number;
  readonly dollars: number;
}

export interface Cost {
  /** As "2026-11" */
  readonly month: string;
  readonly lines: readonly CostLine[];
  readonly dollars: number;
  /** The date of the prices. */
  readonly pricesOf: string;
}

/** @param nowMs a month that is not over is charged up to here */
export function costOf(month: string, usage: Usage, keys: readonly PricedKey[], nowMs: number): Cost {
  const lines: CostLine[] = [];
  let free = FREE_REQUESTS;
  for (const group of Object.keys(PRICES) as PriceGroup[]) {
    const { label, dollarsPer10000, hasFreeRequests } = PRICES[group];
    const quantity = usage[group] ?? 0;
    const covered = hasFreeRequests ? Math.min(free, quantity) : 0;
    free -= covered;
    const dollars = ((quantity - covered) / REQUESTS_PRICED) * dollarsPer10000;
    lines.push({ label: `requests: ${label}`, quantity, free: covered, dollars });
  }
  const months = keys.reduce((sum, key) => sum + keyMonthsOf(key, month, nowMs), 0);
  lines.push({ label: "months of keys", quantity: months, free: 0, dollars: months * KEY_MONTH_DOLLARS });
  return { month, lines, dollars: lines.reduce((sum, line) => sum + line.dollars, 0), pricesOf: PRICES_DATE };
}

/** The part of the month in which a key was there, and as much again for each of its first rotations. */
function keyMonthsOf({ createdAtMs, rotatedAtMs }: PricedKey, month: string, nowMs: number): number {
  const [year, number] = month.split("-").map(Number) as [number, number];
  const startMs = Date.UTC(year, number - 1);
  const endMs = Date.UTC(year, number);
  const untilMs = Math.min(endMs, nowMs);
  const partFrom = (fromMs: number) => Math.max(0, untilMs - Math.max(startMs, fromMs)) / (endMs - startMs);
  const priced = rotatedAtMs.slice(0, PRICED_ROTATIONS);
  return [createdAtMs, ...priced].reduce((sum, fromMs) => sum + partFrom(fromMs), 0);
}
