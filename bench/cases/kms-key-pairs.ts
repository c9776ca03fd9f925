/**
 * Whole requests that use or make key pairs, beside the same work in bare node:crypto with its KeyObjects held: what a
 * request adds is admission, the pipeline, the audit event and the copies.
 */
import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  type SignKeyObjectInput,
  sign,
  verify,
} from "node:crypto";
import * as own from "../../src/client/client.ts";
import type { SigningAlgorithm } from "../../src/crypto/algorithms.ts";
import type { Case, Contender, Plan } from "../contender.ts";
import { randomly } from "../job.ts";
import { startKms } from "../kms-bench.ts";
import { NODE_CRYPTO, OWN_COMMAND } from "../names.ts";

const LAYER = "kms";
const MESSAGE_BYTES = 64;

interface SigningCase {
  readonly spec: "RSA_2048" | "ECC_NIST_P256" | "ECC_NIST_EDWARDS25519";
  readonly algorithm: SigningAlgorithm;
  /** How node:crypto is asked for the same. */
  readonly hash: string | null;
  readonly how: Omit<SignKeyObjectInput, "key">;
  /** A pair for node:crypto alone. */
  readonly make: () => { privateKey: KeyObject; publicKey: KeyObject };
}

const SIGNING_CASES: readonly SigningCase[] = [
  {
    spec: "RSA_2048",
    algorithm: "RSASSA_PSS_SHA_256",
    hash: "sha256",
    how: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
    make: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  },
  {
    spec: "ECC_NIST_P256",
    algorithm: "ECDSA_SHA_256",
    hash: "sha256",
    how: {},
    make: () => generateKeyPairSync("ec", { namedCurve: "prime256v1" }),
  },
  {
    spec: "ECC_NIST_EDWARDS25519",
    algorithm: "ED25519_SHA_512",
    hash: null,
    how: {},
    make: () => generateKeyPairSync("ed25519"),
  },
];

export function keyPairPlans(): Plan[] {
  const plan = (name: string, prepare: () => Promise<Case>): Plan => ({
    layer: LAYER,
    case: name,
    bytes: MESSAGE_BYTES,
    prepare,
  });
  return [
    ...SIGNING_CASES.flatMap((one) => [
      plan(`Sign ${one.spec}`, () => signs(one)),
      plan(`Verify ${one.spec}`, () => verifies(one)),
    ]),
    plan("GenerateDataKeyPair ECC_NIST_P256", generates),
  ];
}

async function startSigner({ spec, algorithm, how, hash }: SigningCase) {
  const { kms } = await startKms();
  const client = new own.KMSClient({ kms });
  const { KeyMetadata } = await client.send(new own.CreateKeyCommand({ KeySpec: spec, KeyUsage: "SIGN_VERIFY" }));
  const { KeyId } = KeyMetadata!;
  const { PublicKey } = await client.send(new own.GetPublicKeyCommand({ KeyId }));
  const publicKey = createPublicKey({ key: Buffer.from(PublicKey!), format: "der", type: "spki" });
  const Message = randomly(MESSAGE_BYTES);
  const input = { KeyId, Message, SigningAlgorithm: algorithm };
  const accepts = (signature: Uint8Array) => verify(hash, Message, { key: publicKey, ...how }, signature);
  return { kms, client, input, Message, publicKey, accepts };
}

async function signs(one: SigningCase): Promise<Case> {
  const { kms, client, input, Message, accepts } = await startSigner(one);
  const { privateKey, publicKey } = one.make();
  return caseOf(kms, [
    contender(
      OWN_COMMAND,
      () => client.send(new own.SignCommand(input)),
      ({ Signature }: { Signature: Uint8Array }) => accepts(Signature),
    ),
    contender(
      NODE_CRYPTO,
      () => sign(one.hash, Message, { key: privateKey, ...one.how }),
      (signature: Uint8Array) => verify(one.hash, Message, { key: publicKey, ...one.how }, signature),
    ),
  ]);
}

async function verifies(one: SigningCase): Promise<Case> {
  const { kms, client, input, Message, publicKey } = await startSigner(one);
  const { Signature } = await client.send(new own.SignCommand(input));
  return caseOf(kms, [
    contender(
      OWN_COMMAND,
      () => client.send(new own.VerifyCommand({ ...input, Signature: Signature! })),
      ({ SignatureValid }: { SignatureValid: boolean }) => SignatureValid,
    ),
    contender(
      NODE_CRYPTO,
      () => verify(one.hash, Message, { key: publicKey, ...one.how }, Signature!),
      (isValid: boolean) => isValid,
    ),
  ]);
}

const ENCODED = {
  namedCurve: "prime256v1",
  publicKeyEncoding: { format: "der", type: "spki" },
  privateKeyEncoding: { format: "der", type: "pkcs8" },
} as const;

async function generates(): Promise<Case> {
  const { kms, keyId } = await startKms();
  const client = new own.KMSClient({ kms });
  const input = { KeyId: keyId, KeyPairSpec: "ECC_NIST_P256" } as const;
  return caseOf(kms, [
    contender(
      OWN_COMMAND,
      () => client.send(new own.GenerateDataKeyPairCommand(input)),
      ({ PublicKey }: { PublicKey: Uint8Array }) => isPublicKey(PublicKey),
    ),
    contender(
      NODE_CRYPTO,
      () => generateKeyPairSync("ec", ENCODED),
      ({ publicKey }: { publicKey: Uint8Array }) => isPublicKey(publicKey),
    ),
  ]);
}

function isPublicKey(spki: Uint8Array): boolean {
  return createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" }).asymmetricKeyType === "ec";
}

function caseOf(kms: { close(): Promise<void> }, contenders: readonly Contender[]): Case {
  return { contenders, baselines: [{ fastestOf: [NODE_CRYPTO] }], close: () => kms.close() };
}

function contender(subject: string, run: () => unknown, holds: (made: never) => boolean): Contender {
  return {
    subject,
    run,
    async validate() {
      if (!holds((await run()) as never)) throw new Error(`What ${subject} made does not verify.`);
    },
  };
}
