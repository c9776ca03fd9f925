/**
 * Whole requests to the key management service, as a program makes them: a command, `send`, an answer, an audit event.
 * Beside them stand the bare primitives in node:crypto that such a request cannot do without.
 */
import * as sdk from "@aws-sdk/client-kms";
import * as own from "../../src/client/client.ts";
import type { Case, Contender, Plan } from "../contender.ts";
import { type DeriveJob, deriveJobs, Ring, ringOf } from "../job.ts";
import { type KmsBench, startKms } from "../kms-bench.ts";
import { GUARDED, OWN_COMMAND, SDK_COMMAND } from "../names.ts";
import type { Subject } from "../subjects/subject.ts";
import { checkDeriveAndOpen, checkDeriveAndSeal, checkEqual, prepareAll } from "../validation.ts";
import { BY_TWO_HMACS, caseOf } from "./core.ts";
import { keyPairPlans } from "./kms-key-pairs.ts";
import { pipelinePlan } from "./kms-pipeline.ts";

const LAYER = "kms";
/** AWS KMS encrypts at most 4,096 bytes in a request. */
const SIZES = [16, 64, 1024, 4096];
const DATA_KEY_BYTES = 32;
const GUARDED_BYTES = 64;

export function kmsPlans(native: readonly Subject[]): Plan[] {
  return [
    ...SIZES.map((bytes) => planOf("Encrypt", bytes, native, encrypts)),
    ...SIZES.map((bytes) => planOf("Decrypt", bytes, native, decrypts)),
    planOf("GenerateDataKey", DATA_KEY_BYTES, native, generates),
    ...keyPairPlans(),
    pipelinePlan(),
  ];
}

type MakeContenders = (service: KmsBench, bytes: number) => Contender[] | Promise<Contender[]>;

/** Our contenders, and the bare primitives: derive a key from a secret, then seal or open under it. */
function planOf(name: string, bytes: number, native: readonly Subject[], make: MakeContenders): Plan {
  return {
    layer: LAYER,
    case: name,
    bytes,
    async prepare(): Promise<Case> {
      const service = await startKms();
      const jobs = deriveJobs(bytes);
      const opens = name === "Decrypt";
      const bare = opens
        ? await prepareAll(native, (subject) => subject.deriveAndOpen, jobs, checkDeriveAndOpen)
        : await prepareAll<DeriveJob>(native, (subject) => subject.deriveAndSeal, jobs, checkDeriveAndSeal);
      const { contenders, baselines, close } = caseOf(bare, [BY_TWO_HMACS]);
      const guarded = name === "Encrypt" && bytes === GUARDED_BYTES ? await startKms(true) : undefined;
      const watched = guarded && guardedEncrypts(guarded, bytes);
      return {
        contenders: [...(await make(service, bytes)), ...(watched ? [watched] : []), ...contenders],
        baselines,
        async close() {
          await close?.();
          await service.close();
          await guarded?.close();
        },
      };
    },
  };
}

/** The clients differ in whose commands they are sent: the AWS SDK's own classes, or our light ones. */
function clientsOf({ kms }: KmsBench) {
  return { ownClient: new own.KMSClient({ kms }), sdkClient: new own.KMSClient({ kms, sdk }) };
}

function encrypts(service: KmsBench, bytes: number): Contender[] {
  const { ownClient, sdkClient } = clientsOf(service);
  const { items } = ringOf(bytes);
  const KeyId = service.keyId;
  const contender = (subject: string, Plaintexts: Ring<Uint8Array>, run: Contender["run"]): Contender => ({
    subject,
    run,
    async validate() {
      const answer = (await run()) as { CiphertextBlob: Uint8Array; KeyId: string };
      checkEqual(service.open(answer.CiphertextBlob), Plaintexts.last(1)[0]!, "What node:crypto opens of the answer");
      if (answer.KeyId !== service.keyArn) throw new Error(`The answer names the key ${answer.KeyId}.`);
      checkAudited(service, "Encrypt");
    },
  });
  const ours = new Ring(items);
  const theirs = new Ring(items);
  return [
    contender(OWN_COMMAND, ours, () => ownClient.send(new own.EncryptCommand({ KeyId, Plaintext: ours.next() }))),
    contender(SDK_COMMAND, theirs, () => sdkClient.send(new sdk.EncryptCommand({ KeyId, Plaintext: theirs.next() }))),
  ];
}

/** What a request costs where everything is on: a user with policies, a key policy, a trail on disk. */
function guardedEncrypts(service: KmsBench, bytes: number): Contender {
  const client = new own.KMSClient({ kms: service.kms });
  const plaintexts = new Ring(ringOf(bytes).items);
  const run = () => client.send(new own.EncryptCommand({ KeyId: service.keyId, Plaintext: plaintexts.next() }));
  return {
    subject: GUARDED,
    run,
    async validate() {
      const { CiphertextBlob } = (await run()) as { CiphertextBlob: Uint8Array };
      checkEqual(service.open(CiphertextBlob), plaintexts.last(1)[0]!, "What node:crypto opens of the answer");
    },
  };
}

interface Sealed {
  readonly plaintext: Uint8Array;
  readonly CiphertextBlob: Uint8Array;
}

async function decrypts(service: KmsBench, bytes: number): Promise<Contender[]> {
  const { ownClient, sdkClient } = clientsOf(service);
  const sealed: Sealed[] = [];
  for (const plaintext of ringOf(bytes).items) {
    const { CiphertextBlob } = await service.kms.execute("Encrypt", { KeyId: service.keyId, Plaintext: plaintext });
    checkEqual(service.open(CiphertextBlob!), plaintext, "What node:crypto opens of the answer");
    sealed.push({ plaintext, CiphertextBlob: CiphertextBlob! });
  }
  const contender = (subject: string, blobs: Ring<Sealed>, run: Contender["run"]): Contender => ({
    subject,
    run,
    async validate() {
      const { Plaintext } = (await run()) as { Plaintext: Uint8Array };
      checkEqual(Plaintext, blobs.last(1)[0]!.plaintext, "The decrypted message");
      checkAudited(service, "Decrypt");
    },
  });
  const ours = new Ring(sealed);
  const theirs = new Ring(sealed);
  return [
    contender(OWN_COMMAND, ours, () => {
      return ownClient.send(new own.DecryptCommand({ CiphertextBlob: ours.next().CiphertextBlob }));
    }),
    contender(SDK_COMMAND, theirs, () => {
      return sdkClient.send(new sdk.DecryptCommand({ CiphertextBlob: theirs.next().CiphertextBlob }));
    }),
  ];
}

function generates(service: KmsBench): Contender[] {
  const { ownClient, sdkClient } = clientsOf(service);
  const input = { KeyId: service.keyId, KeySpec: "AES_256" } as const;
  const contender = (subject: string, run: Contender["run"]): Contender => ({
    subject,
    run,
    async validate() {
      const { CiphertextBlob, Plaintext } = (await run()) as { CiphertextBlob: Uint8Array; Plaintext: Uint8Array };
      if (Plaintext.length !== DATA_KEY_BYTES) throw new Error(`The data key has ${Plaintext.length} bytes.`);
      checkEqual(service.open(CiphertextBlob), Plaintext, "What node:crypto opens of the answer");
      checkAudited(service, "GenerateDataKey");
    },
  });
  return [
    contender(OWN_COMMAND, () => ownClient.send(new own.GenerateDataKeyCommand(input))),
    contender(SDK_COMMAND, () => sdkClient.send(new sdk.GenerateDataKeyCommand(input))),
  ];
}

function checkAudited({ events, keyArn }: KmsBench, operation: string): void {
  const audited = events.some((event) => event.operation === operation && event.keyArns.includes(keyArn));
  if (!audited) throw new Error(`No audit event of ${operation} reached the sink.`);
}
