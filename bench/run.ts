/**
 * The bench: times this project beside the alternatives, layer by layer, and writes down what it saw.
 *
 *   npm run bench -- --help
 *
 * It runs bundled (build/bench/run.js), by the same compiler and settings as what is shipped: run from the sources, the
 * loader's own additions to every function would be timed as well.
 */
import { writeFileSync } from "node:fs";
import { FULL, QUICK } from "./budget.ts";
import { corePlans } from "./cases/core.ts";
import { runPlans } from "./harness.ts";
import { HELP, type Options, parseOptions } from "./options.ts";
import { showProgress } from "./progress.ts";
import type { Results } from "./row.ts";
import { stopwatch } from "./stopwatch.ts";
import { encryptWebStreams } from "./subjects/encrypt-web-streams.ts";
import { noble } from "./subjects/noble.ts";
import { nodeCrypto, nodeDerivations } from "./subjects/node-crypto.ts";
import { nodeForge } from "./subjects/node-forge.ts";
import { ours } from "./subjects/ours.ts";
import { stablelib } from "./subjects/stablelib.ts";
import { webCrypto } from "./subjects/web-crypto.ts";
import { describeCommit, describeMachine } from "./surroundings.ts";
import { ensureThirdParty } from "./thirdparty.ts";

async function main(options: Options): Promise<number> {
  ensureThirdParty((line) => console.error(line));
  const field = {
    ours: ours(),
    native: [nodeCrypto, ...nodeDerivations],
    others: [
      ...webCrypto,
      ...(await noble()),
      ...(await encryptWebStreams()),
      ...(await nodeForge()),
      ...(await stablelib()),
    ],
    othersAt: options.quick ? (bytes: number) => bytes === 64 || bytes === 1_048_576 : () => true,
  };
  const plans = corePlans(field).filter(({ layer }) => options.only === undefined || layer === options.only);
  const progress = showProgress(plans.length);
  const date = new Date().toISOString();
  const { rows, refusals } = await runPlans(plans, stopwatch(), options.quick ? QUICK : FULL, progress);
  const results: Results = {
    machine: describeMachine(),
    node: process.version,
    commit: describeCommit(),
    date,
    rows,
  };
  for (const row of rows) console.log(row.case, row.bytes, row.subject, row.p50Ns, row.p99Ns, row.ratio, row.baseline);
  for (const { plan, subject, reason } of refusals) console.error(`${plan.case} ${plan.bytes} ${subject}: ${reason}`);
  if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(results, undefined, 1));
  return refusals.length > 0 ? 1 : 0;
}

const options = parseOptions(process.argv.slice(2));
if (options.help) console.log(HELP);
else process.exitCode = await main(options);
