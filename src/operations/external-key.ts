/** What CreateKey asks for a key in an external key store. Source: AWS KMS API reference, "CreateKey". */
import { KmsError } from "../errors.ts";
import type { ReadTransaction, Transaction } from "../records/record-store.ts";
import type { Services } from "../services.ts";
import { newKeyRefusal } from "../stores/xks-failure.ts";
import type { ExternalKeyMetadata } from "../stores/xks-protocol.ts";
import type { Preparing } from "./operation.ts";

interface NewKeyMembers {
  readonly Origin?: string | undefined;
  readonly CustomKeyStoreId?: string | undefined;
  readonly XksKeyId?: string | undefined;
  readonly MultiRegion?: boolean | undefined;
}

const EXTERNAL = "EXTERNAL_KEY_STORE";
const CLOUDHSM = "AWS_CLOUDHSM";
/** An id is a part of the path at which a proxy is called; these two would lead to another path. */
const PATH_STEPS: readonly string[] = [".", ".."];

/** Whether a key in a custom key store is wanted, of whichever kind. */
export function isInStore({ Origin }: NewKeyMembers): boolean {
  return Origin === EXTERNAL || Origin === CLOUDHSM;
}

/** @throws {KmsError} ValidationException, UnsupportedOperationException */
export function checkStoreMembers(input: NewKeyMembers, keySpec: string): void {
  const { Origin = "AWS_KMS", CustomKeyStoreId, XksKeyId, MultiRegion } = input;
  if (!isInStore(input)) {
    if (CustomKeyStoreId !== undefined) throw invalid(`CustomKeyStoreId is not valid for the Origin ${Origin}.`);
    if (XksKeyId !== undefined) throw invalid(`XksKeyId is not valid for the Origin ${Origin}.`);
    return;
  }
  if (CustomKeyStoreId === undefined) throw invalid(`CustomKeyStoreId is required for the Origin ${Origin}.`);
  if (Origin === EXTERNAL && XksKeyId === undefined) throw invalid(`XksKeyId is required for the Origin ${Origin}.`);
  if (Origin === CLOUDHSM && XksKeyId !== undefined) throw invalid(`XksKeyId is not valid for the Origin ${Origin}.`);
  if (XksKeyId !== undefined && PATH_STEPS.includes(XksKeyId)) {
    throw invalid(`XksKeyId '${XksKeyId}' is a step in a path, so a proxy cannot be asked for a key of that name.`);
  }
  if (keySpec !== "SYMMETRIC_DEFAULT") {
    throw unsupported(`KeySpec ${keySpec} is not supported in custom key stores.`);
  }
  if (MultiRegion === true) throw unsupported("Multi-Region keys are not supported in custom key stores.");
}

/** Asks the proxy about the external key, before the transaction that makes the KMS key. @throws {KmsError} */
export async function checkExternalKey(
  input: NewKeyMembers,
  services: Services,
  { caller, read }: Preparing,
): Promise<void> {
  const xksKeyId = input.XksKeyId!;
  const requester = { caller, operation: "CreateKey" };
  await read(async (tx) => {
    const store = await connectedStore(input, services, tx);
    const exists = async (keyId: string) => (await services.keys.find(tx, keyId)) !== undefined;
    await services.customKeyStores.checkKeyFree(tx, store.id, xksKeyId, exists);
    let found: ExternalKeyMetadata;
    try {
      found = await services.xks.keyMetadata(store, xksKeyId, requester);
    } catch (error) {
      throw newKeyRefusal(error);
    }
    checkUsable(xksKeyId, found);
  });
}

/** What the record of a new key in a store says of its place. */
export function placeOf({ CustomKeyStoreId, XksKeyId }: NewKeyMembers) {
  return { origin: EXTERNAL, customKeyStoreId: CustomKeyStoreId!, xksKeyId: XksKeyId! } as const;
}

/** Puts a new key into its store, in the transaction that makes it. @throws {KmsError} */
export async function addToStore(
  input: NewKeyMembers,
  services: Services,
  tx: Transaction,
  keyId: string,
): Promise<void> {
  if (!isInStore(input)) return;
  const { id } = await connectedStore(input, services, tx);
  await services.customKeyStores.addKey(tx, id, input.XksKeyId!, keyId);
}

async function connectedStore({ CustomKeyStoreId, Origin }: NewKeyMembers, services: Services, tx: ReadTransaction) {
  const store = await services.customKeyStores.get(tx, CustomKeyStoreId!);
  if (Origin === CLOUDHSM) throw invalid(`The custom key store ${store.id} is not of the type ${CLOUDHSM}.`);
  if (store.connection === "CONNECTED") return store;
  throw new KmsError(
    "CustomKeyStoreInvalidStateException",
    `The ConnectionState of the custom key store ${store.id} is ${store.connection}. Connect it with ` +
      "ConnectCustomKeyStore before you create a KMS key in it.",
  );
}

function checkUsable(xksKeyId: string, { keySpec, keyUsage, isEnabled }: ExternalKeyMetadata): void {
  const isUsable = keySpec === "AES_256" && keyUsage.includes("ENCRYPT") && keyUsage.includes("DECRYPT") && isEnabled;
  if (isUsable) return;
  throw new KmsError(
    "XksKeyInvalidConfigurationException",
    `The external key '${xksKeyId}' does not meet the configuration requirements for an external key store. The external ` +
      "key must be an AES-256 symmetric key that is enabled and performs encryption and decryption.",
  );
}

function invalid(message: string): KmsError {
  return new KmsError("ValidationException", message);
}

function unsupported(message: string): KmsError {
  return new KmsError("UnsupportedOperationException", message);
}
