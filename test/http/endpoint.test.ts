/** The endpoint without signatures: what is no request to it, whose world a request is for, and what a flood does. */
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import * as sdk from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createEndpoint, type Endpoint, MAX_BODY_BYTES } from "../../src/http/endpoint.ts";
import { listenOnLoopback, type RunningServer } from "../../src/http/node.ts";
import { ACCOUNT, REGION, type Service, startService } from "../operations/service.ts";

const CONTENT_TYPE = "application/x-amz-json-1.1";
const TARGET = "TrentService.ListKeys";
let service: Service;
let endpoint: Endpoint;
let server: RunningServer;

beforeAll(async () => {
  service = await startService();
  endpoint = createEndpoint({ kms: service.kms, auth: "off", hosts: ["127.0.0.1"] });
  server = await listenOnLoopback(endpoint, 0);
});
afterAll(async () => {
  await server.stop();
  await service.kms.close();
});

const credential = (scope: string) => `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=00`;

async function post(body: string, headers: Record<string, string> = {}, path = "/", method = "POST") {
  const init: RequestInit = { method, headers: { "content-type": CONTENT_TYPE, "x-amz-target": TARGET, ...headers } };
  if (method !== "GET" && method !== "HEAD") init.body = body;
  const response = await fetch(server.url + path, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, json: text === "" ? undefined : JSON.parse(text) };
}

describe("a request that is none", () => {
  it.each([
    ["another path", () => post("{}", {}, "/kms"), 404, "UnknownOperationException"],
    ["another method", () => post("", {}, "/", "GET"), 405, "UnknownOperationException"],
    ["PUT", () => post("{}", {}, "/", "PUT"), 405, "UnknownOperationException"],
    ["no target", () => post("{}", { "x-amz-target": "" }), 400, "UnknownOperationException"],
    [
      "another service's target",
      () => post("{}", { "x-amz-target": "DynamoDB.ListKeys" }),
      400,
      "UnknownOperationException",
    ],
    [
      "an unknown operation",
      () => post("{}", { "x-amz-target": "TrentService.Nothing" }),
      400,
      "UnknownOperationException",
    ],
    [
      "every object's name",
      () => post("{}", { "x-amz-target": "TrentService.constructor" }),
      400,
      "UnknownOperationException",
    ],
    ["no body", () => post(""), 400, "SerializationException"],
    ["half a body", () => post('{"Limit":'), 400, "SerializationException"],
    ["a list", () => post("[]"), 400, "SerializationException"],
    ["a member twice", () => post('{"Limit":1,"Limit":2}'), 400, "SerializationException"],
    ["a member of a wrong type", () => post('{"Limit":"1"}'), 400, "SerializationException"],
    [
      "a body of a megabyte and more",
      () => post(" ".repeat(MAX_BODY_BYTES + 1)),
      413,
      "RequestEntityTooLargeException",
    ],
    ["no scope", () => post("{}", { authorization: "Bearer x" }), 400, "IncompleteSignatureException"],
    [
      "another service's scope",
      () => post("{}", { authorization: credential("AKID/20260101/us-east-1/s3/aws4_request") }),
      400,
      "InvalidSignatureException",
    ],
    [
      "a Region of no form",
      () => post("{}", { authorization: credential("AKID/20260101/nowhere/kms/aws4_request") }),
      400,
      "InvalidSignatureException",
    ],
  ] as const)("%s", async (_what, send, status, type) => {
    const { status: seen, json, headers } = await send();
    expect([seen, json.__type]).toEqual([status, type]);
    expect(json.message).toBeTruthy();
    expect(headers.get("content-type")).toBe("application/x-amz-json-1.1");
  });

  it("names what a wrong method may be", async () => {
    expect((await post("", {}, "/", "GET")).headers.get("allow")).toBe("POST");
  });

  it("under another host's name is refused, as after a page has rebound its own", async () => {
    const answer = await new Promise<number>((resolve, reject) => {
      const sent = httpRequest(server.url, {
        method: "POST",
        headers: { host: "evil.example", "x-amz-target": TARGET },
      });
      sent.on("response", (response) => resolve(response.resume().statusCode!)).on("error", reject);
      sent.end("{}");
    });
    expect(answer).toBe(403);
  });

  it("is told of health", async () => {
    expect(await post("", {}, "/healthz", "GET")).toMatchObject({ status: 200, json: { status: "ok" } });
  });
});

describe("worlds", () => {
  const clientOf = (accessKeyId: string, region: string) =>
    new sdk.KMSClient({ endpoint: server.url, region, credentials: { accessKeyId, secretAccessKey: "any" } });

  it("are the account of the access key and the Region of the scope", async () => {
    const arns = new Set<string>();
    for (const account of ["111111111111", "222222222222"]) {
      for (const region of ["eu-west-1", "cn-north-1"]) {
        const client = clientOf(account, region);
        expect((await client.send(new sdk.ListKeysCommand({}))).Keys).toEqual([]);
        const { KeyMetadata } = await client.send(new sdk.CreateKeyCommand({}));
        const partition = region === "cn-north-1" ? "aws-cn" : "aws";
        expect(KeyMetadata!.Arn).toBe(`arn:${partition}:kms:${region}:${account}:key/${KeyMetadata!.KeyId}`);
        arns.add(KeyMetadata!.Arn!);
        expect((await client.send(new sdk.ListKeysCommand({}))).Keys).toHaveLength(1);
        client.destroy();
      }
    }
    expect(arns.size).toBe(4);
  });

  it("are the default account for other access keys, and the endpoint's own without any", async () => {
    const client = clientOf("AKIAIOSFODNN7EXAMPLE", "us-gov-west-1");
    const { KeyMetadata } = await client.send(new sdk.CreateKeyCommand({}));
    expect(KeyMetadata!.Arn).toMatch(new RegExp(`^arn:aws-us-gov:kms:us-gov-west-1:${ACCOUNT}:key/`));
    client.destroy();
    const { json } = await post("{}", { "x-amz-target": "TrentService.CreateKey" });
    expect(json.KeyMetadata.Arn).toMatch(new RegExp(`^arn:aws:kms:${REGION}:${ACCOUNT}:key/`));
  });

  it("are entered by their own principals alone", async () => {
    const { KeyMetadata } = await service.kms.execute("CreateKey", {});
    const stranger = clientOf("333333333333", REGION);
    const refused = stranger.send(new sdk.DescribeKeyCommand({ KeyId: KeyMetadata!.Arn }));
    await expect(refused).rejects.toMatchObject({ name: "AccessDeniedException" });
    stranger.destroy();
  });
});

describe("under fire", () => {
  it("answers malformed requests without a 5xx and goes on", async () => {
    const bodies = ["", "{", "null", "\u0000", '{"KeyId":{}}', '{"KeyId":"\\ud800"}', "x".repeat(5000)];
    const answers = Array.from({ length: 300 }, (_, i) =>
      post(bodies[i % bodies.length]!, {
        "x-amz-target": i % 3 === 0 ? `TrentService.${"A".repeat(i)}` : "TrentService.Encrypt",
      }),
    );
    for (const { status } of await Promise.all(answers)) expect(status).toBe(400);
    expect((await post("{}")).status).toBe(200);
  });

  it("closes what is no HTTP and headers without end", async () => {
    for (const bytes of ["\u0000\u0001\u0002\r\n\r\n", `POST / HTTP/1.1\r\nX: ${"y".repeat(20_000)}\r\n\r\n`]) {
      const status = await new Promise<string>((resolve, reject) => {
        const socket = connect(Number(new URL(server.url).port), "127.0.0.1", () => socket.write(bytes));
        let seen = "";
        socket
          .on("data", (data) => (seen += data))
          .on("close", () => resolve(seen))
          .on("error", reject);
      });
      expect(status).toMatch(/^HTTP\/1\.1 4\d\d/);
    }
    expect((await post("{}")).status).toBe(200);
  });

  it("takes no body without a length", async () => {
    const chunk = new Uint8Array(65_536).fill(0x20);
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => (sent++ < 40 ? controller.enqueue(chunk) : controller.close()),
    });
    const init = { method: "POST", headers: { "x-amz-target": TARGET }, body, duplex: "half" } as RequestInit;
    expect((await fetch(server.url, init)).status).toBe(400);
    expect((await post("{}")).status).toBe(200);
  });

  it("forgets a client that goes away in the middle of its body", async () => {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    socket.write(`POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Target: ${TARGET}\r\nContent-Length: 100\r\n\r\n{`);
    await new Promise((resolve) => setTimeout(resolve, 30));
    socket.destroy();
    expect((await post("{}")).status).toBe(200);
  });

  it("finishes what runs when it is told to stop, and takes nothing new", async () => {
    let arrive = () => {};
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    const answer: typeof endpoint.answer = (request) => {
      arrive();
      return endpoint.answer(request);
    };
    const other = await listenOnLoopback({ ...endpoint, answer }, 0);
    const body = JSON.stringify({ KeySpec: "RSA_3072", KeyUsage: "SIGN_VERIFY" });
    const running = fetch(other.url, {
      method: "POST",
      headers: { "content-type": CONTENT_TYPE, "x-amz-target": "TrentService.CreateKey" },
      body,
    });
    await arrived;
    const stopped = other.stop();
    expect((await running).status).toBe(200);
    await stopped;
    await expect(fetch(other.url)).rejects.toThrow();
  });

  it("is the same for a Request and a Response", async () => {
    const send = (body: string) =>
      endpoint.fetch(
        new Request("http://127.0.0.1/", {
          method: "POST",
          headers: { host: "127.0.0.1", "content-type": CONTENT_TYPE, "x-amz-target": TARGET },
          body,
        }),
      );
    const response = await send("{}");
    expect([response.status, Object.keys((await response.json()) as object)]).toEqual([200, ["Keys", "Truncated"]]);
    expect((await send(" ".repeat(MAX_BODY_BYTES + 1))).status).toBe(413);
  });
});

it("asks for signatures unless it is told that nobody is asked", async () => {
  const headers = { "content-type": CONTENT_TYPE, "x-amz-target": TARGET };
  const request = new Request("http://127.0.0.1/", { method: "POST", headers, body: "{}" });
  const response = await createEndpoint({ kms: service.kms }).fetch(request);
  expect([response.status, await response.json()]).toMatchObject([
    400,
    { __type: "MissingAuthenticationTokenException" },
  ]);
  expect(() => createEndpoint({ kms: service.kms, auth: "none" } as never)).toThrow(TypeError);
});

describe("the body of a request of the platform", () => {
  const text = new TextEncoder().encode("{}".padEnd(100));

  it.each([1, 3])("is copied and left as it is, and the copy is wiped: in %i parts", async (count) => {
    const chunks = Array.from({ length: count }, (_, i) =>
      text.slice((i * text.length) / count, ((i + 1) * text.length) / count),
    );
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk);
        controller.close();
      },
    });
    const headers = { host: "127.0.0.1", "content-type": CONTENT_TYPE, "x-amz-target": TARGET };
    const request = new Request("http://127.0.0.1/", { method: "POST", headers, body, duplex: "half" } as RequestInit);
    const clone = request.clone();
    const copies: Uint8Array[] = [];
    const set = vi.spyOn(Uint8Array.prototype, "set").mockImplementation(function (this: Uint8Array, from, at = 0) {
      if (this.length === text.length) copies.push(this);
      for (let i = 0; i < from.length; i++) this[at + i] = from[i]!;
    });
    const answer = await endpoint.fetch(request).finally(() => set.mockRestore());
    expect(answer.status).toBe(200);
    expect(new Uint8Array(await clone.arrayBuffer())).toEqual(text);
    expect(copies).toHaveLength(count);
    for (const copy of copies) expect(copy).toEqual(new Uint8Array(text.length));
  });
});
