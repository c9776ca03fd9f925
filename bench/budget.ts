/** How much time a run gives to what it measures. */
import type { Budget } from "./rounds.ts";

export const FULL: Budget = { warmMs: 60, sliceMs: 12, caseMs: 4000, roundsMin: 5, roundsMax: 41 };
/** All layers in less than a minute. */
export const QUICK: Budget = { warmMs: 20, sliceMs: 4, caseMs: 260, roundsMin: 3, roundsMax: 9 };
