/** Real processes over one file: killed in the middle of their work, and against each other. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { sqliteKeystore } from "../../src/keystore/sqlite.ts";
import { temporaryFolder } from "../keystore/folder.ts";
import { noteType, openStore, textOf } from "./store.ts";

const WRITER = fileURLToPath(new URL("./writer.ts", import.meta.url));
const folder = temporaryFolder();

function start(path: string, ...task: string[]): ChildProcess {
  return spawn(process.execPath, ["--import", "tsx", WRITER, path, ...task], { stdio: ["ignore", "pipe", "inherit"] });
}

/** Kills the writer when it has acknowledged `count` more; returns the last number that it acknowledged. */
async function killAfter(writer: ChildProcess, count: number): Promise<number> {
  let acknowledged = 0;
  let lines = 0;
  const closed = once(writer, "close");
  for await (const line of createInterface({ input: writer.stdout! })) {
    acknowledged = Number(line);
    if (++lines === count) writer.kill("SIGKILL");
  }
  const [code, signal] = await closed;
  expect([code, signal]).toEqual([null, "SIGKILL"]);
  return acknowledged;
}

describe("a writer that is killed", () => {
  it("has lost nothing that it acknowledged and left nothing half-written", async () => {
    const path = join(folder, "killed.db");
    for (const count of [1, 2, 17, 60, 133]) {
      const acknowledged = await killAfter(start(path, "pairs"), count);
      const records = await openStore(sqliteKeystore({ path }));
      const { type } = noteType();
      const pair = [await textOf(records, type, "a"), await textOf(records, type, "b")];
      expect(pair[0]).toBe(pair[1]);
      expect([acknowledged, acknowledged + 1]).toContain(Number(pair[0]));
      await records.close();
    }
  });
});

describe("several processes", () => {
  it("make one store of an absent file, and lose no increment", async () => {
    const path = join(folder, "contended.db");
    const writers = Array.from({ length: 3 }, () => start(path, "count", "100"));
    const exits = await Promise.all(writers.map((writer) => once(writer, "close")));
    expect(exits).toEqual([
      [0, null],
      [0, null],
      [0, null],
    ]);
    const records = await openStore(sqliteKeystore({ path }));
    expect(await textOf(records, noteType().type, "counter")).toBe("300");
    await records.close();
  });

  it("never see less than what another one has acknowledged", async () => {
    const path = join(folder, "watched.db");
    const records = await openStore(sqliteKeystore({ path }));
    const { type, counts } = noteType();
    const writer = start(path, "pairs");
    let seen = 0;
    for await (const line of createInterface({ input: writer.stdout! })) {
      const now = Number(await textOf(records, type, "a"));
      expect(now).toBeGreaterThanOrEqual(Number(line));
      seen++;
      if (seen === 100) writer.kill("SIGKILL");
    }
    expect(seen).toBeGreaterThanOrEqual(100);
    expect(counts.decoded).toBeGreaterThan(1);
    await records.close();
  });
});
