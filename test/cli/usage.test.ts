/** Command lines that are wrong, hostile, or shown on a terminal of no known width. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { makeHome } from "../../src/cli/home.ts";
import { createKey } from "../../src/cli/keys.ts";
import { main } from "../../src/cli/program.ts";
import { createProgress } from "../../src/cli/progress.ts";
import { printable } from "../../src/cli/text.ts";
import { run } from "./command.ts";
import { temporaryFolder } from "./tree.ts";

const root = temporaryFolder();
const home = join(root, "home");

/** A terminal that does not know its width. */
class Terminal extends Writable {
  readonly isTTY = true;
  readonly columns = 0;
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

function terminals() {
  return { env: {}, stdin: new PassThrough(), stdout: new Terminal(), stderr: new Terminal() };
}

describe("an option", () => {
  it.each([
    ["seal", "x", "--out", ""],
    ["open", "x", "--out", ""],
    ["seal", "x", "--out", "y", "--key", ""],
    ["open", "x", "--out", "y", "--key", ""],
    ["--home", "", "keys", "create"],
  ])("is not empty: %s %s %s", async (...args) => {
    const answer = await run(args, { home });
    expect(answer.code).toBe(2);
    expect(answer.stderr).toContain("It is empty.");
    expect(existsSync(home)).toBe(false);
  });

  it("that is unknown is repeated without its control characters, on lines of their own", async () => {
    const answer = await run(["seal", "--\u001b[31mevil\u202e"], { home });
    expect(answer.code).toBe(2);
    expect(answer.stderr).toContain("\\u001b[31mevil\\u202e");
    expect(answer.stderr).not.toContain("\u001b");
    expect(answer.stderr.trimEnd().split("\n").length).toBeGreaterThan(1);
  });
});

describe("the name of a new key", () => {
  it.each(["bad name!", "aws/foo", "alias/aws/foo", "", "alias/", "a:b", "a".repeat(251)])(
    "is refused before a key is made: %j",
    async (alias) => {
      const own = join(root, "names");
      await run(["keys", "create"], { home: own });
      const before = (await run(["keys", "list", "--json"], { home: own })).text;
      expect((await run(["keys", "create", "--alias", alias], { home: own })).code).toBe(2);
      expect((await run(["keys", "list", "--json"], { home: own })).text).toBe(before);
    },
  );

  it("takes the key along where it is not to be had after all", async () => {
    const io = terminals();
    const own = await makeHome({ io, home: join(root, "race"), region: "us-east-1", account: "111122223333" });
    try {
      await expect(createKey(own.kms, { alias: "aws/foo" })).rejects.toThrow("reserved");
      const { Keys } = await own.kms.listKeys({});
      const states = await Promise.all(
        Keys!.map(async ({ KeyId }) => (await own.kms.describeKey({ KeyId: KeyId! })).KeyMetadata!.KeyState),
      );
      expect(states).toEqual(["PendingDeletion"]);
    } finally {
      await own.close();
    }
  });

  it("may have 250 characters", async () => {
    const alias = "a".repeat(250);
    expect((await run(["keys", "create", "--alias", alias], { home: join(root, "names") })).code).toBe(0);
  });
});

describe("a terminal of no known width", () => {
  it("gets its help in lines of 80", async () => {
    const io = terminals();
    expect(await main(["--help"], io)).toBe(0);
    const widths = io.stdout.text.split("\n").map((line) => line.length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(80);
  });

  it("gets a progress line", () => {
    const io = terminals();
    createProgress({ io, verb: "sealing", verbose: false }).begin({ files: 1, bytes: 5 });
    expect(io.stderr.text).toContain("sealing 0 B of 5 B");
  });
});

describe("a foreign name", () => {
  it.each(["\u2028", "\u2029", "\u061c", "\u200b", "\ufeff", "\u0000", "\u009b", "\u202e"])(
    "is shown with %j escaped",
    (char) => {
      const escaped = `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
      expect(printable(`a${char}b`)).toBe(`a${escaped}b`);
    },
  );
});
