/**
 * Every operation on a key whose external key store is not connected, as the table of the Developer Guide has it under
 * "Unavailable".
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Call, failureOf } from "../operations/service.ts";
import { STATE_REQUESTS, type Subject } from "../operations/state-requests.ts";
import { stateTable as table } from "../operations/state-table.ts";
import {
  connectedStore,
  HOST,
  keyRequest,
  makeProxyFiles,
  type RunningProxy,
  startProxy,
  startStoreService,
} from "./proxies.ts";

/** What the table's notes say of a key that is unavailable. Note 9: AWS names the origin of the key. */
const REFUSALS: readonly (readonly [note: number, code: string, text: string])[] = [
  [9, "UnsupportedOperationException", "is not valid for this operation."],
  [4, "KMSInvalidStateException", "is not pending deletion (or pending replica deletion)."],
  [7, "UnsupportedOperationException", "UnknownError"],
  [11, "KMSInvalidStateException", "is unavailable."],
];

const CASES = Object.entries(STATE_REQUESTS)
  .map(([row, request]) => ({ row, operation: row.split(" ")[0]!, request }))
  .map((known) => ({ ...known, cell: table?.[known.operation]?.Unavailable ?? { r: "n/a" as const } }))
  .filter(({ cell, request }) => cell.r !== "n/a" && request.create === undefined);

describe.skipIf(table === undefined)("an operation on a key whose store is not connected", () => {
  let proxy: RunningProxy;
  let call: Call;
  let close: () => Promise<void>;
  const subjects = new Map<string, Subject>();

  beforeAll(async () => {
    const files = makeProxyFiles();
    const [key] = Object.values(files.settings.keys);
    files.change(({ keys }) => {
      for (const i of CASES.keys()) keys[`key-${i}`] = key!;
    });
    proxy = await startProxy(files);
    const started = await startStoreService({ [HOST]: proxy.port });
    call = started.call;
    close = () => started.service.close();
    const storeId = await connectedStore(call, files.settings);
    const other = (await call("CreateKey", {})).KeyMetadata.KeyId;
    const otherBlob = (await call("Encrypt", { KeyId: other, Plaintext: Uint8Array.of(1) })).CiphertextBlob;
    await call("CreateAlias", { AliasName: "alias/other", TargetKeyId: other });
    for (const [i, { row }] of CASES.entries()) {
      const keyId = (await call("CreateKey", keyRequest(storeId, `key-${i}`))).KeyMetadata.KeyId;
      const aliasName = `alias/${row.replace(" ", "-")}`;
      await call("CreateAlias", { AliasName: aliasName, TargetKeyId: keyId });
      const blob = (await call("Encrypt", { KeyId: keyId, Plaintext: Uint8Array.of(1) })).CiphertextBlob;
      subjects.set(row, { keyId, aliasName, blob, other, otherBlob });
    }
    await call("DisconnectCustomKeyStore", { CustomKeyStoreId: storeId });
  });

  afterAll(async () => {
    await close();
    await proxy.stop();
  });

  it.each(CASES)("is answered as AWS answers: $row", async ({ operation, row, request, cell }) => {
    const subject = subjects.get(row)!;
    const work = call(operation, request.input(subject));
    if (cell.r === "ok") {
      const answer = request.answer?.(subject);
      if (answer === undefined) await work;
      else expect(await failureOf(work)).toEqual({ name: answer[0], message: answer[1] });
      return;
    }
    const [, name, text] = REFUSALS.find(([note]) => cell.notes?.includes(note))!;
    expect(await failureOf(work)).toEqual({ name, message: expect.stringContaining(text) });
  });

  it("is there for most of the table", () => {
    expect(CASES.length).toBeGreaterThan(25);
  });
});
