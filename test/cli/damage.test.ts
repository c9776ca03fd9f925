/** Damaged inputs: one line that names the file, no output, and the others are opened all the same. */
import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { run, runProcess } from "./command.ts";
import { digestOf, filesBelow, sampleBytes, temporaryFolder, writeTree } from "./tree.ts";

const root = temporaryFolder();
const home = join(root, "home");
const sealed = join(root, "sealed");
const FRAME = 1024;
/** More than is read whole, so that it goes through a draft. */
const LARGE_BYTES = 300 * 1024;

beforeAll(async () => {
  writeTree(join(root, "in"), {
    small: sampleBytes(20),
    frames: sampleBytes(2 * FRAME + 5),
    large: sampleBytes(LARGE_BYTES),
  });
  const args = ["seal", ...["small", "frames", "large"].map((name) => join(root, "in", name))];
  expect((await run([...args, "-o", sealed, "--frame", String(FRAME)], { home })).code).toBe(0);
});

let count = 0;

/** Writes variants of a sealed file into a folder and opens it; expects every one refused, by name and only once. */
async function expectAllRefused(variants: readonly Uint8Array[]): Promise<void> {
  const folder = join(root, `damaged-${++count}`);
  const out = join(root, `out-${count}`);
  mkdirSync(folder);
  for (const [i, bytes] of variants.entries()) writeFileSync(join(folder, `${i}.sealed`), bytes);
  const answer = await run(["open", folder, "-o", out], { home });
  expect(answer.code).toBe(1);
  expect(filesBelow(out)).toEqual([]);
  const named = answer.stderr
    .trim()
    .split("\n")
    .map((line) => /^failed (\S+): This message cannot be opened/.exec(line)?.[1]);
  expect(named.sort()).toEqual(variants.map((_, i) => join(folder, `${i}.sealed`)).sort());
}

/** A copy with one bit flipped. */
function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}

describe("a sealed file", () => {
  it("is refused with any bit flipped", async () => {
    const bytes = readFileSync(join(sealed, "small.sealed"));
    await expectAllRefused(Array.from({ length: 8 * bytes.length }, (_, bit) => flipped(bytes, bit)));
  });

  it("is refused at any shorter length, and with anything behind it", async () => {
    const bytes = readFileSync(join(sealed, "small.sealed"));
    const longer = [1, 40, 5000].map((moreBytes) => Buffer.concat([bytes, sampleBytes(moreBytes)]));
    await expectAllRefused([
      ...Array.from({ length: bytes.length }, (_, length) => bytes.subarray(0, length)),
      ...longer,
    ]);
  });

  it("is refused with frames exchanged, dropped, doubled or cut between", async () => {
    const bytes = readFileSync(join(sealed, "frames.sealed"));
    const bodyAt = bytes.length - (2 * (FRAME + 32) + 45);
    const [header, first, second, last] = [
      bytes.subarray(0, bodyAt),
      bytes.subarray(bodyAt, bodyAt + FRAME + 32),
      bytes.subarray(bodyAt + FRAME + 32, bodyAt + 2 * (FRAME + 32)),
      bytes.subarray(bodyAt + 2 * (FRAME + 32)),
    ];
    const orders = [[second, first, last], [first, last], [first, first, second, last], [first, second], [last], []];
    await expectAllRefused(orders.map((frames) => Buffer.concat([header, ...frames])));
  });

  it("of many chunks is refused wherever it is damaged or cut, and leaves no draft", async () => {
    const bytes = readFileSync(join(sealed, "large.sealed"));
    const places = [0, 400, 5000, 150_000, bytes.length - 1];
    await expectAllRefused([
      ...places.map((at) => flipped(bytes, 8 * at)),
      ...places.slice(1).map((length) => bytes.subarray(0, length)),
      Buffer.concat([bytes, sampleBytes(1)]),
    ]);
  });

  it("that is refused does not keep the others, in a process: exit code 1", async () => {
    const folder = join(root, "mixed");
    mkdirSync(folder);
    for (const name of ["small", "large"])
      writeFileSync(join(folder, `${name}.sealed`), readFileSync(join(sealed, `${name}.sealed`)));
    writeFileSync(join(folder, "bad.sealed"), flipped(readFileSync(join(sealed, "large.sealed")), 8 * 200_000));
    writeFileSync(join(folder, "text.sealed"), "no message at all");
    writeFileSync(join(folder, "void.sealed"), "");
    const answer = await runProcess(["open", folder, "-o", join(root, "mixed-out")], { home });
    expect(answer.code).toBe(1);
    for (const name of ["bad", "text", "void"]) expect(answer.stderr).toContain(join(folder, `${name}.sealed`));
    expect(filesBelow(join(root, "mixed-out"))).toEqual(["large", "small"]);
    expect(digestOf(readFileSync(join(root, "mixed-out", "large")))).toBe(digestOf(sampleBytes(LARGE_BYTES)));
  });

  it("of another keystore is refused", async () => {
    const other = join(root, "other-home");
    expect((await run(["keys", "create"], { home: other })).code).toBe(0);
    const answer = await run(["open", sealed, "-o", join(root, "other-out")], { home: other });
    expect(answer.code).toBe(1);
    expect(filesBelow(join(root, "other-out"))).toEqual([]);
  });
});

describe("inspect", () => {
  it("counts frames without a key, and says of a cut file that it is not whole", async () => {
    const path = join(root, "cut.sealed");
    writeFileSync(path, readFileSync(join(sealed, "large.sealed")));
    const json = (text: string) => JSON.parse(text) as { body: object | null; frameBytes: number };
    const whole = json((await run(["inspect", "--json", path], { home: join(root, "none") })).text);
    expect(whole).toMatchObject({ frameBytes: FRAME, body: { frames: 300, plaintextBytes: LARGE_BYTES } });
    truncateSync(path, statSync(path).size - 1);
    expect(json((await run(["inspect", "--json", path], { home })).text).body).toBeNull();
    truncateSync(path, 100);
    expect((await run(["inspect", path], { home })).code).toBe(1);
  });
});
