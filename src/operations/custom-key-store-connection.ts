/**
 * The operations that connect, disconnect and delete custom key stores. Source: AWS KMS API reference. AWS connects in the
 * background; here the state is CONNECTED or FAILED when the answer comes.
 */
import { KmsError } from "../errors.ts";
import { customKeyStoreId } from "../model/scalars.ts";
import { required, struct } from "../model/shape.ts";
import type { CustomKeyStore } from "../stores/custom-key-store.ts";
import { connectionErrorOf, XksFailure } from "../stores/xks-failure.ts";
import { operation } from "./operation.ts";

const byStoreId = struct({ CustomKeyStoreId: required(customKeyStoreId) });
const nothing = struct({});

export const connectCustomKeyStore = operation({
  name: "ConnectCustomKeyStore",
  input: byStoreId,
  output: nothing,
  action: "kms:ConnectCustomKeyStore",
  targets: {},
  effect: "write",
  preparation: {
    async prepare(input, { customKeyStores, xks }, { caller, read }) {
      return read(async (tx) => {
        const store = await customKeyStores.get(tx, input.CustomKeyStoreId);
        checkConnectable(store);
        if (store.connection === "CONNECTED") return {};
        try {
          await xks.checkHealth(store, { caller, operation: "ConnectCustomKeyStore" });
          return {};
        } catch (error) {
          if (!(error instanceof XksFailure)) throw error;
          return { connectionError: connectionErrorOf(error) };
        }
      });
    },
    dispose() {},
  },
  async handle({ input, services: { customKeyStores }, tx, prepared: { connectionError } }) {
    const store = await customKeyStores.get(tx, input.CustomKeyStoreId);
    checkConnectable(store);
    if (store.connection === "CONNECTED") return {};
    const connected = connectionError === undefined;
    const changed = { ...disconnected(store), connection: connected ? ("CONNECTED" as const) : ("FAILED" as const) };
    await customKeyStores.update(tx, store, { ...changed, ...(connectionError && { connectionError }) });
    return {};
  },
});

export const disconnectCustomKeyStore = operation({
  name: "DisconnectCustomKeyStore",
  input: byStoreId,
  output: nothing,
  action: "kms:DisconnectCustomKeyStore",
  targets: {},
  effect: "write",
  async handle({ input, services: { customKeyStores }, tx }) {
    const store = await customKeyStores.get(tx, input.CustomKeyStoreId);
    if (store.connection === "DISCONNECTED") {
      throw invalidState(store, "It is disconnected already.");
    }
    await customKeyStores.update(tx, store, disconnected(store));
    return {};
  },
});

export const deleteCustomKeyStore = operation({
  name: "DeleteCustomKeyStore",
  input: byStoreId,
  output: nothing,
  action: "kms:DeleteCustomKeyStore",
  targets: {},
  effect: "write",
  async handle({ input, services: { customKeyStores }, tx }) {
    const store = await customKeyStores.get(tx, input.CustomKeyStoreId);
    if (store.connection !== "DISCONNECTED") {
      throw invalidState(store, "Disconnect it with DisconnectCustomKeyStore before you delete it.");
    }
    await customKeyStores.remove(tx, store);
    return {};
  },
});

function disconnected({ connectionError: _, ...store }: CustomKeyStore): CustomKeyStore {
  return { ...store, connection: "DISCONNECTED" };
}

/** @throws {KmsError} CustomKeyStoreInvalidStateException */
function checkConnectable(store: CustomKeyStore): void {
  if (store.connection !== "FAILED") return;
  throw invalidState(store, "Disconnect it with DisconnectCustomKeyStore, then connect it again.");
}

function invalidState({ id, connection }: CustomKeyStore, advice: string): KmsError {
  return new KmsError(
    "CustomKeyStoreInvalidStateException",
    `The ConnectionState of the custom key store ${id} is ${connection}. ${advice}`,
  );
}
