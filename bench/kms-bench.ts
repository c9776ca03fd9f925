/**
 * A key management service for the bench: in this process, over the memory keystore, with an audit sink, and with an
 * eye on the entropy from which it makes its key. So what it seals can be opened by node:crypto alone.
 */
import { createHash, hkdfSync } from "node:crypto";
import { type AuditEvent, createKms, type Kms, memoryKeystore, rootKeyFromBytes } from "../src/index.ts";
import { platform } from "../src/node.ts";
import { randomly } from "./job.ts";
import { openRightly } from "./reference.ts";

const EVENTS_KEPT = 256;

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
  /** Opens a ciphertext blob by its description (src/keys/blob.ts) with node:crypto. @throws {Error} if it does not open */
  open(blob: Uint8Array): Uint8Array;
}

/** An audit sink that keeps the last events. */
export function eventRing(): { events: AuditEvent[]; sink: (event: AuditEvent) => void } {
  const events: AuditEvent[] = [];
  let count = 0;
  return { events, sink: (event) => void (events[count++ % EVENTS_KEPT] = event) };
}

export async function startKms(): Promise<KmsBench> {
  const draws: Uint8Array[] = [];
  let watched = true;
  const { events, sink } = eventRing();
  const kms = (
    await createKms({
      keystore: memoryKeystore(),
      rootKey: rootKeyFromBytes(randomly(32)),
      region: "us-east-1",
      accountId: "000000000000",
      audit: sink,
      random: {
        fill(out) {
          platform.random.fill(out);
          if (watched) draws.push(Uint8Array.from(out));
        },
      },
    })
  ).as("root");
  const { KeyMetadata } = await kms.execute("CreateKey", {});
  const { KeyId, Arn } = KeyMetadata as { KeyId: string; Arn: string };
  watched = false;
  const { KeyMaterialId } = await kms.execute("GenerateDataKey", { KeyId, KeySpec: "AES_256" });
  const material = findMaterial(draws, KeyMaterialId as string);
  return { kms, keyId: KeyId, keyArn: Arn, events, open: (blob) => openBlob(blob, material) };
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
