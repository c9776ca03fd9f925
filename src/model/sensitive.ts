/** Wiping what a shape marks as sensitive. */
import type { StructShape } from "./shape.ts";

/** Overwrites the sensitive blobs among these members, which the caller of this function owns. */
export function wipeSensitive(shape: StructShape, members: Readonly<Record<string, unknown>>): void {
  for (const name of shape.sensitive) {
    const value = members[name];
    if (value instanceof Uint8Array) value.fill(0);
  }
}
