/** The data folder: what is said when it is made, when a half of it is lost, and when it cannot be reached. */
import { existsSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run, runProcess } from "./command.ts";
import { sampleBytes, temporaryFolder } from "./tree.ts";

const root = temporaryFolder();
let count = 0;
const newHome = (): string => join(root, `home-${++count}`);

describe("a new keystore", () => {
  it.each([
    { args: ["seal", "-"], code: 0 },
    { args: ["keys", "create", "--json"], code: 0 },
    { args: ["seal", "-", "--key", "missing"], code: 2 },
  ])("is announced on stderr, whatever becomes of the command: $args", async ({ args, code }) => {
    const home = newHome();
    const answer = await run(args, { home, input: sampleBytes(5) });
    expect(answer.code).toBe(code);
    expect(answer.stderr).toContain(`Made a keystore in ${home}.`);
    expect(answer.stderr).toMatch(/root\.key and keystore\.sqlite.*without both/);
    expect((await run(["keys", "list"], { home })).stderr).toBe("");
  });

  it("leaves stdout to the answer", async () => {
    expect(JSON.parse((await run(["keys", "create", "--json"], { home: newHome() })).text)).toHaveProperty("keyId");
  });

  it("is kept apart from a root key in the environment", async () => {
    const env = { WASM_KMS_ROOT_KEY: Buffer.from(sampleBytes(32)).toString("base64") };
    for (const [name, value] of Object.entries(env)) process.env[name] = value;
    try {
      const home = newHome();
      const { stderr } = await run(["keys", "create"], { home, env });
      expect(stderr).toContain(
        `under the root key in WASM_KMS_ROOT_KEY. Keep a copy of ${join(home, "keystore.sqlite")}`,
      );
      expect(stderr).not.toContain("root.key");
    } finally {
      delete process.env.WASM_KMS_ROOT_KEY;
    }
  });
});

describe("a root key whose keystore is gone", () => {
  it.each(["missing", "empty"])("is not taken for a new one: %s", async (how) => {
    const home = newHome();
    await run(["keys", "create"], { home });
    if (how === "empty") truncateSync(join(home, "keystore.sqlite"));
    else rmSync(join(home, "keystore.sqlite"));
    const refused = await run(["keys", "list"], { home });
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain("restore it from your backup");
    const made = await run(["keys", "create"], { home });
    expect(made.code).toBe(0);
    expect(made.stderr).toContain(`${join(home, "root.key")} was here already, its keystore was not`);
    expect(made.stderr).toContain("opens nothing that was sealed before");
  });
});

describe("a data folder that cannot be reached", () => {
  it("is named: exit code 3", async () => {
    const file = join(root, "file");
    writeFileSync(file, "");
    for (const args of [
      ["keys", "list"],
      ["keys", "create"],
    ]) {
      const answer = await run(args, { home: join(file, "x") });
      expect(answer.code).toBe(3);
      expect(answer.stderr).toContain(`${join(file, "x")}`);
    }
    expect(existsSync(join(file, "x"))).toBe(false);
  });

  it.skipIf(process.getuid?.() !== 0)("is named where it is another user's", async () => {
    // The temporary folder around it is root's, and 0700.
    const home = newHome();
    const answer = await runProcess(["keys", "list"], { home, uid: 65_534 });
    expect(answer.code).toBe(3);
    expect(answer.stderr).toContain(`${home}/keystore.sqlite: permission denied`);
  });
});
