/**
 * Every operation against every state of its key, as the table of the Developer Guide has it. States that nothing leads
 * to yet are written into the key's record, so that the check itself is exercised.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { memoryKeystore } from "../../src/index.ts";
import type { Key, KeyState } from "../../src/keys/key.ts";
import { keyState } from "../../src/model/scalars.ts";
import { OPERATIONS } from "../../src/operations/index.ts";
import { rewriteKeys } from "./key-records.ts";
import { ARN_PREFIX, type Call, failureOf, startService, unclosable } from "./service.ts";
import { STATE_REQUESTS, type StateRequest, type Subject } from "./state-requests.ts";
import { type Cell, type StateTable, stateTable } from "./state-table.ts";

const fails = (...notes: number[]): Cell => ({ r: "fail", notes });
const OK: Cell = { r: "ok" };
/** Cryptographic operations and rotations that are younger than the table are refused as its older ones are. */
const USE = {
  Enabled: OK,
  Disabled: fails(1),
  PendingDeletion: fails(3),
  PendingImport: fails(5),
  Unavailable: fails(11),
  Creating: fails(14),
  Updating: OK,
};
const READ = Object.fromEntries(Object.keys(USE).map((state) => [state, OK]));
const table: StateTable | undefined = stateTable && {
  ...stateTable,
  DeriveSharedSecret: USE,
  Encapsulate: USE,
  Decapsulate: USE,
  RotateKeyOnDemand: USE,
  ListKeyRotations: READ,
  GetKeyLastUsage: READ,
};

type Answer = readonly [name: string, message: string];

/** What the notes of the table say of a key of origin AWS_KMS. A key of a wrong origin is refused before its state is. */
const NOTES: readonly (readonly [note: number, code: string, text: string])[] = [
  [9, "UnsupportedOperationException", "origin is AWS_KMS which is not valid for this operation."],
  [1, "DisabledException", "is disabled."],
  // The documentation of newer texts: kms-semantics.md, row 10.
  [3, "KMSInvalidStateException", "is pending deletion."],
  [4, "KMSInvalidStateException", "is not pending deletion (or pending replica deletion)."],
  [5, "KMSInvalidStateException", "is pending import."],
  [6, "UnsupportedOperationException", "origin is EXTERNAL which is not valid for this operation."],
  [7, "UnsupportedOperationException", ""],
  [11, "KMSInvalidStateException", "is unavailable."],
  [14, "KMSInvalidStateException", "is creating."],
  [15, "KMSInvalidStateException", "is updating."],
];

/** The answer of a cell, or `undefined` for success. */
function answerOf(row: string, cell: Cell, request: StateRequest, subject: Subject): Answer | undefined {
  const [operation] = row.split(" ");
  const notes = cell.notes ?? [];
  // Note 10: a key that is pending deletion can lose its alias, and cannot get it.
  const refused = cell.r === "fail" || (notes.includes(10) && row === operation);
  if (!refused) return request.answer?.(subject);
  const [, code, text] = notes.includes(10) ? NOTES[2]! : NOTES.find(([note]) => notes.includes(note))!;
  return [code, text === "" ? "UnknownError" : `${ARN_PREFIX}:key/${subject.keyId} ${text}`];
}

const columnOf = (state: KeyState) => (state === "PendingReplicaDeletion" ? "PendingDeletion" : state);

const CASES = Object.entries(STATE_REQUESTS)
  .map(([row, request]) => ({ row, operation: row.split(" ")[0]!, request }))
  .filter(({ operation }) => Object.hasOwn(OPERATIONS, operation))
  .flatMap((known) => keyState.values.map((state) => ({ ...known, state })))
  .map((known) => ({ ...known, cell: table?.[known.operation]?.[columnOf(known.state)] ?? { r: "n/a" as const } }))
  .filter(({ cell }) => cell.r !== "n/a");

describe.skipIf(table === undefined)("an operation on a key", () => {
  const subjects = new Map<string, Subject>();
  let call: Call;
  const idOf = ({ row, state }: { row: string; state: KeyState }) => `alias/${row.replace(" ", "-")}-${state}`;

  beforeAll(async () => {
    const keystore = memoryKeystore();
    const first = (await startService(unclosable(keystore))).kms;
    const make = first.execute as unknown as Call;
    const newKey = async (input: object) => (await make("CreateKey", input)).KeyMetadata;
    const seal = async (KeyId: string) =>
      (await make("Encrypt", { KeyId, Plaintext: Uint8Array.of(1) })).CiphertextBlob;
    const other = (await newKey({})).KeyId;
    const otherBlob = await seal(other);
    const states = new Map<string, Partial<Key>>();
    for (const known of CASES) {
      const keyId = (await newKey(known.request.create ?? {})).KeyId;
      const aliasName = idOf(known);
      await make("CreateAlias", { AliasName: aliasName, TargetKeyId: keyId });
      const blob = known.request.create === undefined ? await seal(keyId) : undefined;
      subjects.set(aliasName, { keyId, aliasName, blob, other, otherBlob });
      states.set(keyId, { state: known.state });
    }
    await make("CreateAlias", { AliasName: "alias/other", TargetKeyId: other });
    await first.close();
    await rewriteKeys(keystore, states);
    call = (await startService(unclosable(keystore))).kms.execute as unknown as Call;
  });

  it.each(CASES)("that is $state: $row", async ({ row, operation, request, cell, state }) => {
    const subject = subjects.get(idOf({ row, state }))!;
    const expected = answerOf(row, cell, request, subject);
    const work = call(operation, request.input(subject));
    if (expected === undefined) await work;
    else expect(await failureOf(work)).toEqual({ name: expected[0], message: expected[1] });
  });

  it("has a request for every row of the table", () => {
    const rows = Object.keys(table!);
    expect(rows.filter((row) => !Object.hasOwn(STATE_REQUESTS, row))).toEqual([]);
    expect(CASES.length).toBeGreaterThan(200);
  });
});

describe("a key of another kind", () => {
  let call: Call;
  let symmetric: string;
  let asymmetric: string;

  beforeAll(async () => {
    const keystore = memoryKeystore();
    const first = (await startService(unclosable(keystore))).kms;
    const newKey = async () => (await first.execute("CreateKey", {})).KeyMetadata!.KeyId;
    [symmetric, asymmetric] = [await newKey(), await newKey()];
    await first.execute("CreateAlias", { AliasName: "alias/a", TargetKeyId: symmetric });
    await first.close();
    await rewriteKeys(keystore, new Map([[asymmetric, { keySpec: "RSA_2048" as Key["keySpec"] }]]));
    call = (await startService(unclosable(keystore))).kms.execute as unknown as Call;
  });

  it("does not get the alias of a symmetric key", async () => {
    const failure = await failureOf(call("UpdateAlias", { AliasName: "alias/a", TargetKeyId: asymmetric }));
    expect(failure.name).toBe("ValidationException");
    expect(failure.message).toContain(`${symmetric} is SYMMETRIC_DEFAULT for ENCRYPT_DECRYPT`);
    expect(failure.message).toContain(`${asymmetric} is RSA_2048 for ENCRYPT_DECRYPT`);
    expect((await call("ListAliases", { KeyId: symmetric })).Aliases).toHaveLength(1);
  });

  it("is not rotated, which may be asked and not be changed", async () => {
    expect(await call("GetKeyRotationStatus", { KeyId: asymmetric })).toMatchObject({ KeyRotationEnabled: false });
    for (const operation of ["EnableKeyRotation", "DisableKeyRotation"]) {
      const failure = await failureOf(call(operation, { KeyId: asymmetric }));
      expect(failure).toEqual({ name: "UnsupportedOperationException", message: "UnknownError" });
    }
  });
});
