/** Which inputs a run takes, which it refuses, and that none is left out in silence. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "./command.ts";
import { filesBelow, sampleBytes, temporaryFolder, writeTree } from "./tree.ts";

const root = temporaryFolder();
const home = join(root, "home");

describe.skipIf(process.platform !== "linux")("inputs that cannot be taken", () => {
  it("are told where a name is not UTF-8, and its twin in text is taken alone: exit code 1", async () => {
    const folder = join(root, "names");
    writeTree(join(folder, "in"), { "a\u{fffd}": sampleBytes(1), b: sampleBytes(2) });
    writeFileSync(Buffer.concat([Buffer.from(join(folder, "in", "a")), Uint8Array.of(0xff)]), sampleBytes(3));
    const answer = await run(["seal", join(folder, "in"), "-o", join(folder, "out")], { home });
    expect(answer.code).toBe(1);
    expect(answer.stderr).toContain("its name is not UTF-8; rename it");
    expect(filesBelow(join(folder, "out"))).toEqual(["in/a\u{fffd}.sealed", "in/b.sealed"].sort());
  });

  it("are told where the command line names a pipe: exit code 1", async () => {
    const folder = join(root, "pipes");
    mkdirSync(folder);
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    for (const command of ["seal", "open"]) {
      const answer = await run([command, pipe, "-o", join(folder, "out")], { home });
      expect(answer.code).toBe(1);
      expect(answer.stderr).toContain(`not a regular file; send it through stdin: wasm-kms ${command} - < ${pipe}`);
    }
  });
});

describe("the folder of the keystore", () => {
  it("is not sealed file by file: exit code 2", async () => {
    await run(["keys", "create"], { home });
    const answer = await run(["seal", join(home, "root.key"), "-o", join(root, "out")], { home });
    expect(answer.code).toBe(2);
    expect(answer.stderr).toContain("folder of the keystore");
    expect(filesBelow(join(root, "out"))).toEqual([]);
  });

  it("is not written into, as the output or as a folder in it: exit code 2", async () => {
    await run(["keys", "create"], { home });
    const folder = join(root, "into");
    writeTree(folder, { "in/home/root.key": sampleBytes(32) });
    const sealed = join(folder, "sealed");
    expect((await run(["seal", join(folder, "in", "home"), "-o", sealed], { home })).code).toBe(0);
    const rootKey = readFileSync(join(home, "root.key"));
    for (const args of [
      ["open", sealed, "-o", root, "-f"],
      ["open", join(sealed, "home"), "-o", home, "-f"],
      ["seal", join(folder, "in"), "-o", home],
    ]) {
      const answer = await run(args, { home });
      expect(answer.code).toBe(2);
      expect(answer.stderr).toContain("name another --out");
    }
    expect(readFileSync(join(home, "root.key"))).toEqual(rootKey);
    expect(filesBelow(home).every((name) => /^(root\.key|keystore\.sqlite.*)$/.test(name))).toBe(true);
  });
});
