/** The operations that the origin of a key matters to, against every state of a key with imported material. */
import { beforeAll, describe, expect, it } from "vitest";
import { memoryKeystore } from "../../src/index.ts";
import type { Key, KeyState } from "../../src/keys/key.ts";
import { keyState } from "../../src/model/scalars.ts";
import { rewriteKeys } from "./key-records.ts";
import { arnOf, Owner } from "./owner.ts";
import { type Call, failureOf, START_MS, startService, unclosable } from "./service.ts";
import { stateTable as table } from "./state-table.ts";

const OPERATIONS: Readonly<Record<string, object>> = {
  GetParametersForImport: { WrappingAlgorithm: "RSAES_OAEP_SHA_256", WrappingKeySpec: "RSA_2048" },
  ImportKeyMaterial: {
    ImportToken: new Uint8Array(200),
    EncryptedKeyMaterial: new Uint8Array(256),
    ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE",
  },
  DeleteImportedKeyMaterial: {},
  EnableKeyRotation: {},
  DisableKeyRotation: {},
  GetKeyRotationStatus: {},
};
/** A request with such a token is let in as far as the token. */
const LET_IN: Readonly<Record<string, string>> = { ImportKeyMaterial: "InvalidImportTokenException" };
const MATERIAL = { materialId: "5".repeat(64), createdAtMs: START_MS, imported: { digest: "6".repeat(64) } };
const STATES = keyState.values.filter((state) => state !== "Unavailable");
const CASES = Object.keys(OPERATIONS).flatMap((operation) => STATES.map((state) => ({ operation, state })));

/** What the table says of a key with imported material; its notes 7 and 9 are conditions that this key decides. */
function answerOf(operation: string, state: KeyState): readonly [name: string, text: string] | undefined {
  const column = state === "PendingReplicaDeletion" ? "PendingDeletion" : state;
  const notes = table![operation]![column]!.notes ?? [];
  if (notes.includes(14)) return ["KMSInvalidStateException", "is creating."];
  if (notes.includes(15)) return ["KMSInvalidStateException", "is updating."];
  if (notes.includes(8) || notes.includes(3)) return ["KMSInvalidStateException", "is pending deletion."];
  if (notes.includes(1)) return ["DisabledException", "is disabled."];
  if (notes.includes(6) || notes.includes(7)) {
    return ["UnsupportedOperationException", "origin is EXTERNAL which is not valid for this operation."];
  }
  return undefined;
}

describe.skipIf(table === undefined)("a key with imported material", () => {
  const ids = new Map<string, string>();
  let call: Call;

  beforeAll(async () => {
    const keystore = memoryKeystore();
    const first = await startService(unclosable(keystore));
    const owner = new Owner(first.kms.execute as unknown as Call);
    const states = new Map<string, Partial<Key>>();
    for (const { operation, state } of CASES) {
      const keyId = await owner.newKey();
      ids.set(`${operation} ${state}`, keyId);
      states.set(keyId, { state, ...(state !== "PendingImport" && { materials: [MATERIAL] }) });
    }
    await first.kms.close();
    await rewriteKeys(keystore, states);
    call = (await startService(unclosable(keystore))).kms.execute as unknown as Call;
  });

  it.each(CASES)("that is $state: $operation", async ({ operation, state }) => {
    const KeyId = ids.get(`${operation} ${state}`)!;
    const work = call(operation, { KeyId, ...OPERATIONS[operation] });
    const expected = answerOf(operation, state);
    if (expected !== undefined) {
      expect(await failureOf(work)).toEqual({ name: expected[0], message: `${arnOf(KeyId)} ${expected[1]}` });
    } else if (LET_IN[operation] !== undefined) {
      expect((await failureOf(work)).name).toBe(LET_IN[operation]);
    } else {
      await work;
    }
  });
});
