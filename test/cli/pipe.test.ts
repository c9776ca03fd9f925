/** One message through pipes, in real processes. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ended, run, runProcess, start } from "./command.ts";
import { digestOf, sampleBytes, temporaryFolder } from "./tree.ts";

const root = temporaryFolder();
const home = join(root, "home");

beforeAll(() => run(["keys", "create"], { home }));

describe("a pipe", () => {
  it.each([0, 1, 65_536, 3_000_000])("carries %i bytes there and back, and nothing else", async (length) => {
    const plaintext = sampleBytes(length, 7);
    const sealed = await runProcess(["seal", "-"], { home, input: plaintext });
    expect(sealed).toMatchObject({ code: 0, stderr: "" });
    const opened = await runProcess(["open", "-"], { home, input: sealed.stdout });
    expect(opened).toMatchObject({ code: 0, stderr: "" });
    expect(digestOf(opened.stdout)).toBe(digestOf(plaintext));
  });

  it("takes one end from a file, too", async () => {
    const plaintext = sampleBytes(100_000);
    writeFileSync(join(root, "a"), plaintext);
    const sealed = await run(["seal", join(root, "a"), "--out", "-"], { home });
    writeFileSync(join(root, "a.sealed"), sealed.stdout);
    const opened = await run(["open", join(root, "a.sealed"), "--out", "-"], { home });
    expect(digestOf(opened.stdout)).toBe(digestOf(plaintext));
    const elsewhere = await run(["seal", "-", "--out", join(root, "out")], { home, input: plaintext });
    expect(elsewhere.code).toBe(2);
    expect(existsSync(join(root, "out"))).toBe(false);
  });

  it("gives out nothing of a small message that was changed or cut short: exit code 1", async () => {
    const { stdout: sealed } = await run(["seal", "-"], { home, input: sampleBytes(500_000) });
    const changed = Uint8Array.from(sealed);
    changed[changed.length - 1]! ^= 1;
    for (const input of [changed, sealed.subarray(0, -1), sealed.subarray(0, 70_000), new Uint8Array(0)]) {
      const answer = await run(["open", "-"], { home, input });
      expect(answer.code).toBe(1);
      expect(answer.stdout.length).toBe(0);
      expect(answer.stderr).toContain("cannot be opened");
    }
  });

  it("gives out only verified frames of a large one, and says at the end that it was cut: exit code 1", async () => {
    const plaintext = sampleBytes(3_000_000);
    const { stdout: sealed } = await run(["seal", "-"], { home, input: plaintext });
    const answer = await runProcess(["open", "-"], { home, input: sealed.subarray(0, -1) });
    expect(answer.code).toBe(1);
    expect(answer.stdout.length).toBeLessThan(plaintext.length);
    expect(digestOf(answer.stdout)).toBe(digestOf(plaintext.subarray(0, answer.stdout.length)));
  });

  it("is not filled with a sealed message where it is a terminal: exit code 2", async () => {
    const answer = await run(["seal", "-"], { home, input: sampleBytes(5), terminal: true });
    expect(answer).toMatchObject({ code: 2, text: "" });
  });

  it("that the reader closes ends the process, quietly", async () => {
    writeFileSync(join(root, "large"), sampleBytes(4_000_000));
    const child = start(["seal", join(root, "large"), "-o", "-"], { home });
    const answer = ended(child);
    child.stdout!.once("data", () => child.stdout!.destroy());
    expect(await answer).toMatchObject({ code: 1, stderr: "" });
  });

  it("gets no escape codes and no progress", async () => {
    const answer = await runProcess(["seal", join(root, "large"), "-o", join(root, "quiet")], { home });
    expect(answer).toMatchObject({ code: 0, stderr: "" });
    expect(answer.text).toMatch(/^Sealed 1 file /);
    expect(answer.text).not.toContain("\u001b");
    expect(readFileSync(join(root, "quiet", "large.sealed")).length).toBeGreaterThan(4_000_000);
  });
});

describe("a terminal", () => {
  it("gets a progress line that is wiped at the end, and names without control characters", async () => {
    writeFileSync(join(root, "evil\u001b[31m\nname"), "x");
    const paths = [join(root, "large"), join(root, "missing\u001b[2J")];
    const answer = await run(["seal", ...paths, "-o", join(root, "watched")], { home, terminal: true });
    expect(answer.stderr).toContain("0 B of 4.00 MB");
    expect(answer.stderr.endsWith("\r\u001b[K")).toBe(true);
    expect(answer.stderr).toContain("missing\\u001b[2J");
    const bare = await run(["seal", join(root, "large"), "-o", join(root, "bare")], {
      home,
      terminal: true,
      env: { NO_COLOR: "1" },
    });
    expect(bare.text).not.toContain("\u001b");
  });
});
