/** The core beside everybody else: AES-GCM, HKDF, and a message under a key of its own. */
import type { Baseline, Case, Plan } from "../contender.ts";
import { deriveJobs, hkdfJobs, openJobs, packedJobs, sealJobs } from "../job.ts";
import { HKDF_SYNC, NOBLE, NODE_CRYPTO, NPM_WASM, ONE_HMAC, TWO_HMACS, withKeyObjects } from "../names.ts";
import { SIZES } from "../sizes.ts";
import type { Subject } from "../subjects/subject.ts";
import {
  checkDeriveAndSeal,
  checkHkdf,
  checkOpen,
  checkOpenPacked,
  checkSeal,
  checkSealInto,
  checkSealPacked,
  type Prepared,
  prepareAll,
} from "../validation.ts";

const LAYER = "core";
const KEY_BYTES = 32;
const OTHER_KEYS = [16, 24];
const OTHER_KEY_SIZES = [64, 1024, 65_536];
const RECORD_SIZES = [16, 64, 256];
const RECORD_COUNT = 1000;
const RECORD_COUNT_TEXT = "1,000";

export const BY_NODE_CRYPTO: Baseline = { fastestOf: [NODE_CRYPTO] };
export const BY_TWO_HMACS: Baseline = { fastestOf: [TWO_HMACS, withKeyObjects(TWO_HMACS)] };
export const BY_ONE_HMAC: Baseline = { fastestOf: [ONE_HMAC, withKeyObjects(ONE_HMAC)] };
const BY_NODE_HKDF: Baseline = { fastestOf: [HKDF_SYNC, ...BY_TWO_HMACS.fastestOf] };

/** The subjects by how often they are asked: those that matter for a claim, and those that complete the picture. */
export interface Field {
  readonly ours: readonly Subject[];
  readonly native: readonly Subject[];
  /** Slow at large sizes: a short run asks them at two sizes only. */
  readonly others: readonly Subject[];
  readonly othersAt: (lengthBytes: number) => boolean;
}

export function caseOf(prepared: readonly Prepared[], baselines: readonly Baseline[]): Case {
  return {
    contenders: prepared.map(({ contender }) => contender),
    baselines,
    close() {
      for (const { close } of prepared) close();
    },
  };
}

export function corePlans(field: Field): Plan[] {
  const { ours, native, others, othersAt } = field;
  const everybody = (bytes: number) => [...ours, ...native, ...(othersAt(bytes) ? others : [])];
  const ourNames = ours.map(({ name }) => name);
  const baselines = [BY_NODE_CRYPTO, ...[NOBLE, NPM_WASM].map((name) => ({ fastestOf: [name], subjects: ourNames }))];
  const plan = (name: string, bytes: number, prepare: Plan["prepare"]): Plan => {
    return { layer: LAYER, case: name, bytes, prepare };
  };
  const sealPlan = (name: string, keyBytes: number, bytes: number) =>
    plan(name, bytes, async () => {
      const jobs = sealJobs(keyBytes, bytes);
      return caseOf(await prepareAll(everybody(bytes), ({ seal }) => seal, jobs, checkSeal), baselines);
    });

  return [
    ...SIZES.map((bytes) => sealPlan("seal", KEY_BYTES, bytes)),
    ...SIZES.map((bytes) =>
      plan("seal into a buffer", bytes, async () => {
        const jobs = sealJobs(KEY_BYTES, bytes);
        return caseOf(await prepareAll(everybody(bytes), (s) => s.sealInto, jobs, checkSealInto), [BY_NODE_CRYPTO]);
      }),
    ),
    ...SIZES.map((bytes) =>
      plan("open", bytes, async () => {
        const jobs = openJobs(KEY_BYTES, bytes);
        return caseOf(await prepareAll(everybody(bytes), ({ open }) => open, jobs, checkOpen), baselines);
      }),
    ),
    ...OTHER_KEYS.flatMap((keyBytes) =>
      OTHER_KEY_SIZES.map((bytes) => sealPlan(`seal, AES-${keyBytes * 8}`, keyBytes, bytes)),
    ),
    ...RECORD_SIZES.flatMap((bytes) => packedPlans(field, bytes, plan)),
    ...derivationPlans(field, plan),
  ];
}

/** Many records in one call, beside node:crypto, which takes them one by one. */
function packedPlans(
  { ours, native }: Field,
  bytes: number,
  plan: (name: string, bytes: number, prepare: Plan["prepare"]) => Plan,
): Plan[] {
  return [
    plan(`seal ${RECORD_COUNT_TEXT} records`, bytes, async () => {
      const { seal, packed } = packedJobs(bytes, RECORD_COUNT);
      const batches = await prepareAll(ours, (subject) => subject.sealPacked, packed, checkSealPacked);
      const single = await prepareAll(native, (subject) => subject.seal, seal, checkSeal);
      return caseOf([...batches, ...single], [BY_NODE_CRYPTO]);
    }),
    plan(`open ${RECORD_COUNT_TEXT} records`, bytes, async () => {
      const { open, packed } = packedJobs(bytes, RECORD_COUNT);
      const batches = await prepareAll(ours, (subject) => subject.openPacked, packed, checkOpenPacked);
      const single = await prepareAll(native, (subject) => subject.open, open, checkOpen);
      return caseOf([...batches, ...single], [BY_NODE_CRYPTO]);
    }),
  ];
}

function derivationPlans(
  { ours, native, others }: Field,
  plan: (name: string, bytes: number, prepare: Plan["prepare"]) => Plan,
): Plan[] {
  const all = [...ours, ...native, ...others];
  return [
    plan("HKDF-SHA-256", 32, async () =>
      caseOf(await prepareAll(all, ({ hkdf }) => hkdf, hkdfJobs(32), checkHkdf), [BY_NODE_HKDF]),
    ),
    plan("derive and seal", 64, async () => {
      const prepared = await prepareAll(
        all,
        (subject) => subject.deriveAndSeal,
        deriveJobs(64, RECORD_COUNT),
        checkDeriveAndSeal,
      );
      return caseOf(prepared, [BY_TWO_HMACS, { ...BY_ONE_HMAC, subjects: ours.map(({ name }) => name) }]);
    }),
  ];
}
