/** Ids of requests and events. */
import type { Random } from "../env.ts";
import { hexOf, uuidOf } from "./arn.ts";

/** Ids in the form of a UUID: random once, then counted, since nothing secret hangs on them. */
export function countedIds(random: Random): () => string {
  const start = new Uint8Array(16);
  random.fill(start);
  const prefix = uuidOf(start).slice(0, 24);
  let count = 0;
  let upper = "";
  return () => {
    // Ten of the twelve digits that count change once in 256 requests.
    if ((count & 0xff) === 0)
      upper =
        prefix +
        Math.floor(count / 256)
          .toString(16)
          .padStart(10, "0");
    return upper + hexOf(count++ & 0xff);
  };
}
