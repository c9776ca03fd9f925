/**
 * A key management service for the bench: in this process, over the memory keystore, with an audit sink, and with an
 * eye on the entropy from which it makes its key. So what it seals can be opened by node:crypto alone.
 */
import { createHash, hkdfSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditFiles } from "../src/audit/file.ts";
import { type AuditEvent, createKms, type Kms, memoryKeystore, rootKeyFromBytes } from "../src/index.ts";
import { platform } from "../src/node.ts";
import { consoleKeyPolicy } from "./console-policy.ts";
import { randomly } from "./job.ts";
import { openRightly } from "./reference.ts";

const EVENTS_KEPT = 256;
const USER = "arn:aws:iam::000000000000:user/alice";
const USER_POLICIES = [
  {
    Version: "2012-10-17",
    Statement: {
      Effect: "Allow",
      Action: ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*"],
      Resource: "arn:aws:kms:*:000000000000:key/*",
    },
  },
  {
    Version: "2012-10-17",
    Statement: { Effect: "Deny", Action: "kms:ScheduleKeyDeletion", Resource: "*" },
  },
];

/** Key material as the service drew it. */
interface Material {
  readonly id: Uint8Array;
  readonly bytes: Uint8Array;
}

export interface KmsBench {
  readonly kms: Kms;
  readonly keyId: string;
  readonly keyArn: string;
  /** The last few events, in no order. */
  readonly events: readonly AuditEvent[];
  /** Closes the service, and removes its trail. */
  close(): Promise<void>;
  /** Opens a ciphertext blob by its description (src/keys/blob.ts) with node:crypto. @throws {Error} if it does not open */
  open(blob: Uint8Array): Uint8Array;
}

/** An audit sink that keeps the last events. */
export function eventRing(): { events: AuditEvent[]; sink: (event: AuditEvent) => void } {
  const events: AuditEvent[] = [];
  let count = 0;
  return { events, sink: (event) => void (events[count++ % EVENTS_KEPT] = event) };
}

/**
 * A service whose requests are the account's root's and are heard of by a function; or, `guarded`, those of a user whose
 * two policies and the console's key policy are judged, and that are written to an audit trail on disk.
 */
export async function startKms(guarded = false): Promise<KmsBench> {
  const draws: Uint8Array[] = [];
  let watched = true;
  const { events, sink } = eventRing();
  const folder = guarded ? mkdtempSync(join(tmpdir(), "wasm-kms-bench-")) : undefined;
  const root = (
    await createKms({
      keystore: memoryKeystore(),
      rootKey: rootKeyFromBytes(randomly(32)),
      region: "us-east-1",
      accountId: "000000000000",
      audit: folder === undefined ? sink : auditFiles({ folder }),
      random: {
        fill(out) {
          platform.random.fill(out);
          if (watched) draws.push(Uint8Array.from(out));
        },
      },
    })
  ).as("root");
  const kms = guarded ? root.as({ type: "user", arn: USER, identityPolicies: USER_POLICIES }) : root;
  const { KeyMetadata } = await root.execute("CreateKey", guarded ? { Policy: consoleKeyPolicy("000000000000") } : {});
  const { KeyId, Arn } = KeyMetadata as { KeyId: string; Arn: string };
  watched = false;
  const { KeyMaterialId } = await kms.execute("GenerateDataKey", { KeyId, KeySpec: "AES_256" });
  const material = findMaterial(draws, KeyMaterialId as string);
  const close = async () => {
    await kms.close();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  };
  return { kms, keyId: KeyId, keyArn: Arn, events, open: (blob) => openBlob(blob, material), close };
}

/** A key's material is drawn as its id and then its bytes; each draw has some bytes more, which nobody uses. */
function findMaterial(draws: readonly Uint8Array[], id: string): Material {
  const at = draws.findIndex((draw) => Buffer.from(draw.subarray(0, 32)).toString("hex") === id);
  const bytes = draws[at + 1];
  if (at < 0 || bytes === undefined) throw new Error("The service did not draw its key material as src/keys says.");
  return { id: draws[at]!.slice(0, 32), bytes: bytes.slice(0, 32) };
}

const NO_CONTEXT = new Uint8Array(2);

function openBlob(blob: Uint8Array, { id, bytes }: Material): Uint8Array {
  const text = (label: string, ...more: Uint8Array[]) => Buffer.concat([Buffer.from(label, "latin1"), ...more]);
  const salt = text("kms-hbk/v1\0", id.subarray(0, 16));
  const contextHash = createHash("sha256").update(NO_CONTEXT).digest();
  const info = text("kms-blob/v1/AES256GCM-HKDFSHA256-COMMIT\0", blob.subarray(0, 67), contextHash);
  const okm = new Uint8Array(hkdfSync("sha256", bytes, salt, info, 76));
  if (Buffer.compare(okm.subarray(44), blob.subarray(67, 99)) !== 0) throw new Error("The commitment is another one.");
  const aad = Buffer.concat([blob.subarray(0, 99), NO_CONTEXT]);
  return openRightly(okm.subarray(0, 32), okm.subarray(32, 44), blob.subarray(99), aad);
}
