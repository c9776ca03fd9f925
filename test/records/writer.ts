/**
 * A process of its own for the tests that kill one or set several against each other:
 *   writer.ts <file> pairs          writes i at `a` and `b` for ever, and prints i when it is acknowledged
 *   writer.ts <file> count <times>  adds 1 to `counter` that often
 */
import { writeSync } from "node:fs";
import { sqliteKeystore } from "../../src/keystore/sqlite.ts";
import { note, noteType, openStore, read } from "./store.ts";

const [path, task, times] = process.argv.slice(2);
const records = await openStore(sqliteKeystore({ path: path! }));
const { type } = noteType();

async function add(paths: readonly string[]): Promise<number> {
  return records.write(async (tx) => {
    const next = Number(read(await tx.get(type, paths[0]!)) ?? "0") + 1;
    for (const path of paths) tx.put(type, path, note(String(next)));
    return next;
  });
}

if (task === "pairs") {
  for (;;) writeSync(1, `${await add(["a", "b"])}\n`);
} else {
  for (let i = 0; i < Number(times); i++) await add(["counter"]);
  await records.close();
}
