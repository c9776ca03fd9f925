/** What is written in the specification, and signatures made by another hand: proxy and KMS might agree on a mistake. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Secret } from "../../src/crypto/secret.ts";
import { RequestSigner } from "../../src/signing/request-signer.ts";
import { networkOf } from "../../src/stores/xks-client.ts";
import { XksFailure } from "../../src/stores/xks-failure.ts";
import { encryptBody, readAnswer, readEncrypted } from "../../src/stores/xks-protocol.ts";
import { sign } from "../http/signing.ts";
import { crypto } from "../records/store.ts";

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));

/** The example of "Encrypt" in the specification, whose integrity value its appendix C computes. */
const EXAMPLE = {
  authenticationTag: "vBxN2ncH1oEkR8WVXpmyYQ==",
  ciphertext: "ghxkK1txeDNn3q8Y",
  ciphertextDataIntegrityValue: "qHA/ImC9h5HsLRXqCyPmWgYx7tzyoTplzILbP0fPXsc=",
  ciphertextMetadata: "a2V5X3ZlcnNpb249MQ==",
  initializationVector: "HMrlRw85cAJUd5Ax",
};
const AAD = new TextEncoder().encode("project=nile,department=marketing");
const PLAINTEXT = new TextEncoder().encode("Hello World!");
const answer = (members: object) => readAnswer(200, new TextEncoder().encode(JSON.stringify(members)));

describe("the integrity value", () => {
  it("is that of the specification's example", () => {
    const read = readEncrypted(crypto, answer(EXAMPLE), PLAINTEXT, AAD);
    expect(read).toEqual({
      ciphertext: bytes(EXAMPLE.ciphertext),
      metadata: bytes(EXAMPLE.ciphertextMetadata),
      iv: bytes(EXAMPLE.initializationVector),
      tag: bytes(EXAMPLE.authenticationTag),
    });
  });

  it("is that of the additional data as well, and goes without metadata", () => {
    expect(() => readEncrypted(crypto, answer(EXAMPLE), PLAINTEXT, AAD.subarray(1))).toThrow(XksFailure);
    const { ciphertextMetadata: _, ...rest } = EXAMPLE;
    expect(() => readEncrypted(crypto, answer(rest), PLAINTEXT, AAD)).toThrow(XksFailure);
    const parts = [rest.initializationVector, rest.ciphertext, rest.authenticationTag].map(bytes);
    const hash = createHash("sha256").update(AAD);
    for (const part of parts) hash.update(part);
    const right = { ...rest, ciphertextDataIntegrityValue: hash.digest("base64") };
    expect(readEncrypted(crypto, answer(right), PLAINTEXT, AAD).metadata).toHaveLength(0);
  });
});

it("tells who asks for what, and with which key", () => {
  const principal = {
    type: "assumed-role",
    arn: "arn:aws:sts::111122223333:assumed-role/app/1",
    account: "111122223333",
    roleArn: "arn:aws:iam::111122223333:role/app",
  } as const;
  const caller = {
    principal,
    requestId: "4112f4d6-db54-4af4-ae30-c55a22a8dfae",
    viaService: "s3.us-east-1.amazonaws.com",
  };
  const keyArn = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
  expect(JSON.parse(text(encryptBody({ caller, operation: "GenerateDataKey", keyArn }, PLAINTEXT, AAD)))).toEqual({
    requestMetadata: {
      awsPrincipalArn: principal.roleArn,
      kmsKeyArn: keyArn,
      kmsOperation: "GenerateDataKey",
      kmsRequestId: caller.requestId,
      kmsViaService: caller.viaService,
    },
    additionalAuthenticatedData: "cHJvamVjdD1uaWxlLGRlcGFydG1lbnQ9bWFya2V0aW5n",
    plaintext: "SGVsbG8gV29ybGQh",
    encryptionAlgorithm: "AES_GCM",
    ciphertextDataIntegrityValueAlgorithm: "SHA_256",
  });
});

describe("the network", () => {
  const fetch = async () => new Response();

  it("is the runtime's, with AWS's time limit, unless others are given", () => {
    expect(networkOf(fetch)).toEqual({ fetch, timeLimitMs: 250 });
    const own = async () => new Response();
    expect(networkOf(fetch, { fetch: own, timeLimitMs: 60_000 })).toEqual({ fetch: own, timeLimitMs: 60_000 });
  });

  it.each([
    { timeLimitMs: 0 },
    { timeLimitMs: 60_001 },
    { timeLimitMs: 1.5 },
    { timeLimitMs: "250" },
    { fetch: "fetch" },
  ])("is not taken from %o", (options) => {
    expect(() => networkOf(fetch, options as never)).toThrow(TypeError);
  });
});

describe("the signature of a call", () => {
  const atMs = Date.UTC(2026, 10, 28, 23, 59, 59);
  const accessKeyId = "BETWEEN2TEST3FOUR4FIVE";
  const secretAccessKey = "FYtE5EFA5FT0mCc3DrGUe2sti527BitkQ0Zr9MO9fvE";
  const path = "/tenant-1/kms/xks/v1/keys/key_1.a-B/encrypt";
  const host = "xks.example.com";

  it.each(["us-east-1", "eu-central-1"])("is that of another hand in %s", (region) => {
    const body = encryptBody({ caller: CALLER, operation: "Encrypt" }, PLAINTEXT, AAD);
    const secret = Secret.adopt(new TextEncoder().encode(secretAccessKey));
    const signer = new RequestSigner(crypto, region, "kms-xks-proxy");
    const signed = signer.sign({ host, path, body }, { accessKeyId, secret }, atMs);
    const other = sign({
      ...{ accessKeyId, secretAccessKey, atMs, body, claimed: { path } },
      scope: { region, service: "kms-xks-proxy" },
      headers: { host, "x-amz-target": undefined, "content-type": undefined },
    });
    expect(signed.authorization).toBe(other.headers.authorization);
    expect(signed["x-amz-date"]).toBe("20261128T235959Z");
    // With the secret wiped nothing is signed.
    secret.wipe();
    expect(() => signer.sign({ host, path, body }, { accessKeyId, secret }, atMs)).toThrow(TypeError);
  });
});

const CALLER = {
  principal: { type: "root", arn: "arn:aws:iam::111122223333:root", account: "111122223333" },
  requestId: "r",
} as const;
