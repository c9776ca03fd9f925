/** Runs of many files: their totals, how many large ones are in memory at once, and inputs that change meanwhile. */
import { execFileSync } from "node:child_process";
import { appendFileSync, renameSync, symlinkSync, truncateSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Reporter, runBatch, type Task } from "../../src/cli/batch.ts";
import { openHome } from "../../src/cli/home.ts";
import { ensureDefaultKey } from "../../src/cli/key-choice.ts";
import { OutputTree } from "../../src/cli/output-file.ts";
import { sealPaths } from "../../src/cli/seal.ts";
import { planWork } from "../../src/cli/walk.ts";
import { run } from "./command.ts";
import { filesBelow, sampleBytes, temporaryFolder, writeTree } from "./tree.ts";

const SILENT: Reporter = { begin() {}, advance() {}, fail() {}, end() {} };
const OUTPUT = { force: false, sync: false, runId: "0".repeat(16) };
const MODES = { fileMode: 0o600, folderMode: 0o700 };

const root = temporaryFolder();
const home = join(root, "home");

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

/** Lists what is in `folder/in`, lets `meanwhile` happen, and runs the task into `folder/out`. */
async function runOver(folder: string, task: Task, meanwhile: () => void = () => {}) {
  const out = join(folder, "out");
  const plan = await planWork([join(folder, "in")], {
    command: "seal",
    out,
    home,
    exclude: new Set(),
    keepsFolderName: true,
    outputName: (name) => name,
    foreignFiles: "",
  });
  meanwhile();
  return runBatch(plan, new OutputTree({ ...OUTPUT, ...MODES, out }), SILENT, task);
}

function nineFiles(folder: string): void {
  writeTree(folder, Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`in/${i}`, sampleBytes(i + 1)])));
}

describe("files that pass at the same time", () => {
  it("are all in the sum of bytes", async () => {
    const folder = join(root, "sum");
    nineFiles(folder);
    const work: Task["work"] = async ({ input }) => {
      await turn();
      return input.sizeBytes;
    };
    const result = await runOver(folder, { work, isHopeless: () => false });
    expect(result).toMatchObject({ files: 9, bytes: 45, failures: [] });
  });

  it("take turns where each needs much memory, also after one has failed", async () => {
    const folder = join(root, "turns");
    nineFiles(folder);
    let [now, most] = [0, 0];
    const lanes = new Set<unknown>();
    const work: Task["work"] = ({ input, alone }) =>
      alone(async (lane) => {
        lanes.add(lane);
        most = Math.max(most, ++now);
        await turn();
        now--;
        if (input.sizeBytes === 1) throw new Error("the first one fails");
        return input.sizeBytes;
      });
    const result = await runOver(folder, { work, isHopeless: () => false });
    expect(result).toMatchObject({ files: 8, bytes: 44, failures: [{}] });
    expect([most, lanes.size]).toEqual([1, 1]);
  });
});

describe.skipIf(process.platform === "win32")("an input that is no longer what was listed", () => {
  it("is neither waited for, where it is a pipe, nor followed, where it is a link", async () => {
    const folder = join(root, "swapped");
    writeTree(folder, { "in/link": sampleBytes(1), "in/pipe": sampleBytes(1), "in/same": sampleBytes(1) });
    const work: Task["work"] = async ({ input }) => input.sizeBytes;
    const result = await runOver(folder, { work, isHopeless: () => false }, () => {
      renameSync(join(folder, "in", "link"), join(folder, "elsewhere"));
      symlinkSync(join(folder, "elsewhere"), join(folder, "in", "link"));
      unlinkSync(join(folder, "in", "pipe"));
      execFileSync("mkfifo", [join(folder, "in", "pipe")]);
    });
    expect(result.files).toBe(1);
    const errors = Object.fromEntries(result.failures.map(({ path, error }) => [path, error]));
    expect(errors[join(folder, "in", "link")]).toMatchObject({ code: "ELOOP" });
    expect(String(errors[join(folder, "in", "pipe")])).toContain("not a regular file");
  });

  it("is followed where the command line names the link", async () => {
    const folder = join(root, "named");
    writeTree(folder, { a: sampleBytes(1) });
    symlinkSync("a", join(folder, "link"));
    expect((await run(["seal", join(folder, "link"), "-o", join(folder, "out")], { home })).code).toBe(0);
    expect(filesBelow(join(folder, "out"))).toEqual(["link.sealed"]);
  });

  it("is refused by inspect where it is a pipe", async () => {
    const pipe = join(root, "pipe");
    execFileSync("mkfifo", [pipe]);
    const answer = await run(["inspect", pipe], { home });
    expect(answer.code).toBe(1);
    expect(answer.stderr).toContain("it is not a regular file");
  });
});

describe("an input that changes while it is sealed", () => {
  it.each([
    ["grows", 3, (path: string) => appendFileSync(path, "x")],
    ["grows, and is large", 3_000_000, (path: string) => appendFileSync(path, "x")],
    ["is cut short", 3_000_000, (path: string) => truncateSync(path, 1_500_000)],
  ])("fails and leaves nothing behind: it %s", async (name, lengthBytes, change) => {
    const folder = join(root, name);
    writeTree(folder, { a: sampleBytes(lengthBytes) });
    const open = await openHome({ env: {}, home, region: "us-east-1", account: "111122223333", create: true });
    try {
      const { key } = await ensureDefaultKey(open.kms);
      let changes = 0;
      const reporter = { ...SILENT, advance: () => void (changes++ === 0 && change(join(folder, "a"))) };
      const output = { ...OUTPUT, out: join(folder, "out") };
      const envelope = open.envelope({ keyId: key.Arn! });
      const options = { paths: [join(folder, "a")], envelope, context: {}, output, home, exclude: new Set<string>() };
      const { files, failures } = await sealPaths(options, reporter);
      expect(files).toBe(0);
      expect(String(failures[0]?.error)).toContain("changed while it was read");
      expect(filesBelow(join(folder, "out"))).toEqual([]);
    } finally {
      await open.close();
    }
  });

  it.skipIf(process.platform !== "linux")("is not a file of the kernel, whose size and time say nothing", async () => {
    const answer = await run(["seal", "/proc/self/status", "-o", join(root, "kernel")], { home });
    expect(answer).toMatchObject({ code: 0, stderr: "" });
  });
});
