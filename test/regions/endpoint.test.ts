/** The genuine SDK's clients of two Regions at one signed endpoint. */
import * as sdk from "@aws-sdk/client-kms";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ACCOUNT, ANYTHING, REGION, type SignedService, startSignedService } from "../http/signed-service.ts";

const OTHER = "eu-west-1";
const Plaintext = new TextEncoder().encode("secret");

let service: SignedService;
beforeAll(async () => {
  service = await startSignedService();
});
afterAll(() => service.stop());

it("replicates and promotes a key between the Regions of their credential scopes", async () => {
  const admin = await service.user("admin", ANYTHING);
  const here = service.clientOf(admin);
  const there = service.clientOf(admin, { region: OTHER });
  const { KeyMetadata } = await here.send(new sdk.CreateKeyCommand({ MultiRegion: true }));
  const KeyId = KeyMetadata!.KeyId!;
  const Tags = [{ TagKey: "stage", TagValue: "test" }];
  const replicating = new sdk.ReplicateKeyCommand({ KeyId, ReplicaRegion: OTHER, Tags });
  const { ReplicaKeyMetadata } = await here.send(replicating);
  expect(ReplicaKeyMetadata!.Arn).toBe(`arn:aws:kms:${OTHER}:${ACCOUNT}:key/${KeyId}`);
  const described = await there.send(new sdk.DescribeKeyCommand({ KeyId }));
  expect(described.KeyMetadata!.KeyState).toBe("Enabled");
  expect(described.KeyMetadata!.MultiRegionConfiguration!.MultiRegionKeyType).toBe("REPLICA");
  expect(described.KeyMetadata!.CreationDate).toBeInstanceOf(Date);
  const { CiphertextBlob } = await here.send(new sdk.EncryptCommand({ KeyId, Plaintext }));
  expect((await there.send(new sdk.DecryptCommand({ CiphertextBlob }))).Plaintext).toEqual(Plaintext);
  await expect(there.send(new sdk.ReplicateKeyCommand({ KeyId, ReplicaRegion: "ap-south-1" }))).rejects.toMatchObject({
    name: "UnsupportedOperationException",
    message: `arn:aws:kms:${OTHER}:${ACCOUNT}:key/${KeyId} is not a multi-region primary key.`,
  });
  await expect(here.send(new sdk.ReplicateKeyCommand({ KeyId, ReplicaRegion: OTHER }))).rejects.toBeInstanceOf(
    sdk.AlreadyExistsException,
  );
  await here.send(new sdk.UpdatePrimaryRegionCommand({ KeyId, PrimaryRegion: OTHER }));
  const promoted = await there.send(new sdk.DescribeKeyCommand({ KeyId }));
  expect(promoted.KeyMetadata!.MultiRegionConfiguration!.MultiRegionKeyType).toBe("PRIMARY");
  expect(promoted.KeyMetadata!.MultiRegionConfiguration!.ReplicaKeys).toEqual([
    { Arn: `arn:aws:kms:${REGION}:${ACCOUNT}:key/${KeyId}`, Region: REGION },
  ]);
});

it("lets nobody replicate who may not create keys in the other Region", async () => {
  const inOther = { StringEquals: { "aws:RequestedRegion": OTHER } };
  const guarded = await service.user("guarded", [
    ANYTHING,
    { Effect: "Deny", Action: "kms:CreateKey", Resource: "*", Condition: inOther },
  ]);
  const here = service.clientOf(guarded);
  const { KeyMetadata } = await here.send(new sdk.CreateKeyCommand({ MultiRegion: true }));
  const replicating = new sdk.ReplicateKeyCommand({ KeyId: KeyMetadata!.KeyId, ReplicaRegion: OTHER });
  await expect(here.send(replicating)).rejects.toMatchObject({ name: "AccessDeniedException" });
});
