/**
 * What goes to a proxy, word for word: bodies as the specification has them, and signatures computed here once more, with
 * nothing of ours. Source: AWS KMS External Key Store Proxy API Specification, version 1; IAM User Guide, "Create a signed
 * AWS API request".
 */
import { createHash, createHmac } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { ACCOUNT, REGION } from "../operations/service.ts";
import { ACCESS_KEY_ID, type ProxyCall, RecordedProxy, SECRET, startWith } from "./recorded-proxy.ts";

const ROLE = `arn:aws:iam::${ACCOUNT}:role/reader`;
const POLICY = JSON.stringify({
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Action: "kms:*", Resource: "*" },
});

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const digest = (bytes: string | Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** The Authorization header of a call, by the book. */
function authorizationOf({ url, method, headers, body }: ProxyCall): string {
  const { host, pathname, search } = new URL(url);
  const amzDate = headers["x-amz-date"]!;
  const canonical = `${method}\n${pathname}\n${search}\nhost:${host}\nx-amz-date:${amzDate}\n\nhost;x-amz-date\n${digest(body)}`;
  const scope = `${amzDate.slice(0, 8)}/${REGION}/kms-xks-proxy/aws4_request`;
  const key = scope.split("/").reduce<string | Buffer>((before, part) => hmac(before, part), `AWS4${SECRET}`);
  const signature = hmac(key as Buffer, `AWS4-HMAC-SHA256\n${amzDate}\n${scope}\n${digest(canonical)}`).toString("hex");
  return `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY_ID}/${scope}, SignedHeaders=host;x-amz-date, Signature=${signature}`;
}

describe("a call to a proxy", () => {
  const proxy = new RecordedProxy();
  let arn: string;
  let dataKey: Buffer;
  const bodyOf = (call: ProxyCall) => JSON.parse(call.body.toString());

  beforeAll(async () => {
    const { kms, KeyId } = await startWith(proxy);
    arn = `arn:aws:kms:${REGION}:${ACCOUNT}:key/${KeyId}`;
    const session = `arn:aws:sts::${ACCOUNT}:assumed-role/reader/monday`;
    const reader = kms.as({ type: "assumed-role", arn: session, roleArn: ROLE, identityPolicies: [POLICY] });
    const EncryptionContext = { table: "customers" };
    const made = await reader.execute("GenerateDataKey", { KeyId, KeySpec: "AES_256", EncryptionContext });
    dataKey = Buffer.from(made.Plaintext!);
    await reader.execute("Decrypt", { CiphertextBlob: made.CiphertextBlob!, EncryptionContext });
    await kms.close();
  });

  it("is signed as every verifier of Signature Version 4 computes it", () => {
    expect(proxy.calls).toHaveLength(5);
    for (const call of proxy.calls) expect(call.headers.authorization).toBe(authorizationOf(call));
  });

  it("is one POST for each use, at the path of its operation", () => {
    const root = "https://xks.example.com/kms/xks/v1";
    const ofKey = `${root}/keys/key-1`;
    expect(proxy.calls.map(({ url }) => url)).toEqual([
      ...[`${root}/health`, `${root}/health`, `${ofKey}/metadata`, `${ofKey}/encrypt`, `${ofKey}/decrypt`],
    ]);
    for (const { method, headers, redirect } of proxy.calls) {
      expect(method).toBe("POST");
      // The runtime's fetch would send it all once more, to wherever a proxy points.
      expect(redirect).toBe("manual");
      expect(headers["content-type"]).toBe("application/json");
    }
  });

  it("tells who does what with which key", () => {
    const metadata = proxy.calls.map((call) => bodyOf(call).requestMetadata);
    const kmsRequestId = expect.any(String);
    const [root, of] = [`arn:aws:iam::${ACCOUNT}:root`, { kmsKeyArn: arn, kmsRequestId }];
    expect(metadata).toEqual([
      { kmsOperation: "CreateCustomKeyStore", kmsRequestId },
      { kmsOperation: "ConnectCustomKeyStore", kmsRequestId },
      { awsPrincipalArn: root, kmsOperation: "CreateKey", kmsRequestId },
      { awsPrincipalArn: ROLE, kmsOperation: "GenerateDataKey", ...of },
      { awsPrincipalArn: ROLE, kmsOperation: "Decrypt", ...of },
    ]);
    expect(new Set(metadata.map((one) => one.kmsRequestId)).size).toBe(metadata.length);
  });

  it("names its algorithms, and shows neither the data key nor the encryption context", () => {
    const [encrypt, decrypt] = proxy.calls.slice(-2).map(bodyOf);
    expect(encrypt).toEqual({
      requestMetadata: expect.any(Object),
      additionalAuthenticatedData: expect.any(String),
      plaintext: expect.any(String),
      encryptionAlgorithm: "AES_GCM",
      ciphertextDataIntegrityValueAlgorithm: "SHA_256",
    });
    expect(decrypt).toEqual({
      requestMetadata: expect.any(Object),
      additionalAuthenticatedData: encrypt.additionalAuthenticatedData,
      ciphertext: expect.any(String),
      encryptionAlgorithm: "AES_GCM",
      initializationVector: expect.any(String),
      authenticationTag: expect.any(String),
    });
    expect(Buffer.from(encrypt.additionalAuthenticatedData, "base64").toString("latin1")).not.toContain("customers");
    expect(Buffer.from(encrypt.plaintext, "base64").includes(dataKey)).toBe(false);
  });
});
