/**
 * The bench: times this project beside the alternatives, layer by layer, and writes down what it saw.
 *
 *   npm run bench -- --help
 *
 * It runs bundled (build/bench/run.js), by the same compiler and settings as what is shipped: run from the sources, the
 * loader's own additions to every function would be timed as well.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { judge } from "./bars.ts";
import { FULL, QUICK } from "./budget.ts";
import { plansFor } from "./cases/all.ts";
import type { Plan } from "./contender.ts";
import { conclude, runPlans } from "./harness.ts";
import { HELP, type Options, parseOptions } from "./options.ts";
import { showProgress } from "./progress.ts";
import { renewReadme } from "./readme.ts";
import { renderPage } from "./report/page.ts";
import { fileNameOf, RESULTS_FOLDER, readOthers, readResults, writeResults } from "./results.ts";
import type { Outcome } from "./rounds.ts";
import type { Results } from "./row.ts";
import { type Stopwatch, stopwatch } from "./stopwatch.ts";
import { summarize } from "./summary.ts";
import { describeCommit, describeMachine } from "./surroundings.ts";
import { startWorkerd } from "./workerd/session.ts";

/** Runs this file under another Node.js and returns its exit code. */
function runUnder(node: string, args: readonly string[]): number {
  const { status, error } = spawnSync(node, [fileURLToPath(import.meta.url), ...args], { stdio: "inherit" });
  if (error !== undefined)
    throw new TypeError(`--node ${node} cannot be started (${error.message}): name a Node.js binary.`);
  return status ?? 1;
}

function argsWithoutNode(args: readonly string[]): string[] {
  return args.filter((arg, i) => arg !== "--node" && args[i - 1] !== "--node" && !arg.startsWith("--node="));
}

interface Measured {
  readonly results: Results;
  readonly outcome: Outcome;
}

async function measure(options: Options): Promise<Measured> {
  const { quick, only } = options;
  if (options.workerd) {
    const session = await startWorkerd();
    try {
      const plans = session.plans.filter(({ layer }) => only === undefined || layer === only);
      return await time(plans, session.stopwatch, session.runtime, quick);
    } finally {
      await session.stop();
    }
  }
  const plans = await plansFor(only, quick, (line) => console.error(line));
  return time(plans, stopwatch(), process.version, quick);
}

async function time(plans: readonly Plan[], watch: Stopwatch, node: string, quick: boolean): Promise<Measured> {
  const date = new Date().toISOString();
  const outcome = await runPlans(plans, watch, quick ? QUICK : FULL, showProgress(plans.length));
  const results = { machine: describeMachine(), node, commit: describeCommit(), date, rows: outcome.rows };
  return { results, outcome };
}

/** Names of short runs and of single layers say so. */
function partOf({ only, quick }: Options): string | undefined {
  const parts = [...(only === undefined ? [] : [only]), ...(quick ? ["quick"] : [])];
  return parts.length === 0 ? undefined : parts.join("-");
}

function write(results: Results, options: Options): string[] {
  const paths = [join(RESULTS_FOLDER, fileNameOf(results, partOf(options)))];
  if (options.json !== undefined) paths.push(options.json);
  for (const path of paths) writeResults(path, results);
  return paths;
}

function draw(results: Results, options: Options): string[] {
  const part = partOf(options);
  const page = join(RESULTS_FOLDER, part === undefined ? "report.html" : `report-${part}.html`);
  writeFileSync(page, renderPage(results, readOthers(results.node)));
  return [page, ...(options.readme ? renewReadme(results) : [])];
}

/** Known before minutes are spent. @throws {TypeError} */
function checkWritable(path: string): void {
  try {
    closeSync(openSync(path, "a"));
  } catch (error) {
    throw new TypeError(`--json ${path} cannot be written: ${(error as Error).message}`);
  }
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  if (options.node !== undefined) return runUnder(options.node, argsWithoutNode(args));
  mkdirSync(RESULTS_FOLDER, { recursive: true });
  if (options.json !== undefined) checkWritable(options.json);
  const measured = options.from === undefined ? await measure(options) : undefined;
  const results = measured?.results ?? readResults(options.from!);
  const files = [...(measured === undefined ? [] : write(results, options)), ...draw(results, options)];
  console.log(summarize(results, judge(results)));
  console.log(`\nWritten: ${files.map((path) => relative(process.cwd(), path)).join(", ")}`);
  return measured === undefined ? 0 : conclude(measured.outcome, (line) => console.error(line));
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof TypeError ? error.message : error);
  process.exitCode = 2;
}
