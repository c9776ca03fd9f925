/**
 * The AWS CLI and boto3, unmodified, against `wasm-kms serve` in a process of its own: those of Debian where
 * they are installed (KMS_TEST_AWS and KMS_TEST_PYTHON name others). Where they are absent the reason is printed.
 */
import type { ChildProcess } from "node:child_process";
import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ended, run as runHere, start } from "../cli/command.ts";
import { temporaryFolder } from "../cli/tree.ts";

const run = promisify(execFile);
const script = (name: string): string => fileURLToPath(new URL(`clients/${name}`, import.meta.url));

/** The first of these programs that does what it is asked. */
function findWorking(programs: readonly string[], args: readonly string[], what: string): string | undefined {
  const found = programs.find((program) => spawnSync(program, args, { stdio: "ignore" }).status === 0);
  if (found === undefined) console.log(`skipped: ${what} is not installed (tried ${programs.join(", ")})`);
  return found;
}

/** The CLI starts anew for every call: half a minute, which `npm run soak` spends. */
const SOAK = process.env.SOAK !== undefined;
if (!SOAK) console.log("skipped: the script of the AWS CLI runs with npm run soak");

const aws = findWorking([process.env.KMS_TEST_AWS ?? "/usr/bin/aws", "aws"], ["--version"], "the AWS CLI");
const python = findWorking(
  [process.env.KMS_TEST_PYTHON ?? "/usr/bin/python3", "python3"],
  ["-c", "import boto3"],
  "boto3",
);

const ACCOUNT = "123456789012";

describe.skipIf(aws === undefined && python === undefined)("wasm-kms serve", () => {
  let child: ChildProcess;
  let url: string;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    const home = join(temporaryFolder(), "home");
    const identity = async (...args: string[]) => {
      const answer = await runHere(["--account", ACCOUNT, "identity", ...args], { home });
      expect(answer.stderr.replace(/^Made a keystore.*\n/, "")).toBe("");
      return answer.text;
    };
    await identity("create", "user", "alice", "--admin");
    const made = JSON.parse(await identity("create-access-key", "alice", "--format", "json"));
    env = { ...process.env, AWS_ACCESS_KEY_ID: made.AccessKeyId, AWS_SECRET_ACCESS_KEY: made.SecretAccessKey };
    child = start(["serve", "--port", "0"], { home });
    url = await new Promise<string>((resolve, reject) => {
      child.stdout!.on("data", (line: Buffer) => resolve(line.toString().trim()));
      child.on("close", (code) => reject(new Error(`serve ended with ${code} before it was ready`)));
    });
  });

  afterAll(async () => {
    const end = ended(child);
    child.kill("SIGTERM");
    expect((await end).code).toBe(0);
  });

  it.skipIf(python === undefined)(
    "answers boto3",
    async () => {
      const { stdout } = await run(python!, [script("script.py"), url], { env });
      const [calls, operations] = stdout.match(/\d+/g)!.map(Number);
      expect(calls).toBeGreaterThanOrEqual(45);
      expect(operations).toBeGreaterThanOrEqual(30);
    },
    60_000,
  );

  it.skipIf(aws === undefined || !SOAK)(
    "answers the AWS CLI",
    async () => {
      const { stdout } = await run("sh", [script("script.sh"), aws!, url], { env });
      const [calls, operations] = stdout.match(/\d+/g)!.map(Number);
      expect(calls).toBeGreaterThanOrEqual(35);
      expect(operations).toBeGreaterThanOrEqual(30);
    },
    120_000,
  );
});
