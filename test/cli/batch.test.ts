/** Runs of many files: their totals, and how much of them is in memory at once. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { type BatchResult, type Reporter, runBatch } from "../../src/cli/batch.ts";
import { OutputTree } from "../../src/cli/output-file.ts";
import { planWork } from "../../src/cli/walk.ts";
import { sampleBytes, temporaryFolder, writeTree } from "./tree.ts";

const SILENT: Reporter = { begin() {}, advance() {}, fail() {}, end() {} };

it("adds up the bytes of files that pass at the same time", async () => {
  const root = temporaryFolder();
  writeTree(root, Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`in/${i}`, sampleBytes(i + 1)])));
  const out = join(root, "out");
  const plan = await planWork([join(root, "in")], {
    command: "seal",
    out,
    home: join(root, "home"),
    exclude: new Set(),
    keepsFolderName: true,
    outputName: (name) => name,
    foreignFiles: "",
  });
  const options = { out, force: false, sync: false, fileMode: 0o600, folderMode: 0o700, runId: "0".repeat(16) };
  const result: BatchResult = await runBatch(plan, new OutputTree(options), SILENT, {
    async work({ input }) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return input.sizeBytes;
    },
    isHopeless: () => false,
  });
  expect(result).toMatchObject({ files: 9, bytes: 45, failures: [] });
});
