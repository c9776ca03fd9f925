/**
 * Keys in external key stores, as one request uses them: each gets a cipher that calls the proxy of its store on behalf of
 * the caller. The network is reached from reads alone, never inside of a write.
 */
import type { Caller } from "./env.ts";
import { KmsError } from "./errors.ts";
import type { ExternalKey } from "./keys/external-cipher.ts";
import type { Key } from "./keys/key.ts";
import type { ResolvedKey } from "./operations/operation.ts";
import type { ReadTransaction } from "./records/record-store.ts";
import { useRefusal } from "./stores/xks-failure.ts";

type ResolvedKeys = Record<string, ResolvedKey | undefined>;

/** For whom the keys are used. */
export interface Use {
  readonly caller: Caller;
  readonly operation: string;
  /** A dry run calls nobody. */
  readonly isDryRun: boolean;
}

/** Whether one of the keys lies in an external key store. */
export function hasExternalKey(keys: readonly ResolvedKey[]): boolean {
  for (const { key } of keys) if (key.xksKeyId !== undefined) return true;
  return false;
}

/** Counts the request for each store whose keys it uses. @throws {KmsError} ThrottlingException */
export function takeStoreQuotas(keys: readonly ResolvedKey[]): void {
  const stores = new Map(keys.map(({ key, services }) => [key.customKeyStoreId, services.requestQuotas]));
  for (const [storeId, quotas] of stores) if (storeId !== undefined) quotas?.takeFromStore(storeId);
}

/** The keys of a request, those in external key stores with services whose cipher reaches them. */
export function reachingExternal(keys: ResolvedKeys, use: Use): ResolvedKeys {
  const reaching: ResolvedKeys = {};
  for (const [slot, resolved] of Object.entries(keys)) {
    reaching[slot] = resolved?.key.xksKeyId === undefined ? resolved : reachingOne(resolved, use);
  }
  return reaching;
}

function reachingOne(resolved: ResolvedKey, { caller, operation, isDryRun }: Use): ResolvedKey {
  const { services, arn } = resolved;
  const requester = { caller, operation, keyArn: arn };
  const reach = async (tx: ReadTransaction, { customKeyStoreId, xksKeyId }: Key): Promise<ExternalKey> => {
    const store = await services.customKeyStores.find(tx, customKeyStoreId!);
    if (store?.connection !== "CONNECTED") throw notConnected();
    const { xks } = services;
    return {
      encrypt: (plaintext, aad) => refusing(xks.encrypt(store, xksKeyId!, requester, plaintext, aad)),
      decrypt: (sealed, aad) => refusing(xks.decrypt(store, xksKeyId!, requester, sealed, aad)),
    };
  };
  const cipher = services.externalCipher(isDryRun ? undefined : reach);
  return { ...resolved, services: { ...services, cipher } };
}

async function refusing<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw useRefusal(error);
  }
}

/** Source: AWS KMS External Key Store Proxy API Specification, "Error codes". */
function notConnected(): KmsError {
  return new KmsError(
    "KMSInvalidStateException",
    "This KMS key is in a custom key store that is not connected to its external key store proxy. Connect the external " +
      "key store and try the request again.",
  );
}
