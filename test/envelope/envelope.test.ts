/** The envelope and its key service: whose errors pass, which keys are tried, what is bound and what is bounded. */
import { KMS } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import { EnvelopeError } from "../../src/envelope/errors.ts";
import { DEFAULT_LIMITS } from "../../src/envelope/format.ts";
import { encodeHeaderBody, HeaderReader } from "../../src/envelope/header.ts";
import { inspectMessage } from "../../src/envelope/inspect.ts";
import type { KeyService } from "../../src/envelope/key-service.ts";
import { ServiceError } from "./key-service.ts";
import { collect, cut, isRefusal, patterned, workbench } from "./workbench.ts";

const CONTEXT = { tenant: "a", purpose: "test" };
const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

test("the SDK's client is a key service", async () => {
  const kms: KeyService = new KMS({ region: "eu-central-1" });
  expect((await workbench({ kms })).envelope).toBeDefined();
});

describe("the context of a message", () => {
  test("must hold the pairs that its opener names", async () => {
    const { kms, envelope } = await workbench();
    const message = await envelope.seal(patterned(5), { context: CONTEXT });
    expect((await envelope.open(message, { context: { tenant: "a" } })).context).toEqual({ ...CONTEXT });
    kms.calls.length = 0;
    for (const context of [{ tenant: "b" }, { other: "a" }, { tenant: "a", other: "" }, { Tenant: "a" }]) {
      expect(isRefusal(await caught(envelope.open(message, { context })))).toBe(true);
      expect(isRefusal(await caught(collect(envelope.openStream(cut(message, 9), { context }))))).toBe(true);
    }
    expect(kms.calls).toEqual([]);
  });

  test("that cannot be sealed is refused before a data key is made", async () => {
    const { kms, envelope } = await workbench();
    const contexts = [{ "aws-crypto-x": "" }, { a: "\uD800" }, { a: "x".repeat(65_536) }, { a: 1 as never }];
    for (const context of contexts) await expect(envelope.seal(patterned(5), { context })).rejects.toThrow();
    expect(kms.calls).toEqual([]);
  });
});

describe("answers of the key service", () => {
  test("about the message become the one refusal; what the cipher said is not even a cause", async () => {
    const { kms, envelope } = await workbench();
    const message = await envelope.seal(patterned(5));
    const untold = ["InvalidCiphertextException", "IncorrectKeyException"];
    const told = ["NotFoundException", "InvalidArnException", "ValidationException", "InvalidKeyUsageException"];
    for (const name of [...untold, ...told]) {
      kms.decrypt = () => Promise.reject(new ServiceError(name));
      const error = await caught(envelope.open(message));
      expect(isRefusal(error), name).toBe(true);
      expect((error as Error).cause, name).toEqual(told.includes(name) ? new ServiceError(name) : undefined);
      expect(Object.keys(error as Error)).not.toContain("cause");
    }
  });

  test.each(["DisabledException", "KMSInvalidStateException", "AccessDeniedException", "ThrottlingException", "Error"])(
    "about anything else pass unchanged: %s",
    async (name) => {
      const { kms, envelope } = await workbench();
      const message = await envelope.seal(patterned(5));
      const refusal = new ServiceError(name);
      kms.decrypt = () => Promise.reject(refusal);
      expect(await caught(envelope.open(message))).toBe(refusal);
      expect(await caught(collect(envelope.openStream(cut(message, 100))))).toBe(refusal);
      kms.generateDataKey = () => Promise.reject(refusal);
      expect(await caught(envelope.seal(patterned(5)))).toBe(refusal);
    },
  );

  test("that name another key, or hold no data key of 32 bytes, open nothing and are wiped", async () => {
    const { kms, keyId, envelope } = await workbench();
    const message = await envelope.seal(patterned(5));
    const decrypt = kms.decrypt.bind(kms);
    const answers = [
      { KeyId: await kms.createKey() },
      { KeyId: undefined },
      { Plaintext: undefined },
      { Plaintext: new Uint8Array(31).fill(1) },
      { Plaintext: new Uint8Array(33).fill(1) },
    ];
    for (const answer of answers) {
      kms.decrypt = async (input) => ({ ...(await decrypt(input)), ...answer }) as never;
      expect(isRefusal(await caught(envelope.open(message)))).toBe(true);
      if (answer.Plaintext !== undefined) expect(answer.Plaintext.every((byte) => byte === 0)).toBe(true);
    }
    expect(kms.handedOut.slice(0, 3).every((key) => key.every((byte) => byte === 0))).toBe(true);
    const generate = kms.generateDataKey.bind(kms);
    for (const answer of [
      ...answers.slice(1),
      { KeyId: "alias/records" },
      { KeyId: keyId.split("/")[1] },
      { CiphertextBlob: "" },
    ]) {
      kms.generateDataKey = async (input) => ({ ...(await generate(input)), ...answer }) as never;
      expect(await caught(envelope.seal(patterned(5)))).toBeInstanceOf(TypeError);
    }
  });
});

describe("several wrapped data keys", () => {
  /** A message whose header carries more wrapped keys than its tag covers: enough to see which ones are tried. */
  function withKeys(message: Uint8Array, keys: { providerId: string; providerInfo: string }[]): Uint8Array {
    const { header, rest } = new HeaderReader(DEFAULT_LIMITS).push(message)!;
    const encode = (text: string) => new Uint8Array(Buffer.from(text));
    const encryptedDataKeys = keys.map(({ providerId, providerInfo }) => ({
      providerId: encode(providerId),
      providerInfo: encode(providerInfo),
      ciphertext: header.encryptedDataKeys[0]!.ciphertext,
    }));
    const body = encodeHeaderBody({ ...header, context: new Uint8Array(0), encryptedDataKeys });
    return new Uint8Array(Buffer.concat([body, header.tag, rest]));
  }

  test("are tried in order: only those of aws-kms with a key's ARN, and only trusted ones", async () => {
    const { kms, keyId, envelope } = await workbench();
    const [second, third] = [await kms.createKey(), await kms.createKey()];
    const message = withKeys(await envelope.seal(patterned(5)), [
      { providerId: "raw", providerInfo: keyId },
      { providerId: "aws-kms", providerInfo: second },
      { providerId: "aws-kms", providerInfo: "alias/records" },
      { providerId: "aws-kms", providerInfo: third },
    ]);
    const tried: string[] = [];
    const service = {
      generateDataKey: kms.generateDataKey.bind(kms),
      decrypt: async (input: { KeyId: string }): Promise<never> => {
        tried.push(input.KeyId);
        throw new ServiceError("IncorrectKeyException");
      },
    };
    expect(isRefusal(await caught((await workbench({ kms: service })).envelope.open(message)))).toBe(true);
    expect(tried).toEqual([second, third]);
    expect(isRefusal(await caught((await workbench({ kms: service, keyArns: [third] })).envelope.open(message)))).toBe(
      true,
    );
    expect(tried).toEqual([second, third, third]);
  });

  test("are bounded before the key service is asked", async () => {
    const { kms, keyId, envelope } = await workbench();
    const sealed = await envelope.seal(patterned(5));
    const keys = (count: number) =>
      Array.from({ length: count }, () => ({ providerId: "aws-kms", providerInfo: keyId }));
    kms.calls.length = 0;
    for (const count of [0, 17, 1000]) {
      const message = withKeys(sealed, keys(count));
      expect(isRefusal(await caught(envelope.open(message))), `${count} keys`).toBe(true);
    }
    expect(kms.calls).toEqual([]);
    expect(inspectMessage(withKeys(sealed, keys(16))).encryptedDataKeys).toHaveLength(16);
    const strict = await (await workbench({ kms, maxEncryptedDataKeys: 1 })).envelope;
    expect((await strict.open(sealed)).plaintext).toEqual(patterned(5));
    expect(isRefusal(await caught(strict.open(withKeys(sealed, keys(2)))))).toBe(true);
  });
});

test("only keys that are trusted open messages, where these are named", async () => {
  const { kms, keyId, envelope } = await workbench();
  const message = await envelope.seal(patterned(5));
  expect((await (await workbench({ kms, keyArns: [keyId] })).envelope.open(message)).keyArn).toBe(keyId);
  const other = await (await workbench({ kms, keyArns: [await kms.createKey()] })).envelope;
  expect(isRefusal(await caught(other.open(message)))).toBe(true);
});

test("inspection shows a message without a key, whole or only its header", async () => {
  const { kms, keyId, envelope } = await workbench({ frameBytes: 10 });
  const message = await envelope.seal(patterned(25), { context: CONTEXT });
  kms.calls.length = 0;
  const shown = inspectMessage(message);
  expect(shown).toMatchObject({ version: 2, suiteId: 0x0478, frameBytes: 10, context: CONTEXT });
  expect(shown.messageId).toHaveLength(32);
  expect(shown.encryptedDataKeys).toEqual([{ providerId: "aws-kms", keyArn: keyId, ciphertextBytes: 147 }]);
  expect(shown.body).toEqual({ frames: 3, plaintextBytes: 25 });
  for (const length of [shown.headerBytes, shown.headerBytes + 5, message.length - 1]) {
    const { body, ...header } = inspectMessage(message.subarray(0, length));
    expect({ ...header, body: shown.body }).toEqual(shown);
    expect(body).toBeUndefined();
  }
  expect(() => inspectMessage(message.subarray(0, shown.headerBytes - 1))).toThrow(EnvelopeError);
  expect(kms.calls).toEqual([]);
});

test("options that cannot be used are named", async () => {
  await expect(workbench({ frameBytes: 0 })).rejects.toThrow("frameBytes");
  await expect(workbench({ frameBytes: 65, maxFrameBytes: 64 })).rejects.toThrow("frameBytes");
  await expect(workbench({ maxFrameBytes: 2 ** 31 })).rejects.toThrow("maxFrameBytes");
  await expect(workbench({ maxEncryptedDataKeys: 1.5 })).rejects.toThrow("maxEncryptedDataKeys");
  await expect(workbench({ kms: {} as never })).rejects.toThrow("generateDataKey");
  const { kms, envelope } = await workbench();
  await expect((await workbench({ kms, keyId: undefined as never })).envelope.seal(patterned(1))).rejects.toThrow(
    "keyId",
  );
  await expect(envelope.seal("text" as never)).rejects.toThrow(TypeError);
  await expect(envelope.open("text" as never)).rejects.toThrow(TypeError);
});
