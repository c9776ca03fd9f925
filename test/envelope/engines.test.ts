/** Each engine opens what each engine sealed: frames below and far above the size of the core's window. */
import { expect, test } from "vitest";
import { ENGINES } from "../crypto/engines.ts";
import { collect, cut, patterned, workbench } from "./workbench.ts";

const pairs = ENGINES.flatMap(([sealing, a]) => ENGINES.map(([opening, b]) => ({ sealing, opening, a, b })));

test.each(pairs)("sealed with $sealing, opened with $opening", async ({ a, b }) => {
  for (const [frameBytes, size] of [
    [100, 1234],
    [1024, 3 * 1024],
    [65_536, 200_000],
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
