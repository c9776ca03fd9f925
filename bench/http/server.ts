/** What is asked: the signed endpoint over a keystore in memory, or a bare node:http that answers as much. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createEndpoint } from "../../src/http/endpoint.ts";
import { listen } from "../../src/http/node.ts";
import { createKms, memoryKeystore, rootKeyFromBytes } from "../../src/index.ts";
import type { Subject, Target } from "./protocol.ts";

const ACCOUNT = "111122223333";
const REGION = "us-east-1";
/** As many bytes as an answer to Encrypt of 64 bytes. */
const ANSWER_BYTES = 421;

/** Starts a subject and says where it is; it ends with its parent. */
export async function serveSubject(subject: Subject): Promise<void> {
  const target = subject === "node:http" ? await serveBare() : await serveKms(subject);
  process.on("disconnect", () => process.exit(0));
  process.on("message", () => process.send!(process.cpuUsage()));
  process.send!(target);
}

async function serveBare(): Promise<Target> {
  const answer = "x".repeat(ANSWER_BYTES);
  const headers = { "content-type": "application/x-amz-json-1.1", "content-length": ANSWER_BYTES };
  const server = createServer((request, response) => {
    request.on("data", () => undefined);
    request.on("end", () => response.writeHead(200, headers).end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { port, region: REGION, keyId: "none", accessKeyId: "AKIA", secretAccessKey: "none" };
}

async function serveKms(auth: "sigv4" | "off"): Promise<Target> {
  const kms = await createKms({
    keystore: memoryKeystore(),
    rootKey: rootKeyFromBytes(crypto.getRandomValues(new Uint8Array(32))),
    region: REGION,
    accountId: ACCOUNT,
  });
  const root = kms.as("root");
  const { KeyMetadata } = await root.execute("CreateKey", {});
  const policy = { Version: "2012-10-17", Statement: { Effect: "Allow", Action: "kms:Encrypt", Resource: "*" } };
  await kms.identities.create("user", ACCOUNT, "bench", { policies: { inline: JSON.stringify(policy) } });
  const credentials = await kms.identities.createAccessKey(ACCOUNT, "bench");
  const { url } = await listen(createEndpoint({ kms, auth }), { port: 0 });
  const accessKeyId = auth === "off" ? ACCOUNT : credentials.accessKeyId;
  return { port: Number(new URL(url).port), region: REGION, keyId: KeyMetadata!.KeyId!, ...credentials, accessKeyId };
}
