/** A Worker that does with key pairs what it is told, with what workerd has. */
import { KEY_SPECS, type PairSpec } from "../../src/crypto/algorithms.ts";
import type { PairBytes } from "../../src/crypto/key-pairs.ts";
import { platform } from "../../src/edge.ts";
import { SIGNING_CASES } from "../crypto/signing-cases.ts";

/** What Node made, for every case in order; in hexadecimal. */
export interface Task {
  readonly spec: PairSpec;
  readonly publicKey: string;
  readonly privateKey: string;
  readonly messages: readonly string[];
  readonly signatures: readonly string[];
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const fromHex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

async function signAll({ spec, messages, signatures }: Task, bytes: PairBytes) {
  const pair = platform.keyPairs.open(spec, bytes);
  const cases = SIGNING_CASES.filter(([of]) => of === spec);
  return Promise.all(
    cases.map(async ([, algorithm, type], i) => {
      const message = fromHex(messages[i]!);
      try {
        const signature = fromHex(signatures[i]!);
        const verified = await pair.verify(algorithm, message, type, signature);
        signature[signature.length >> 1]! ^= 1;
        const refused = !(await pair.verify(algorithm, message, type, signature));
        return { signature: hex(await pair.sign(algorithm, message, type)), verified, refused };
      } catch (error) {
        return { error: String(error) };
      }
    }),
  );
}

/** The other algorithms, between a pair made here and the one that was sent. */
async function others(spec: PairSpec, sent: PairBytes, made: PairBytes) {
  const [ours, theirs] = [platform.keyPairs.open(spec, made), platform.keyPairs.open(spec, sent)];
  const { usages } = KEY_SPECS[spec];
  const done: Record<string, unknown> = {};
  for (const algorithm of usages.ENCRYPT_DECRYPT ?? []) {
    if (algorithm === "SYMMETRIC_DEFAULT") continue;
    const ciphertext = await theirs.encrypt(algorithm, fromHex("cafe"));
    done[algorithm] = [hex((await theirs.decrypt(algorithm, ciphertext))!), await ours.decrypt(algorithm, ciphertext)];
  }
  if (usages.KEY_AGREEMENT) {
    const secret = hex((await ours.agree(sent.publicKey))!);
    done.ECDH = [secret === hex((await theirs.agree(made.publicKey))!), await ours.agree(sent.publicKey.slice(1))];
  }
  if (usages.ENCAPSULATE_DECAPSULATE) {
    const { sharedSecret, ciphertext } = await theirs.encapsulate();
    done.ML_KEM = [
      hex((await theirs.decapsulate(ciphertext))!) === hex(sharedSecret),
      await ours.decapsulate(sharedSecret),
    ];
  }
  return done;
}

export default {
  async fetch(request: Request): Promise<Response> {
    const task = (await request.json()) as Task;
    const sent = { publicKey: fromHex(task.publicKey), privateKey: fromHex(task.privateKey) };
    const made = await platform.keyPairs.generate(task.spec);
    return Response.json({
      signed: await signAll(task, sent),
      others: await others(task.spec, sent, made),
      publicKey: hex(made.publicKey),
      privateKey: hex(made.privateKey),
    });
  },
};
