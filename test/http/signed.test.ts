/** The signed endpoint and the unmodified SDK: who is let in, as whom, and what a signature does not carry. */
import { buildClient, CommitmentPolicy, getClient, KMS, KmsKeyringNode } from "@aws-crypto/client-node";
import * as sdk from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ACCOUNT,
  ANYTHING,
  OTHER_ACCOUNT,
  policyOf,
  REGION,
  type SignedService,
  startSignedService,
} from "./signed-service.ts";

const Plaintext = new TextEncoder().encode("signed");
let service: SignedService;
let root: sdk.KMSClient;
let KeyId: string;
let keyArn: string;

beforeAll(async () => {
  service = await startSignedService();
  root = service.clientOf(await service.kms.identities.createAccessKey(ACCOUNT, "root"));
  const { KeyMetadata } = await root.send(new sdk.CreateKeyCommand({}));
  KeyId = KeyMetadata!.KeyId!;
  keyArn = KeyMetadata!.Arn!;
});
afterAll(() => service.stop());

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "success",
    (error: Error) => error.name,
  );

describe("a caller", () => {
  it("is the root, whose access key was made by that name", async () => {
    const { CiphertextBlob } = await root.send(new sdk.EncryptCommand({ KeyId, Plaintext }));
    const { Plaintext: opened } = await root.send(new sdk.DecryptCommand({ CiphertextBlob }));
    expect(Buffer.from(opened!).toString()).toBe("signed");
  });

  it("is a user, who may do what its policy says and no more", async () => {
    const alice = service.clientOf(
      await service.user("alice", { Effect: "Allow", Action: "kms:Encrypt", Resource: keyArn }),
    );
    expect(await codeOf(alice.send(new sdk.EncryptCommand({ KeyId, Plaintext })))).toBe("success");
    expect(await codeOf(alice.send(new sdk.DescribeKeyCommand({ KeyId })))).toBe("AccessDeniedException");
  });

  it("is a session of a role, within its session policy, until it ends or the role goes", async () => {
    const { identities } = service.kms;
    await identities.create("role", ACCOUNT, "app", { policies: { all: policyOf(ANYTHING) } });
    const session = await identities.assumeRole(ACCOUNT, "app", {
      sessionName: "s1",
      policy: policyOf({ Effect: "Allow", Action: "kms:Encrypt", Resource: "*" }),
    });
    const client = service.clientOf(session);
    expect(await codeOf(client.send(new sdk.EncryptCommand({ KeyId, Plaintext })))).toBe("success");
    expect(await codeOf(client.send(new sdk.DescribeKeyCommand({ KeyId })))).toBe("AccessDeniedException");
    const { sessionToken: _token, ...bare } = session;
    const withoutToken = service.clientOf(bare).send(new sdk.EncryptCommand({ KeyId, Plaintext }));
    expect(await codeOf(withoutToken)).toBe("UnrecognizedClientException");
    const otherToken = service.clientOf({ ...session, sessionToken: `${session.sessionToken!.slice(0, -1)}!` });
    expect(await codeOf(otherToken.send(new sdk.EncryptCommand({ KeyId, Plaintext })))).toBe(
      "UnrecognizedClientException",
    );
    await identities.remove("role", ACCOUNT, "app");
    expect(await codeOf(client.send(new sdk.EncryptCommand({ KeyId, Plaintext })))).toBe("UnrecognizedClientException");
  });

  it("of another account needs both sides, and learns nothing of keys that are not there", async () => {
    const bob = service.clientOf(await service.user("bob", ANYTHING, OTHER_ACCOUNT));
    const denied = await bob.send(new sdk.EncryptCommand({ KeyId: keyArn, Plaintext })).catch((e: Error) => e);
    const absent = keyArn.replace(KeyId, "12345678-1234-1234-1234-123456789012");
    const missing = await bob.send(new sdk.EncryptCommand({ KeyId: absent, Plaintext })).catch((e: Error) => e);
    expect((denied as Error).name).toBe("AccessDeniedException");
    expect((missing as Error).message).toBe((denied as Error).message.replace(KeyId, absent.split("/")[1]!));
    const Policy = policyOf([
      { Effect: "Allow", Principal: { AWS: ACCOUNT }, Action: "kms:*", Resource: "*" },
      { Effect: "Allow", Principal: { AWS: OTHER_ACCOUNT }, Action: ["kms:Encrypt", "kms:Decrypt"], Resource: "*" },
    ]);
    await root.send(new sdk.PutKeyPolicyCommand({ KeyId, Policy }));
    const { CiphertextBlob } = await bob.send(new sdk.EncryptCommand({ KeyId: keyArn, Plaintext }));
    const opened = await bob.send(new sdk.DecryptCommand({ KeyId: keyArn, CiphertextBlob }));
    expect(opened.KeyId).toBe(keyArn);
    const nobody = service.clientOf(await service.user("carol", [{ ...ANYTHING, Action: "s3:*" }], OTHER_ACCOUNT));
    expect(await codeOf(nobody.send(new sdk.EncryptCommand({ KeyId: keyArn, Plaintext })))).toBe(
      "AccessDeniedException",
    );
    // Its own keys are its own.
    const { KeyMetadata } = await bob.send(new sdk.CreateKeyCommand({}));
    expect(KeyMetadata!.AWSAccountId).toBe(OTHER_ACCOUNT);
  });

  it("finds the Region of its scope", async () => {
    const credentials = await service.user("traveller", ANYTHING);
    const abroad = service.clientOf(credentials, { region: "eu-central-1" });
    const { KeyMetadata } = await abroad.send(new sdk.CreateKeyCommand({}));
    expect(KeyMetadata!.Arn).toContain(":eu-central-1:");
    const home = service.clientOf(credentials);
    expect(await codeOf(home.send(new sdk.DescribeKeyCommand({ KeyId: KeyMetadata!.KeyId })))).toBe(
      "NotFoundException",
    );
    expect(REGION).not.toBe("eu-central-1");
  });
});

describe("the AWS Encryption SDK", () => {
  it("works with an endpoint and credentials, as a user who may use the key", async () => {
    const use = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"];
    const credentials = await service.user("esdk", { Effect: "Allow", Action: use, Resource: keyArn });
    const clientProvider = getClient(KMS as never, { endpoint: service.server.url, credentials });
    const keyring = new KmsKeyringNode({ clientProvider, generatorKeyId: keyArn });
    const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
    const { result } = await encrypt(keyring, "any size", { encryptionContext: { tenant: "7" } });
    const { plaintext, messageHeader } = await decrypt(keyring, result);
    expect([plaintext.toString(), messageHeader.encryptionContext.tenant]).toEqual(["any size", "7"]);
    const other = await service.user("nobody", { Effect: "Allow", Action: "kms:ListKeys", Resource: "*" });
    const denied = getClient(KMS as never, { endpoint: service.server.url, credentials: other });
    const refused = new KmsKeyringNode({ clientProvider: denied, generatorKeyId: keyArn });
    await expect(encrypt(refused, "any size")).rejects.toThrow(/not authorized to perform: kms:GenerateDataKey/);
  });
});

describe("a request is refused", () => {
  it("with a wrong secret, an unknown key, an inactive key, and a deleted user's", async () => {
    const credentials = await service.user("dave", ANYTHING);
    const list = (changed: object) =>
      codeOf(service.clientOf({ ...credentials, ...changed }).send(new sdk.ListKeysCommand({})));
    expect(await list({})).toBe("success");
    expect(await list({ secretAccessKey: "x".repeat(40) })).toBe("InvalidSignatureException");
    expect(await list({ accessKeyId: "AKIAAAAAAAAAAAAAAAAA" })).toBe("UnrecognizedClientException");
    await service.kms.identities.setAccessKeyActive(credentials.accessKeyId, false);
    expect(await list({})).toBe("UnrecognizedClientException");
    await service.kms.identities.setAccessKeyActive(credentials.accessKeyId, true);
    expect(await list({})).toBe("success");
    await service.kms.identities.remove("user", ACCOUNT, "dave");
    expect(await list({})).toBe("UnrecognizedClientException");
  });

  it("with a clock that is wrong", async () => {
    const credentials = await service.user("erin", ANYTHING);
    const skewed = { systemClockOffset: 16 * 60_000 };
    expect(await codeOf(service.clientOf(credentials, skewed).send(new sdk.ListKeysCommand({})))).toBe(
      "InvalidSignatureException",
    );
    const behind = { systemClockOffset: -16 * 60_000 };
    expect(await codeOf(service.clientOf(credentials, behind).send(new sdk.ListKeysCommand({})))).toBe(
      "InvalidSignatureException",
    );
    const slight = service.clientOf(credentials, { systemClockOffset: 14 * 60_000 });
    expect(await codeOf(slight.send(new sdk.ListKeysCommand({})))).toBe("success");
  });

  it("tells an SDK the time, by which it corrects its clock and is let in", async () => {
    const ahead = await startSignedService(() => Date.now() + 16 * 60_000);
    const credentials = await ahead.user("frank", ANYTHING);
    const list = (maxAttempts: number) =>
      ahead.clientOf(credentials, { maxAttempts }).send(new sdk.ListKeysCommand({}));
    expect(await codeOf(list(1))).toBe("InvalidSignatureException");
    expect(await codeOf(list(3))).toBe("success");
    await ahead.stop();
  });
});
