/** Processes that are killed, interrupted, or race each other for a keystore that is not there yet. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { isDraftName } from "../../src/cli/output-file.ts";
import { type Answer, ended, run, runProcess, start } from "./command.ts";
import { filesBelow, sampleBytes, temporaryFolder, writeTree } from "./tree.ts";

/** How much longer the campaigns are than usual; `npm run soak` makes them long. */
const SOAK = Number(process.env.SOAK ?? 1);
const root = temporaryFolder();
const MIB = 1024 * 1024;
const BIG_MIB = 256;
const big = join(root, "big");
writeFileSync(big, "");
truncateSync(big, BIG_MIB * MIB);

/** Starts sealing the big file, sends a signal once its draft has that many MiB, and waits for the end. */
async function sealUntil(out: string, home: string, draftMib: number, signal: NodeJS.Signals): Promise<Answer> {
  mkdirSync(out, { recursive: true });
  const child = start(["seal", big, "-o", out], { home });
  const answer = ended(child);
  const hasGrown = (): boolean => {
    const draft = readdirSync(out).find(isDraftName);
    if (draft === undefined) return false;
    return (statSync(join(out, draft), { throwIfNoEntry: false })?.size ?? -1) >= draftMib * MIB;
  };
  while (child.exitCode === null && !hasGrown()) await sleep(1);
  child.kill(signal);
  return answer;
}

interface ListedKey {
  readonly arn: string;
  readonly aliases: readonly string[];
  readonly state: string;
}

async function listKeys(home: string): Promise<ListedKey[]> {
  return JSON.parse((await run(["keys", "list", "--json"], { home })).text) as ListedKey[];
}

describe("kill -9", () => {
  const moments = [0, 32, 128, BIG_MIB - 1].concat(Array.from({ length: SOAK - 1 }, (_, i) => (5 + i * 37) % BIG_MIB));

  it.each(moments)("of seal at %i MiB leaves no half file under its name", async (draftMib) => {
    const folder = join(root, `kill-${draftMib}`);
    const [home, out] = [join(folder, "home"), join(folder, "out")];
    await sealUntil(out, home, draftMib, "SIGKILL");
    const results = readdirSync(out).filter((name) => !isDraftName(name));
    // Killed too late it is there, and then it is whole.
    expect(results.every((name) => name === "big.sealed")).toBe(true);
    for (const name of results) {
      const shown = JSON.parse((await run(["inspect", "--json", join(out, name)], { home })).text) as { body: unknown };
      expect(shown.body).toEqual({ frames: BIG_MIB * 16, plaintextBytes: BIG_MIB * MIB });
    }
    writeTree(folder, { "in/a": sampleBytes(9) });
    expect((await run(["seal", join(folder, "in"), "-o", out], { home })).code).toBe(0);
    const opened = await run(["open", join(out, "in"), "-o", join(folder, "back")], { home });
    expect(opened).toMatchObject({ code: 0, stderr: "" });
    expect((await listKeys(home)).filter(({ aliases }) => aliases.includes("alias/default")).length).toBe(1);
  });

  it("of keys create, again and again, loses no key that was told", async () => {
    const home = join(root, "kill-keys");
    const told: string[] = [];
    for (let i = 0; i < 10 * SOAK; i++) {
      const child = start(["keys", "create", "--alias", `k${i}`], { home });
      const answer = ended(child);
      // Every other time in the moment of the answer, else at some time around it.
      if (i % 2 === 0) child.stdout!.once("data", () => child.kill("SIGKILL"));
      else setTimeout(() => child.kill("SIGKILL"), 250 + 40 * (i % 10));
      const arn = /^Created (\S+) as/.exec((await answer).text)?.[1];
      if (arn !== undefined) told.push(`${arn} alias/k${i}`);
    }
    expect(told.length).toBeGreaterThan(0);
    const kept = (await listKeys(home)).map(({ arn, aliases }) => `${arn} ${aliases[0]}`);
    expect(kept).toEqual(expect.arrayContaining(told));
  });
});

describe("an interrupt", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("by %s removes drafts and ends with %i", async (signal, code) => {
    const out = join(root, signal);
    const answer = await sealUntil(out, join(root, "interrupt-home"), 16, signal);
    expect(answer.code).toBe(code);
    expect(filesBelow(out)).toEqual([]);
  });
});

describe("two processes that begin at once", () => {
  it("agree on one root key, one keystore and one default key", async () => {
    for (let round = 0; round < 2; round++) {
      const folder = join(root, `race-${round}`);
      const home = join(folder, "home");
      writeTree(folder, { "in/a": sampleBytes(5) });
      const outs = [1, 2, 3].map((i) => join(folder, `out${i}`));
      const answers = await Promise.all(
        outs.map((out) => runProcess(["seal", join(folder, "in"), "-o", out], { home })),
      );
      for (const answer of answers) {
        // Each may be first, or come between the root key and the keystore.
        expect(answer).toMatchObject({
          code: 0,
          stderr: expect.stringMatching(/^((Made a keystore|The root key) .*\n)*$/),
        });
      }
      const arns = new Set(answers.map(({ text }) => /^Key (arn:[^\s,]+)/m.exec(text)?.[1]));
      const keys = await listKeys(home);
      expect([...arns]).toEqual(keys.filter(({ aliases }) => aliases.includes("alias/default")).map(({ arn }) => arn));
      expect(keys.filter(({ state }) => state === "Enabled").length).toBe(1);
      for (const [i, out] of outs.entries()) {
        expect((await run(["open", out, "-o", join(folder, `back${i}`)], { home })).code).toBe(0);
      }
    }
  });
});

/** A file system of one MiB, or the reason why there is none. */
function smallDisk(path: string): { readonly unmount: () => void } | string {
  mkdirSync(path, { recursive: true });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path], { stdio: "pipe" });
    return { unmount: () => void execFileSync("umount", [path]) };
  } catch (error) {
    return (error as Error).message.split("\n")[0]!;
  }
}

describe("a full disk", () => {
  it("stops the run, says so and leaves nothing half-written: exit code 1", async ({ skip }) => {
    const disk = join(root, "disk");
    const mounted = smallDisk(disk);
    if (typeof mounted === "string") {
      console.warn(`The test of a full disk was skipped, because no file system can be mounted here: ${mounted}`);
      return skip();
    }
    try {
      const home = join(root, "full-home");
      writeTree(root, Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`full/${i}`, sampleBytes(100_000)])));
      for (const path of [join(root, "full"), big]) {
        const answer = await run(["seal", path, "-o", join(disk, "out"), "--force"], { home });
        expect(answer.code).toBe(1);
        expect(answer.stderr).toContain("the disk is full");
      }
      const whole = filesBelow(disk);
      expect(whole.every((name) => name.endsWith(".sealed"))).toBe(true);
      const opened = await run(["open", join(disk, "out"), "-o", join(root, "full-back")], { home });
      expect(opened).toMatchObject({ code: 0, stderr: "" });
      expect(filesBelow(join(root, "full-back")).length).toBe(whole.length);
    } finally {
      mounted.unmount();
    }
  });
});
