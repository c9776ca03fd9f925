/** The drop-in client: what a program that was written for @aws-sdk/client-kms relies on. */

import { buildClient, CommitmentPolicy, KmsKeyringNode } from "@aws-crypto/client-node";
import * as sdk from "@aws-sdk/client-kms";
import { beforeAll, describe, expect, it } from "vitest";
import * as client from "../../src/client/client.ts";
import { createRequestHandler } from "../../src/http/request-handler.ts";
import type { Kms } from "../../src/index.ts";
import { OPERATIONS } from "../../src/operations/index.ts";
import { ARN_PREFIX, REGION, startService } from "../operations/service.ts";

let kms: Kms;
let KeyId: string;
const Plaintext = new TextEncoder().encode("hello");

beforeAll(async () => {
  kms = (await startService()).kms;
  KeyId = (await kms.execute("CreateKey", {})).KeyMetadata!.KeyId;
});

describe("KMSClient", () => {
  it("tells of each answer as the SDK does", async () => {
    const { $metadata } = await new client.KMSClient({ kms }).send(new client.EncryptCommand({ KeyId, Plaintext }));
    expect($metadata).toMatchObject({ httpStatusCode: 200, attempts: 1, totalRetryDelay: 0 });
    expect($metadata.requestId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
  });

  it("keeps the types of the SDK's commands", async () => {
    const output: sdk.EncryptCommandOutput = await new client.KMSClient({ kms }).send(
      new sdk.EncryptCommand({ KeyId, Plaintext }),
    );
    expect(output.KeyId).toBe(`${ARN_PREFIX}:key/${KeyId}`);
  });

  it("throws the SDK's own errors where the SDK is given", async () => {
    const error = await new client.KMSClient({ kms, sdk })
      .send(new sdk.DescribeKeyCommand({ KeyId: "alias/none" }))
      .catch((e) => e);
    expect(error).toBeInstanceOf(sdk.NotFoundException);
    expect(error).toBeInstanceOf(sdk.KMSServiceException);
    expect(error).toMatchObject({ name: "NotFoundException", $fault: "client", $metadata: { httpStatusCode: 400 } });
    const unmodelled = await new client.KMSClient({ kms, sdk })
      .send(new sdk.EncryptCommand({ KeyId, Plaintext: new Uint8Array(0) }))
      .catch((e) => e);
    expect(unmodelled).toBeInstanceOf(sdk.KMSServiceException);
    expect(unmodelled.name).toBe("ValidationException");
  });

  it("throws KmsError otherwise", async () => {
    const error = await new client.KMSClient({ kms })
      .send(new client.DescribeKeyCommand({ KeyId: "alias/none" }))
      .catch((e) => e);
    expect(error).toBeInstanceOf(client.KmsError);
    expect(error).toMatchObject({ code: "NotFoundException", $metadata: { httpStatusCode: 400 } });
  });

  it("acts as the principal that it was made for", async () => {
    const eve = new client.KMSClient({ kms: kms.as("arn:aws:iam::999999999999:user/eve") });
    await expect(
      eve.send(new client.EncryptCommand({ KeyId: `${ARN_PREFIX}:key/${KeyId}`, Plaintext })),
    ).rejects.toMatchObject({
      code: "AccessDeniedException",
    });
  });

  it("says what it takes when it is given something else", async () => {
    await expect(new client.KMSClient({ kms }).send({ input: {} } as never)).rejects.toThrow(
      /send\(\) takes a command/,
    );
  });

  it("has a command for every operation and no other", () => {
    const commands = Object.keys(client).filter((name) => name.endsWith("Command"));
    expect(commands.sort()).toEqual(
      Object.keys(OPERATIONS)
        .map((name) => `${name}Command`)
        .sort(),
    );
  });
});

describe("KMS", () => {
  it("has a method for every operation", async () => {
    const methods = new client.KMS({ kms });
    for (const name of Object.keys(OPERATIONS)) {
      const method = name.charAt(0).toLowerCase() + name.slice(1);
      expect(typeof (methods as unknown as Record<string, unknown>)[method], method).toBe("function");
    }
    const { CiphertextBlob } = await methods.encrypt({ KeyId, Plaintext });
    expect((await methods.decrypt({ CiphertextBlob: CiphertextBlob! })).Plaintext).toEqual(Plaintext);
  });
});

describe("a genuine SDK client over the request handler", () => {
  it("round-trips, retries nothing, and raises its own errors", async () => {
    const genuine = new sdk.KMS({
      region: REGION,
      credentials: { accessKeyId: "AKID", secretAccessKey: "secret" },
      requestHandler: createRequestHandler(kms),
    });
    const { CiphertextBlob } = await genuine.encrypt({ KeyId, Plaintext, EncryptionContext: { a: "é" } });
    const opened = await genuine.decrypt({ CiphertextBlob, EncryptionContext: { a: "é" } });
    expect(Uint8Array.from(opened.Plaintext!)).toEqual(Plaintext);
    await expect(genuine.decrypt({ CiphertextBlob })).rejects.toBeInstanceOf(sdk.InvalidCiphertextException);
    await expect(genuine.describeKey({ KeyId: "alias/none" })).rejects.toBeInstanceOf(sdk.NotFoundException);
    const pages = [];
    for await (const page of sdk.paginateListKeys({ client: genuine }, { Limit: 1 })) pages.push(...page.Keys!);
    expect(pages).toMatchObject([{ KeyId }]);
  });
});

describe("the AWS Encryption SDK's own KMS keyring, unmodified", () => {
  const clients = {
    "over our KMS": () => new client.KMS({ kms }),
    "over the genuine KMS with our request handler": () =>
      new sdk.KMS({
        region: REGION,
        credentials: { accessKeyId: "AKID", secretAccessKey: "secret" },
        requestHandler: createRequestHandler(kms),
      }),
  };

  it.each(Object.entries(clients))("encrypts and decrypts %s", async (_, connect) => {
    const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
    const generatorKeyId = `${ARN_PREFIX}:key/${KeyId}`;
    const second = (await kms.execute("CreateKey", {})).KeyMetadata!.Arn!;
    const keyring = new KmsKeyringNode({ clientProvider: connect as never, generatorKeyId, keyIds: [second] });
    const context = { purpose: "test", unicode: "ｅ😀" };
    const { result } = await encrypt(keyring, Buffer.from(Plaintext), { encryptionContext: context });
    const opened = await decrypt(keyring, result);
    expect(Uint8Array.from(opened.plaintext)).toEqual(Plaintext);
    expect(opened.messageHeader.encryptionContext).toMatchObject(context);
    const onlySecond = new KmsKeyringNode({ clientProvider: connect as never, keyIds: [second] });
    expect(Uint8Array.from((await decrypt(onlySecond, result)).plaintext)).toEqual(Plaintext);
  });
});
