/** `wasm-kms serve` rotates and deletes what is due without a request, in a keystore that was made a year ago. */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createKms } from "../../src/index.ts";
import { sqliteKeystore } from "../../src/keystore/sqlite.ts";
import { rootKeyFromFile } from "../../src/root-key-node.ts";
import { ended, start } from "../cli/command.ts";
import { temporaryFolder } from "../cli/tree.ts";

const DAY_MS = 86_400_000;
const WAIT_MS = 30_000;

it("a server does by itself what is due", async () => {
  const home = join(temporaryFolder(), "home");
  mkdirSync(home, { mode: 0o700 });
  const madeAtMs = Date.now() - 100 * DAY_MS;
  const past = (
    await createKms({
      keystore: sqliteKeystore({ path: join(home, "keystore.sqlite") }),
      rootKey: rootKeyFromFile(join(home, "root.key"), { create: true }),
      region: "eu-central-1",
      accountId: "123456789012",
      clock: { nowMs: () => madeAtMs },
    })
  ).as("root");
  const { KeyMetadata: rotated } = await past.execute("CreateKey", {});
  await past.execute("EnableKeyRotation", { KeyId: rotated!.KeyId, RotationPeriodInDays: 90 });
  const { KeyMetadata: doomed } = await past.execute("CreateKey", {});
  await past.execute("ScheduleKeyDeletion", { KeyId: doomed!.KeyId, PendingWindowInDays: 7 });
  await past.close();

  const trail = join(temporaryFolder(), "trail");
  const child = start(["serve", "--port", "0", "--audit", trail], { home });
  const end = ended(child);
  const found = await recorded(trail, 2);
  child.kill("SIGTERM");
  expect(await end).toMatchObject({ code: 0, stderr: "" });
  const named = found.map(({ eventName, eventType, resources }) => [eventName, eventType, resources[0].ARN]);
  expect(named.sort()).toEqual([
    ["DeleteKey", "AwsServiceEvent", doomed!.Arn],
    ["RotateKey", "AwsServiceEvent", rotated!.Arn],
  ]);
});

/** Waits until a trail has as many records. */
// biome-ignore lint/suspicious/noExplicitAny: a record is whatever the trail says
async function recorded(folder: string, count: number): Promise<any[]> {
  for (const untilMs = Date.now() + WAIT_MS; Date.now() < untilMs; ) {
    const records = linesOf(folder).map((line) => JSON.parse(line));
    const events = records.filter((record) => record.eventName !== undefined);
    if (events.length >= count) return events;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`The trail has not got ${count} records in ${WAIT_MS} ms.`);
}

function linesOf(folder: string): string[] {
  try {
    const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
    return texts.flatMap((text) => text.split("\n").slice(0, -1));
  } catch {
    return [];
  }
}
