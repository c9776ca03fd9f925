/** Files and folders: there and back, what is skipped, what is refused before anything is written. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { run, runProcess } from "./command.ts";
import { digestOf, filesBelow, readTree, sampleBytes, temporaryFolder, writeTree } from "./tree.ts";

const root = temporaryFolder();
const home = join(root, "home");
let count = 0;

beforeAll(() => run(["keys", "create"], { home }));

/** A folder of its own for a test. */
function place(): string {
  const folder = join(root, String(++count));
  mkdirSync(folder);
  return folder;
}

const FRAME = 65_536;
const CHUNK = 16 * FRAME;
/** Around every boundary: of a frame, of a file that is read whole, of a chunk of one that is not. */
const LENGTHS = [0, 1, 15, 16, 1024, FRAME - 1, FRAME, FRAME + 1, 4 * FRAME - 1, 4 * FRAME, 4 * FRAME + 1];
const LARGE_LENGTHS = [CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + FRAME, 3 * CHUNK + 5];

describe("seal and open", () => {
  it("restores names, paths and every byte, through processes", async () => {
    const folder = place();
    const files = Object.fromEntries([
      ...[...LENGTHS, ...LARGE_LENGTHS].map((length) => [`lengths/${length}`, sampleBytes(length, length + 1)]),
      ["Grüße, 世界 🗝️/ä ö.txt", sampleBytes(10)],
      [`${"deep/".repeat(40)}end`, sampleBytes(3)],
      ["two\nlines", sampleBytes(4)],
      ["-", sampleBytes(5)],
      [".hidden", sampleBytes(6)],
      ["name.sealed", sampleBytes(7)],
      ["empty/folder/", sampleBytes(0)],
    ]);
    writeTree(join(folder, "in"), files);
    const sealed = await runProcess(["seal", "in", "--out", "sealed"], { home, cwd: folder });
    expect(sealed).toMatchObject({ code: 0, stderr: "" });
    const opened = await runProcess(["open", "sealed", "--out", "restored"], { home, cwd: folder });
    expect(opened).toMatchObject({ code: 0, stderr: "" });
    expect(readTree(join(folder, "restored", "in"))).toEqual(readTree(join(folder, "in")));
    expect(filesBelow(join(folder, "sealed", "in")).every((path) => path.endsWith(".sealed"))).toBe(true);
    expect(statSync(join(folder, "restored", "in", "-")).mode & 0o777).toBe(0o600);
  });

  it.each([1024, 4096, 1_048_576, 16_777_216])("works with frames of %i bytes", async (frame) => {
    const folder = place();
    writeTree(folder, {
      "in/a": sampleBytes(3 * 1_048_576 + 7),
      "in/b": sampleBytes(Math.min(2 * frame, CHUNK)),
      "in/c": sampleBytes(9),
    });
    const out = join(folder, "out");
    expect((await run(["seal", join(folder, "in"), "-o", out, "--frame", String(frame)], { home })).code).toBe(0);
    expect((await run(["open", out, "-o", join(folder, "back")], { home })).code).toBe(0);
    expect(readTree(join(folder, "back", "in"))).toEqual(readTree(join(folder, "in")));
  });

  it("takes files and folders together, and syncs them where asked", async () => {
    const folder = place();
    writeTree(folder, { "a.txt": sampleBytes(5), "b/c.txt": sampleBytes(6), "b/large": sampleBytes(CHUNK) });
    const paths = [join(folder, "a.txt"), join(folder, "b")];
    expect((await run(["seal", ...paths, "-o", join(folder, "out"), "--sync"], { home })).code).toBe(0);
    expect(filesBelow(join(folder, "out"))).toEqual(["a.txt.sealed", "b/c.txt.sealed", "b/large.sealed"]);
    const one = await run(["open", join(folder, "out", "a.txt.sealed"), "-o", join(folder, "back"), "--sync"], {
      home,
    });
    expect(one.code).toBe(0);
    expect(digestOf(readFileSync(join(folder, "back", "a.txt")))).toBe(digestOf(sampleBytes(5)));
  });

  it("binds a context, shows it without a key and asks for it", async () => {
    const folder = place();
    writeTree(folder, { a: sampleBytes(5) });
    const sealed = join(folder, "out", "a.sealed");
    const pairs = ["-c", "tenant=7", "-c", "path=a=b"];
    expect((await run(["seal", join(folder, "a"), "-o", join(folder, "out"), ...pairs], { home })).code).toBe(0);
    const shown = await run(["inspect", sealed], { home: join(folder, "no-home") });
    expect(shown.text).toContain("tenant = 7");
    expect(shown.text).toContain("path = a=b");
    const wrong = await run(["open", sealed, "-o", join(folder, "b1"), "-c", "tenant=8"], { home });
    expect(wrong.code).toBe(1);
    expect(filesBelow(join(folder, "b1"))).toEqual([]);
    expect((await run(["open", sealed, "-o", join(folder, "b2"), "-c", "tenant=7"], { home })).code).toBe(0);
  });
});

describe("what is there already", () => {
  it("stays, unless --force", async () => {
    const folder = place();
    writeTree(folder, { "in/a": sampleBytes(5), "in/b": sampleBytes(6), "out/in/a.sealed": sampleBytes(1) });
    const args = ["seal", join(folder, "in"), "-o", join(folder, "out")];
    const refused = await run(args, { home });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(join(folder, "in", "a"));
    expect(refused.stderr).toContain("--force");
    expect(digestOf(readFileSync(join(folder, "out/in/a.sealed")))).toBe(digestOf(sampleBytes(1)));
    expect(filesBelow(join(folder, "out"))).toEqual(["in/a.sealed", "in/b.sealed"]);
    expect((await run([...args, "--force"], { home })).code).toBe(0);
    expect((await run(["open", join(folder, "out"), "-o", join(folder, "back")], { home })).code).toBe(0);
    expect(readTree(join(folder, "back", "in"))).toEqual(readTree(join(folder, "in")));
  });

  it("is never written through a link", async () => {
    const folder = place();
    writeTree(folder, {
      "in/a": sampleBytes(5),
      "in/sub/b": sampleBytes(6),
      victim: sampleBytes(9),
      "elsewhere/": sampleBytes(0),
    });
    mkdirSync(join(folder, "out/in"), { recursive: true });
    symlinkSync(join(folder, "victim"), join(folder, "out/in/a.sealed"));
    symlinkSync(join(folder, "elsewhere"), join(folder, "out/in/sub"));
    const args = ["seal", join(folder, "in"), "-o", join(folder, "out")];
    expect((await run(args, { home })).code).toBe(1);
    const forced = await run([...args, "--force"], { home });
    expect(forced.code).toBe(1);
    expect(forced.stderr).toContain("is in the way");
    expect(digestOf(readFileSync(join(folder, "victim")))).toBe(digestOf(sampleBytes(9)));
    expect(filesBelow(join(folder, "elsewhere"))).toEqual([]);
  });
});

describe("what is not sealed", () => {
  it("is skipped and named: links, pipes, excluded names, drafts, the output, the keystore", async () => {
    const folder = place();
    writeTree(join(folder, "in"), {
      a: sampleBytes(1),
      "skip/b": sampleBytes(2),
      ".wasm-kms-0123456789abcdef-1.partial": sampleBytes(3),
    });
    symlinkSync("a", join(folder, "in", "link"));
    const own = join(folder, "in", "home");
    const args = ["seal", join(folder, "in"), "-o", join(folder, "in", "out"), "-x", "skip"];
    const first = await run(args, { home: own });
    expect(first.code).toBe(0);
    for (const name of ["link", "skip", ".partial", "home"]) expect(first.text).toContain(name);
    const again = await run([...args, "--force"], { home: own });
    expect(again.code).toBe(0);
    expect(filesBelow(join(folder, "in", "out"))).toEqual(["in/a.sealed"]);
  });

  it("is left out when opening: files without the suffix", async () => {
    const folder = place();
    writeTree(folder, { "in/a": sampleBytes(1) });
    await run(["seal", join(folder, "in"), "-o", join(folder, "out")], { home });
    writeFileSync(join(folder, "out", "README"), "hello");
    const opened = await run(["open", join(folder, "out"), "-o", join(folder, "back")], { home });
    expect(opened.code).toBe(0);
    expect(opened.text).toContain("README");
    expect(filesBelow(join(folder, "back"))).toEqual(["in/a"]);
  });
});

describe("refusals before any work", () => {
  const cases: [string, (folder: string) => string[], RegExp][] = [
    ["two inputs with one output", (f) => ["seal", join(f, "x/a"), join(f, "y/a"), "-o", join(f, "out")], /both/],
    ["a folder twice", (f) => ["seal", join(f, "x"), `${join(f, "x")}/`, "-o", join(f, "out")], /both/],
    ["an input that is the output folder", (f) => ["seal", join(f, "x"), "-o", join(f, "x")], /output folder/],
    ["an input that would be its own output", (f) => ["open", join(f, "x/a"), "-o", join(f, "x"), "-f"], /own output/],
    ["no --out", (f) => ["seal", join(f, "x")], /--out/],
    ["no path", () => ["seal", "--out", "out"], /paths/],
    ["an unknown option", () => ["seal", "a", "--colour"], /unknown option/],
    ["an unknown command", () => ["sael"], /unknown command/],
    ["a frame of no size", (f) => ["seal", join(f, "x"), "-o", join(f, "out"), "--frame", "0"], /whole number/],
    ["a context that is no pair", (f) => ["seal", join(f, "x"), "-o", join(f, "out"), "-c", "tenant"], /key=value/],
    [
      "a key that is not there",
      (f) => ["seal", join(f, "x"), "-o", join(f, "out"), "-k", "none"],
      /keys create --alias none/,
    ],
    ["- among others", (f) => ["seal", "-", join(f, "x")], /one input/],
  ];
  it.each(cases)("%s: exit code 2", async (_name, argsIn, message) => {
    const folder = place();
    writeTree(folder, { "x/a": sampleBytes(1), "y/a": sampleBytes(2) });
    const answer = await run(argsIn(folder), { home });
    expect(answer).toMatchObject({ code: 2, text: "" });
    expect(answer.stderr).toMatch(message);
    expect(filesBelow(folder)).toEqual(["x/a", "y/a"]);
  });
});

describe("failures", () => {
  it("name the file and go on: exit code 1", async () => {
    const folder = place();
    writeTree(folder, { "in/a": sampleBytes(1) });
    const answer = await run(["seal", join(folder, "missing"), join(folder, "in"), "-o", join(folder, "out")], {
      home,
    });
    expect(answer.code).toBe(1);
    expect(answer.stderr).toContain(`${join(folder, "missing")}: there is no such file`);
    expect(filesBelow(join(folder, "out"))).toEqual(["in/a.sealed"]);
  });

  it.skipIf(process.platform === "win32")("of an output folder that cannot be written", async () => {
    const folder = place();
    writeTree(folder, { "in/a": sampleBytes(1), "out/in/": sampleBytes(0), "home/": sampleBytes(0) });
    const own = join(folder, "home");
    chmodSync(join(folder, "out/in"), 0o500);
    // Root may write anywhere, so that it takes somebody else to be refused.
    const nobody = process.getuid?.() === 0 ? 65_534 : undefined;
    if (nobody !== undefined) for (const path of [root, folder, own]) chmodSync(path, 0o755);
    if (nobody !== undefined) chownSync(own, nobody, nobody);
    const args = ["seal", join(folder, "in"), "-o", join(folder, "out")];
    const answer = await runProcess(args, { home: own, ...(nobody !== undefined && { uid: nobody }) });
    expect(answer.stderr).toContain("permission denied");
    expect(answer.code).toBe(1);
    expect(filesBelow(join(folder, "out"))).toEqual([]);
  });

  it("of an output that is a file", async () => {
    const folder = place();
    writeTree(folder, { "in/a": sampleBytes(1), out: sampleBytes(2) });
    const answer = await run(["seal", join(folder, "in"), "-o", join(folder, "out")], { home });
    expect(answer.code).toBe(1);
    expect(digestOf(readFileSync(join(folder, "out")))).toBe(digestOf(sampleBytes(2)));
  });

  it("stop a run whose key is disabled, and say what to do", async () => {
    const folder = place();
    writeTree(folder, Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`in/${i}`, sampleBytes(1)])));
    const own = join(folder, "home");
    await run(["keys", "create", "--alias", "k"], { home: own });
    await run(["keys", "disable", "k"], { home: own });
    const answer = await run(["seal", join(folder, "in"), "-o", join(folder, "out"), "-k", "k"], { home: own });
    expect(answer.code).toBe(1);
    expect(answer.stderr).toContain("keys enable");
    expect(answer.text).toContain("not tried");
    expect(filesBelow(join(folder, "out"))).toEqual([]);
  });
});

describe("the data folder", () => {
  it("is not made by commands that only read: exit code 3", async () => {
    const own = join(place(), "home");
    for (const args of [
      ["open", "x", "-o", "y"],
      ["keys", "list"],
    ]) {
      const answer = await run(args, { home: own });
      expect(answer.code).toBe(3);
      expect(answer.stderr).toContain("There is no keystore");
    }
    expect(existsSync(own)).toBe(false);
  });

  it("is private, and is not opened with another root key or without one: exit code 3", async () => {
    const folder = place();
    const own = join(folder, "home");
    await run(["keys", "create"], { home: own });
    for (const name of ["", "root.key", "keystore.sqlite"]) expect(statSync(join(own, name)).mode & 0o077).toBe(0);
    const other = Buffer.from(sampleBytes(32)).toString("base64");
    expect((await run(["keys", "list"], { home: own, env: { WASM_KMS_ROOT_KEY: other } })).code).toBe(3);
    writeFileSync(join(own, "root.key"), sampleBytes(31));
    expect((await run(["keys", "list"], { home: own })).code).toBe(3);
  });

  it("takes the root key from the environment, and then makes no file of it", async () => {
    const own = join(place(), "home");
    process.env.WASM_KMS_ROOT_KEY = Buffer.from(sampleBytes(32, 5)).toString("base64");
    try {
      const env = { WASM_KMS_ROOT_KEY: process.env.WASM_KMS_ROOT_KEY };
      expect((await run(["keys", "create"], { home: own, env })).code).toBe(0);
      expect(existsSync(join(own, "root.key"))).toBe(false);
    } finally {
      delete process.env.WASM_KMS_ROOT_KEY;
    }
  });
});
