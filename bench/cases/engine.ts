/** The engine's choice beside both things that it chooses from, at every size and between the sizes. */
import type { Baseline, Plan } from "../contender.ts";
import { openJobs, sealJobs } from "../job.ts";
import { NATIVE, WASM } from "../names.ts";
import { SIZES } from "../sizes.ts";
import type { Subject } from "../subjects/subject.ts";
import { checkOpen, checkSeal, prepareAll } from "../validation.ts";
import { caseOf } from "./core.ts";

const LAYER = "engine";
const KEY_BYTES = 32;
/** Where the two are close, steps are finer, so that the crossing shows. */
const CROSSING_SIZES = [512, 768, 1536, 2048];
const ENGINE_SIZES = [...SIZES, ...CROSSING_SIZES].sort((a, b) => a - b);

const BETTER: Baseline = { fastestOf: [WASM, NATIVE] };
const NATIVE_ONLY: Baseline = { fastestOf: [NATIVE], subjects: [WASM] };

export function enginePlans(engines: readonly Subject[]): Plan[] {
  const baselines = [BETTER, NATIVE_ONLY];
  return [
    ...ENGINE_SIZES.map((bytes): Plan => {
      const prepare = async () =>
        caseOf(await prepareAll(engines, ({ seal }) => seal, sealJobs(KEY_BYTES, bytes), checkSeal), baselines);
      return { layer: LAYER, case: "seal", bytes, prepare };
    }),
    ...ENGINE_SIZES.map((bytes): Plan => {
      const prepare = async () =>
        caseOf(await prepareAll(engines, ({ open }) => open, openJobs(KEY_BYTES, bytes), checkOpen), baselines);
      return { layer: LAYER, case: "open", bytes, prepare };
    }),
  ];
}
