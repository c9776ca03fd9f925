/** Two processes that meet at the worst moment, and a replica that finds itself half promoted. */
import { expect, it } from "vitest";
import { memoryKeystore } from "../../src/index.ts";
import { unclosable } from "../operations/service.ts";
import { sharedMemory } from "../records/shared-memory.ts";
import { type CrashPoint, copyOf, failing } from "./failing.ts";
import { A, B, openRegions } from "./regions.ts";

const Plaintext = new TextEncoder().encode("secret");
const NEVER = Number.POSITIVE_INFINITY;

it("a change that another process makes meanwhile is told as well before anything is finished", async () => {
  const [a, b] = [sharedMemory(), sharedMemory()];
  const point: CrashPoint = { inCalls: NEVER };
  let atNextCommit: (() => Promise<void>) | undefined;
  const driverB = failing(b.driver(), point);
  const interrupted = {
    ...driverB,
    commit: async (commit: Parameters<typeof driverB.commit>[0]) => {
      const outcome = await driverB.commit(commit);
      const interrupt = atNextCommit;
      atNextCommit = undefined;
      await interrupt?.();
      return outcome;
    },
  };
  const first = await openRegions({ keystore: a.driver(), regions: { [B]: interrupted } });
  const otherPoint: CrashPoint = { inCalls: NEVER };
  const second = await openRegions({ keystore: a.driver(), regions: { [B]: failing(b.driver(), otherPoint) } });
  const { KeyId } = (await first.in(A)("CreateKey", { MultiRegion: true })).KeyMetadata;
  await first.in(A)("ReplicateKey", { KeyId, ReplicaRegion: B });
  // While the first process tells B of the schedule, the second one rotates, and then nobody reaches B.
  otherPoint.inCalls = 0;
  let hasRotated = false;
  atNextCommit = async () => {
    await second.in(A)("RotateKeyOnDemand", { KeyId });
    hasRotated = true;
    point.inCalls = 0;
  };
  await first.in(A)("EnableKeyRotation", { KeyId });
  expect(hasRotated).toBe(true);
  const { CiphertextBlob } = await first.in(A)("Encrypt", { KeyId, Plaintext });
  point.inCalls = NEVER;
  const alone = await openRegions({ keystore: memoryKeystore(), regions: { [B]: b.driver() } });
  expect((await alone.in(B)("Decrypt", { CiphertextBlob })).Plaintext).toEqual(Plaintext);
  // It ends when B answers again.
  first.advanceDays(1);
  await first.in(A)("DescribeKey", { KeyId });
  expect((await first.in(B)("ListKeyRotations", { KeyId })).Rotations).toHaveLength(1);
  for (const { kms } of [first, second, alone]) await kms.close();
});

it("a replica that is half promoted goes on by itself when it is looked at", async () => {
  const base = [memoryKeystore(), memoryKeystore()];
  const open = ([keystore, b]: typeof base, point: CrashPoint = { inCalls: NEVER }) =>
    openRegions({
      keystore: failing(unclosable(keystore!), point),
      regions: { [B]: failing(unclosable(b!), point) },
    });
  const before = await open(base);
  const { KeyId } = (await before.in(A)("CreateKey", { MultiRegion: true })).KeyMetadata;
  await before.in(A)("ReplicateKey", { KeyId, ReplicaRegion: B });
  await before.kms.close();
  let unfinished = 0;
  for (let calls = 1; ; calls++) {
    const stores = await Promise.all(base.map(copyOf));
    const point: CrashPoint = { inCalls: NEVER };
    const crashing = await open(stores, point);
    point.inCalls = calls;
    await crashing
      .in(A)("UpdatePrimaryRegion", { KeyId, PrimaryRegion: B })
      .catch(() => undefined);
    const hasEnded = point.inCalls > 0;
    point.inCalls = NEVER;
    await crashing.kms.close();
    const after = await open(stores);
    const describeB = async () => (await after.in(B)("DescribeKey", { KeyId })).KeyMetadata;
    if ((await describeB()).KeyState === "Updating") unfinished++;
    const { KeyState, MultiRegionConfiguration } = await describeB();
    expect(KeyState, `call ${calls}`).toBe("Enabled");
    if (hasEnded) expect(MultiRegionConfiguration.MultiRegionKeyType).toBe("PRIMARY");
    await after.kms.close();
    if (hasEnded) break;
  }
  expect(unfinished).toBeGreaterThan(3);
});
