/** The output folder: how it is made, and that no folder in it is exchanged for another during a run. */
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { OutputTree } from "../../src/cli/output-file.ts";
import { run, runProcess } from "./command.ts";
import { filesBelow, sampleBytes, temporaryFolder, writeTree } from "./tree.ts";

const root = temporaryFolder();
const home = join(root, "home");

describe("an output folder that cannot be made", () => {
  it("is named with the reason where a file is in the way: exit code 1", async () => {
    writeTree(root, { "way/a": sampleBytes(1), "way/file": sampleBytes(2) });
    const file = join(root, "way", "file");
    for (const [out, reason] of [
      [file, "it is a file"],
      [join(file, "below"), `${file} is a file`],
      [join(file, "far", "below"), `${file} is a file`],
    ] as const) {
      const answer = await run(["seal", join(root, "way", "a"), "-o", out], { home });
      expect(answer.code).toBe(1);
      expect(answer.stderr).toContain(`The output folder ${out} cannot be made: ${reason}`);
    }
  });

  it.skipIf(process.platform !== "linux")("ends the run in /proc, too, where mkdir says ENOENT", async () => {
    writeTree(root, { "proc/a": sampleBytes(1) });
    const file = join(root, "proc", "a");
    const sealed = await runProcess(["seal", file, "-o", "/proc/wasm-kms/out"], { home });
    expect(sealed.code).toBe(1);
    expect(sealed.stderr).toContain("The output folder /proc/wasm-kms/out cannot be made: there is no such");
  });
});

it.skipIf(process.platform === "win32")("does not follow a folder that was swapped for a link during the run", () => {
  const out = join(root, "swap");
  const tree = new OutputTree({
    out,
    force: false,
    sync: false,
    fileMode: 0o600,
    folderMode: 0o700,
    runId: "0".repeat(16),
  });
  const inner = join("a", "b");
  for (const swapped of [join(out, "a", "b"), join(out, "a"), out]) {
    const elsewhere = join(root, `elsewhere${swapped.length}`);
    mkdirSync(join(elsewhere, "a", "b"), { recursive: true });
    mkdirSync(join(elsewhere, "b"));
    tree.draft(tree.makeFolder(inner), "before").discard();
    renameSync(swapped, `${swapped}.moved`);
    symlinkSync(elsewhere, swapped);
    for (const path of [inner, join("a", "b", "new"), ...(swapped.endsWith("b") ? [] : [join("a", "new")])]) {
      expect(() => tree.makeFolder(path)).toThrow("is no longer the folder that it was");
    }
    expect(filesBelow(elsewhere)).toEqual([]);
    renameSync(swapped, `${swapped}.link`);
    renameSync(`${swapped}.moved`, swapped);
  }
  writeFileSync(join(tree.makeFolder(inner), "after"), "");
});
