/** Whatever is done to a trail that was written shows, but for a cut end, which a head that was kept shows. */
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { TrailFile } from "../../src/audit/file.ts";
import { temporaryFolder } from "../cli/tree.ts";
import { check, filesOf, recordsOf, writeTrail } from "./audited-service.ts";

let whole: TrailFile[];
let rotated: TrailFile[];

beforeAll(async () => {
  const [one, many] = [join(temporaryFolder(), "one"), join(temporaryFolder(), "many")];
  await writeTrail(one);
  await writeTrail(many, 3000);
  whole = filesOf(one);
  rotated = filesOf(many);
});

/** The lines of the only file, changed. */
const changed = (change: (lines: string[]) => string[]): TrailFile[] => {
  const [{ name, text }] = whole as [TrailFile];
  return [{ name, text: change(text.split("\n")).join("\n") }];
};
const isRecord = (line: string) => line.startsWith('{"eventVersion"');
const findings = async (files: readonly TrailFile[]) => (await check(files)).findings.length;

describe("a trail", () => {
  it("is whole as it was written, in one file and in many", async () => {
    expect(await check(whole)).toMatchObject({ records: 16, findings: [], cutShort: [] });
    expect(rotated.length).toBeGreaterThan(2);
    expect(await check(rotated)).toMatchObject({ records: 16, findings: [], cutShort: [] });
    expect(recordsOf(rotated).map(({ eventName }) => eventName)).toEqual(
      recordsOf(whole).map(({ eventName }) => eventName),
    );
  });

  it("has a signed checkpoint at its end", async () => {
    const { checkpoints, heads } = await check(whole);
    expect(checkpoints).toBeGreaterThan(0);
    expect(whole[0]!.text.trimEnd().split("\n").at(-1)).toContain(`"hash":"${heads[0]!.hash}"`);
  });
});

describe("what was done to it shows", () => {
  it("at every line that is removed, doubled, moved or edited, but the last checkpoint", async () => {
    const count = whole[0]!.text.trimEnd().split("\n").length;
    for (let i = 0; i < count - 1; i++) {
      const without = changed((lines) => lines.filter((_, at) => at !== i));
      const doubled = changed((lines) => lines.flatMap((line, at) => (at === i ? [line, line] : [line])));
      const moved = changed((lines) => [...lines.slice(0, i), lines[i + 1]!, lines[i]!, ...lines.slice(i + 2)]);
      const edited = changed((lines) => lines.with(i, lines[i]!.replace(/[0-9a-f](?=[^0-9a-f]*$)/, "x")));
      for (const [what, files] of Object.entries({ without, doubled, moved, edited })) {
        expect(await findings(files), `line ${i} ${what}`).toBeGreaterThan(0);
      }
    }
  });

  it("where a record was added, in the middle or as a file of its own", async () => {
    const record = whole[0]!.text.split("\n").find(isRecord)!;
    expect(await findings(changed((lines) => [...lines.slice(0, 5), record, ...lines.slice(5)]))).toBeGreaterThan(0);
    expect(await findings([...whole, { ...whole[0]!, name: "audit-copy" }])).toBeGreaterThan(0);
  });

  it("where the chain was made anew, because nobody else can sign it", async () => {
    const forged = join(temporaryFolder(), "forged");
    await writeTrail(forged);
    const [{ text }] = whole as [TrailFile];
    const publicKey = JSON.parse(text.split("\n")[0]!).publicKey as string;
    const { findings: found } = await check(filesOf(forged), { publicKey });
    expect(found).toEqual([expect.objectContaining({ message: "another key signs here" })]);
    const otherKey = filesOf(forged).map(({ name, text: its }) => ({
      name,
      text: its.replace(/"publicKey":"[^"]+"/, `"publicKey":"${publicKey}"`),
    }));
    expect(await findings(otherKey)).toBeGreaterThan(0);
  });

  it("where a file is missing, or another one stands in its place", async () => {
    expect(await findings(rotated.filter((_, i) => i !== 1))).toBeGreaterThan(0);
    expect(await findings(rotated.slice(1))).toBeGreaterThan(0);
    const swapped = rotated.map((file, i) => (i === 1 ? { ...file, text: rotated[2]!.text } : file));
    expect(await findings(swapped)).toBeGreaterThan(0);
  });

  it("where an end was cut off, only to whoever kept a head", async () => {
    const { heads } = await check(whole);
    const cut = changed((lines) => lines.slice(0, lines.findLastIndex((line) => line.startsWith('{"chain"')) - 4));
    expect((await check(cut, { heads })).findings).toEqual([
      expect.objectContaining({ message: expect.stringContaining("its end was cut off or replaced") }),
    ]);
    expect((await check(whole, { heads })).findings).toEqual([]);
    expect((await check([], { heads })).findings).toHaveLength(1);
    expect((await check(rotated.slice(0, -1), { heads: (await check(rotated)).heads })).findings).toHaveLength(1);
  });
});

describe("a torn end", () => {
  it("is what a killed process leaves, and no tampering", async () => {
    const folder = join(temporaryFolder(), "torn");
    await writeTrail(folder);
    const [{ name }] = filesOf(folder) as [TrailFile];
    const record = readFileSync(join(folder, name), "utf8").split("\n").find(isRecord)!;
    appendFileSync(join(folder, name), `${record}\n${record.slice(0, 100)}`);
    const { findings: found, cutShort } = await check(filesOf(folder));
    expect(found).toEqual([]);
    expect(cutShort).toEqual([expect.objectContaining({ message: expect.stringContaining("cut short: 1 records") })]);
  });
});
