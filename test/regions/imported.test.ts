/** Replicas of keys whose material is imported get none with the replication: it is imported in each Region. */
import { expect, it } from "vitest";
import type { Key } from "../../src/keys/key.ts";
import { type MultiRegionKey, newMultiRegion, synchronized } from "../../src/keys/multi-region.ts";
import { A, B } from "./regions.ts";

it("a replica of an imported key waits for the same material", () => {
  const materialId = "ab".repeat(32);
  const source: MultiRegionKey = {
    keyId: `mrk-${"0".repeat(32)}`,
    keySpec: "SYMMETRIC_DEFAULT",
    keyUsage: "ENCRYPT_DECRYPT",
    state: "Enabled",
    origin: "EXTERNAL",
    description: "",
    createdAtMs: 1,
    tags: [],
    materials: [{ materialId, createdAtMs: 1, imported: { digest: "d", validToMs: 5 } }],
    multiRegion: { ...newMultiRegion(A), replicaRegions: [B] },
  };
  const replica = synchronized({ ...source, state: "Creating" }, source, B);
  expect(replica.state).toBe("PendingImport");
  expect(replica.materials).toEqual([{ materialId, createdAtMs: 1, imported: { digest: "d", isMissing: true } }]);
  // What was imported there stays there, with an expiry of its own.
  const own = [{ materialId, createdAtMs: 1, imported: { digest: "d" } }];
  const imported: Key = { ...replica, state: "Enabled", materials: own };
  expect(synchronized(imported, source, B)).toMatchObject({ state: "Enabled", materials: own });
});
