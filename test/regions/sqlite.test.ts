/** Stores in files: a replica outlives the file of its primary, and each file has secrets of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createKms, rootKeyFromBytes } from "../../src/index.ts";
import { sqliteKeystore } from "../../src/keystore/sqlite.ts";
import { ROOT_KEY } from "../operations/service.ts";
import { A, ACCOUNT, arnIn, B } from "./regions.ts";

const Plaintext = new TextEncoder().encode("secret");
const OWN_ROOT_KEY = new Uint8Array(32).fill(9);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "regions-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const file = (region: string) => sqliteKeystore({ path: join(folder, region, "keys.sqlite") });
const options = { region: A, accountId: ACCOUNT };

describe.each([
  ["the service's root key", ROOT_KEY],
  ["a root key of its own", OWN_ROOT_KEY],
] as const)("a replica in a file under %s", (_, rootKeyBytes) => {
  it("works with the file of its primary deleted", async () => {
    const rootKey = rootKeyFromBytes(rootKeyBytes);
    const both = await createKms({
      ...options,
      keystore: file(A),
      rootKey: rootKeyFromBytes(ROOT_KEY),
      regions: { [B]: rootKeyBytes === ROOT_KEY ? file(B) : { keystore: file(B), rootKey } },
    });
    const here = both.as("root");
    const keyOf = async (input: object) => {
      const { KeyMetadata } = await here.execute("CreateKey", { MultiRegion: true, ...input });
      await here.execute("ReplicateKey", { KeyId: KeyMetadata!.KeyId, ReplicaRegion: B });
      return KeyMetadata!.KeyId;
    };
    const KeyId = await keyOf({});
    const pair = await keyOf({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
    const hmac = await keyOf({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" });
    const before = await here.execute("Encrypt", { KeyId, Plaintext });
    await here.execute("RotateKeyOnDemand", { KeyId });
    const after = await here.execute("Encrypt", { KeyId, Plaintext });
    const signing = { KeyId: pair, Message: Plaintext, SigningAlgorithm: "ECDSA_SHA_256" } as const;
    const { Signature } = await here.execute("Sign", signing);
    const macs = { KeyId: hmac, Message: Plaintext, MacAlgorithm: "HMAC_SHA_256" } as const;
    const { Mac } = await here.execute("GenerateMac", macs);
    await both.close();
    await rm(join(folder, A), { recursive: true });

    const alone = (await createKms({ keystore: file(B), rootKey, region: B, accountId: ACCOUNT })).as("root");
    for (const { CiphertextBlob } of [before, after]) {
      const opened = await alone.execute("Decrypt", { CiphertextBlob: CiphertextBlob! });
      expect(opened).toMatchObject({ Plaintext, KeyId: arnIn(B, KeyId) });
    }
    expect((await alone.execute("Verify", { ...signing, Signature: Signature! })).SignatureValid).toBe(true);
    expect((await alone.execute("VerifyMac", { ...macs, Mac: Mac! })).MacValid).toBe(true);
    const sealed = await alone.execute("Encrypt", { KeyId, Plaintext });
    expect((await alone.execute("Decrypt", { CiphertextBlob: sealed.CiphertextBlob! })).Plaintext).toEqual(Plaintext);
    const { KeyMetadata } = await alone.execute("DescribeKey", { KeyId });
    expect(KeyMetadata!.MultiRegionConfiguration!.PrimaryKey!.Region).toBe(A);
    // It is deleted by itself as well, though nobody can be told.
    await alone.execute("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 });
    await alone.close();
  });
});

describe("the files of two Regions", () => {
  it("do not open under each other's root key, and hold nothing of each other", async () => {
    const own = rootKeyFromBytes(OWN_ROOT_KEY);
    const rootKey = rootKeyFromBytes(ROOT_KEY);
    const open = () =>
      createKms({ ...options, keystore: file(A), rootKey, regions: { [B]: { keystore: file(B), rootKey: own } } });
    const both = await open();
    await both.as("root").execute("CreateKey", {});
    const there = both.inRealm({ region: B, accountId: ACCOUNT }).as("root");
    const { KeyMetadata } = await there.execute("CreateKey", {});
    await both.close();
    await expect(createKms({ ...options, keystore: file(B), rootKey })).rejects.toThrow("does not open this keystore");
    const alone = await createKms({ ...options, keystore: file(A), rootKey });
    const seen = alone.inRealm({ region: B, accountId: ACCOUNT }).as("root");
    expect((await seen.execute("ListKeys", {})).Keys).toEqual([]);
    await alone.close();
    const again = await open();
    const kept = again.inRealm({ region: B, accountId: ACCOUNT }).as("root");
    expect((await kept.execute("ListKeys", {})).Keys).toMatchObject([{ KeyId: KeyMetadata!.KeyId }]);
    await again.close();
  });

  it("are refused where they are no stores, and then none stays open", async () => {
    const rootKey = rootKeyFromBytes(ROOT_KEY);
    const keystore = file(A);
    const regionsOf = (regions: object) => createKms({ ...options, keystore, rootKey, regions: regions as never });
    await expect(regionsOf({ nowhere: file(B) })).rejects.toThrow(
      'regions names Regions, as "eu-west-1"; nowhere is none.',
    );
    await expect(regionsOf({ [B]: {} })).rejects.toThrow('regions["eu-west-1"] must be a driver');
    await expect(regionsOf({ [B]: "file" })).rejects.toThrow('regions["eu-west-1"] must be a driver');
    await expect(regionsOf({ [B]: keystore })).rejects.toThrow("in use already");
  });
});
