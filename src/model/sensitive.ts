/** Wiping what a shape marks as sensitive. */
import type { StructShape } from "./shape.ts";

/** Overwrites the sensitive blobs among these members, which the caller of this function owns. */
export function wipeSensitive(shape: StructShape, members: Readonly<Record<string, unknown>>): void {
  for (const { name, shape: memberShape } of shape.entries) {
    const value = members[name];
    if (memberShape.kind === "blob" && memberShape.sensitive && value instanceof Uint8Array) value.fill(0);
  }
}
