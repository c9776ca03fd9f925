/** A SQLite file that was changed anywhere: everything comes out of it right, or it is refused. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { KeystoreError } from "../../src/errors.ts";
import { sqliteKeystore } from "../../src/keystore/sqlite.ts";
import { temporaryFolder } from "../keystore/folder.ts";
import { note, noteType, openStore, textOf } from "./store.ts";

const folder = temporaryFolder();
const RECORDS = 40;
let files = 0;

async function pristine(): Promise<Uint8Array> {
  const path = join(folder, "pristine.db");
  const records = await openStore(sqliteKeystore({ path }));
  const { type } = noteType();
  await records.write(async (tx) => {
    for (let i = 0; i < RECORDS; i++) tx.put(type, `key/${i}`, note(`content ${i} `.repeat(10)));
  });
  await records.close();
  // A copy that is no Buffer, whose slice() would not copy.
  return Uint8Array.from(readFileSync(path));
}

/** "refused" if the file or any record of it is, else how many records were read, every one of them right. */
async function outcomeOf(bytes: Uint8Array): Promise<"refused" | number> {
  const path = join(folder, `damaged-${files++}.db`);
  writeFileSync(path, bytes, { mode: 0o600 });
  let found = 0;
  try {
    const records = await openStore(sqliteKeystore({ path }));
    const { type } = noteType();
    try {
      for (let i = 0; i < RECORDS; i++) {
        const text = await textOf(records, type, `key/${i}`);
        if (text === undefined) continue;
        expect(text).toBe(`content ${i} `.repeat(10));
        found++;
      }
    } finally {
      await records.close();
    }
  } catch (error) {
    expect(error).toBeInstanceOf(KeystoreError);
    expect((error as Error).message).toMatch(
      /damaged-|record "key\/|header of this keystore|records but no header|This root key/,
    );
    return "refused";
  }
  return found;
}

describe("a damaged file", () => {
  it("is refused when it was cut, at any page", async () => {
    const bytes = await pristine();
    for (let length = 4096; length < bytes.length; length += 4096) {
      expect(await outcomeOf(bytes.slice(0, length)), `${length}`).toBe("refused");
    }
    expect(await outcomeOf(bytes.slice(0, 100))).toBe("refused");
  });

  it("is refused when a page of it was overwritten with zeros", async () => {
    const bytes = await pristine();
    for (let page = 0; page < bytes.length; page += 4096) {
      const damaged = bytes.slice();
      damaged.fill(0, page, page + 4096);
      expect(await outcomeOf(damaged), `page ${page / 4096}`).toBe("refused");
    }
  });

  it("is refused, or gives out every record as it was, after the flip of a bit", async () => {
    const bytes = await pristine();
    expect(await outcomeOf(bytes)).toBe(RECORDS);
    let refusals = 0;
    // Spread evenly over the file, by a step that has no factor in common with its length.
    for (
      let i = 0, bit = 0;
      i < 150 * Number(process.env.SOAK ?? 1);
      i++, bit = (bit + 27_644_437) % (bytes.length * 8)
    ) {
      const damaged = bytes.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const outcome = await outcomeOf(damaged);
      if (outcome === "refused") refusals++;
      else expect(outcome, `bit ${bit}`).toBe(RECORDS);
    }
    expect(refusals).toBeGreaterThan(25);
  });
});
