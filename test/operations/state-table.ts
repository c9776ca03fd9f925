/** The Developer Guide's table of key states, as the reference has it: `undefined` where there is no reference. */
import { readReference } from "../vectors.ts";

export interface Cell {
  readonly r: "ok" | "fail" | "cond" | "n/a";
  readonly notes?: readonly number[];
}

/** By operation and state. */
export type StateTable = Readonly<Record<string, Readonly<Record<string, Cell>>>>;

export const stateTable = readReference<{ table: StateTable }>("key-states.json")?.table;
