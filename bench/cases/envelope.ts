/**
 * Whole messages in the AWS Encryption SDK's format, each with a data key from the key management service in this
 * process: ours, that SDK's own, and, as a floor, bare AES-256-GCM under one key that is already there.
 */
import { createEnvelope } from "../../src/messages.ts";
import type { Case, Contender, Plan } from "../contender.ts";
import { openJobs, Ring, ringOf, sealJobs } from "../job.ts";
import { startKms } from "../kms-bench.ts";
import { AWS_ENCRYPTION_SDK, OUR_ENVELOPE } from "../names.ts";
import { SIZES } from "../sizes.ts";
import { awsEncryptionSdk, type MessageSdk } from "../subjects/aws-encryption-sdk.ts";
import type { Subject } from "../subjects/subject.ts";
import { checkEqual, checkOpen, checkSeal, prepareAll } from "../validation.ts";
import { BY_NODE_CRYPTO, caseOf } from "./core.ts";

const LAYER = "envelope";
const BASELINES = [BY_NODE_CRYPTO, { fastestOf: [AWS_ENCRYPTION_SDK], subjects: [OUR_ENVELOPE] }];

export function envelopePlans(native: readonly Subject[]): Plan[] {
  const sizes = SIZES.filter((bytes) => bytes >= 64);
  return [
    ...sizes.map(
      (bytes) => ({ layer: LAYER, case: "seal", bytes, prepare: () => prepareSeal(bytes, native) }) as const,
    ),
    ...sizes.map(
      (bytes) => ({ layer: LAYER, case: "open", bytes, prepare: () => prepareOpen(bytes, native) }) as const,
    ),
  ];
}

/** Both ways to seal and open, over one service. Each checks the other: neither knows how the other was written. */
async function openBoth() {
  const service = await startKms();
  const envelope = createEnvelope({ kms: service.kms, keyId: service.keyArn });
  const ours: MessageSdk = {
    seal: (plaintext) => envelope.seal(plaintext),
    open: async (message) => (await envelope.open(message)).plaintext,
  };
  return { service, ours, theirs: awsEncryptionSdk(service) };
}

async function prepareSeal(bytes: number, native: readonly Subject[]): Promise<Case> {
  const { service, ours, theirs } = await openBoth();
  const { items } = ringOf(bytes);
  const contender = (subject: string, sdk: MessageSdk, other: MessageSdk): Contender => {
    const plaintexts = new Ring(items);
    const run = () => sdk.seal(plaintexts.next());
    const validate = async () => {
      const message = new Uint8Array(await run());
      checkEqual(await other.open(message), plaintexts.last(1)[0]!, "What the other implementation opens");
      message[message.length - 1]! ^= 1;
      await checkRefused(other.open(message));
    };
    return { subject, run, validate };
  };
  const bare = await prepareAll(native, ({ seal }) => seal, sealJobs(32, bytes), checkSeal);
  const { contenders, baselines, close } = caseOf(bare, BASELINES);
  return {
    contenders: [contender(OUR_ENVELOPE, ours, theirs), contender(AWS_ENCRYPTION_SDK, theirs, ours), ...contenders],
    baselines,
    async close() {
      await close?.();
      await service.kms.close();
    },
  };
}

async function prepareOpen(bytes: number, native: readonly Subject[]): Promise<Case> {
  const { service, ours, theirs } = await openBoth();
  const { items } = ringOf(bytes);
  const contender = async (subject: string, sdk: MessageSdk, other: MessageSdk): Promise<Contender> => {
    const sealed: { plaintext: Uint8Array; message: Uint8Array }[] = [];
    for (const plaintext of items) sealed.push({ plaintext, message: new Uint8Array(await other.seal(plaintext)) });
    const messages = new Ring(sealed);
    const run = () => sdk.open(messages.next().message);
    const validate = async () => {
      checkEqual(await run(), messages.last(1)[0]!.plaintext, "What it opens of the other implementation's message");
      const damaged = sealed[0]!.message.slice();
      damaged[damaged.length - 1]! ^= 1;
      await checkRefused(sdk.open(damaged));
    };
    return { subject, run, validate };
  };
  const bare = await prepareAll(native, ({ open }) => open, openJobs(32, bytes), checkOpen);
  const { contenders, baselines, close } = caseOf(bare, BASELINES);
  return {
    contenders: [
      await contender(OUR_ENVELOPE, ours, theirs),
      await contender(AWS_ENCRYPTION_SDK, theirs, ours),
      ...contenders,
    ],
    baselines,
    async close() {
      await close?.();
      await service.kms.close();
    },
  };
}

async function checkRefused(opening: Promise<unknown>): Promise<void> {
  const opened = await opening.then(
    () => true,
    () => false,
  );
  if (opened) throw new Error("A changed message was opened.");
}
