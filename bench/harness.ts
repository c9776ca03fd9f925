/** Runs plans one after the other. */
import type { Plan } from "./contender.ts";
import type { Progress } from "./progress.ts";
import { type Budget, type Outcome, runPlan } from "./rounds.ts";
import type { Stopwatch } from "./stopwatch.ts";

/** Says who was not timed, and gives the exit code of the run. */
export function conclude({ refusals }: Outcome, say: (line: string) => void): number {
  for (const { plan, subject, reason } of refusals) {
    say(`Not timed: ${subject} in ${plan.layer}: ${plan.case}, ${plan.bytes} B. ${reason}`);
  }
  return refusals.length > 0 ? 1 : 0;
}

export async function runPlans(
  plans: readonly Plan[],
  watch: Stopwatch,
  budget: Budget,
  progress: Progress,
): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  try {
    for (const plan of plans) {
      progress.begin(`${plan.layer}: ${plan.case}, ${plan.bytes} B`);
      outcomes.push(await runPlan(plan, watch, budget));
      progress.step();
    }
  } finally {
    progress.end();
  }
  return {
    rows: outcomes.flatMap(({ rows }) => rows),
    refusals: outcomes.flatMap(({ refusals }) => refusals),
  };
}
