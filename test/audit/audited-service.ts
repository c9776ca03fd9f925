/** A service that writes a trail, and how a trail is checked. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  auditFiles,
  type TrailFile,
  type TrailReport,
  type VerifyOptions,
  verifyTrails,
} from "../../src/audit/file.ts";
import { verifyWith } from "../../src/audit-signer.ts";
import {
  type AuditSink,
  type AuditSource,
  createKms,
  type Kms,
  memoryKeystore,
  rootKeyFromBytes,
} from "../../src/index.ts";
import { platform } from "../../src/node.ts";

export const ACCOUNT = "111122223333";

export async function startAudited(audit: AuditSource | AuditSink, keystore = memoryKeystore()): Promise<Kms> {
  const kms = await createKms({
    keystore,
    rootKey: rootKeyFromBytes(new Uint8Array(32).fill(5)),
    region: "us-east-1",
    accountId: ACCOUNT,
    audit,
  });
  return kms.as("root");
}

/** A trail of a few changes and reads in a folder, in batches of a few. */
export async function writeTrail(folder: string, maxBytes?: number): Promise<void> {
  const kms = await startAudited(auditFiles({ folder, ...(maxBytes !== undefined && { maxBytes }) }));
  for (let i = 0; i < 4; i++) {
    const { KeyMetadata } = await kms.execute("CreateKey", { Description: `key ${i}` });
    for (let j = 0; j < 3; j++) await kms.execute("DescribeKey", { KeyId: KeyMetadata!.KeyId });
  }
  await kms.close();
}

export function filesOf(folder: string): TrailFile[] {
  const names = readdirSync(folder).sort();
  return names.map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
}

export function recordsOf(files: readonly TrailFile[]): Record<string, never>[] {
  const lines = files.flatMap(({ text }) => text.split("\n"));
  return lines.filter((line) => line.startsWith('{"eventVersion"')).map((line) => JSON.parse(line));
}

export function check(files: readonly TrailFile[], options: Partial<VerifyOptions> = {}): Promise<TrailReport> {
  return verifyTrails(files, {
    hash: (bytes) => createHash("sha256").update(bytes).digest(),
    verify: (publicKey, bytes, signature) => verifyWith(platform.keyPairs, publicKey, bytes, signature),
    ...options,
  });
}
