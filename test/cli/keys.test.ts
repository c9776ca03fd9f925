/** The commands for keys. */
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { run } from "./command.ts";
import { filesBelow, sampleBytes, temporaryFolder, writeTree } from "./tree.ts";

const root = temporaryFolder();
const home = join(root, "home");
const keys = (...args: string[]) => run(["keys", ...args], { home });

async function stateOf(key: string): Promise<unknown> {
  return (JSON.parse((await keys("describe", key, "--json")).text) as { state: unknown }).state;
}

describe("keys", () => {
  it("are made, listed and described; by alias, id and ARN alike", async () => {
    const created = await keys("create", "--alias", "billing", "--description", "invoices");
    expect(created.code).toBe(0);
    const arn = /arn:aws:kms:us-east-1:000000000000:key\/([0-9a-f-]{36})/.exec(created.text)!;
    for (const name of ["billing", "alias/billing", arn[0], arn[1]!]) {
      expect(JSON.parse((await keys("describe", name, "--json")).text)).toMatchObject({
        arn: arn[0],
        aliases: ["alias/billing"],
        description: "invoices",
        state: "Enabled",
        rotations: 0,
      });
    }
    const table = (await keys("list")).text.trimEnd().split("\n");
    expect(table.length).toBe(2);
    expect(table[1]).toContain("alias/billing");
  });

  it("are disabled, enabled, rotated, deleted and kept", async () => {
    expect((await keys("disable", "billing")).code).toBe(0);
    expect(await stateOf("billing")).toBe("Disabled");
    await keys("enable", "billing");
    expect(await stateOf("billing")).toBe("Enabled");
    await keys("rotate", "billing");
    expect((await keys("describe", "billing")).text).toMatch(/rotations +1/);
    const doomed = await keys("delete", "billing", "--days", "7");
    expect(doomed.text).toContain("cancel-deletion");
    expect(await stateOf("billing")).toBe("PendingDeletion");
    await keys("cancel-deletion", "billing");
    expect(await stateOf("billing")).toBe("Disabled");
    expect((await keys("cancel-deletion", "billing")).code).toBe(1);
    await keys("enable", "billing");
  });

  it("open what they sealed before a rotation", async () => {
    writeTree(root, { "in/a": sampleBytes(50) });
    const seal = (out: string) => run(["seal", join(root, "in"), "-o", join(root, out), "-k", "billing"], { home });
    await seal("before");
    await keys("rotate", "billing");
    await seal("after");
    for (const out of ["before", "after"]) {
      const opened = await run(["open", join(root, out), "-o", join(root, `${out}-back`), "-k", "billing"], { home });
      expect(opened.code).toBe(0);
    }
  });

  it("are the only ones trusted, where open names one", async () => {
    await keys("create", "--alias", "other");
    const answer = await run(["open", join(root, "before"), "-o", join(root, "untrusted"), "-k", "other"], { home });
    expect(answer.code).toBe(1);
    expect(filesBelow(join(root, "untrusted"))).toEqual([]);
  });

  it("get and lose names", async () => {
    expect((await keys("alias", "add", "second", "billing")).code).toBe(0);
    expect((await keys("describe", "second")).text).toContain("alias/billing, alias/second");
    expect((await keys("alias", "add", "second", "other")).code).toBe(1);
    expect((await keys("alias", "remove", "second")).code).toBe(0);
    expect((await keys("alias", "remove", "second")).code).toBe(2);
    expect((await keys("create", "--alias", "billing")).code).toBe(2);
  });

  it("that are not there are named, with what to do: exit code 2", async () => {
    const answer = await keys("rotate", "nothing");
    expect(answer.code).toBe(2);
    expect(answer.stderr).toContain("keys create --alias nothing");
    expect((await keys("delete", "billing", "--days", "3")).code).toBe(2);
  });

  it("belong to the account and Region they were made in", async () => {
    const elsewhere = ["--region", "eu-central-1", "--account", "111122223333"];
    const created = await run([...elsewhere, "keys", "create"], { home });
    expect(created.text).toContain("arn:aws:kms:eu-central-1:111122223333:key/");
    expect((await run([...elsewhere, "keys", "list", "--json"], { home })).text).not.toContain("us-east-1");
    expect((await run(["--account", "1", "keys", "list"], { home })).code).toBe(2);
    expect((await run(["--region", "nowhere", "keys", "list"], { home })).code).toBe(2);
  });
});

describe("help", () => {
  it.each([[], ["seal"], ["open"], ["inspect"], ["keys"], ["keys", "create"], ["keys", "alias"], ["demo"]])(
    "is there for %s %s",
    async (...command) => {
      const answer = await run([...command, "--help"], { home });
      expect(answer).toMatchObject({ code: 0, stderr: "" });
      expect(answer.text).toContain("Usage: wasm-kms");
    },
  );

  it("documents the exit codes, and the version is the package's", async () => {
    expect((await run(["--help"], { home })).text).toContain("Exit codes:");
    expect((await run(["--version"], { home })).text).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("demo", () => {
  it("seals a folder, opens it again and finds every byte the same", async () => {
    writeTree(root, {
      "shown/a": sampleBytes(400_000),
      "shown/node_modules/b": sampleBytes(5),
      "shown/c": sampleBytes(0),
    });
    // The sealed copy stays; here in a folder that is removed.
    vi.stubEnv("TMPDIR", root);
    const answer = await run(["demo", join(root, "shown")], { home });
    vi.unstubAllEnvs();
    expect(answer.code).toBe(0);
    expect(answer.text).toContain("Compared 2 files (400 kB): every byte is the same.");
    expect(answer.text).toContain("arn:aws:kms:");
  });
});

describe("keys of other specs", () => {
  it("are made by spec and usage, listed, and refused with advice where they do not suit", async () => {
    const signer = ["--alias", "signer", "--spec", "ECC_NIST_P256", "--usage", "SIGN_VERIFY"];
    expect((await keys("create", ...signer)).code).toBe(0);
    const described = JSON.parse((await keys("describe", "signer", "--json")).text);
    expect(described).toMatchObject({ spec: "ECC_NIST_P256", usage: "SIGN_VERIFY", rotations: 0 });
    expect((await keys("list")).text).toMatch(/alias\/signer +\S+ +ECC_NIST_P256 +Enabled/);
    const noUsage = await keys("create", "--spec", "RSA_2048");
    expect([noUsage.code, noUsage.stderr]).toEqual([1, expect.stringContaining("You must specify a KeyUsage value")]);
    const rotated = await keys("rotate", "signer");
    expect([rotated.code, rotated.stderr]).toEqual([1, expect.stringContaining("wasm-kms keys describe KEY")]);
    expect((await keys("create", "--spec", "SM2", "--usage", "SIGN_VERIFY")).code).toBe(2);
  });
});
