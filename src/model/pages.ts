/**
 * Pages of a listing. A marker is the base64 of the last item's name, so it stays valid whatever is written between
 * two pages: the next page starts after that name, whether it still exists or not.
 */
import { KmsError } from "../errors.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export interface Page<T> {
  readonly items: readonly T[];
  /** Present if there is more. */
  readonly nextMarker: string | undefined;
}

/** Cuts a page of `limit` from items that were listed with one more than that, so that the end is known. */
export function cutPage<T>(items: readonly T[], limit: number, nameOf: (item: T) => string): Page<T> {
  if (items.length <= limit) return { items, nextMarker: undefined };
  const page = items.slice(0, limit);
  return { items: page, nextMarker: encodeBase64(encoder.encode(nameOf(page.at(-1)!))) };
}

/**
 * The name that a marker stands for.
 * @param isName whether a text could have been an item's name in this listing
 * @throws {KmsError} InvalidMarkerException
 */
export function readMarker(marker: string | undefined, isName: (text: string) => boolean): string | undefined {
  if (marker === undefined) return undefined;
  let name: string;
  try {
    name = decoder.decode(decodeBase64(marker));
  } catch (cause) {
    throw invalidMarker(cause);
  }
  if (!isName(name)) throw invalidMarker();
  return name;
}

export function invalidMarker(cause?: unknown): KmsError {
  return new KmsError("InvalidMarkerException", "The marker is not one that this listing returned.", { cause });
}

/** The members of a listing's output that tell of further pages. */
export function pageMembers(nextMarker: string | undefined): { NextMarker?: string; Truncated: boolean } {
  return nextMarker === undefined ? { Truncated: false } : { NextMarker: nextMarker, Truncated: true };
}
