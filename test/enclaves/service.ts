/** A key management service in a test that answers enclaves. */
import {
  type AuditEvent,
  createKms,
  type Kms,
  type KmsOptions,
  memoryKeystore,
  rootKeyFromBytes,
} from "../../src/index.ts";
import { nitroEnclaves } from "../../src/nitro.ts";
import { ACCOUNT, REGION, ROOT_KEY } from "../operations/service.ts";
import { NOW_MS, ROOT, toPem } from "./enclave.ts";

export interface EnclaveService {
  readonly kms: Kms;
  readonly events: AuditEvent[];
}

interface Settings {
  readonly enclaves?: KmsOptions["enclaves"] | undefined;
}

export async function serviceFor(settings: Settings = {}): Promise<EnclaveService> {
  const events: AuditEvent[] = [];
  const enclaves = "enclaves" in settings ? settings.enclaves : nitroEnclaves({ roots: [toPem(ROOT)] });
  const kms = await createKms({
    keystore: memoryKeystore(),
    rootKey: rootKeyFromBytes(ROOT_KEY),
    region: REGION,
    accountId: ACCOUNT,
    clock: { nowMs: () => NOW_MS },
    audit: (event) => events.push(event),
    ...(enclaves !== undefined && { enclaves }),
  });
  return { kms: kms.as("root"), events };
}

export const recipientOf = (AttestationDocument: Uint8Array) =>
  ({ KeyEncryptionAlgorithm: "RSAES_OAEP_SHA_256", AttestationDocument }) as const;
