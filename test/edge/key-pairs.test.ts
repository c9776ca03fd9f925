/** Key pairs in a real workerd, with node:crypto and without: it opens, signs and verifies as Node does. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Unstable_DevWorker, unstable_dev } from "wrangler";
import { KEY_SPECS, type PairSpec } from "../../src/crypto/algorithms.ts";
import { messageAs, onNode, pairOf } from "../crypto/key-pair-makers.ts";
import { PAIR_SPECS, SIGNING_CASES } from "../crypto/signing-cases.ts";

const MESSAGE = new TextEncoder().encode("The quick brown fox");
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

interface Answer {
  signed: { signature?: string; verified?: boolean; refused?: boolean; error?: string }[];
  others: Record<string, unknown[]>;
  publicKey: string;
  privateKey: string;
}

describe.each([
  ["nodejs_compat", ["nodejs_compat"]],
  ["no flags", []],
] as const)("A Worker with %s", (_, flags) => {
  let worker: Unstable_DevWorker;

  beforeAll(async () => {
    Object.assign(process.env, { CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false", CI: "1" });
    worker = await unstable_dev(fileURLToPath(new URL("./key-pairs-worker.ts", import.meta.url)), {
      compatibilityDate: "2026-04-01",
      compatibilityFlags: [...flags],
      ip: "127.0.0.1",
      logLevel: "error",
      experimental: { disableExperimentalWarning: true, testMode: true, watch: false },
    });
  });
  afterAll(async () => {
    await worker?.stop();
  });

  async function ask(spec: PairSpec): Promise<Answer> {
    const bytes = await pairOf(spec);
    const pair = onNode.open(spec, bytes);
    const [messages, signatures]: [string[], string[]] = [[], []];
    for (const [, algorithm, type] of SIGNING_CASES.filter(([of]) => of === spec)) {
      const message = messageAs(algorithm, type, MESSAGE);
      messages.push(hex(message));
      signatures.push(hex(await pair.sign(algorithm, message, type)));
    }
    const task = { spec, publicKey: hex(bytes.publicKey), privateKey: hex(bytes.privateKey), messages, signatures };
    const response = await worker.fetch("/", { method: "POST", body: JSON.stringify(task) });
    return JSON.parse(await response.text()) as Answer;
  }

  it.each(PAIR_SPECS)("has %s", async (spec) => {
    const answer = await ask(spec);
    const pair = onNode.open(spec, await pairOf(spec));
    const cases = SIGNING_CASES.filter(([of]) => of === spec);
    expect(answer.signed).toHaveLength(cases.length);
    for (const [i, [, algorithm, type]] of cases.entries()) {
      const { signature, ...outcome } = answer.signed[i]!;
      if (spec.startsWith("RSA") && type === "DIGEST" && flags.length === 0) {
        expect(outcome.error).toContain("UnsupportedOperationException");
        continue;
      }
      expect(outcome, `${algorithm} ${type}`).toEqual({ verified: true, refused: true });
      const message = messageAs(algorithm, type, MESSAGE);
      expect(await pair.verify(algorithm, message, type, Buffer.from(signature!, "hex"))).toBe(true);
    }
    const { usages } = KEY_SPECS[spec];
    const expected: Record<string, unknown[]> = {};
    for (const algorithm of usages.ENCRYPT_DECRYPT ?? []) expected[algorithm] = ["cafe", null];
    if (usages.KEY_AGREEMENT) expected.ECDH = [true, null];
    if (usages.ENCAPSULATE_DECAPSULATE) expected.ML_KEM = [true, null];
    expect(answer.others).toEqual(expected);
    await expectWorking(spec, answer);
  });
});

/** What the Worker made is a pair for Node. */
async function expectWorking(spec: PairSpec, { publicKey, privateKey }: Answer): Promise<void> {
  const made = { publicKey: Buffer.from(publicKey, "hex"), privateKey: Buffer.from(privateKey, "hex") };
  const pair = onNode.open(spec, made);
  for (const [, algorithm, type] of SIGNING_CASES.filter(([of]) => of === spec)) {
    const message = messageAs(algorithm, type, MESSAGE);
    expect(await pair.verify(algorithm, message, type, await pair.sign(algorithm, message, type))).toBe(true);
  }
  if (!KEY_SPECS[spec].usages.ENCAPSULATE_DECAPSULATE) return;
  const { sharedSecret, ciphertext } = await pair.encapsulate();
  expect(await pair.decapsulate(ciphertext)).toEqual(sharedSecret);
}
