/** Rooms that requests use in turn, and names that are parsed once: nothing of one request reaches another. */
import { describe, expect, it } from "vitest";
import { healthChecked, type Random } from "../../src/env.ts";
import { type KeyStoreDriver, memoryKeystore } from "../../src/index.ts";
import { keyNamesOf, readKeyId, writeKeyId } from "../../src/model/arn.ts";
import { remember } from "../../src/model/remember.ts";
import { borrowRoom, returnRoom } from "../../src/secret-bytes.ts";
import { ACCOUNT, ARN_PREFIX, failureOf, REGION, startService } from "./service.ts";

const COUNT = 64;
const plaintextOf = (i: number): Uint8Array => new Uint8Array(64).fill(i + 1);

/** A keystore whose answers come out of turn. */
function slowKeystore(): KeyStoreDriver {
  const driver = memoryKeystore();
  let reads = 0;
  return {
    get: async (path) => {
      const found = await driver.get(path);
      await new Promise((resolve) => setTimeout(resolve, (reads++ * 7) % 5));
      return found;
    },
    list: (prefix, after, limit) => driver.list(prefix, after, limit),
    commit: (commit) => driver.commit(commit),
    // Every request takes its records for stale, so each one waits with its plaintext in its room.
    foreignRevision: () => reads,
    close: () => driver.close(),
  };
}

describe.each([
  ["cached records", memoryKeystore],
  ["records that are waited for", slowKeystore],
])("requests at the same time, on %s", (_, open) => {
  it("keep their bytes apart", async () => {
    const { kms } = await startService(open());
    const KeyId = (await kms.execute("CreateKey", {})).KeyMetadata!.KeyId;
    const context = (i: number) => (i % 2 === 0 ? {} : { EncryptionContext: { number: String(i) } });
    const sealing = Array.from({ length: COUNT }, (_, i) => {
      const request = kms.execute("Encrypt", { KeyId, Plaintext: plaintextOf(i), ...context(i) });
      // Some are refused in between, and give their rooms back early.
      return Promise.all([request, failureOf(kms.execute("Encrypt", { KeyId: "none", Plaintext: plaintextOf(i) }))]);
    });
    const blobs = (await Promise.all(sealing)).map(([sealed]) => sealed.CiphertextBlob!);
    const opened = await Promise.all(
      blobs.map((CiphertextBlob, i) => kms.execute("Decrypt", { CiphertextBlob, ...context(i) })),
    );
    for (const [i, { Plaintext }] of opened.entries()) expect(Plaintext).toEqual(plaintextOf(i));
    const keys = await Promise.all(blobs.map(() => kms.execute("GenerateDataKey", { KeyId, KeySpec: "AES_256" })));
    const results = [
      ...blobs,
      ...opened.map(({ Plaintext }) => Plaintext!),
      ...keys.flatMap(({ CiphertextBlob, Plaintext }) => [CiphertextBlob!, Plaintext!]),
    ];
    expect(new Set(results.map(({ buffer }) => buffer)).size).toBe(4 * COUNT);
    for (const { buffer, byteLength } of results) expect(buffer.byteLength).toBe(byteLength);
  });
});

describe("a room for a secret", () => {
  it("is wiped, lent again, and never to two at a time, even if it is returned twice", () => {
    const room = borrowRoom(201);
    room.fill(9);
    returnRoom(room);
    returnRoom(room);
    const [first, second] = [borrowRoom(201), borrowRoom(201)];
    expect(first).toBe(room);
    expect(first.every((byte) => byte === 0)).toBe(true);
    expect(second.buffer).not.toBe(first.buffer);
  });

  it("is another one for a generator that draws while it is asked", () => {
    let draws = 0;
    const random: Random = {
      fill(out) {
        const draw = ++draws;
        if (draw === 1) checked.fill(inner);
        for (let i = 0; i < out.length; i++) out[i] = draw * 64 + i;
      },
    };
    const checked = healthChecked(random);
    const [outer, inner] = [new Uint8Array(16), new Uint8Array(16)];
    checked.fill(outer);
    expect(draws).toBe(2);
    expect(inner[0]).toBe(128);
    expect(outer[0]).toBe(64);
  });
});

describe("what is parsed once", () => {
  const keyId = "1234abcd-12ab-34cd-56ef-1234567890ab";

  it("is kept for so many texts, whatever comes, and not where parsing fails", () => {
    const asked: string[] = [];
    const parse = remember(4, (text) => {
      asked.push(text);
      if (text === "bad") throw new TypeError(text);
      return { text };
    });
    for (let i = 0; i < 100; i++) {
      expect(parse("hot").text).toBe("hot");
      expect(parse(`cold ${i}`).text).toBe(`cold ${i}`);
    }
    expect(asked.filter((text) => text === "hot")).toHaveLength(1);
    expect(asked).toHaveLength(101);
    expect(parse("cold 0").text).toBe("cold 0");
    expect(asked).toHaveLength(102);
    for (let i = 0; i < 2; i++) expect(() => parse("bad")).toThrow(TypeError);
    expect(asked).toHaveLength(104);
  });

  it("is the realm's own, cannot be changed, and is refused each time anew", () => {
    const ours = keyNamesOf({ partition: "aws", region: REGION, accountId: ACCOUNT });
    const theirs = keyNamesOf({ partition: "aws", region: "eu-west-1", accountId: "999999999999" });
    expect(ours(keyId)).toEqual({ kind: "key", keyId, accountId: ACCOUNT, arn: `${ARN_PREFIX}:key/${keyId}` });
    expect(theirs(keyId)).toMatchObject({ accountId: "999999999999" });
    expect(ours(`${ARN_PREFIX}:key/${keyId}`)).toEqual(ours(keyId));
    for (let i = 0; i < 2; i++) expect(() => theirs(`${ARN_PREFIX}:key/${keyId}`)).toThrow(/Invalid arn/);
    expect(Object.isFrozen(ours(keyId))).toBe(true);
    expect(ours(`alias/${"x".repeat(250)}`)).toMatchObject({ kind: "alias" });
  });

  it("tells key ids apart that begin with the same bytes", () => {
    const ids = [
      keyId,
      "1234abcd-0000-4000-8000-000000000000",
      `mrk-1234abcd${"0".repeat(24)}`,
      `mrk-${keyId.replaceAll("-", "")}`,
    ];
    for (let round = 0; round < 3; round++) {
      for (const id of ids) {
        const bytes = new Uint8Array(20);
        writeKeyId(id, bytes, 3);
        expect(readKeyId(bytes, 3, id.startsWith("mrk-"))).toBe(id);
      }
    }
  });
});
