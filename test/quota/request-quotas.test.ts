/** Token buckets by AWS's numbers: what passes in any stretch of time, whose requests count together, what an SDK does. */
import * as sdk from "@aws-sdk/client-kms";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRequestHandler } from "../../src/http/request-handler.ts";
import { createKms, memoryKeystore, type QuotaSetting, rootKeyFromBytes } from "../../src/index.ts";
import { OPERATIONS } from "../../src/operations/index.ts";
import { isGeneratingPairs, isShared, rateOf } from "../../src/quota/rates.ts";
import { RequestQuotas } from "../../src/quota/request-quotas.ts";

function bucketsAt(setting: Exclude<QuotaSetting, "off">, region = "us-west-1") {
  let nowMs = 0;
  const quotas = new RequestQuotas(setting, region, { nowMs: () => nowMs });
  const passes = (operation: string, specs: string[] = [], pairSpec?: string) => {
    try {
      quotas.take(operation, specs, pairSpec);
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: "ThrottlingException", status: 400 });
      return false;
    }
  };
  return { passes, advance: (ms: number) => (nowMs += ms) };
}

const countPassing = (count: number, pass: () => boolean) => Array.from({ length: count }, pass).filter(Boolean).length;

describe("a bucket", () => {
  it("lets a second's requests pass at once, and fills up in a second", () => {
    const { passes, advance } = bucketsAt("aws");
    expect(countPassing(20, () => passes("CreateKey"))).toBe(5);
    advance(400);
    expect(countPassing(20, () => passes("CreateKey"))).toBe(2);
    advance(60_000);
    expect(countPassing(20, () => passes("CreateKey"))).toBe(5);
  });

  it("never lets more pass in any stretch of time than a second's and what has been gained since", () => {
    const steps = fc.array(fc.tuple(fc.nat(500), fc.nat(12)), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (plan) => {
        const { passes, advance } = bucketsAt({ CreateKey: 5 });
        const passed: number[] = [];
        let nowMs = 0;
        for (const [waitMs, tries] of plan) {
          advance(waitMs);
          nowMs += waitMs;
          for (let i = 0; i < tries; i++) if (passes("CreateKey")) passed.push(nowMs);
        }
        for (const [i, from] of passed.entries()) {
          for (let j = i; j < passed.length; j++) {
            expect(j - i + 1).toBeLessThanOrEqual(5 + ((passed[j]! - from) * 5) / 1000 + 1e-9);
          }
        }
      }),
    );
  });

  it("goes on when the clock goes back", () => {
    const { passes, advance } = bucketsAt("aws");
    advance(10_000);
    countPassing(5, () => passes("CreateKey"));
    advance(-9000);
    expect(passes("CreateKey")).toBe(false);
    advance(1000);
    expect(passes("CreateKey")).toBe(true);
  });
});

describe("a group", () => {
  it("is there for every operation", () => {
    const without = Object.keys(OPERATIONS).filter(
      (name) => !isShared(name) && !isGeneratingPairs(name) && rateOf(name, "us-east-1") === undefined,
    );
    expect(without).toEqual([]);
  });

  it("is shared by operations on keys of one kind, and by no other", () => {
    const { passes } = bucketsAt({ RSA: 2, ECC: 1, symmetric: 3 });
    expect([passes("Sign", ["RSA_2048"]), passes("Encrypt", ["RSA_4096"]), passes("Verify", ["RSA_3072"])]).toEqual([
      true,
      true,
      false,
    ]);
    expect([passes("Sign", ["ECC_NIST_P256"]), passes("DeriveSharedSecret", ["ECC_NIST_P384"])]).toEqual([true, false]);
    expect([
      passes("Encrypt", ["SYMMETRIC_DEFAULT"]),
      passes("GenerateMac", ["HMAC_256"]),
      passes("GenerateRandom"),
    ]).toEqual([true, true, true]);
    expect(passes("GenerateDataKey", ["SYMMETRIC_DEFAULT"])).toBe(false);
    expect(passes("DescribeKey", ["SYMMETRIC_DEFAULT"])).toBe(true);
  });

  it("counts a ReEncrypt on each side, once if both are of one kind", () => {
    const { passes } = bucketsAt({ RSA: 1, symmetric: 2 });
    expect(passes("ReEncrypt", ["SYMMETRIC_DEFAULT", "SYMMETRIC_DEFAULT"])).toBe(true);
    expect(passes("ReEncrypt", ["SYMMETRIC_DEFAULT", "RSA_2048"])).toBe(true);
    expect(passes("Encrypt", ["RSA_2048"])).toBe(false);
    expect(passes("Encrypt", ["SYMMETRIC_DEFAULT"])).toBe(false);
  });

  it("has the Region's number, and each pair spec its own", () => {
    expect(["us-east-1", "eu-central-1", "us-west-1"].map((region) => rateOf("symmetric", region))).toEqual([
      100_000, 20_000, 10_000,
    ]);
    const { passes } = bucketsAt("aws");
    expect(countPassing(9, () => passes("GenerateDataKeyPair", ["SYMMETRIC_DEFAULT"], "RSA_3072"))).toBe(4);
    expect(passes("GenerateDataKeyPairWithoutPlaintext", ["SYMMETRIC_DEFAULT"], "RSA_3072")).toBe(false);
    expect(passes("GenerateDataKeyPair", ["SYMMETRIC_DEFAULT"], "RSA_2048")).toBe(true);
  });
});

describe("a service with quotas", () => {
  const start = (requestQuotas: QuotaSetting, nowMs = Date.now) =>
    createKms({
      keystore: memoryKeystore(),
      rootKey: rootKeyFromBytes(new Uint8Array(32).fill(5)),
      region: "us-west-1",
      accountId: "111122223333",
      clock: { nowMs },
      requestQuotas,
    });

  it("throttles, and the SDK waits and succeeds", async () => {
    const kms = await start({ ListKeys: 2 });
    const client = (maxAttempts: number) =>
      new sdk.KMSClient({
        region: "us-west-1",
        credentials: { accessKeyId: "a", secretAccessKey: "b" },
        requestHandler: createRequestHandler(kms.as("root")),
        maxAttempts,
      });
    const list = (maxAttempts: number) => client(maxAttempts).send(new sdk.ListKeysCommand({}));
    await list(1);
    await list(1);
    await expect(list(1)).rejects.toMatchObject({ name: "ThrottlingException", $metadata: { httpStatusCode: 400 } });
    const { $metadata } = await list(8);
    expect($metadata.attempts).toBeGreaterThan(1);
    await kms.close();
  });

  it("counts each account and Region by itself, and nothing where they are off", async () => {
    const kms = await start({ ListKeys: 1 }, () => 0);
    const list = (service: typeof kms) =>
      service.execute("ListKeys", {}).then(
        () => "ok",
        (error) => error.code,
      );
    expect(await list(kms.as("root"))).toBe("ok");
    expect(await list(kms.as("root"))).toBe("ThrottlingException");
    expect(await list(kms.as("arn:aws:iam::444455556666:root"))).toBe("ok");
    expect(await list(kms.inRealm({ region: "us-east-1", accountId: "111122223333" }).as("root"))).toBe("ok");
    await kms.close();
    const free = await start("off", () => 0);
    for (let i = 0; i < 50; i++) expect(await list(free.as("root"))).toBe("ok");
    await free.close();
  });

  it.each([["none"], [{ Nothing: 5 }], [{ ListKeys: 0 }], [{ ListKeys: Number.NaN }], [null]])(
    "refuses %j as a setting",
    async (setting) => {
      await expect(start(setting as never)).rejects.toThrow(TypeError);
    },
  );
});
