/** The lengths of a batch's records, u32, which lie one after the other in the window and are public. */
import { CHUNK_BYTES } from "./layout";

// @ts-ignore: decorator
@inline export function lengthAt(lengths: usize, record: usize): usize { return <usize>load<u32>(lengths + 4 * record); }

/** What `count` lengths at `lengths` add up to, or more than CHUNK_BYTES where that does not fit the window. */
export function sumLengths(lengths: usize, count: usize): usize {
  let sum: usize = 0;
  for (let record: usize = 0; record < count; record++) {
    const length = lengthAt(lengths, record);
    if (length > CHUNK_BYTES - sum) return CHUNK_BYTES + 1;
    sum += length;
  }
  return sum;
}
