/** Signature Version 4 at the endpoint: what verifies, and every way in which it must not. */
import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ACCOUNT, askAs, KEY_ID, REGION, SECRET_KEY, START_MS, type Stand, startStand } from "./signed-authority.ts";
import { basic, changed, type Signed, sign } from "./signing.ts";

let stand: Stand;
beforeAll(async () => {
  stand = await startStand();
});
beforeEach(() => stand.reset());
afterAll(() => stand.kms.close());

const MINUTE_MS = 60_000;
const OK = [200, "", ""];
const WRONG = "InvalidSignatureException";
const INCOMPLETE = "IncompleteSignatureException";
const codeOf = async (signed: Signed) => (await stand.ask(signed))[1];

class Sha256 {
  readonly #hash;
  constructor(secret?: string | Uint8Array) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret);
  }
  update(data: string | Uint8Array) {
    this.#hash.update(data);
  }
  digest = async () => new Uint8Array(this.#hash.digest());
  reset() {}
}

describe("a right signature", () => {
  it("is the SDK's, and ours", async () => {
    const credentials = { accessKeyId: KEY_ID, secretAccessKey: SECRET_KEY };
    const signer = new SignatureV4({ service: "kms", region: REGION, sha256: Sha256 as never, credentials });
    const headers = {
      host: "127.0.0.1",
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "TrentService.ListKeys",
      "amz-sdk-request": "attempt=1; max=3",
      "x-amz-user-agent": "several   spaces",
      "user-agent": "not signed",
    };
    const request = {
      method: "POST",
      protocol: "http:",
      hostname: "127.0.0.1",
      path: "/",
      query: {},
      headers,
      body: "{}",
    };
    const signed = await signer.sign(request, { signingDate: new Date(stand.time.nowMs) });
    expect(await stand.ask({ headers: signed.headers, body: "{}" })).toEqual(OK);
    expect(await stand.ask(stand.sign())).toEqual(OK);
  });

  it("may cover a body of any length, and header names in any case", async () => {
    const body = `{}${" ".repeat(100_000)}`;
    expect(await stand.ask(stand.sign({ body }))).toEqual(OK);
    const { headers } = stand.sign();
    const shouting = Object.entries(headers).flatMap(([name, value]) => [name.toUpperCase(), value]);
    expect(await askAs(stand.endpoint, shouting, "{}")).toEqual(OK);
  });

  it("is that of a Request, whose host may stand in its URL alone", async () => {
    const { headers, body } = stand.sign({ headers: { host: "kms.example:8443" } });
    const { host: _host, ...others } = headers;
    const request = new Request("https://kms.example:8443/", { method: "POST", headers: others, body: body as string });
    const response = await stand.endpoint.fetch(request);
    expect([response.status, response.headers.get("date")]).toEqual([200, new Date(stand.time.nowMs).toUTCString()]);
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("puts the caller into its account and the Region of the scope", async () => {
    const { headers, body } = stand.sign({
      scope: { region: "eu-north-1" },
      headers: { "x-amz-target": "TrentService.CreateKey" },
    });
    const answer = await stand.endpoint.fetch(
      new Request("http://127.0.0.1/", { method: "POST", headers, body: body as string }),
    );
    const { KeyMetadata } = (await answer.json()) as { KeyMetadata: { Arn: string } };
    expect(KeyMetadata.Arn).toMatch(new RegExp(`^arn:aws:kms:eu-north-1:${ACCOUNT}:key/`));
  });
});

describe("what must be signed", () => {
  it.each(["host", "x-amz-date", "x-amz-target"])("%s", async (name) => {
    const [status, code, message] = await stand.ask(stand.sign({ unsigned: [name] }));
    expect([status, code]).toEqual([400, INCOMPLETE]);
    expect(message).toContain(`'${name}'`);
  });

  it.each(["x-amz-security-token", "x-amz-content-sha256", "x-amz-user-agent", "X-Amz-Anything"])(
    "%s, where it is sent",
    async (name) => {
      expect(await codeOf(changed(stand.sign(), { [name]: "x" }))).toBe(INCOMPLETE);
    },
  );

  it("the target, which cannot be replaced in what was signed", async () => {
    const body = JSON.stringify({ KeyId: "1234abcd-12ab-34cd-56ef-1234567890ab" });
    const signed = stand.sign({ body, headers: { "x-amz-target": "TrentService.DescribeKey" } });
    expect(await codeOf(signed)).toBe("NotFoundException");
    const target = { "x-amz-target": "TrentService.ScheduleKeyDeletion" };
    expect(await codeOf(changed(signed, target))).toBe(WRONG);
    const open = stand.sign({
      body,
      headers: { "x-amz-target": "TrentService.DescribeKey" },
      unsigned: ["x-amz-target"],
    });
    expect(await codeOf(changed(open, target))).toBe(INCOMPLETE);
  });

  it.each([
    ["TrentService.listkeys"],
    ["trentservice.ListKeys"],
    ["TrentService. ListKeys"],
    ["TrentService.ListKeys, TrentService.ListKeys"],
    ["TrentService.toString"],
    ["TrentService."],
  ])("a target in another spelling is no operation: %j", async (target) => {
    expect(await codeOf(stand.sign({ headers: { "x-amz-target": target } }))).toBe("UnknownOperationException");
  });

  it.each(["host", "x-amz-date", "x-amz-target", "content-type", "authorization"])("one %s alone", async (name) => {
    const { headers, body } = stand.sign();
    const raw = Object.entries(headers).flat();
    for (const value of [headers[name]!, "other"]) {
      const [status, code] = await askAs(stand.endpoint, [...raw, name.toUpperCase(), value], body);
      expect([status, code]).toEqual([400, expect.stringMatching(/^(Incomplete|Serialization)/)]);
    }
  });

  it("no header that is not there", async () => {
    const { headers, body } = stand.sign({ headers: { "x-amz-extra": "1" } });
    const { "x-amz-extra": _extra, ...others } = headers;
    expect(await codeOf({ headers: others, body })).toBe(INCOMPLETE);
  });

  it("values of printable ASCII", async () => {
    expect(await codeOf(stand.sign({ headers: { "x-amz-extra": "\u00e9" } }))).toBe(INCOMPLETE);
    expect(await codeOf(changed(stand.sign({ headers: { "x-amz-extra": "a" } }), { "x-amz-extra": "a\u00a0" }))).toBe(
      INCOMPLETE,
    );
  });
});

describe("the body", () => {
  it("is the one that was signed", async () => {
    const { headers } = stand.sign({ body: "{}" });
    expect(await codeOf({ headers, body: '{"Limit":1}' })).toBe(WRONG);
    expect(await codeOf({ headers, body: "" })).toBe(WRONG);
  });

  const sha = (text: string) => createHash("sha256").update(text).digest("hex");
  it.each([
    ["UNSIGNED-PAYLOAD", WRONG],
    ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", WRONG],
    ["STREAMING-UNSIGNED-PAYLOAD-TRAILER", WRONG],
    ["", WRONG],
    [sha("{} "), WRONG],
    [sha("{}").toUpperCase(), WRONG],
    [sha("{}"), ""],
  ])("has no other hash than ours: %s", async (claimed, code) => {
    expect(await codeOf(stand.sign({ headers: { "x-amz-content-sha256": claimed } }))).toBe(code);
  });
});

describe("the time", () => {
  it.each([
    [0, ""],
    [15 * MINUTE_MS, ""],
    [-15 * MINUTE_MS, ""],
    [15 * MINUTE_MS + 1000, WRONG],
    [-15 * MINUTE_MS - 1000, WRONG],
    [16 * MINUTE_MS, WRONG],
    [365 * 24 * 60 * MINUTE_MS, WRONG],
  ])("%d ms from ours", async (skewMs, code) => {
    expect(await codeOf(stand.sign({ atMs: stand.time.nowMs + skewMs }))).toBe(code);
  });

  it("that is over cannot be used again", async () => {
    const signed = stand.sign();
    expect(await stand.ask(signed)).toEqual(OK);
    stand.time.nowMs += 16 * MINUTE_MS;
    expect(await stand.ask(signed)).toEqual([
      400,
      WRONG,
      "Signature expired: 20261127T120000Z is now earlier than 20261127T120100Z (20261127T121600Z - 15 min.)",
    ]);
    stand.time.nowMs = START_MS - 16 * MINUTE_MS;
    expect((await stand.ask(signed))[2]).toBe(
      "Signature not yet current: 20261127T120000Z is still later than 20261127T115900Z (20261127T114400Z + 15 min.)",
    );
  });

  it("is x-amz-date's, never that of a Date header", async () => {
    const date = new Date(stand.time.nowMs).toUTCString();
    expect(await codeOf(stand.sign({ headers: { "x-amz-date": undefined, date } }))).toBe(INCOMPLETE);
    const old = basic(stand.time.nowMs - 20 * MINUTE_MS);
    expect(await codeOf(stand.sign({ headers: { "x-amz-date": old, date } }))).toBe(WRONG);
  });

  it("is on the day of the scope", async () => {
    expect(await stand.ask(stand.sign({ scope: { date: "20261126" } }))).toEqual([
      400,
      WRONG,
      "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: " +
        "'20261126' != '20261127', from '20261127T120000Z'.",
    ]);
    stand.time.nowMs = Date.UTC(2026, 10, 28, 0, 1);
    expect(await codeOf(stand.sign({ atMs: stand.time.nowMs - 2 * MINUTE_MS }))).toBe("");
    expect(await codeOf(stand.sign({ atMs: stand.time.nowMs - 2 * MINUTE_MS, scope: { date: "20261128" } }))).toBe(
      WRONG,
    );
  });

  it.each([
    "20261127T120000",
    "2026-11-27T12:00:00Z",
    "20261127T120060Z",
    "20261327T120000Z",
    "20261127T250000Z",
    "",
    "x".repeat(16),
  ])("has one form, and not %j", async (date) => {
    expect(await codeOf(stand.sign({ headers: { "x-amz-date": date } }))).toBe(INCOMPLETE);
  });
});

describe("the scope", () => {
  it.each([
    [{ service: "s3" }, WRONG],
    [{ service: "KMS" }, WRONG],
    [{ service: "kmsx" }, WRONG],
    [{ region: "nowhere" }, WRONG],
    [{ region: "us-west-2 " }, INCOMPLETE],
    [{ region: "US-WEST-2" }, WRONG],
    [{ region: "__proto__" }, WRONG],
    [{ region: "" }, WRONG],
    [{ end: "aws4_requests" }, WRONG],
    [{ end: "" }, WRONG],
    [{ end: "aws4_request/aws4_request" }, INCOMPLETE],
    [{ date: "2026112" }, INCOMPLETE],
    [{ date: "202611270" }, INCOMPLETE],
  ])("%j", async (scope, code) => {
    expect(await codeOf(stand.sign({ scope }))).toBe(code);
  });

  it("is part of the signature", async () => {
    const signed = stand.sign();
    const authorization = signed.headers.authorization!.replace(REGION, "us-east-1");
    expect(await codeOf(changed(signed, { authorization }))).toBe(WRONG);
  });
});

describe("the Authorization header", () => {
  const headerOf = async (change: (authorization: string) => string | undefined) => {
    const { headers, body } = stand.sign();
    const { authorization, ...others } = headers;
    const value = change(authorization!);
    return codeOf({ headers: value === undefined ? others : { ...others, authorization: value }, body });
  };
  it.each<[string, (text: string) => string | undefined, string]>([
    ["absent", () => undefined, "MissingAuthenticationTokenException"],
    ["empty", () => "", INCOMPLETE],
    ["of another scheme", () => "Bearer abc", INCOMPLETE],
    ["of SigV4A", (text) => text.replace("HMAC-SHA256", "ECDSA-P256-SHA256"), INCOMPLETE],
    ["in lower case", (text) => text.toLowerCase(), INCOMPLETE],
    ["without Credential", (text) => text.replace(/Credential=[^,]*, /, ""), INCOMPLETE],
    ["without SignedHeaders", (text) => text.replace(/SignedHeaders=[^,]*, /, ""), INCOMPLETE],
    ["without Signature", (text) => text.replace(/, Signature=.*/, ""), INCOMPLETE],
    ["with two Credentials", (text) => text.replace("Credential=", "Credential=A/B, Credential="), INCOMPLETE],
    ["with another part", (text) => text.replace("SignedHeaders", "X=1, SignedHeaders"), INCOMPLETE],
    ["with names out of order", (text) => text.replace("content-type;host", "host;content-type"), INCOMPLETE],
    ["with a name twice", (text) => text.replace("host;", "host;host;"), INCOMPLETE],
    ["with names in upper case", (text) => text.replace("host;", "Host;"), INCOMPLETE],
    ["with an empty name", (text) => text.replace("host;", "host;;"), INCOMPLETE],
    ["with every object's name", (text) => text.replace("x-amz-date", "__proto__;x-amz-date"), INCOMPLETE],
    [
      "of many names",
      (text) => text.replace("host;", `${Array.from({ length: 99 }, (_, i) => `h${100 + i}`).join(";")};host;`),
      INCOMPLETE,
    ],
    ["endless", (text) => text + "0".repeat(5000), INCOMPLETE],
    ["without spaces", (text) => text.replaceAll(", ", ","), ""],
  ])("%s", async (_what, change, code) => {
    expect(await headerOf(change)).toBe(code);
  });
});

describe("the path and the query", () => {
  const paths = [
    "//",
    "/./",
    "/../",
    "/%2F",
    "/%2f",
    "/+",
    "/?",
    "/?a=1&a=2",
    "/?a",
    "/\u00e9",
    "/%C3%A9",
    "/#a",
    "*",
    "http://127.0.0.1/",
    "/a//b",
    "",
  ];
  it.each(paths)("%j is 400, however it was signed", async (path) => {
    for (const claimed of [{ path }, {}, { path: "/", query: path.split("?")[1] ?? "" }]) {
      const { headers, body } = stand.sign({ claimed });
      expect((await askAs(stand.endpoint, Object.entries(headers).flat(), body, path))[0]).toBe(400);
    }
  });

  it("a signature in the URL is refused", async () => {
    const query = `/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${KEY_ID}&X-Amz-Signature=${"0".repeat(64)}`;
    const [status, , message] = await askAs(stand.endpoint, ["host", "127.0.0.1"], "{}", query);
    expect([status, message]).toEqual([400, "Signatures in the URL are not taken: sign with an Authorization header."]);
  });
});

it("another method that was signed is none of ours", async () => {
  for (const method of ["GET", "PUT", "DELETE", "OPTIONS", "post", "PATCH"]) {
    const { headers, body } = sign({
      accessKeyId: KEY_ID,
      secretAccessKey: SECRET_KEY,
      atMs: stand.time.nowMs,
      claimed: { method },
    });
    expect((await askAs(stand.endpoint, Object.entries(headers).flat(), body, "/", method))[0]).toBe(405);
  }
});
