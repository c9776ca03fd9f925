/** Attacks by whoever can write to the store, and by a clock or a generator that fails. */
import { randomFillSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createKms, type Kms, memoryKeystore, rootKeyFromBytes } from "../../src/index.ts";
import { ACCOUNT, DAY_MS, failureOf, REGION, ROOT_KEY, startService, unclosable } from "./service.ts";

const Plaintext = new TextEncoder().encode("a plaintext nobody may see");
const realm = { region: REGION, accountId: ACCOUNT };

async function newKey(kms: Kms): Promise<string> {
  return (await kms.execute("CreateKey", {})).KeyMetadata!.KeyId;
}

describe("the index of deletions", () => {
  it("deletes nothing that is not due, whoever wrote to it", async () => {
    const keystore = memoryKeystore();
    const { kms } = await startService(keystore);
    const KeyId = await newKey(kms);
    const { CiphertextBlob } = await kms.execute("Encrypt", { KeyId, Plaintext });
    const path = `record/${ACCOUNT}/${REGION}/deletion/0000000000000000/${KeyId}`;
    await keystore.commit({ checks: [], writes: new Map([[path, Uint8Array.of(0)]]) });
    await newKey(kms);
    expect((await kms.execute("Decrypt", { CiphertextBlob: CiphertextBlob! })).Plaintext).toEqual(Plaintext);
  });

  it("waits for a clock that has stopped making sense", async () => {
    let nowMs = Date.UTC(2026, 0, 1);
    const clock = { nowMs: () => nowMs };
    const kms = (
      await createKms({ ...realm, keystore: memoryKeystore(), rootKey: rootKeyFromBytes(ROOT_KEY), clock })
    ).as("root");
    const KeyId = await newKey(kms);
    await kms.execute("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 });
    nowMs = Number.NaN;
    await newKey(kms);
    nowMs = Date.UTC(2026, 0, 2);
    await kms.execute("CancelKeyDeletion", { KeyId });
  });

  it("lets others write although a key that is due does not open any more", async () => {
    const keystore = memoryKeystore();
    const { kms } = await startService(unclosable(keystore));
    const KeyId = await newKey(kms);
    await kms.execute("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 });
    await kms.close();
    const again = await startService(keystore);
    const path = `record/${ACCOUNT}/${REGION}/key/${KeyId}`;
    const { value } = (await keystore.get(path))!;
    const damaged = value.slice();
    damaged[damaged.length - 1]! ^= 1;
    await keystore.commit({ checks: [], writes: new Map([[path, damaged]]) });
    again.advance(8 * DAY_MS);
    await newKey(again.kms);
    expect((await failureOf(again.kms.execute("DescribeKey", { KeyId }))).name).toBe("KMSInternalException");
  });
});

describe("a root key", () => {
  it("is a copy of the caller's bytes, a Buffer's too", async () => {
    const mine = randomFillSync(Buffer.alloc(32));
    const kept = Buffer.from(mine);
    const keystore = memoryKeystore();
    const rootKey = rootKeyFromBytes(mine);
    mine.fill(0);
    const kms = (await createKms({ ...realm, keystore, rootKey })).as("root");
    await newKey(kms);
    rootKey.wipe();
    expect(mine.every((byte) => byte === 0)).toBe(true);
    expect(kept.some((byte) => byte !== 0)).toBe(true);
    expect(() => rootKeyFromBytes(mine)).toThrow("all zero");
  });
});

describe("a generator", () => {
  const open = (fill: (out: Uint8Array) => void) =>
    createKms({ ...realm, keystore: memoryKeystore(), rootKey: rootKeyFromBytes(ROOT_KEY), random: { fill } });

  it("that fills only the beginning is refused", async () => {
    await expect(open((out) => void randomFillSync(out.subarray(0, 16)))).rejects.toThrow("random generator");
  });

  it("that repeats itself after two draws is refused", async () => {
    let draw = 0;
    await expect(open((out) => void out.map((_, i) => (out[i] = (i * 7 + draw++ * 0) ^ (draw % 2))))).rejects.toThrow();
  });
});

describe("an audit sink", () => {
  it.each([
    [
      "throws",
      () => {
        throw new Error("disk full");
      },
    ],
    ["rejects", () => Promise.reject(new Error("disk full"))],
  ])("that %s fails the request with an error of the service", async (_, audit) => {
    const kms = (
      await createKms({ ...realm, keystore: memoryKeystore(), rootKey: rootKeyFromBytes(ROOT_KEY), audit })
    ).as("root");
    expect((await failureOf(kms.execute("CreateKey", {}))).name).toBe("KMSInternalException");
  });
});

describe("the door", () => {
  it("takes bytes for what they are, not for what they say", async () => {
    const { kms } = await startService();
    const KeyId = await newKey(kms);
    const disguised = new Uint8Array(200_000);
    Object.defineProperty(disguised, "length", { value: 16 });
    expect((await failureOf(kms.execute("Encrypt", { KeyId, Plaintext: disguised }))).name).toBe("ValidationException");
    const endless: string[] = [];
    endless[Symbol.iterator] = function* () {
      for (;;) yield "token";
    };
    const { CiphertextBlob } = await kms.execute("Encrypt", { KeyId, Plaintext, GrantTokens: endless });
    expect(CiphertextBlob).toHaveLength(115 + Plaintext.length);
  });

  it("does not repeat a huge value in its answer", async () => {
    const { kms } = await startService();
    const { message } = await failureOf(kms.execute("DescribeKey", { KeyId: "x".repeat(50_000_000) }));
    expect(message.length).toBeLessThan(5000);
  });

  it("wipes what it has copied when it refuses the request", async () => {
    const { kms } = await startService();
    const rooms: ArrayBuffer[] = [];
    const native = ArrayBuffer;
    const secret = new Uint8Array(3001).fill(7);
    globalThis.ArrayBuffer = new Proxy(native, {
      construct(target, [lengthBytes]) {
        const room = new target(lengthBytes);
        if (lengthBytes === secret.length) rooms.push(room);
        return room;
      },
    });
    try {
      await failureOf(kms.execute("Encrypt", { KeyId: "", Plaintext: secret }));
      await failureOf(kms.execute("Encrypt", { KeyId: "alias/none", Plaintext: secret }));
    } finally {
      globalThis.ArrayBuffer = native;
    }
    expect(rooms).toHaveLength(2);
    for (const room of rooms) expect(new Uint8Array(room).every((byte) => byte === 0)).toBe(true);
  });
});
