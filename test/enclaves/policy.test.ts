/** Who the enclave is, to policies and on the record: from verified documents, and never from what a request says. */
import { beforeAll, describe, expect, it } from "vitest";
import { RecordWriter } from "../../src/audit/record.ts";
import type { Kms } from "../../src/index.ts";
import { allow, codeOf, DELEGATION, keyPolicy } from "../operations/callers.ts";
import { ACCOUNT } from "../operations/service.ts";
import { bytes, map, uint } from "./cbor.ts";
import { documentWith, PCR_0 } from "./enclave.ts";
import { type EnclaveService, recipientOf, serviceFor } from "./service.ts";
import { fill } from "./verifying.ts";

const hex = (value: Uint8Array) => Buffer.from(value).toString("hex");
const IMAGE = hex(PCR_0);
const register = (index: number, value: Uint8Array) =>
  recipientOf(documentWith({ pcrs: map([uint(index), bytes(value)]) }));
const Recipient = recipientOf(documentWith());
let service: EnclaveService;
let alice: Kms;

const condition = (operator: string, key: string, value: string) => ({
  Condition: { [operator]: { [`kms:RecipientAttestation:${key}`]: value } },
});

/** Makes a key that alice may use under a condition; what else is asked of it is the root's. */
async function keyFor(rest: object): Promise<string> {
  const Policy = keyPolicy(
    { ...DELEGATION, Action: ["kms:PutKeyPolicy", "kms:DescribeKey", "kms:Encrypt", "kms:GetPublicKey"] },
    { ...allow("kms:*", rest), Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/alice` } },
  );
  return (await service.kms.execute("CreateKey", { Policy })).KeyMetadata!.KeyId!;
}

const dataKey = (kms: Kms, KeyId: string, recipient?: typeof Recipient) =>
  codeOf(kms.execute("GenerateDataKey", { KeyId, KeySpec: "AES_256", ...(recipient && { Recipient: recipient }) }));

beforeAll(async () => {
  service = await serviceFor();
  alice = service.kms.as({ type: "user", arn: `arn:aws:iam::${ACCOUNT}:user/alice`, identityPolicies: [] });
});

describe("A policy that asks for an image", () => {
  it.each([
    ["StringEquals", IMAGE],
    ["StringEqualsIgnoreCase", IMAGE.toUpperCase()],
    ["StringLike", `${IMAGE.slice(0, 20)}*`],
  ])("lets this enclave in by %s", async (operator, value) => {
    const KeyId = await keyFor(condition(operator, "ImageSha384", value));
    expect(await dataKey(alice, KeyId, Recipient)).toBe("success");
    expect(await dataKey(alice, KeyId)).toBe("AccessDeniedException");
    // Nothing is remembered of either answer.
    expect(await dataKey(alice, KeyId, Recipient)).toBe("success");
    expect(await dataKey(alice, KeyId, register(0, fill(48)))).toBe("AccessDeniedException");
    expect(await dataKey(alice, KeyId, register(1, PCR_0))).toBe("AccessDeniedException");
  });

  it("keeps out by StringEquals what is written in upper case", async () => {
    const KeyId = await keyFor(condition("StringEquals", "ImageSha384", IMAGE.toUpperCase()));
    expect(await dataKey(alice, KeyId, Recipient)).toBe("AccessDeniedException");
  });

  it("denies without a document, and tells of an invalid one first", async () => {
    const KeyId = await keyFor(condition("StringEquals", "ImageSha384", IMAGE));
    const { AttestationDocument } = Recipient;
    const forged = recipientOf(
      AttestationDocument.with(AttestationDocument.length - 1, AttestationDocument.at(-1)! ^ 1),
    );
    expect(await dataKey(alice, KeyId, forged)).toBe("ValidationException");
    expect(await dataKey(alice, KeyId)).toBe("AccessDeniedException");
  });

  it("can demand an enclave of whoever it is", async () => {
    const KeyId = await keyFor({ Condition: { Null: { "kms:RecipientAttestation:ImageSha384": "false" } } });
    expect(await dataKey(alice, KeyId, Recipient)).toBe("success");
    expect(await dataKey(alice, KeyId)).toBe("AccessDeniedException");
  });
});

it.each(Array.from({ length: 32 }, (_, index) => index))("A policy can ask for register %i", async (index) => {
  const value = fill([32, 48, 64][index % 3]!).fill(index + 1);
  const KeyId = await keyFor(condition("StringEquals", `PCR${index}`, hex(value)));
  expect(await dataKey(alice, KeyId, register(index, value))).toBe("success");
  expect(await dataKey(alice, KeyId, register(index, value.with(31, 0)))).toBe("AccessDeniedException");
  expect(await dataKey(alice, KeyId, register((index + 1) % 32, value))).toBe("AccessDeniedException");
  expect(await dataKey(alice, KeyId)).toBe("AccessDeniedException");
});

describe("Registers are asked for", () => {
  it("by every operation with a Recipient, and by no other", async () => {
    const own = condition("StringEquals", "PCR0", IMAGE);
    const KeyId = await keyFor(own);
    const { CiphertextBlob } = await service.kms.execute("Encrypt", { KeyId, Plaintext: fill(8) });
    const decrypt = { CiphertextBlob: CiphertextBlob! };
    expect(await codeOf(alice.execute("Decrypt", { ...decrypt, Recipient }))).toBe("success");
    expect(await codeOf(alice.execute("Decrypt", decrypt))).toBe("AccessDeniedException");
    const pair = { KeyId, KeyPairSpec: "ECC_NIST_P256" } as const;
    expect(await codeOf(alice.execute("GenerateDataKeyPair", { ...pair, Recipient }))).toBe("success");
    expect(await codeOf(alice.execute("GenerateDataKeyPair", pair))).toBe("AccessDeniedException");
    const encrypt = { KeyId, Plaintext: fill(8), Recipient } as never;
    expect(await codeOf(alice.execute("Encrypt", encrypt))).toBe("AccessDeniedException");
  });

  it("by policies of users: GenerateRandom has no key", async () => {
    const policy = {
      Version: "2012-10-17",
      Statement: allow("kms:GenerateRandom", condition("StringEquals", "PCR0", IMAGE)),
    };
    const bob = service.kms.as({
      type: "user",
      arn: `arn:aws:iam::${ACCOUNT}:user/bob`,
      identityPolicies: [policy],
    });
    expect(await codeOf(bob.execute("GenerateRandom", { NumberOfBytes: 8, Recipient }))).toBe("success");
    expect(await codeOf(bob.execute("GenerateRandom", { NumberOfBytes: 8 }))).toBe("AccessDeniedException");
  });

  it("with a name of no register in vain", async () => {
    for (const name of ["PCR32", "PCR00", "PCR", "NitroTPMPCR0", "ModuleId"]) {
      const KeyId = await keyFor(condition("StringLike", name, "*"));
      expect(await dataKey(alice, KeyId, Recipient), name).toBe("AccessDeniedException");
    }
  });
});

describe("The record", () => {
  const lineOf = () => JSON.parse(new RecordWriter().lineOf(service.events.at(-1)!, "id"));
  const base64 = (value: number) => Buffer.alloc(48, value).toString("base64");

  it("names the enclave as CloudTrail does, and holds nothing of the document", async () => {
    await service.kms.execute("GenerateRandom", { NumberOfBytes: 8, Recipient });
    const line = lineOf();
    expect(line.additionalEventData).toEqual({
      recipient: {
        attestationDocumentModuleId: "i-0123456789abcdef0-enc0123456789abcdef",
        attestationDocumentEnclaveImageDigest: Buffer.from(PCR_0).toString("base64"),
        attestationDocumentEnclavePCR1: base64(1),
        attestationDocumentEnclavePCR2: base64(2),
        attestationDocumentEnclavePCR3: base64(3),
        attestationDocumentEnclavePCR4: base64(4),
        attestationDocumentEnclavePCR8: base64(8),
      },
    });
    expect(line.requestParameters).toEqual({ numberOfBytes: 8 });
    expect(line.responseElements).toBeNull();
  });

  it("names it in a denial, and leaves out registers that it has not", async () => {
    const KeyId = await keyFor(condition("StringEquals", "PCR0", IMAGE));
    await dataKey(alice, KeyId, register(8, fill(32)));
    expect(lineOf()).toMatchObject({
      errorCode: "AccessDeniedException",
      additionalEventData: {
        recipient: { attestationDocumentEnclavePCR8: Buffer.from(fill(32)).toString("base64") },
      },
    });
    expect(lineOf().additionalEventData.recipient).not.toHaveProperty("attestationDocumentEnclaveImageDigest");
  });

  it("names nobody where the document is invalid or absent", async () => {
    await dataKey(service.kms, "alias/none", recipientOf(fill(5)));
    expect(lineOf()).not.toHaveProperty("additionalEventData");
    await service.kms.execute("GenerateRandom", { NumberOfBytes: 8 });
    expect(lineOf()).not.toHaveProperty("additionalEventData");
  });
});
