/**
 * ML-DSA and ML-KEM against OpenSSL 3.5, in both directions: a Node.js of 24.7 or newer has it. KMS_TEST_NODE names its
 * binary where this one is older; where there is none the reason is printed.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { PairSpec } from "../../src/crypto/algorithms.ts";
import { onNode } from "./key-pair-makers.ts";

const PEER = fileURLToPath(new URL("lattice-peer.mjs", import.meta.url));
const node = process.env.KMS_TEST_NODE ?? process.execPath;
const isAble = spawnSync(node, [PEER], { input: "" }).status === 0;
if (!isAble) console.log(`skipped: ${node} has no ML-KEM; KMS_TEST_NODE may name a Node.js of 24.7 or newer`);

const MESSAGE = new TextEncoder().encode("a message");
const ALGORITHM = "ML_DSA_SHAKE_256";
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));

interface Judgement {
  readonly isPair: boolean;
  readonly accepted: boolean;
  readonly signature?: string;
  readonly ciphertext?: string;
  readonly sharedSecret?: string;
}

async function exchange(spec: PairSpec, ours: (pair: ReturnType<typeof onNode.open>) => Promise<object>) {
  const bytes = await onNode.generate(spec);
  const pair = onNode.open(spec, bytes);
  const { publicKey, privateKey } = bytes;
  const sent = { publicKey: base64(publicKey), privateKey: base64(privateKey), message: base64(MESSAGE) };
  const input = JSON.stringify([{ ...sent, ...(await ours(pair)) }]);
  const [answer] = JSON.parse(execFileSync(node, [PEER], { input, encoding: "utf8" })) as [Judgement];
  expect(answer).toMatchObject({ isPair: true, accepted: true });
  return { pair, answer };
}

describe.skipIf(!isAble)("OpenSSL", () => {
  it.each(["ML_DSA_44", "ML_DSA_65", "ML_DSA_87"] as const)("signs and verifies alike with %s", async (spec) => {
    const { pair, answer } = await exchange(spec, async (signer) => ({
      signature: base64(await signer.sign(ALGORITHM, MESSAGE, "RAW")),
    }));
    expect(await pair.verify(ALGORITHM, MESSAGE, "RAW", bytesOf(answer.signature!))).toBe(true);
  });

  it.each(["ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"] as const)("encapsulates alike with %s", async (spec) => {
    const { pair, answer } = await exchange(spec, async (recipient) => {
      const { ciphertext, sharedSecret } = await recipient.encapsulate();
      return { ciphertext: base64(ciphertext), sharedSecret: base64(sharedSecret) };
    });
    expect(base64((await pair.decapsulate(bytesOf(answer.ciphertext!)))!)).toBe(answer.sharedSecret);
  });
});
