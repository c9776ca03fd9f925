/** What a trail holds and leaves out, and what happens where it cannot be written. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { auditFiles, auditTo } from "../../src/audit/file.ts";
import { memoryKeystore } from "../../src/index.ts";
import { temporaryFolder } from "../cli/tree.ts";
import { ACCOUNT, check, filesOf, recordsOf, startAudited } from "./audited-service.ts";

const SECRET = "s3cr3t";
const Plaintext = new TextEncoder().encode(SECRET);

async function heard(use: (kms: Awaited<ReturnType<typeof startAudited>>) => Promise<void>) {
  let text = "";
  const kms = await startAudited(auditTo((lines) => void (text += lines)));
  await use(kms);
  await kms.close();
  return { text, records: recordsOf([{ name: "heard", text }]) };
}

describe("a record", () => {
  it("says who did what to which key, as CloudTrail does", async () => {
    const { records } = await heard(async (kms) => {
      const { KeyMetadata } = await kms.execute("CreateKey", { Description: "the first" });
      const alice = kms.as("arn:aws:iam::111122223333:user/alice", { sourceIp: "203.0.113.5", userAgent: "aws-cli/2" });
      const input = { KeyId: KeyMetadata!.KeyId, Plaintext, EncryptionContext: { tenant: "7" } };
      await alice.execute("Encrypt", input).catch(() => undefined);
      await kms.execute("Encrypt", input);
    });
    const [created, denied, sealed] = records;
    expect(created).toMatchObject({
      userIdentity: { type: "Root", arn: `arn:aws:iam::${ACCOUNT}:root`, accountId: ACCOUNT },
      eventSource: "kms.amazonaws.com",
      eventName: "CreateKey",
      awsRegion: "us-east-1",
      readOnly: false,
      requestParameters: { description: "the first" },
      responseElements: { keyMetadata: { description: "the first", keyState: "Enabled" } },
      eventType: "AwsApiCall",
      recipientAccountId: ACCOUNT,
    });
    expect(denied).toMatchObject({
      userIdentity: { type: "IAMUser", userName: "alice" },
      sourceIPAddress: "203.0.113.5",
      userAgent: "aws-cli/2",
      errorCode: "AccessDeniedException",
      responseElements: null,
      resources: [{ accountId: ACCOUNT, type: "AWS::KMS::Key", ARN: expect.stringContaining(":key/") }],
    });
    expect(sealed).toMatchObject({
      eventName: "Encrypt",
      readOnly: true,
      requestParameters: { encryptionContext: { tenant: "7" } },
      responseElements: null,
    });
    expect(sealed).not.toHaveProperty("errorCode");
    const ids = records.map(({ eventID }) => eventID);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("holds no plaintext, ciphertext, token or password", async () => {
    const hiddenTexts: string[] = [];
    const { text } = await heard(async (kms) => {
      const { KeyMetadata } = await kms.execute("CreateKey", {});
      const { KeyId } = KeyMetadata!;
      const { CiphertextBlob } = await kms.execute("Encrypt", { KeyId, Plaintext });
      await kms.execute("Decrypt", { CiphertextBlob });
      const granted = { KeyId, GranteePrincipal: `arn:aws:iam::${ACCOUNT}:user/bob`, Operations: ["Encrypt" as const] };
      const { GrantToken } = await kms.execute("CreateGrant", granted);
      await kms.execute("Encrypt", { KeyId, Plaintext, GrantTokens: [GrantToken!] });
      const store = { CustomKeyStoreName: "s", KeyStorePassword: "password-of-a-store" };
      await kms.execute("CreateCustomKeyStore", store).catch(() => undefined);
      hiddenTexts.push(GrantToken!, Buffer.from(CiphertextBlob!).toString("base64").slice(0, 40));
    });
    for (const hidden of [SECRET, Buffer.from(SECRET).toString("base64"), "password-of-a-store", ...hiddenTexts]) {
      expect(text).not.toContain(hidden);
    }
  });

  it("is one line, whatever a caller writes into it", async () => {
    const evil = 'x"}\n{"eventVersion":"1.11","eventName":"Forged"}\r\u2028\u0000';
    const { text, records } = await heard(async (kms) => {
      const caller = kms.as("root", { userAgent: evil, sourceIp: evil });
      const { KeyMetadata } = await caller.execute("CreateKey", { Description: evil });
      const context = { [evil]: evil };
      await caller.execute("Encrypt", { KeyId: KeyMetadata!.KeyId, Plaintext, EncryptionContext: context });
      await caller.execute(evil as never, {} as never).catch(() => undefined);
    });
    expect(records.map(({ eventName }) => eventName)).toEqual(["CreateKey", "Encrypt", evil]);
    expect((await check([{ name: "heard", text }])).findings).toEqual([]);
  });
});

describe("a trail that cannot be written", () => {
  it("stops every change before it is made, and lets reads go on", async () => {
    let fails = false;
    const kms = await startAudited(
      auditTo(() => {
        if (fails) throw new Error("disk at /var/log is full");
      }),
    );
    const { KeyMetadata } = await kms.execute("CreateKey", {});
    const { KeyId } = KeyMetadata!;
    fails = true;
    const failure = await kms.execute("DisableKey", { KeyId }).catch((error) => error);
    expect(failure).toMatchObject({ code: "KMSInternalException" });
    expect(failure.message).not.toContain("/var/log");
    await expect(kms.execute("CreateKey", {})).rejects.toMatchObject({ code: "KMSInternalException" });
    const described = await kms.execute("DescribeKey", { KeyId });
    expect(described.KeyMetadata!.KeyState).toBe("Enabled");
    expect((await kms.execute("ListKeys", {})).Keys).toHaveLength(1);
    fails = false;
    await kms.execute("DisableKey", { KeyId });
    await kms.close();
  });

  it("loses no record that waits, and puts them in order once it can be written", async () => {
    let fails = true;
    let text = "";
    const kms = await startAudited(
      auditTo((lines) => {
        if (fails) throw new Error("not now");
        text += lines;
      }),
    );
    await kms.execute("ListKeys", {});
    await kms.execute("GenerateRandom", { NumberOfBytes: 8 });
    await kms.execute("CreateKey", {}).catch(() => undefined);
    fails = false;
    await kms.close();
    const records = recordsOf([{ name: "heard", text }]);
    // The change that was not made has a record of its attempt, and one of its failure.
    expect(records.map(({ eventName, errorCode }) => [eventName, errorCode])).toEqual([
      ["ListKeys", undefined],
      ["GenerateRandom", undefined],
      ["CreateKey", undefined],
      ["CreateKey", "KMSInternalException"],
    ]);
    expect(records[2]!.requestID).toBe(records[3]!.requestID);
    expect((await check([{ name: "heard", text }])).findings).toEqual([]);
  });

  it("holds reads back, too, once there is no room for what waits", async () => {
    const kms = await startAudited(
      auditTo(() => {
        throw new Error("never");
      }),
    );
    const long = "x".repeat(7000);
    let refused = 0;
    for (let i = 0; i < 1500 && refused === 0; i++) {
      const input = { KeyId: "alias/none", Plaintext, EncryptionContext: { long } };
      const error = await kms.execute("Encrypt", input).catch((e) => e);
      if (error.code === "KMSInternalException") refused++;
    }
    expect(refused).toBe(1);
    await kms.close().catch(() => undefined);
  });
});

describe("files", () => {
  const mounts: string[] = [];
  afterAll(() => {
    for (const folder of mounts) spawnSync("umount", [folder]);
  });

  it("are their owner's alone, and each process has its own", async () => {
    const folder = join(temporaryFolder(), "trail");
    const services = [startAudited(auditFiles({ folder })), startAudited(auditFiles({ folder }), memoryKeystore())];
    for (const kms of await Promise.all(services)) {
      for (let i = 0; i < 5; i++) await kms.execute("CreateKey", {});
      await kms.close();
    }
    const files = filesOf(folder);
    expect(files).toHaveLength(2);
    expect(await check(files)).toMatchObject({ records: 10, findings: [] });
    for (const { name } of files) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it("on a disk that is full stop changes, and are whole when there is room again", async () => {
    const folder = join(temporaryFolder(), "small");
    mkdirSync(folder);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]).status === 0;
    if (!mounted) return void console.log("skipped: no small disk can be mounted here");
    mounts.push(folder);
    const kms = await startAudited(auditFiles({ folder: join(folder, "trail") }));
    const Description = "d".repeat(3000);
    let made = 0;
    let refused = false;
    for (; made < 100 && !refused; made++) {
      refused = await kms.execute("CreateKey", { Description }).then(
        () => false,
        ({ code }) => code === "KMSInternalException",
      );
    }
    expect(refused).toBe(true);
    expect((await kms.execute("ListKeys", {})).Keys).toHaveLength(made - 1);
    spawnSync("mount", ["-o", "remount,size=1m", folder]);
    await kms.execute("CreateKey", {});
    await kms.close();
    const report = await check(filesOf(join(folder, "trail")));
    expect(report).toMatchObject({ findings: [], cutShort: [] });
    expect(readdirSync(join(folder, "trail"))).toHaveLength(1);
  });
});
