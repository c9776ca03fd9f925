/** Each engine opens what each engine sealed: frames below and far above the size of the core's window. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { createKms, type Kms, memoryKeystore, rootKeyFromBytes } from "../../src/index.ts";
import { sqliteKeystore } from "../../src/keystore/sqlite.ts";
import { createEnvelope } from "../../src/messages.ts";
import { ENGINES } from "../crypto/engines.ts";
import { temporaryFolder } from "../keystore/folder.ts";
import { collect, cut, patterned, workbench } from "./workbench.ts";

const pairs = ENGINES.flatMap(([sealing, a]) => ENGINES.map(([opening, b]) => ({ sealing, opening, a, b })));

test.each(pairs)("sealed with $sealing, opened with $opening", async ({ a, b }) => {
  for (const [frameBytes, size] of [
    [100, 1234],
    [1024, 3 * 1024],
    [65_536, 2_500_000],
    [1_048_576, 2_000_000],
  ] as const) {
    const { kms, keyId, envelope } = await workbench({ crypto: a, frameBytes });
    const opener = await (await workbench({ crypto: b, kms, keyId })).envelope;
    const plaintext = patterned(size);
    const whole = await opener.open(await envelope.seal(plaintext));
    expect(Buffer.compare(whole.plaintext, plaintext)).toBe(0);
    const streamed = opener.openStream(cut(await collect(envelope.sealStream(cut(plaintext, 50_000))), 70_000));
    expect(Buffer.compare(await collect(streamed), plaintext)).toBe(0);
  }
});

test("a second call while frames are under way is refused, and the first goes on", async () => {
  const { envelope } = await workbench({ frameBytes: 2048 });
  const plaintext = patterned(10_000);
  const sealer = await envelope.sealer();
  const sealed = new Uint8Array(sealer.updateBytes(plaintext.length));
  const sealing = sealer.updateAsync(plaintext, sealed);
  await expect(sealer.updateAsync(plaintext, sealed)).rejects.toThrow(TypeError);
  expect(await sealing).toBe(sealed.length);
  const end = new Uint8Array(sealer.finalBytes(0));
  await sealer.finalAsync(new Uint8Array(0), end);
  const { header, rest } = envelope.headerReader().push(Buffer.concat([sealer.header, sealed, end]))!;
  const opener = await envelope.opener(header);
  const out = new Uint8Array(opener.updateBytes(rest.length) + 100).fill(0xee);
  const opening = opener.updateAsync(rest, out);
  await expect(opener.updateAsync(rest, out)).rejects.toThrow(TypeError);
  expect(await opening).toBe(plaintext.length);
  opener.final();
  expect(Buffer.compare(out.subarray(0, plaintext.length), plaintext)).toBe(0);
  expect(out.subarray(-100).every((byte) => byte === 0xee)).toBe(true);
});

const NAMES = ["auto", "wasm", "native", undefined] as const;

test("createKms and createEnvelope take the engine that is asked for, and what one sealed the others open", async () => {
  const path = join(temporaryFolder(), "keystore.sqlite");
  const settings = { rootKey: rootKeyFromBytes(patterned(32)), region: "us-east-1", accountId: "000000000000" };
  const services: Kms[] = [];
  for (const engine of NAMES)
    services.push(
      (await createKms({ ...settings, keystore: sqliteKeystore({ path }), ...(engine && { engine }) })).as("root"),
    );
  const { KeyMetadata } = await services[0]!.execute("CreateKey", {});
  const KeyId = KeyMetadata!.Arn!;
  for (const Plaintext of [patterned(40), patterned(4000)]) {
    for (const [i, kms] of services.entries()) {
      const { CiphertextBlob } = await kms.execute("Encrypt", { KeyId, Plaintext });
      const message = await createEnvelope({ kms, keyId: KeyId, ...(NAMES[i] && { engine: NAMES[i] }) }).seal(
        Plaintext,
      );
      for (const [j, other] of services.entries()) {
        expect((await other.execute("Decrypt", { CiphertextBlob: CiphertextBlob! })).Plaintext).toEqual(Plaintext);
        const opened = await createEnvelope({ kms: other, ...(NAMES[j] && { engine: NAMES[j] }) }).open(message);
        expect(opened.plaintext).toEqual(Plaintext);
      }
    }
  }
  for (const kms of services) await kms.close();
});

test("an engine of another name is refused, and what may be asked for is named", async () => {
  const engine = "fast" as unknown as "auto";
  const kms = (
    await createKms({
      keystore: memoryKeystore(),
      rootKey: rootKeyFromBytes(patterned(32)),
      region: "us-east-1",
      accountId: "000000000000",
    })
  ).as("root");
  const expected = 'engine must be "auto", "wasm" or "native"; it is fast.';
  expect(() => createEnvelope({ kms, engine })).toThrow(expected);
  await kms.close();
});
