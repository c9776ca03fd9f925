/** The bench itself: what it writes, whom it refuses to time, and how it compares. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BARS, judge } from "../../bench/bars.ts";
import { caseOf, corePlans } from "../../bench/cases/core.ts";
import { enginePlans } from "../../bench/cases/engine.ts";
import type { Plan } from "../../bench/contender.ts";
import { conclude, runPlans } from "../../bench/harness.ts";
import { openJobs, type SealJob, sealJobs } from "../../bench/job.ts";
import { HELP, parseOptions } from "../../bench/options.ts";
import { etaOf, showProgress } from "../../bench/progress.ts";
import { renderPage } from "../../bench/report/page.ts";
import { fileNameOf, writeResults } from "../../bench/results.ts";
import { type Budget, type Outcome, runPlan } from "../../bench/rounds.ts";
import type { Results, Row } from "../../bench/row.ts";
import { medianOf, quantileOf } from "../../bench/statistics.ts";
import { stopwatch } from "../../bench/stopwatch.ts";
import { engines } from "../../bench/subjects/engine.ts";
import { nodeCrypto } from "../../bench/subjects/node-crypto.ts";
import { ours } from "../../bench/subjects/ours.ts";
import type { Subject } from "../../bench/subjects/subject.ts";
import { checkOpen, checkSeal, prepareAll } from "../../bench/validation.ts";

const TINY: Budget = { warmMs: 2, sliceMs: 1, caseMs: 20, roundsMin: 3, roundsMax: 5 };
const SILENT = showProgress(1, { isTTY: false } as NodeJS.WriteStream);
const BYTES = 64;

const folder = mkdtempSync(join(tmpdir(), "wasm-kms-bench-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const time = (plans: readonly Plan[]) => runPlans(plans, stopwatch(), TINY, SILENT);

describe("a run of one layer", () => {
  let outcome: Outcome;
  let results: Results;
  beforeAll(async () => {
    outcome = await time(enginePlans(engines("sync")).filter(({ bytes }) => bytes <= 256));
    results = {
      machine: "a machine",
      node: "v20.0.0",
      commit: "abc",
      date: "2026-01-02T03:04:05.678Z",
      rows: outcome.rows,
    };
  });

  it("writes rows of exactly the promised members", () => {
    const path = join(folder, fileNameOf(results, undefined));
    writeResults(path, results);
    const read = JSON.parse(readFileSync(path, "utf8"));
    expect(read).toEqual(results);
    expect(Object.keys(read)).toEqual(["machine", "node", "commit", "date", "rows"]);
    expect(read.rows.length).toBeGreaterThan(0);
    const members = "layer case bytes subject p50Ns p99Ns mbPerS ratio ratioLow ratioHigh baseline".split(" ");
    for (const row of read.rows as Row[]) {
      expect(Object.keys(row)).toEqual(members);
      const { layer, p50Ns, p99Ns, mbPerS, ratio, ratioLow, ratioHigh } = row;
      expect(layer).toBe("engine");
      for (const value of [p50Ns, p99Ns, mbPerS, ratio]) expect(value).toBeGreaterThan(0);
      expect(ratioLow).toBeLessThanOrEqual(ratio);
      expect(ratioHigh).toBeGreaterThanOrEqual(ratio);
    }
  });

  it("compares every subject with its baseline, and the baseline with itself at exactly 1", () => {
    const own = outcome.rows.filter(({ subject, baseline }) => subject === baseline);
    expect(own.length).toBeGreaterThan(0);
    for (const row of own) expect([row.ratio, row.ratioLow, row.ratioHigh]).toEqual([1, 1, 1]);
  });

  it("refuses nobody who is right", () => {
    expect(outcome.refusals).toEqual([]);
    expect(conclude(outcome, () => {})).toBe(0);
  });

  it("makes a report that needs no network and no script, and names every claim", () => {
    const page = renderPage(results, [{ ...results, node: "workerd 1.2.3" }]);
    expect(page).not.toMatch(/<script|<link|<img|\bsrc=|url\((?!#)|@import|href="(?!#)/);
    expect(page.replaceAll("http://www.w3.org/", "")).not.toContain("://");
    for (const { claim } of BARS) expect(page).toContain(claim);
    expect(page).toContain("<svg");
    expect(page).toContain("workerd 1.2.3");
  });
});

/** Plans of one case in which a subject of the test stands beside node:crypto. */
function planWith(liar: Subject, method: "seal" | "open"): Plan {
  return {
    layer: "core",
    case: method,
    bytes: BYTES,
    async prepare() {
      const subjects = [nodeCrypto, liar];
      const prepared =
        method === "seal"
          ? await prepareAll(subjects, ({ seal }) => seal, sealJobs(32, BYTES), checkSeal)
          : await prepareAll(subjects, ({ open }) => open, openJobs(32, BYTES), checkOpen);
      return caseOf(prepared, [{ fastestOf: ["node:crypto"] }]);
    },
  };
}

const core = ours()[0]!;

describe("a subject that lies", () => {
  const fresh = (job: SealJob, run: (sealed: Uint8Array) => unknown) => {
    const work = core.seal!(job) as { run: () => Uint8Array };
    return { run: () => run(work.run()) };
  };
  const liars: readonly (readonly [name: string, method: "seal" | "open", liar: Subject])[] = [
    [
      "seals one bit wrongly",
      "seal",
      { name: "liar", seal: (job) => fresh(job, (sealed) => sealed.with(20, sealed[20]! ^ 1)) },
    ],
    ["leaves the tag out", "seal", { name: "liar", seal: (job) => fresh(job, (sealed) => sealed.subarray(0, BYTES)) }],
    ["returns nothing", "seal", { name: "liar", seal: (job) => fresh(job, () => undefined) }],
    [
      "seals once and returns that again",
      "seal",
      {
        name: "liar",
        seal(job) {
          const [nonce, plaintext] = [job.nonces.next(), job.plaintexts.next()];
          const sealed = nodeCrypto.seal!({
            ...job,
            nonces: { next: () => nonce },
            plaintexts: { next: () => plaintext },
          } as never);
          const once = (sealed as { run: () => Uint8Array }).run();
          return {
            run() {
              job.nonces.next();
              job.plaintexts.next();
              return once;
            },
          };
        },
      },
    ],
    [
      "opens whatever it is given",
      "open",
      { name: "liar", open: ({ messages }) => ({ run: () => messages.next().plaintext }) },
    ],
    [
      "fails",
      "open",
      {
        name: "liar",
        open: () => ({
          run() {
            throw new Error("out of order");
          },
        }),
      },
    ],
  ];

  it.each(liars)("is named and not timed: one that %s", async (_, method, liar) => {
    const outcome = await time([planWith(liar, method)]);
    expect(outcome.refusals.map(({ subject }) => subject)).toEqual(["liar"]);
    expect(outcome.rows.map(({ subject }) => subject)).toEqual(["node:crypto"]);
    const said: string[] = [];
    expect(conclude(outcome, (line) => said.push(line))).toBe(1);
    expect(said.join()).toContain(`liar in core: ${method}, ${BYTES} B. ${outcome.refusals[0]!.reason}`);
  });

  it("does not stand in the way of one that is right", async () => {
    const outcome = await time([
      planWith({ ...core, name: "honest" }, "seal"),
      planWith({ ...core, name: "honest" }, "open"),
    ]);
    expect(outcome.refusals).toEqual([]);
    expect(outcome.rows.filter(({ subject }) => subject === "honest")).toHaveLength(2);
  });
});

it("runs every case of the core that needs no other library", async () => {
  const field = { ours: ours(), native: [nodeCrypto], others: [], othersAt: () => false };
  const plans = corePlans(field).filter(({ bytes }) => bytes <= BYTES);
  const { rows, refusals } = await time(plans);
  expect(refusals).toEqual([]);
  expect(new Set(rows.map((row) => row.case))).toContain("seal 1,000 records");
});

it("turns the order round by round, so that nobody is always first", async () => {
  const order: string[] = [];
  const contender = (subject: string) => ({ subject, run: () => undefined, validate: async () => {} });
  const plan: Plan = {
    layer: "core",
    case: "order",
    bytes: 1,
    prepare: () => ({ contenders: ["a", "b", "c"].map(contender), baselines: [{ fastestOf: ["a"] }] }),
  };
  const times = { a: 8, b: 2, c: 4 };
  const watch = {
    async warm() {},
    async take({ subject }: { subject: string }) {
      order.push(subject);
      return [times[subject as keyof typeof times]];
    },
  };
  const { rows } = await runPlan(plan, watch, { ...TINY, caseMs: 1000, roundsMax: 3 });
  expect(order.join("")).toBe("abcbcacab");
  expect(rows.map(({ subject, ratio }) => [subject, ratio])).toEqual([
    ["a", 1],
    ["b", 4],
    ["c", 2],
  ]);
});

describe("claims", () => {
  const row = { layer: "core", case: "seal", bytes: 16, subject: "wasm-kms (plain)", baseline: "node:crypto" } as Row;
  const verdictAt = (ratio: number) =>
    judge({ rows: [{ ...row, ratio, ratioLow: ratio, ratioHigh: ratio, p50Ns: 1 }] })[0]!.verdict;

  it("are met from the bar on, by the rows that were measured", () => {
    expect([7.99, 8, 11.99, 12].map(verdictAt)).toEqual(["not met", "met", "met", "stretch"]);
    expect(judge({ rows: [] }).every(({ verdict }) => verdict === "not measured")).toBe(true);
  });

  it("about every size are decided by the lowest", () => {
    const at = (bytes: number, ratio: number) =>
      ({
        ...{ ...row, layer: "engine", subject: "engine auto", baseline: "engine wasm", bytes },
        ...{ ratio, ratioLow: ratio, ratioHigh: ratio },
      }) as Row;
    const judged = judge({ rows: [at(16, 1), at(64, 0.9), at(256, 2)] }).find(({ bar }) => bar.layer === "engine");
    expect(judged).toMatchObject({ verdict: "not met", row: { bytes: 64 } });
  });
});

describe("the command line", () => {
  it("says what is possible where something was mistyped", () => {
    expect(() => parseOptions(["--only", "cores"])).toThrow('There is no layer "cores": --only takes core, engine');
    expect(() => parseOptions(["--workerd", "--only", "kms"])).toThrow("--workerd runs the layers core and engine");
    expect(() => parseOptions(["--fast"])).toThrow("--fast");
    expect(parseOptions(["--quick", "--only=kms", "--json", "a.json"])).toMatchObject({ only: "kms", json: "a.json" });
    for (const flag of ["--quick", "--json", "--only", "--node", "--workerd"]) expect(HELP).toContain(flag);
  });

  it("shows its progress on a terminal, and nothing in a pipe", () => {
    const shown: string[] = [];
    const stream = { isTTY: true, columns: 80, write: (text: string) => shown.push(text) };
    const progress = showProgress(2, stream as unknown as NodeJS.WriteStream);
    progress.begin("core: seal, 16 B");
    expect(shown.join("")).toContain("[1/2] core: seal, 16 B");
    const piped = { ...stream, isTTY: false };
    showProgress(2, piped as unknown as NodeJS.WriteStream).begin("core: open, 16 B");
    expect(shown.join("")).not.toContain("open");
    expect(etaOf(1, 4, 20_000)).toBe(", about 60 s left");
    expect(etaOf(1, 4, 60_000)).toBe(", about 3 min left");
  });
});

it("interpolates quantiles", () => {
  expect(quantileOf([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantileOf([5], 0.99)).toBe(5);
  expect(medianOf([9, 1, 5])).toBe(5);
});
