/** Whose signature it is: comparing it, and the access keys and sessions behind it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { accessKey, KEY_ID, SECRET_KEY, type Stand, startStand } from "./signed-authority.ts";
import { changed, type Signed, withSignature } from "./signing.ts";

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
const UNKNOWN = "UnrecognizedClientException";
const codeOf = async (signed: Signed) => (await stand.ask(signed))[1];

describe("the signature", () => {
  const flip = (hex: string, at: number) => {
    const digits = [...hex];
    digits.splice(at, 1, digits.at(at) === "0" ? "1" : "0");
    return digits.join("");
  };
  it.each<[string, (hex: string) => string, string]>([
    ["wrong at its first digit", (hex) => flip(hex, 0), WRONG],
    ["wrong at its last digit", (hex) => flip(hex, -1), WRONG],
    ["short", (hex) => hex.slice(0, 63), WRONG],
    ["long", (hex) => `${hex}0`, WRONG],
    ["empty", () => "", WRONG],
    ["zero", () => "0".repeat(64), WRONG],
    ["in upper case", (hex) => hex.toUpperCase(), WRONG],
    ["no hexadecimal", () => "g".repeat(64), WRONG],
    ["with a space behind it", (hex) => `${hex} `, WRONG],
    ["in base64", (hex) => Buffer.from(hex, "hex").toString("base64"), WRONG],
    ["followed by more", (hex) => `${hex}, Signature=${hex}`, INCOMPLETE],
  ])("%s", async (_what, change, code) => {
    const [status, seen, message] = await stand.ask(withSignature(stand.sign(), change));
    expect([status, seen]).toEqual([400, code]);
    if (code === WRONG) expect(message).toMatch(/^The request signature we calculated does not match/);
  });

  it("of every wrong bit is refused", async () => {
    const signed = stand.sign();
    for (let at = 0; at < 64; at++) expect(await codeOf(withSignature(signed, (hex) => flip(hex, at)))).toBe(WRONG);
    expect(await stand.ask(signed)).toEqual(OK);
  });

  it("costs an unknown access key what a wrong secret costs", async () => {
    const cost = async (signed: Signed, code: string) => {
      const before = stand.hmacs.count;
      expect(await codeOf(signed)).toBe(code);
      return stand.hmacs.count - before;
    };
    const wrong = await cost(stand.sign({ secretAccessKey: "wrong" }), WRONG);
    expect(wrong).toBe(5);
    expect(await cost(stand.sign({ accessKeyId: "AKIAUNKNOWN" }), UNKNOWN)).toBe(wrong);
    expect(
      await cost(
        withSignature(stand.sign({ accessKeyId: "AKIAUNKNOWN" }), () => "short"),
        UNKNOWN,
      ),
    ).toBe(wrong);
  });

  it("of nobody's secret opens nothing", async () => {
    expect(await codeOf(stand.sign({ accessKeyId: "AKIAUNKNOWN", secretAccessKey: "0".repeat(40) }))).toBe(UNKNOWN);
  });
});

describe("an access key", () => {
  it("that is not active is unknown", async () => {
    stand.keys.set(KEY_ID, accessKey(KEY_ID, SECRET_KEY, { isActive: false }));
    expect(await stand.ask(stand.sign())).toEqual([
      400,
      UNKNOWN,
      "The security token included in the request is invalid.",
    ]);
  });

  it("is derived from once a day, and ends with its record", async () => {
    expect(await codeOf(stand.sign())).toBe("");
    const before = stand.hmacs.count;
    expect(await codeOf(stand.sign())).toBe("");
    expect(stand.hmacs.count - before).toBe(1);
    stand.keys.set(KEY_ID, accessKey(KEY_ID, "another secret"));
    expect(await codeOf(stand.sign())).toBe(WRONG);
    expect(await codeOf(stand.sign({ secretAccessKey: "another secret" }))).toBe("");
    stand.keys.delete(KEY_ID);
    expect(await codeOf(stand.sign({ secretAccessKey: "another secret" }))).toBe(UNKNOWN);
  });

  it("stays at hand whatever others send who have none", async () => {
    expect(await codeOf(stand.sign())).toBe("");
    for (let i = 0; i < 1100; i++)
      await stand.ask(stand.sign({ secretAccessKey: "wrong", scope: { region: `us-west-${i}` } }));
    const before = stand.hmacs.count;
    expect(await codeOf(stand.sign())).toBe("");
    expect(stand.hmacs.count - before).toBe(1);
    stand.endpoint.forget();
    expect(await codeOf(stand.sign())).toBe("");
    expect(stand.hmacs.count - before).toBe(6);
  });

  it("of a session comes with its token, which is signed", async () => {
    const session = { accessKeyId: "ASIASESSION", secretAccessKey: "session secret" };
    const sessionToken = "T".repeat(400);
    const expiresAtMs = stand.time.nowMs + 60 * MINUTE_MS;
    stand.keys.set("ASIASESSION", accessKey("ASIASESSION", "session secret", { sessionToken, expiresAtMs }));
    const withToken = (token: string) => stand.sign({ ...session, headers: { "x-amz-security-token": token } });
    expect(await codeOf(withToken(sessionToken))).toBe("");
    expect(await codeOf(stand.sign(session))).toBe(UNKNOWN);
    expect(await codeOf(withToken(`${sessionToken.slice(0, -1)}U`))).toBe(UNKNOWN);
    expect(await codeOf(withToken(`U${sessionToken.slice(1)}`))).toBe(UNKNOWN);
    expect(await codeOf(withToken(`${sessionToken}T`))).toBe(UNKNOWN);
    expect(
      await codeOf(
        stand.sign({
          ...session,
          headers: { "x-amz-security-token": sessionToken },
          unsigned: ["x-amz-security-token"],
        }),
      ),
    ).toBe(INCOMPLETE);
    expect(await codeOf(changed(withToken("other"), { "x-amz-security-token": sessionToken }))).toBe(WRONG);
    stand.time.nowMs = expiresAtMs;
    expect(await stand.ask(withToken(sessionToken))).toEqual([
      400,
      "ExpiredTokenException",
      "The security token included in the request is expired",
    ]);
    // That it is over is told to nobody else.
    expect(
      await codeOf(
        stand.sign({ ...session, secretAccessKey: "wrong", headers: { "x-amz-security-token": sessionToken } }),
      ),
    ).toBe(WRONG);
  });

  it("for good takes no token", async () => {
    expect(await codeOf(stand.sign({ headers: { "x-amz-security-token": "any" } }))).toBe(UNKNOWN);
  });
});
