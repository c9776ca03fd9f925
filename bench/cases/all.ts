/** Every plan of a run on Node.js, layer by layer. */
import type { Plan } from "../contender.ts";
import { encryptWebStreams } from "../subjects/encrypt-web-streams.ts";
import { engines } from "../subjects/engine.ts";
import { noble } from "../subjects/noble.ts";
import { nodeCrypto, nodeDerivations } from "../subjects/node-crypto.ts";
import { nodeForge } from "../subjects/node-forge.ts";
import { ours } from "../subjects/ours.ts";
import { stablelib } from "../subjects/stablelib.ts";
import { webCrypto } from "../subjects/web-crypto.ts";
import { corePlans } from "./core.ts";
import { enginePlans } from "./engine.ts";
import { envelopePlans } from "./envelope.ts";
import { kmsPlans } from "./kms.ts";

/** A short run asks the slower libraries at these sizes only. */
const QUICK_SIZES = [64, 1_048_576];

/** The libraries of bench/thirdparty must be installed. */
export async function allPlans(quick: boolean): Promise<Plan[]> {
  const others = [
    ...webCrypto,
    ...(await noble()),
    ...(await encryptWebStreams()),
    ...(await nodeForge()),
    ...(await stablelib()),
  ];
  return [
    ...corePlans({
      ours: ours(),
      native: [nodeCrypto, ...nodeDerivations],
      others,
      othersAt: (bytes) => !quick || QUICK_SIZES.includes(bytes),
    }),
    ...enginePlans(engines()),
    ...kmsPlans(nodeDerivations),
    ...envelopePlans([nodeCrypto]),
  ];
}
