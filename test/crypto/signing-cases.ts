/** The specs of key pairs and their algorithms, as tests go through them in every runtime. */
import { KEY_SPECS, type PairSpec, SIGNING_ALGORITHMS } from "../../src/crypto/algorithms.ts";

export const PAIR_SPECS = Object.keys(KEY_SPECS).filter(
  (spec) => KEY_SPECS[spec as PairSpec].material === "pair",
) as PairSpec[];

/** Every way to sign: spec, algorithm, type of message. */
export const SIGNING_CASES = PAIR_SPECS.flatMap((spec) =>
  (KEY_SPECS[spec].usages.SIGN_VERIFY ?? []).flatMap((algorithm) =>
    SIGNING_ALGORITHMS[algorithm].messageTypes.map((type) => [spec, algorithm, type] as const),
  ),
);
