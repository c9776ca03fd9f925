/** The list of attacks names tests that are there. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

it("is a list of tests that are there", () => {
  const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  const rows = readFileSync(path("attacks.md"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| attack"));
  expect(rows.length).toBeGreaterThan(40);
  const named = rows.flatMap((row) => [...row.matchAll(/`([^`]+\.ts)`/g)].map(([, name]) => name!));
  expect(named.filter((name) => !existsSync(path(name.startsWith("src/") ? `../${name}` : name)))).toEqual([]);
  expect(rows.filter((row) => !/`[^`]+\.ts`|not promised|not built yet/.test(row))).toEqual([]);
});
