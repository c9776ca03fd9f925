/** The ways to have key pairs, each of which passes the same suite: Node's, the web's, and the web's with less. */
import * as crypto from "node:crypto";
import {
  type MessageType,
  type PairSpec,
  SIGNING_ALGORITHMS,
  type SigningAlgorithm,
} from "../../src/crypto/algorithms.ts";
import type { KeyPairs, PairBytes } from "../../src/crypto/key-pairs.ts";
import { nodeKeyPairs } from "../../src/crypto/key-pairs-node.ts";
import { webKeyPairs } from "../../src/crypto/key-pairs-web.ts";

const random = { fill: (out: Uint8Array) => void crypto.randomFillSync(out) };
const { subtle } = crypto.webcrypto as unknown as Crypto;

export const onNode = nodeKeyPairs(crypto, random);
/** A Worker with it, whose node:crypto holds no keys for raw RSA. */
export const onWeb = webKeyPairs({ subtle, random, node: () => nodeKeyPairs(crypto, random, false) });
/** A Worker without nodejs_compat. */
export const onWebAlone = webKeyPairs({ subtle, random, node: () => undefined });
/** A page without https, but for RSA. */
export const onNoble = webKeyPairs({ subtle: undefined, random, node: () => onNode });

/** A page without https. */
export const onPage = webKeyPairs({ subtle: undefined, random, node: () => undefined });
/** A runtime whose WebCrypto has no Ed25519, as some browsers' of 2024. */
export const onOldWeb = webKeyPairs({
  subtle: new Proxy(subtle, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        const names = args.map((arg) => (arg as { name?: unknown }).name);
        if (names.includes("Ed25519")) return Promise.reject(new DOMException("No Ed25519.", "NotSupportedError"));
        return method.apply(target, args);
      };
    },
  }),
  random,
  node: () => undefined,
});

export const MAKERS: readonly (readonly [string, KeyPairs])[] = [
  ["Node", onNode],
  ["web", onWeb],
  ["noble", onNoble],
];

/** `message` as the algorithm takes it. */
export function messageAs(algorithm: SigningAlgorithm, type: MessageType, message: Uint8Array): Uint8Array {
  if (type === "RAW") return message;
  const { digestBytes } = SIGNING_ALGORITHMS[algorithm];
  return crypto
    .createHash(`sha${digestBytes * 8}`)
    .update(message)
    .digest();
}

const made = new Map<string, Promise<PairBytes>>();

/** One pair of each spec and maker for all tests of a file; `name` tells pairs of one maker apart. */
export function pairOf(spec: PairSpec, maker = "Node", name = ""): Promise<PairBytes> {
  // RSA takes long, and without WebCrypto it is Node's.
  const isNodes = maker === "noble" && spec.startsWith("RSA");
  const key = `${spec} ${isNodes ? "Node" : maker} ${name}`;
  const pair = made.get(key) ?? new Map(MAKERS).get(maker)!.generate(spec);
  made.set(key, pair);
  return pair;
}
