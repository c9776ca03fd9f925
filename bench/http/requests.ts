/** Requests for Encrypt of 64 bytes, signed as @aws-sdk/client-kms signs them, each another one. */
import { createHash, createHmac, randomBytes, randomUUID } from "node:crypto";
import type { Target } from "./protocol.ts";

const PLAINTEXT_BYTES = 64;
const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** `count` whole requests, as they go over the wire. */
export function makeRequests(count: number, target: Target): Buffer[] {
  const { port, region, keyId, accessKeyId, secretAccessKey } = target;
  const time = `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
  const scope = `${time.slice(0, 8)}/${region}/kms/aws4_request`;
  const key = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`) as Buffer;
  return Array.from({ length: count }, () => {
    const body = JSON.stringify({ KeyId: keyId, Plaintext: randomBytes(PLAINTEXT_BYTES).toString("base64") });
    const headers: [string, string][] = [
      ["amz-sdk-invocation-id", randomUUID()],
      ["amz-sdk-request", "attempt=1; max=3"],
      ["content-length", String(body.length)],
      ["content-type", "application/x-amz-json-1.1"],
      ["host", `127.0.0.1:${port}`],
      ["x-amz-content-sha256", sha256(body)],
      ["x-amz-date", time],
      ["x-amz-target", "TrentService.Encrypt"],
      ["x-amz-user-agent", "aws-sdk-js/3.1164.0"],
    ];
    const names = headers.map(([name]) => name).join(";");
    const lines = headers.map(([name, value]) => `${name}:${value}\n`).join("");
    const canonical = `POST\n/\n\n${lines}\n${names}\n${sha256(body)}`;
    const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString("hex");
    const sent = [
      ...headers,
      ["user-agent", "aws-sdk-js/3.1164.0 ua/2.1 os/linux lang/js md/nodejs#20.20.2 api/kms#3.1164.0"],
      [
        "authorization",
        `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
      ],
      ["connection", "keep-alive"],
    ];
    const head = sent.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    return Buffer.from(`POST / HTTP/1.1\r\n${head}\r\n${body}`);
  });
}
