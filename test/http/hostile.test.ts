/** The signed endpoint on a real socket: requests that smuggle, flood, hang or lie, and TLS. Rows 98 to 106 of the attacks. */
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import * as sdk from "@aws-sdk/client-kms";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEndpoint } from "../../src/http/endpoint.ts";
import { listen, type RunningServer } from "../../src/http/node.ts";
import { CERTIFICATE, CERTIFICATE_KEY } from "./certificate.ts";
import { ACCOUNT, accessKey, KEY_ID, REGION, SECRET_KEY, type Stand, startStand } from "./signed-authority.ts";
import type { Signed } from "./signing.ts";

const FLOOD = process.env.SOAK === undefined ? 2000 : 10_000;
const AMZ_JSON = "application/x-amz-json-1.1";
let stand: Stand;
let server: RunningServer;
let port: number;

beforeAll(async () => {
  stand = await startStand();
  server = await listen(stand.endpoint, { port: 0 });
  port = Number(new URL(server.url).port);
});
afterAll(async () => {
  await server.stop();
  await stand.kms.close();
});

/** Sends bytes and returns what comes until the other side closes, or nothing more comes. */
function exchange(bytes: string | Buffer, quietMs = 40): Promise<{ text: string; isClosed: boolean }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes as string, "latin1"));
    let text = "";
    const finish = (isClosed: boolean) => {
      clearTimeout(timer);
      resolve({ text, isClosed });
      socket.destroy();
    };
    let timer = setTimeout(finish, 2000, false);
    socket.on("data", (data) => {
      text += data.toString("latin1");
      clearTimeout(timer);
      timer = setTimeout(finish, quietMs, false);
    });
    socket.on("close", () => finish(true));
    socket.on("error", (error: NodeJS.ErrnoException) => (error.code === "ECONNRESET" ? finish(true) : reject(error)));
  });
}

const head = ({ headers }: Signed, more = "") =>
  `POST / HTTP/1.1\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}${more}\r\n`;
/** Each character is a byte. */
const whole = (signed: Signed) => {
  const body = Buffer.from(signed.body as string);
  return head(signed, `Content-Length: ${body.length}\r\n`) + body.toString("latin1");
};
const statusOf = (text: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);
const ask = async (signed: Signed) => {
  const { text } = await exchange(whole(signed), 20);
  const json = JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4)) as { __type?: string; message?: string };
  return { status: statusOf(text), code: json.__type ?? "", message: json.message ?? "", text };
};

describe("a request that two readers could read in two ways", () => {
  const sent = (more: string, body = "") => head(stand.sign(), more) + body;
  it.each<[string, () => string]>([
    [
      "with a length and chunks",
      () => sent("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
    ],
    ["in chunks", () => sent("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n")],
    ["in chunks with extensions", () => sent("Transfer-Encoding: chunked\r\n", "2;a=b\r\n{}\r\n0\r\n\r\n")],
    ["in chunks with trailers", () => sent("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\nX-Amz-A: b\r\n\r\n")],
    ["coded identity", () => sent("Transfer-Encoding: identity\r\n")],
    ["coded xchunked", () => sent("Transfer-Encoding: xchunked\r\n")],
    ["coded chunked, identity", () => sent("Transfer-Encoding: chunked, identity\r\n")],
    ["coded gzip, chunked", () => sent("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")],
    ["coded with a space in its name", () => sent("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")],
    ["with two lengths", () => sent("Content-Length: 2\r\nContent-Length: 2\r\n", "{}")],
    ["with a list of lengths", () => sent("Content-Length: 2, 2\r\n", "{}")],
    ["with a signed length", () => sent("Content-Length: +2\r\n", "{}")],
    ["with a folded header", () => sent("X-Folded: a\r\n b\r\nContent-Length: 2\r\n", "{}")],
    ["with bare line feeds", () => whole(stand.sign()).replaceAll("\r\n", "\n")],
    ["with one bare line feed", () => sent("X-A: b\nContent-Length: 2\r\n", "{}")],
    ["with a bare carriage return", () => sent("X-A: b\rX-B: c\r\nContent-Length: 2\r\n", "{}")],
    ["with a zero in a header", () => sent("X-A: b\0c\r\nContent-Length: 2\r\n", "{}")],
    ["with a space in a name", () => sent("X A: b\r\nContent-Length: 2\r\n", "{}")],
    ["without a host", () => whole(stand.sign({ headers: { host: undefined } }))],
  ])("%s is 400, and the connection ends", async (_what, bytes) => {
    const { text, isClosed } = await exchange(bytes());
    expect([statusOf(text), isClosed]).toEqual([400, true]);
    expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it.each(["Host", "X-Amz-Target", "Authorization", "Content-Type"])("with a second %s is 400", async (name) => {
    const { text } = await exchange(`${head(stand.sign(), `${name}: other\r\nContent-Length: 2\r\n`)}{}`);
    expect(statusOf(text)).toBe(400);
  });

  it("is not one of two that follow each other, which are both answered", async () => {
    const { text } = await exchange(whole(stand.sign()) + whole(stand.sign()));
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  });
});

describe("a web page", () => {
  it.each([
    undefined,
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/x-amz-json-1.0",
    "application/x-amz-cbor-1.1",
  ])("cannot send %s", async (type) => {
    expect((await ask(stand.sign({ headers: { "content-type": type } }))).status).toBe(415);
  });

  it("is never told that it may", async () => {
    const origin = "Origin: https://evil.example\r\n";
    const preflight = `OPTIONS / HTTP/1.1\r\nHost: 127.0.0.1\r\n${origin}Access-Control-Request-Method: POST\r\n\r\n`;
    for (const bytes of [preflight, `${head(stand.sign(), `${origin}Content-Length: 2\r\n`)}{}`]) {
      const { text } = await exchange(bytes);
      expect(text).not.toMatch(/access-control/i);
    }
    expect(statusOf((await exchange(preflight)).text)).toBe(405);
  });

  it("that has rebound its name gets nowhere", async () => {
    const endpoint = createEndpoint({ kms: stand.kms, hosts: ["127.0.0.1"] });
    const { headers, body } = stand.sign({ headers: { host: "evil.example" } });
    const answer = await endpoint.fetch(
      new Request("http://127.0.0.1/", { method: "POST", headers, body: body as string }),
    );
    expect(answer.status).toBe(403);
  });
});

it("nothing is unpacked", async () => {
  const bomb = gzipSync(Buffer.alloc(1_000_000)).toString("latin1");
  for (const coding of ["gzip", "deflate", "br", "identity", "aws-chunked"]) {
    const signed = stand.sign({ headers: { "content-encoding": coding } });
    const bytes = Buffer.from(head(signed, `Content-Length: ${bomb.length}\r\n`) + bomb, "latin1");
    expect(statusOf((await exchange(bytes)).text)).toBe(415);
  }
});

describe("JSON", () => {
  const encrypt = { "x-amz-target": "TrentService.Encrypt" };
  const bodies: [string, string][] = [
    ["100,000 deep", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    ["100,000 deep in objects", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`],
    ["of many keys, one twice", `{${Array.from({ length: 50_000 }, (_, i) => `"k${i}":1`).join()},"k0":1}`],
    ["with a key twice", '{"KeyId":"a","KeyId":"b"}'],
    ["with NaN", '{"Limit":NaN}'],
    ["with a byte order mark", "\ufeff{}"],
    ["that ends early", '{"KeyId":'],
    ["with more behind it", "{}{}"],
    ["with base64 of the URL alphabet", '{"KeyId":"a","Plaintext":"_-8="}'],
    ["with base64 and spaces", '{"KeyId":"a","Plaintext":"QQ ="}'],
    ["with base64 that is not padded", '{"KeyId":"a","Plaintext":"QQ"}'],
    ["with base64 that is not canonical", '{"KeyId":"a","Plaintext":"QR=="}'],
  ];
  it.each(bodies)("%s", async (_what, body) => {
    const started = performance.now();
    expect(await ask(stand.sign({ body, headers: encrypt }))).toMatchObject({
      status: 400,
      code: "SerializationException",
    });
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it.each(["1e999", "12345678901234567890", "-1", "1.5"])("a limit of %s", async (limit) => {
    const { status } = await ask(stand.sign({ body: `{"Limit":${limit}}` }));
    expect(status).toBe(400);
  });

  it("that is not UTF-8", async () => {
    const body = Buffer.from('{"KeyId":"\u00ff"}', "latin1");
    expect(await ask(stand.sign({ body, headers: encrypt }))).toMatchObject({
      status: 400,
      code: "SerializationException",
    });
  });
});

it("an answer shows nothing of the inside", async () => {
  const seen: string[] = [];
  for (const target of ["TrentService.Encrypt", "TrentService.Nothing", "", "x".repeat(3000)]) {
    for (const body of [
      "{",
      "{}",
      '{"KeyId":"arn:aws:kms:us-west-2:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab","Plaintext":"QQ=="}',
    ]) {
      seen.push((await ask(stand.sign({ body, headers: { "x-amz-target": target } }))).text);
    }
  }
  for (const text of seen) expect(text).not.toMatch(/\bat \w+.*\d+:\d+|\.ts\b|\.js\b|node:|\/src\/|\/dist\/|wJalr/);
  expect(seen.some((text) => text.includes(SECRET_KEY))).toBe(false);
});

describe("bounds", () => {
  it("on headers, their number and their size", async () => {
    const many = Array.from({ length: 120 }, (_, i) => `X-H${i}: 1\r\n`).join("");
    expect(statusOf((await exchange(`${head(stand.sign(), `${many}Content-Length: 2\r\n`)}{}`)).text)).toBe(431);
    expect(statusOf((await exchange(head(stand.sign(), `X-Long: ${"y".repeat(20_000)}\r\n`))).text)).toBe(431);
  });

  it("on the body, before it is read", async () => {
    const { text, isClosed } = await exchange(head(stand.sign(), "Content-Length: 99999999\r\n"));
    expect([statusOf(text), isClosed]).toEqual([413, true]);
  });

  it("on what a wrong connection does to the others", async () => {
    const sockets = Array.from({ length: 50 }, () => connect(port, "127.0.0.1"));
    for (const socket of sockets) socket.on("error", () => undefined).write("POST / HTTP/1.1\r\nHost: a\r\nX-");
    expect((await ask(stand.sign())).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });
});

it("a flood of malformed requests gets 4xx, and memory does not grow", async () => {
  const forms: ((i: number) => string)[] = [
    () => whole(stand.sign({ secretAccessKey: "wrong" })),
    (i) => whole(stand.sign({ accessKeyId: `AKIA${i}` })),
    (i) => whole(stand.sign({ scope: { region: `us-west-${i}` }, secretAccessKey: "wrong" })),
    (i) => whole(stand.sign({ headers: { "x-amz-target": `TrentService.${"A".repeat(i % 500)}` } })),
    () => whole(stand.sign({ body: '{"KeyId":{}}', headers: { "x-amz-target": "TrentService.Encrypt" } })),
    (i) => `${head(stand.sign(), `X-${i}: ${"z".repeat(i % 9000)}\r\nContent-Length: 2\r\nX-Amz-Late: 1\r\n`)}{}`,
    (i) => `POST /${"%2e".repeat(i % 300)} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`,
    (i) =>
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: ${AMZ_JSON}\r\nAuthorization: ${"A,=".repeat(i % 900)}\r\nContent-Length: 0\r\n\r\n`,
    () => "\u0016\u0003\u0001\u0002\u0000\u0001\u0000",
  ];
  const used: number[] = [];
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < FLOOD / 4; i += 25) {
      const answers = Array.from({ length: 25 }, (_, j) => exchange(forms[(i + j) % forms.length]!(i * 4 + round), 10));
      for (const { text } of await Promise.all(answers)) expect(statusOf(text)).toBeGreaterThanOrEqual(400);
      for (const { text } of await Promise.all(answers)) expect(statusOf(text)).toBeLessThan(500);
    }
    globalThis.gc?.();
    used.push(process.memoryUsage().rss);
  }
  expect(used.at(-1)! - used[1]!).toBeLessThan(64 * 1024 * 1024);
  expect((await ask(stand.sign())).status).toBe(200);
}, 120_000);

describe("TLS", () => {
  it("is spoken where a certificate is given, and the SDK believes it", async () => {
    const secure = await listen(createEndpoint({ kms: stand.kms }), {
      port: 0,
      tls: { cert: CERTIFICATE, key: CERTIFICATE_KEY },
    });
    expect(secure.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const { Agent } = await import("node:https");
    const client = new sdk.KMSClient({
      endpoint: secure.url,
      region: REGION,
      credentials: { accessKeyId: KEY_ID, secretAccessKey: SECRET_KEY },
      systemClockOffset: stand.time.nowMs - Date.now(),
      requestHandler: new NodeHttpHandler({ httpsAgent: new Agent({ ca: CERTIFICATE }) }),
    });
    expect((await client.send(new sdk.ListKeysCommand({}))).Keys).toEqual([]);
    client.destroy();
    await secure.stop();
  });

  it("is not spoken in old versions", async () => {
    const secure = await listen(stand.endpoint, { port: 0, tls: { cert: CERTIFICATE, key: CERTIFICATE_KEY } });
    const old = new Promise((_, reject) => {
      httpsRequest(secure.url, { ca: CERTIFICATE, maxVersion: "TLSv1.1", minVersion: "TLSv1" })
        .on("error", reject)
        .end();
    });
    await expect(old).rejects.toThrow();
    await secure.stop();
  });

  it("with what is no certificate is not begun", async () => {
    await expect(listen(stand.endpoint, { port: 0, tls: { cert: "x", key: "y" } })).rejects.toThrow();
  });
});

it("an endpoint that asks nobody listens on the loopback interface alone", async () => {
  const open = createEndpoint({ kms: stand.kms, auth: "off" });
  for (const host of ["0.0.0.0", "::", "192.0.2.1", "kms.example", ""]) {
    await expect(listen(open, { port: 0, host })).rejects.toThrow(TypeError);
  }
  for (const host of ["127.0.0.1", "localhost"]) await (await listen(open, { port: 0, host })).stop();
});

it("stops while clients keep their connections", async () => {
  const other = await listen(stand.endpoint, { port: 0 });
  const socket = connect(Number(new URL(other.url).port), "127.0.0.1");
  socket.write(whole(stand.sign()));
  await new Promise((resolve) => socket.once("data", resolve));
  const started = performance.now();
  await other.stop();
  expect(performance.now() - started).toBeLessThan(2000);
  socket.destroy();
});

it("the caller that the kernel sees is whose key it was", async () => {
  stand.keys.set(
    "AKIAUSER",
    accessKey("AKIAUSER", "s", {
      principal: { type: "user", arn: `arn:aws:iam::${ACCOUNT}:user/eve`, account: ACCOUNT },
    }),
  );
  const denied = await ask(
    stand.sign({ accessKeyId: "AKIAUSER", secretAccessKey: "s", headers: { "x-forwarded-for": "203.0.113.7" } }),
  );
  expect(denied).toMatchObject({ status: 400, code: "AccessDeniedException" });
  expect(denied.message).toContain(`User: arn:aws:iam::${ACCOUNT}:user/eve is not authorized to perform: kms:ListKeys`);
});
