/** Counting requests over processes and months, and what AWS would have charged for them. */
import { describe, expect, it } from "vitest";
import { createKms, type KeyStoreDriver, memoryKeystore, rootKeyFromBytes } from "../../src/index.ts";
import { costOf, type PricedKey } from "../../src/quota/cost.ts";
import { unclosable } from "../operations/service.ts";

const NOVEMBER = Date.UTC(2026, 10, 1);
const DAY_MS = 86_400_000;

async function start(keystore: KeyStoreDriver, nowMs: () => number) {
  const kms = await createKms({
    keystore,
    rootKey: rootKeyFromBytes(new Uint8Array(32).fill(5)),
    region: "us-east-1",
    accountId: "111122223333",
    clock: { nowMs },
  });
  return kms.as("root");
}

describe("costOf", () => {
  const EMPTY = { month: "2026-11", now: NOVEMBER + 30 * DAY_MS };

  it("charges requests by their group, after the free ones where these count", () => {
    const { lines, dollars } = costOf(
      EMPTY.month,
      { symmetric: 30_000, RSA_2048: 10_000, asymmetric: 20_000, "pairs RSA": 100 },
      [],
      EMPTY.now,
    );
    expect(lines.map((line) => [line.quantity, line.free, Number(line.dollars.toFixed(4))])).toEqual([
      [30_000, 20_000, 0.03],
      [10_000, 0, 0.03],
      [20_000, 0, 0.3],
      [0, 0, 0],
      [100, 0, 0.12],
      [0, 0, 0],
    ]);
    expect(dollars).toBeCloseTo(0.48);
  });

  it("charges a key by the hour, its first two rotations as much again, and nothing before and after the month", () => {
    const whole: PricedKey = { createdAtMs: 0, rotatedAtMs: [] };
    const half = { createdAtMs: NOVEMBER + 15 * DAY_MS, rotatedAtMs: [] };
    const rotated = { createdAtMs: 0, rotatedAtMs: [1, 2, 3, 4] };
    const later = { createdAtMs: NOVEMBER + 40 * DAY_MS, rotatedAtMs: [] };
    const months = (key: PricedKey, now = EMPTY.now) => costOf(EMPTY.month, {}, [key], now).lines.at(-1)!.quantity;
    expect([whole, half, rotated, later].map((key) => months(key))).toEqual([1, 0.5, 3, 0]);
    expect(months(whole, NOVEMBER + 3 * DAY_MS)).toBeCloseTo(0.1);
    expect(costOf("2026-12", {}, [whole], NOVEMBER).lines.at(-1)!.quantity).toBe(0);
  });
});

describe("a service", () => {
  it("counts what it answered, by month, also over a restart and beside another process", async () => {
    const driver = memoryKeystore();
    let nowMs = NOVEMBER;
    const first = await start(unclosable(driver), () => nowMs);
    const { KeyMetadata } = await first.execute("CreateKey", {});
    const rsa = await first.execute("CreateKey", { KeySpec: "RSA_2048", KeyUsage: "ENCRYPT_DECRYPT" });
    const Plaintext = new Uint8Array(8);
    for (let i = 0; i < 3; i++) await first.execute("Encrypt", { KeyId: KeyMetadata!.KeyId, Plaintext });
    await first.execute("Encrypt", {
      KeyId: rsa.KeyMetadata!.KeyId,
      Plaintext,
      EncryptionAlgorithm: "RSAES_OAEP_SHA_256",
    });
    await first.execute("GenerateDataKeyPair", { KeyId: KeyMetadata!.KeyId, KeyPairSpec: "ECC_NIST_P256" });
    await first.execute("DescribeKey", { KeyId: "alias/none" }).catch(() => undefined);
    const quantities = async (kms: typeof first, month?: string) =>
      (await kms.cost(month)).lines.slice(0, 4).map((l) => l.quantity);
    // What failed is not counted.
    expect(await quantities(first)).toEqual([5, 1, 0, 1]);
    await first.close();
    const second = await start(driver, () => nowMs);
    expect(await quantities(second)).toEqual([5, 1, 0, 1]);
    nowMs += 31 * DAY_MS;
    await second.execute("ListKeys", {});
    expect(await quantities(second)).toEqual([1, 0, 0, 0]);
    expect(await quantities(second, "2026-11")).toEqual([5, 1, 0, 1]);
    await expect(second.cost("2026-13")).rejects.toThrow(TypeError);
    await second.close();
  });
});
