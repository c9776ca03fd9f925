/** The member Recipient through the whole service: sealed answers, policies that ask for an enclave, the record. */
import { beforeAll, expect, it } from "vitest";
import { createKms, type Kms, memoryKeystore, rootKeyFromBytes } from "../../src/index.ts";
import { nitroEnclaves } from "../../src/nitro.ts";
import { ACCOUNT, REGION, ROOT_KEY } from "../operations/service.ts";
import { documentWith, NOW_MS, openWithOpenssl, ROOT, toPem } from "./enclave.ts";

let kms: Kms;
let KeyId: string;
const Recipient = { KeyEncryptionAlgorithm: "RSAES_OAEP_SHA_256", AttestationDocument: documentWith() } as const;

beforeAll(async () => {
  kms = (
    await createKms({
      keystore: memoryKeystore(),
      rootKey: rootKeyFromBytes(ROOT_KEY),
      region: REGION,
      accountId: ACCOUNT,
      clock: { nowMs: () => NOW_MS },
      enclaves: nitroEnclaves({ roots: [toPem(ROOT)] }),
    })
  ).as("root");
  KeyId = (await kms.execute("CreateKey", {})).KeyMetadata!.KeyId!;
});

it("decrypts for an enclave", async () => {
  const Plaintext = Buffer.from("for the enclave alone");
  const { CiphertextBlob } = await kms.execute("Encrypt", { KeyId, Plaintext });
  const answer = await kms.execute("Decrypt", { CiphertextBlob: CiphertextBlob!, Recipient });
  expect(answer).toEqual({
    KeyId: expect.stringContaining(KeyId),
    EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
    KeyMaterialId: expect.any(String),
    CiphertextForRecipient: expect.any(Uint8Array),
  });
  expect(Buffer.from(openWithOpenssl(answer.CiphertextForRecipient!))).toEqual(Plaintext);
});
