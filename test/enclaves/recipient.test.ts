/** The member Recipient through the whole service: sealed answers that OpenSSL opens, and requests that are refused. */
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import type { Random } from "../../src/index.ts";
import { nitroEnclaves } from "../../src/nitro.ts";
import { OPERATIONS } from "../../src/operations/index.ts";
import type { AnyOperation } from "../../src/operations/operation.ts";
import { failureOf, type Output, TRANSPORTS } from "../operations/service.ts";
import { bytes, NULL, uint } from "./cbor.ts";
import { documentFor, documentWith, ENCLAVE_KEY, NOW_MS, openWithOpenssl, ROOT, spkiOf } from "./enclave.ts";
import { type EnclaveService, recipientOf, serviceFor } from "./service.ts";
import { fill, verify as verifyDocument } from "./verifying.ts";

const Recipient = recipientOf(documentWith());
const SECRETS = ["Plaintext", "PrivateKeyPlaintext", "SharedSecret"];
let service: EnclaveService;
let call: (operation: string, input: object) => Promise<Output>;
let KeyId: string;
let agreementKeyId: string;

beforeAll(async () => {
  service = await serviceFor();
  call = (operation, input) => service.kms.execute(operation as never, input as never);
  KeyId = (await call("CreateKey", {})).KeyMetadata.KeyId;
  const agreement = await call("CreateKey", { KeySpec: "ECC_NIST_P256", KeyUsage: "KEY_AGREEMENT" });
  agreementKeyId = agreement.KeyMetadata.KeyId;
});

const open = (answer: Output, key?: KeyObject): Buffer => {
  for (const secret of SECRETS) expect(answer[secret] ?? undefined).toBeUndefined();
  return Buffer.from(openWithOpenssl(answer.CiphertextForRecipient, key));
};

describe.each(TRANSPORTS)("Over %s, an enclave gets sealed", (_, connect) => {
  let send: (operation: string, input: object) => Promise<Output>;
  beforeAll(() => {
    send = connect(service.kms);
  });

  it("a plaintext of Decrypt", async () => {
    const Plaintext = Buffer.from("for the enclave alone");
    const { CiphertextBlob } = await call("Encrypt", { KeyId, Plaintext });
    const answer = await send("Decrypt", { CiphertextBlob, Recipient });
    expect(open(answer)).toEqual(Plaintext);
    expect(answer.KeyId).toContain(KeyId);
    expect(answer.EncryptionAlgorithm).toBe("SYMMETRIC_DEFAULT");
    expect(answer.KeyMaterialId).toHaveLength(64);
  });

  it("a data key", async () => {
    const answer = await send("GenerateDataKey", { KeyId, KeySpec: "AES_256", Recipient });
    const { Plaintext } = await call("Decrypt", { CiphertextBlob: Buffer.from(answer.CiphertextBlob) });
    expect(open(answer)).toEqual(Buffer.from(Plaintext));
    expect(answer.KeyId).toContain(KeyId);
  });

  it.each(["ECC_NIST_P384", "RSA_2048"])("the private key of an %s pair, as PKCS#8", async (KeyPairSpec) => {
    const answer = await send("GenerateDataKeyPair", { KeyId, KeyPairSpec, Recipient });
    const privateKey = createPrivateKey({ key: open(answer), format: "der", type: "pkcs8" });
    const publicKey = createPublicKey({ key: Buffer.from(answer.PublicKey), format: "der", type: "spki" });
    const message = Buffer.from("signed by the enclave");
    expect(verify("sha384", message, publicKey, sign("sha384", message, privateKey))).toBe(true);
    expect(answer.KeyPairSpec).toBe(KeyPairSpec);
  });

  it("random bytes", async () => {
    const answer = await send("GenerateRandom", { NumberOfBytes: 1024, Recipient });
    expect(Object.keys(answer).filter((name) => name !== "$metadata" && answer[name] != null)).toEqual([
      "CiphertextForRecipient",
    ]);
    const random = open(answer);
    expect(random).toHaveLength(1024);
    expect(new Set(random).size).toBeGreaterThan(200);
  });

  it("a shared secret", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const PublicKey = spkiOf(publicKey);
    const request = { KeyId: agreementKeyId, KeyAgreementAlgorithm: "ECDH", PublicKey };
    const ours = await call("GetPublicKey", { KeyId: agreementKeyId });
    const peer = createPublicKey({ key: Buffer.from(ours.PublicKey), format: "der", type: "spki" });
    const answer = await send("DeriveSharedSecret", { ...request, Recipient });
    expect(open(answer)).toEqual(diffieHellman({ privateKey, publicKey: peer }));
    expect(answer.KeyOrigin).toBe("AWS_KMS");
  });

  it("nothing with an invalid document", async () => {
    const old = recipientOf(documentWith({ timestamp: uint(NOW_MS - 600_000) }));
    const failure = await failureOf(send("GenerateRandom", { NumberOfBytes: 16, Recipient: old }));
    expect(failure).toEqual({
      name: "ValidationException",
      message: "The attestation document is not valid: it is older than 300 seconds.",
    });
  });
});

describe("CiphertextForRecipient", () => {
  it("has the form that AWS sends", async () => {
    const answer = await call("GenerateRandom", { NumberOfBytes: 28, Recipient });
    const text = Buffer.from(answer.CiphertextForRecipient).toString("hex");
    const oaep =
      "303c06092a864886f70d010107302fa00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500";
    const form = new RegExp(
      "^308006092a864886f70d010703a080308002010231" +
        `82016b308201670201028020[0-9a-f]{64}${oaep}04820100[0-9a-f]{512}` +
        "308006092a864886f70d010701301d060960864801650304012a0410[0-9a-f]{32}a0800420[0-9a-f]{64}0000000000000000" +
        "0000$",
    );
    expect(text).toMatch(form);
  });

  it.each([1, 15, 16, 17, 4095, 4096])("holds a plaintext of %i bytes within AWS's limit", async (length) => {
    const Plaintext = Buffer.alloc(length, 7);
    const { CiphertextBlob } = await call("Encrypt", { KeyId, Plaintext });
    const answer = await call("Decrypt", { CiphertextBlob, Recipient });
    expect(answer.CiphertextForRecipient.length).toBeLessThanOrEqual(6144);
    expect(open(answer)).toEqual(Plaintext);
  });

  it.each([3072, 4096, 2050])("opens with an RSA key of %i bits, and with no other", async (modulusLength) => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength });
    const request = { KeyId, KeyPairSpec: "RSA_4096", Recipient: recipientOf(documentFor(publicKey)) };
    const answer = await call("GenerateDataKeyPair", request);
    expect(answer.CiphertextForRecipient.length).toBeLessThanOrEqual(6144);
    expect(open(answer, privateKey).length).toBeGreaterThan(2300);
    // OpenSSL answers a wrong key with noise (MMA): it fails, or what comes out is no key.
    const other = (): string => {
      try {
        return open(answer, ENCLAVE_KEY.privateKey).toString("hex");
      } catch {
        return "refused";
      }
    };
    expect(other()).not.toBe(open(answer, privateKey).toString("hex"));
  });

  it("is another one each time", async () => {
    const { CiphertextBlob } = await call("Encrypt", { KeyId, Plaintext: fill(16) });
    const seen = new Set<string>();
    for (let i = 0; i < 8; i++) {
      const answer = await call("Decrypt", { CiphertextBlob, Recipient });
      seen.add(Buffer.from(answer.CiphertextForRecipient).toString("hex").slice(-100));
    }
    expect(seen.size).toBe(8);
  });

  it("leaves no plaintext behind, nor does a failure to seal", async () => {
    const real = nitroEnclaves({ roots: [ROOT] });
    const sealed: Uint8Array[] = [];
    let fails = false;
    const enclaves = {
      async verify(document: Uint8Array, nowMs: number) {
        const recipient = await real.verify(document, nowMs);
        const seal = (plaintext: Uint8Array, random: Random) => {
          sealed.push(plaintext);
          return fails ? Promise.reject(new Error("no entropy")) : recipient.seal(plaintext, random);
        };
        return { ...recipient, seal };
      },
    };
    const { kms } = await serviceFor({ enclaves });
    expect(open(await kms.execute("GenerateRandom", { NumberOfBytes: 48, Recipient }))).toHaveLength(48);
    fails = true;
    const failure = await failureOf(kms.execute("GenerateRandom", { NumberOfBytes: 48, Recipient }));
    expect(failure.name).toBe("KMSInternalException");
    expect(sealed).toEqual([new Uint8Array(48), new Uint8Array(48)]);
  });

  it("leaves no content key behind", async () => {
    const filled: Uint8Array[] = [];
    const random = {
      fill(out: Uint8Array) {
        crypto.getRandomValues(out as Uint8Array<ArrayBuffer>);
        filled.push(out);
      },
    };
    const { seal } = await verifyDocument(documentWith());
    const plaintext = fill(20);
    expect(openWithOpenssl(await seal(plaintext, random))).toEqual(plaintext);
    expect(filled.map(({ length }) => length)).toEqual([32, 16]);
    expect(filled[0]).toEqual(new Uint8Array(32));
    const broken = {
      fill(out: Uint8Array) {
        random.fill(out);
        if (out.length === 16) throw new Error("no entropy");
      },
    };
    await expect(seal(plaintext, broken)).rejects.toThrow("no entropy");
    expect(filled[2]).toEqual(new Uint8Array(32));
  });
});

describe("A Recipient is refused", () => {
  const refused = async (request: object, name: string, message: string, operation = "GenerateRandom") =>
    expect(await failureOf(call(operation, { NumberOfBytes: 16, ...request }))).toEqual({ name, message });
  const nullAt = (path: string) =>
    `1 validation error detected: Value null at '${path}' failed to satisfy constraint: Member must not be null`;

  it("without its algorithm or its document", async () => {
    const { KeyEncryptionAlgorithm, AttestationDocument } = Recipient;
    const algorithm = nullAt("recipient.keyEncryptionAlgorithm");
    await refused({ Recipient: { AttestationDocument } }, "ValidationException", algorithm);
    const document = nullAt("recipient.attestationDocument");
    await refused({ Recipient: { KeyEncryptionAlgorithm } }, "ValidationException", document);
    await refused({ Recipient: {} }, "ValidationException", algorithm);
  });

  it("with another algorithm, and with a document of a wrong length", async () => {
    const text = (path: string, constraint: string) =>
      `1 validation error detected: Value ${path} failed to satisfy constraint: Member must ${constraint}`;
    await refused(
      { Recipient: { ...Recipient, KeyEncryptionAlgorithm: "RSAES_OAEP_SHA_1" } },
      "ValidationException",
      text("'RSAES_OAEP_SHA_1' at 'recipient.keyEncryptionAlgorithm'", "satisfy enum value set: [RSAES_OAEP_SHA_256]"),
    );
    const at = "at 'recipient.attestationDocument'";
    await refused(
      { Recipient: recipientOf(new Uint8Array()) },
      "ValidationException",
      text(at, "have length greater than or equal to 1"),
    );
    await refused(
      { Recipient: recipientOf(new Uint8Array(262_145)) },
      "ValidationException",
      text(at, "have length less than or equal to 262144"),
    );
  });

  it("of a service that knows no roots", async () => {
    const { kms } = await serviceFor({ enclaves: undefined });
    const failure = await failureOf(kms.execute("GenerateRandom", { NumberOfBytes: 16, Recipient }));
    expect(failure.name).toBe("UnsupportedOperationException");
    expect(failure.message).toContain("createKms({ enclaves: nitroEnclaves({ roots }) })");
    expect(failure.message).toContain("wasm-kms serve --enclave-root");
    await expect(serviceFor({ enclaves: {} as never })).rejects.toThrow(TypeError);
  });

  it("before anything else is looked at", async () => {
    const bad = recipientOf(documentWith({ public_key: NULL }));
    const message = "The attestation document is not valid: it has no public_key to seal for.";
    await refused({ CiphertextBlob: fill(30), Recipient: bad }, "ValidationException", message, "Decrypt");
    const none = { KeyId: "alias/none", KeySpec: "AES_256", NumberOfBytes: undefined };
    await refused({ ...none, Recipient: bad }, "ValidationException", message, "GenerateDataKey");
  });

  it("by the rest of the pipeline as ever", async () => {
    const failure = await failureOf(call("Decrypt", { CiphertextBlob: fill(30), Recipient }));
    expect(failure).toEqual({ name: "InvalidCiphertextException", message: "UnknownError" });
  });

  it("by a dry run, which judges the document too", async () => {
    const request = { KeyId, KeySpec: "AES_256", DryRun: true };
    expect((await failureOf(call("GenerateDataKey", { ...request, Recipient }))).name).toBe("DryRunOperationException");
    const forged = recipientOf(documentWith({ nonce: bytes(fill(513)) }));
    const failure = await failureOf(call("GenerateDataKey", { ...request, Recipient: forged }));
    expect(failure.name).toBe("ValidationException");
  });

  it("where the operation has none: the member is not known there", async () => {
    const answer = await call("GenerateDataKeyWithoutPlaintext", { KeyId, KeySpec: "AES_256", Recipient });
    expect(answer.CiphertextForRecipient).toBeUndefined();
  });
});

it("knows for every operation with a Recipient what to seal", () => {
  const found = Object.values<AnyOperation>(OPERATIONS).filter(({ input }) => "Recipient" in input.members);
  expect(found.map(({ name }) => name).sort()).toEqual([
    "Decrypt",
    "DeriveSharedSecret",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateRandom",
  ]);
  for (const { recipientGets, output } of found) {
    expect(output.sensitive).toEqual([recipientGets]);
    expect(Object.keys(output.members)).toContain("CiphertextForRecipient");
  }
});
