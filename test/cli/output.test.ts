/** What the command reads first and writes last: sources that are missing, outputs that take nothing. */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { run, runProcess } from "./command.ts";
import { sampleBytes, temporaryFolder } from "./tree.ts";

const root = temporaryFolder();
const home = join(root, "home");

beforeAll(() => run(["keys", "create"], { home }));

describe("an input of a pipe", () => {
  it.each([
    ["missing", "there is no such file or folder"],
    ["folder", "it is a folder"],
  ])("that is %s is named before anything is made or written", async (name, reason) => {
    mkdirSync(join(root, "folder"), { recursive: true });
    const own = join(root, "no-home");
    const path = join(root, name);
    const sealed = await run(["seal", path, "--out", "-"], { home: own });
    expect(sealed).toMatchObject({ code: 1, text: "" });
    expect(sealed.stderr).toContain(`${path}: ${reason}`);
    expect(existsSync(own)).toBe(false);
    const opened = await run(["open", path, "--out", "-"], { home });
    expect(opened).toMatchObject({ code: 1, text: "" });
    expect(opened.stderr).toContain(`${path}: ${reason}`);
  });
});

describe.skipIf(!existsSync("/dev/full"))("an output that is full", () => {
  it.each([["keys", "list"], ["seal", "-"], ["--help"]])("fails the command: %s %s", async (...args) => {
    const stdout = openSync("/dev/full", "w");
    try {
      const { code, stderr } = await runProcess(args, { home, input: sampleBytes(5), stdout });
      expect(code).toBe(1);
      expect(stderr.match(/the disk is full/g)).toHaveLength(1);
    } finally {
      closeSync(stdout);
    }
  });
});

describe("demo", () => {
  it("names the temporary folder that it cannot use", async () => {
    const missing = join(root, "missing");
    writeFileSync(join(root, "a"), "");
    vi.stubEnv("TMPDIR", missing);
    const answer = await run(["demo", join(root, "a")], { home });
    vi.unstubAllEnvs();
    expect(answer.code).toBe(1);
    expect(answer.stderr).toContain(`${missing}: there is no such file or folder`);
    expect(answer.stderr).toContain("TMPDIR");
  });
});

describe("open", () => {
  it("repeats the conditions that were given where a message is refused, and only then", async () => {
    writeFileSync(join(root, "plain"), sampleBytes(5));
    await run(["seal", join(root, "plain"), "-o", join(root, "out"), "-c", "tenant=7"], { home });
    const sealed = join(root, "out", "plain.sealed");
    const openTo = (out: string, ...args: string[]) => run([...args, "open", sealed, "-o", out], { home });
    for (const out of ["-", join(root, "back")]) {
      const { stderr } = await openTo(out, "--region", "eu-central-1", "--account", "111122223333");
      expect(stderr).toContain("sealed with the same opens: --region eu-central-1, --account 111122223333\n");
    }
    const context = await run(["open", sealed, "-o", join(root, "back"), "-c", "tenant=8"], { home });
    expect(context.stderr).toContain("sealed with the same opens: --context tenant=8\n");
    const opened = await run(["open", sealed, "-o", join(root, "back"), "-c", "tenant=7"], { home });
    expect(opened).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("inspect", () => {
  it("reads a message from stdin, and leaves no copy of it", async () => {
    const { stdout: input } = await run(["seal", "-", "--frame", "1024"], { home, input: sampleBytes(5000) });
    const folder = join(root, "temporary");
    mkdirSync(folder);
    vi.stubEnv("TMPDIR", folder);
    const answer = await run(["inspect", "-", "--json"], { home, input });
    vi.unstubAllEnvs();
    expect(answer.code).toBe(0);
    expect(JSON.parse(answer.text)).toMatchObject({ file: "-", body: { frames: 5, plaintextBytes: 5000 } });
    expect(readdirSync(folder)).toEqual([]);
  });
});
