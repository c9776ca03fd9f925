/** What is run on Node.js, layer by layer. */
import type { Plan } from "../contender.ts";
import { LAYERS, type Layer } from "../row.ts";
import { encryptWebStreams } from "../subjects/encrypt-web-streams.ts";
import { engines } from "../subjects/engine.ts";
import { noble } from "../subjects/noble.ts";
import { nodeCrypto, nodeDerivations } from "../subjects/node-crypto.ts";
import { nodeForge } from "../subjects/node-forge.ts";
import { ours } from "../subjects/ours.ts";
import { stablelib } from "../subjects/stablelib.ts";
import { webCrypto } from "../subjects/web-crypto.ts";
import { ensureThirdParty } from "../thirdparty.ts";
import { corePlans } from "./core.ts";
import { enginePlans } from "./engine.ts";
import { envelopePlans } from "./envelope.ts";
import { kmsPlans } from "./kms.ts";
import { policyPlans } from "./policy.ts";
import { startPlan } from "./start.ts";

/** A short run asks the slower libraries at these sizes only. */
const QUICK_SIZES = [64, 1_048_576];

/** The plans of one layer, or of all. @param say told before the libraries of bench/thirdparty are installed */
export async function plansFor(
  only: Layer | undefined,
  quick: boolean,
  say: (line: string) => void,
): Promise<readonly Plan[]> {
  const layers: Readonly<Record<Layer, () => Promise<Plan[]>>> = {
    core: () => planCore(quick, say),
    engine: async () => enginePlans(engines("sync")),
    kms: async () => kmsPlans(nodeDerivations),
    envelope: async () => envelopePlans([nodeCrypto]),
    policy: async () => policyPlans(),
  };
  const plans: Plan[] = [];
  for (const layer of only === undefined ? LAYERS : [only]) plans.push(...(await layers[layer]()));
  return plans;
}

async function planCore(quick: boolean, say: (line: string) => void): Promise<Plan[]> {
  ensureThirdParty(say);
  const others = [
    ...webCrypto,
    ...(await noble()),
    ...(await encryptWebStreams()),
    ...(await nodeForge()),
    ...(await stablelib()),
  ];
  const plans = corePlans({
    ours: ours(),
    native: [nodeCrypto, ...nodeDerivations],
    others,
    othersAt: (bytes) => !quick || QUICK_SIZES.includes(bytes),
  });
  return [...plans, startPlan()];
}
