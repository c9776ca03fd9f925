/** The command line of the bench. */
import { parseArgs } from "node:util";
import { LAYERS, type Layer } from "./row.ts";

export const HELP = `Times wasm-kms beside the alternatives, on this machine, and says which claims hold.

  npm run bench                                  everything, some minutes
  npm run bench -- --quick                       everything, under a minute, less exact
  npm run bench -- --only core                   one layer: ${LAYERS.join(", ")}
  npm run bench -- --json out.json               writes the rows there as well
  npm run bench -- --node ~/node-24/bin/node     the same under another Node.js (24 has relaxed SIMD)
  npm run bench -- --workerd                     core and engine inside a real workerd, timed from outside
  npm run bench -- --readme                      renews the charts and the table of the README, too
  npm run bench -- --from out.json               times nothing: draws the report (and with --readme the README)
                                                 of results that are there already

Options go together: npm run bench -- --quick --only engine --node /opt/node-24/bin/node

Every subject is compared with node:crypto on the very inputs of its case before it is timed. One that
disagrees is named and not timed, and the exit code is 1. Subjects take turns, round after round; a ratio
is the baseline's time over the subject's in the same round, so above 1 the subject is faster.

Whole runs on a quiet machine decide; short ones show.

Results go to bench/results/*.json, the report with charts to bench/results/report.html; those of short runs and of
single layers have names that say so.`;

export interface Options {
  readonly help: boolean;
  readonly quick: boolean;
  readonly workerd: boolean;
  readonly readme: boolean;
  readonly json?: string | undefined;
  /** Results to draw instead of measuring. */
  readonly from?: string | undefined;
  readonly only?: Layer | undefined;
  readonly node?: string | undefined;
}

/** @throws {TypeError} whose message says what was wrong and what is possible */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", short: "h", default: false },
      quick: { type: "boolean", default: false },
      workerd: { type: "boolean", default: false },
      readme: { type: "boolean", default: false },
      json: { type: "string" },
      from: { type: "string" },
      only: { type: "string" },
      node: { type: "string" },
    },
  });
  const { only } = values;
  if (only !== undefined && !isLayer(only)) {
    throw new TypeError(`There is no layer "${only}": --only takes ${LAYERS.join(", ")}.`);
  }
  if (values.workerd && only !== undefined && only !== "core" && only !== "engine") {
    throw new TypeError(`--workerd runs the layers core and engine, not "${only}".`);
  }
  if (values.workerd && values.node !== undefined) {
    throw new TypeError("--workerd and --node name two runtimes: give one of them.");
  }
  if (values.readme && (values.quick || only !== undefined || values.workerd)) {
    throw new TypeError("--readme shows a whole run on Node.js: leave out --quick, --only and --workerd.");
  }
  return { ...values, only };
}

function isLayer(name: string): name is Layer {
  return (LAYERS as readonly string[]).includes(name);
}
