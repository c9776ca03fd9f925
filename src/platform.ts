/** What a runtime offers. The composition roots, `node.ts` and `edge.ts`, each export one. */
import type { Engine, EngineName } from "./crypto/engine.ts";
import type { KeyPairs } from "./crypto/key-pairs.ts";
import type { Clock, Fetch, Random } from "./env.ts";

export interface Platform {
  readonly clock: Clock;
  readonly random: Random;
  /** Made on first use, then the same one for the whole process; all of them have one core. */
  engine(name: EngineName): Engine;
  /** Asymmetric keys. */
  readonly keyPairs: KeyPairs;
  /** Calls the proxies of external key stores. */
  readonly fetch: Fetch;
  /** WebCrypto; a page that did not come over https has none. */
  readonly subtle: SubtleCrypto | undefined;
}
