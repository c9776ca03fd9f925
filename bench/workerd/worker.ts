/**
 * The bench's side inside workerd. Its clock stands still while code runs, so nothing is timed here: session.ts asks for
 * loops of a length and times them from outside.
 *
 *   /plans               what can be run
 *   /prepare?plan=I      makes a case ready and checks its contenders; says who they are and what is wrong with them
 *   /loop?contender=J&calls=N   calls a contender N times; without `contender`, does nothing N times
 *   /close               frees the case
 */
import { corePlans } from "../cases/core.ts";
import { enginePlans } from "../cases/engine.ts";
import type { Case, Contender, Plan } from "../contender.ts";
import { findDisagreement } from "../rounds.ts";
import { engines } from "../subjects/engine.ts";
import { nodeCrypto, nodeDerivations } from "../subjects/node-crypto.ts";
import { ours } from "../subjects/ours.ts";
import { webCrypto } from "../subjects/web-crypto.ts";
import type { RemoteCase, RemotePlan } from "./session.ts";

let known: Plan[] | undefined;
let open: Case | undefined;
/** What the last call returned, so that no engine finds out that nobody looks at it. A Worker exports handlers only. */
const kept: { last: unknown } = { last: undefined };

/** Made in a request: outside of one, Workers have no entropy. */
function plans(): Plan[] {
  const field = { ours: ours(), native: [nodeCrypto, ...nodeDerivations], others: webCrypto, othersAt: () => true };
  known ??= [...corePlans(field), ...enginePlans(engines("async"))];
  return known;
}

const listPlans = (): RemotePlan[] => plans().map(({ layer, case: name, bytes }) => ({ layer, case: name, bytes }));

async function prepare(plan: number): Promise<RemoteCase> {
  await close();
  open = await plans()[plan]!.prepare();
  const contenders = [];
  for (const contender of open.contenders) {
    const { subject, operations } = contender;
    contenders.push({ subject, operations, disagreement: await findDisagreement(contender) });
  }
  return { contenders, baselines: open.baselines };
}

const NOTHING: Pick<Contender, "run"> = { run: () => undefined };

async function loop(contender: string | null, calls: number): Promise<void> {
  const { run } = contender === null ? NOTHING : open!.contenders[Number(contender)]!;
  const first = run();
  if (first instanceof Promise) {
    await first;
    for (let i = 1; i < calls; i++) kept.last = await run();
  } else {
    for (let i = 1; i < calls; i++) kept.last = run();
  }
}

async function close(): Promise<void> {
  await open?.close?.();
  open = undefined;
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/plans") return Response.json(listPlans());
    if (pathname === "/prepare") return Response.json(await prepare(Number(searchParams.get("plan"))));
    if (pathname === "/loop") await loop(searchParams.get("contender"), Number(searchParams.get("calls")));
    if (pathname === "/close") await close();
    return new Response("done");
  },
};
