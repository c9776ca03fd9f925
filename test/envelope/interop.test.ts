/** Both ways with the AWS Encryption SDK for JavaScript, which nobody here wrote. */
import { AlgorithmSuiteIdentifier, buildClient, CommitmentPolicy, KmsKeyringNode } from "@aws-crypto/client-node";
import { describe, expect, test } from "vitest";
import { inspectMessage } from "../../src/envelope/inspect.ts";
import type { WatchedKeyService } from "./key-service.ts";
import { collect, cut, isRefusal, patterned, workbench } from "./workbench.ts";

const sdk = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
const SUITE = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY;
const SIGNING_SUITE = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY_ECDSA_P384;

type Supplier = NonNullable<NonNullable<ConstructorParameters<typeof KmsKeyringNode>[0]>["clientProvider"]>;
type Client = Exclude<ReturnType<Supplier>, false>;

function keyring(kms: WatchedKeyService, generatorKeyId: string, keyIds: string[] = []): KmsKeyringNode {
  // The SDK calls three methods of what it takes for `new KMS()`: the test service has them.
  return new KmsKeyringNode({ clientProvider: () => kms as unknown as Client, generatorKeyId, keyIds });
}

const FRAME = 1024;
const SIZES = [0, 1, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME, 3 * FRAME + 5];
const CONTEXTS: Record<string, Record<string, string>> = {
  "no context": {},
  "one pair": { purpose: "invoices" },
  // U+FF5E sorts after U+1F600 by UTF-16 units and before it by UTF-8 bytes.
  "text beyond ASCII": { "\u{1F600}": "smile", "\uFF5E": "wave", äöü: "日本語", z: "" },
};

describe.each(Object.entries(CONTEXTS))("with %s", (_, context) => {
  test.each(SIZES)("the SDK seals %i bytes, this project opens them", async (size) => {
    const { kms, keyId, envelope } = await workbench();
    const plaintext = patterned(size);
    for (const frameLength of [FRAME, 1, 4096].filter((length) => size / length < 500)) {
      const sealed = await sdk.encrypt(keyring(kms, keyId), plaintext, {
        suiteId: SUITE,
        frameLength,
        encryptionContext: context,
      });
      const opened = await envelope.open(new Uint8Array(sealed.result), { context });
      expect(opened.plaintext).toEqual(plaintext);
      expect({ ...opened.context }).toEqual(context);
      expect(opened.keyArn).toBe(keyId);
      const streamed = await collect(envelope.openStream(cut(sealed.result, 700), { context }));
      expect(streamed).toEqual(plaintext);
    }
  });

  test.each(SIZES)("this project seals %i bytes, the SDK opens them", async (size) => {
    const { kms, keyId, envelope } = await workbench({ frameBytes: FRAME });
    const plaintext = patterned(size);
    const whole = await envelope.seal(plaintext, { context });
    const streamed = await collect(envelope.sealStream(cut(plaintext, 333), { context }));
    for (const sealed of [whole, streamed]) {
      const { plaintext: opened, messageHeader } = await sdk.decrypt(keyring(kms, keyId), sealed);
      expect(new Uint8Array(opened)).toEqual(plaintext);
      expect({ ...messageHeader.encryptionContext }).toEqual(context);
      expect(messageHeader.suiteId).toBe(SUITE);
      expect(messageHeader.frameLength).toBe(FRAME);
    }
  });
});

test("the SDK seals under two keys, and either opens the message", async () => {
  const { kms, keyId, envelope } = await workbench();
  const secondKeyId = await kms.createKey();
  const sealed = await sdk.encrypt(keyring(kms, keyId, [secondKeyId]), patterned(100), { suiteId: SUITE });
  const message = new Uint8Array(sealed.result);
  expect((await envelope.open(message)).keyArn).toBe(keyId);
  await kms.disable(keyId);
  expect((await envelope.open(message)).keyArn).toBe(secondKeyId);
});

test("an alias seals, and the message names the key", async () => {
  const { kms, envelope } = await workbench();
  const keyArn = await kms.createKey("alias/records");
  const sealed = await envelope.seal(patterned(10), { keyId: "alias/records" });
  expect(inspectMessage(sealed).encryptedDataKeys.map((key) => key.keyArn)).toEqual([keyArn]);
  const { plaintext } = await sdk.decrypt(keyring(kms, keyArn), sealed);
  expect(new Uint8Array(plaintext)).toEqual(patterned(10));
});

test("the SDK's signed messages are refused, since only suite 0x0478 is opened", async () => {
  const { kms, keyId, envelope } = await workbench();
  const sealed = await sdk.encrypt(keyring(kms, keyId), patterned(100), { suiteId: SIGNING_SUITE });
  const error = await envelope.open(new Uint8Array(sealed.result)).catch((caught: unknown) => caught);
  expect(isRefusal(error)).toBe(true);
});
