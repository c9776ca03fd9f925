/** Multi-Region keys, in one store for all Regions and in a store for each. */
import { describe, expect, it } from "vitest";
import { memoryKeystore } from "../../src/index.ts";
import { A, arnIn, B, C, openRegions } from "./regions.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe.each([
  ["one store", () => openRegions({ keystore: memoryKeystore() })],
  [
    "a store for each Region",
    () => openRegions({ keystore: memoryKeystore(), regions: { [B]: memoryKeystore(), [C]: memoryKeystore() } }),
  ],
] as const)("a multi-Region key in %s", (_, open) => {
  it("is made, replicated, and opens everywhere", async () => {
    const regions = await open();
    const { KeyMetadata: made } = await regions.in(A)("CreateKey", { MultiRegion: true, Description: "primary" });
    expect(made.KeyId).toMatch(/^mrk-[0-9a-f]{32}$/);
    const KeyId = made.KeyId;
    const { ReplicaKeyMetadata: replica } = await regions.in(A)("ReplicateKey", { KeyId, ReplicaRegion: B });
    expect(replica.KeyState).toBe("Creating");
    const { KeyMetadata: there } = await regions.in(B)("DescribeKey", { KeyId });
    expect(there).toEqual({ ...replica, KeyState: "Enabled", Enabled: true });
    const { CiphertextBlob } = await regions.in(A)("Encrypt", { KeyId, Plaintext: bytes("secret") });
    const opened = await regions.in(B)("Decrypt", { CiphertextBlob });
    expect(opened.Plaintext).toEqual(bytes("secret"));
    expect(opened.KeyId).toBe(arnIn(B, KeyId));
    await regions.kms.close();
  });
});
