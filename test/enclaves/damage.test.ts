/** Attestation documents that were changed, and roots that are none. */
import { describe, expect, it } from "vitest";
import { nitroEnclaves } from "../../src/nitro.ts";
import { issue } from "./authority.ts";
import { bytes, map } from "./cbor.ts";
import { CHAIN, documentWith, fieldsWith, HEADER, HOLDERS, NOW_MS, ROOT, sealedIn, toPem, WISHES } from "./enclave.ts";
import { fill, refusalOf } from "./verifying.ts";

/** Every changed byte costs a verification, so the chain is a short one; and other work may have the processors. */
const LONG_MS = 600_000;
/** `npm run soak` changes every byte. */
const EVERY = process.env.SOAK === undefined ? 5 : 1;
const CHAIN_OF_TWO = { cabundle: [ROOT], certificate: issue({ ...WISHES.enclave, issuer: HOLDERS.root }) };
const PAYLOAD = map(...fieldsWith({}, CHAIN_OF_TWO));

describe("Damage", { timeout: LONG_MS }, () => {
  const document = documentWith({}, CHAIN_OF_TWO);

  it("of any single bit in any byte is refused", async () => {
    const seen = new Map<string, number>();
    for (let at = 0; at < document.length; at += EVERY) {
      const refusal = await refusalOf(document.with(at, document[at]! ^ (1 << ((at * 5 + 3) % 8))));
      if (refusal === "accepted") throw new Error(`A changed byte ${at} was accepted.`);
      seen.set(refusal, (seen.get(refusal) ?? 0) + 1);
    }
    // Not one check does all the work.
    expect(seen.size).toBeGreaterThan(EVERY === 1 ? 12 : 6);
    expect(seen.get("its signature does not verify")).toBeGreaterThan(200 / EVERY);
  });

  it("of every bit of the heads around payload and signature is refused", async () => {
    const payloadAt = 1 + bytes(HEADER).length + 1 + 3;
    const outside = [...document.keys()].filter(
      (at) => at < payloadAt || (at >= payloadAt + PAYLOAD.length && at < document.length - 96),
    );
    for (const at of outside) {
      for (let bit = 0; bit < 8; bit++)
        expect(await refusalOf(document.with(at, document[at]! ^ (1 << bit)))).not.toBe("accepted");
    }
  });

  it("by cutting it off anywhere is refused", async () => {
    for (let length = 0; length < document.length; length++) {
      expect(await refusalOf(document.subarray(0, length))).toMatch(/ends too early|shortest form|no COSE_Sign1/);
    }
  });

  it("of what the payload says is refused even under a right signature", async () => {
    let refused = 0;
    for (let at = 0; at < PAYLOAD.length; at += 3) {
      const refusal = await refusalOf(sealedIn(PAYLOAD.with(at, PAYLOAD[at]! ^ 0x80)));
      if (refusal !== "accepted") refused++;
    }
    // What is left are bytes of registers and of the enclave's name, which are whatever the signer says.
    expect(refused).toBeGreaterThan(PAYLOAD.length / 8);
  });
});

describe("The roots", () => {
  const wrong: readonly (readonly [string, unknown, string])[] = [
    ["none", [], "roots must be a list"],
    ["no list", ROOT, "roots must be a list"],
    ["text that is no PEM", ["root"], "one block from"],
    ["two in one text", [toPem(ROOT) + toPem(ROOT)], "one block from"],
    ["a PEM of another kind", [toPem(ROOT).replaceAll("CERTIFICATE", "PUBLIC KEY")], "one block from"],
    ["noise", [fill(30)], "A root certificate is no X.509 certificate in DER."],
    ["a number", [7], "A root certificate must be a Uint8Array"],
    ["one that is no authority", [CHAIN.certificate], "A root certificate is not that of an authority."],
  ];
  it.each(wrong)("are refused where they are %s", (_, roots, message) => {
    expect(() => nitroEnclaves({ roots } as never)).toThrow(TypeError);
    expect(() => nitroEnclaves({ roots } as never)).toThrow(message);
  });

  it.each([0, -1, Number.NaN])("go with an age above 0, not %d", (maxAgeMs) => {
    expect(() => nitroEnclaves({ roots: [ROOT], maxAgeMs })).toThrow(
      "maxAgeMs must be a number of milliseconds above 0.",
    );
  });

  it("are copied", async () => {
    const given = ROOT.slice();
    const copied = nitroEnclaves({ roots: [given] });
    given.fill(0);
    expect((await copied.verify(documentWith(), NOW_MS)).moduleId).toContain("-enc");
  });
});
