/**
 * Where the time of one Encrypt of 64 bytes goes: the parts of the pipeline (src/kernel.ts), each the real one, called by
 * itself on the same request. What is left between their sum and the whole is the way from one to the next.
 */

import type { AuditEvent } from "../../src/audit/audit.ts";
import { EncryptCommand, KMSClient } from "../../src/client/client.ts";
import { DEFAULT_ALGORITHM } from "../../src/crypto/algorithms.ts";
import { type Caller, healthChecked } from "../../src/env.ts";
import { GivenPrincipals } from "../../src/identities/given.ts";
import { StoredDirectory } from "../../src/identities/stored-directory.ts";
import { materialTypes } from "../../src/keys/keys.ts";
import { memoryKeystore } from "../../src/keystore/memory.ts";
import { admit, dismiss } from "../../src/model/admit.ts";
import { keyArn } from "../../src/model/arn.ts";
import { platform } from "../../src/node.ts";
import { OPERATIONS } from "../../src/operations/index.ts";
import { servicesOf } from "../../src/realm-services.ts";
import { openRecords } from "../../src/records/record-store.ts";
import { rootKeyFromBytes } from "../../src/records/root-key.ts";
import type { Services } from "../../src/services.ts";
import { passTargets } from "../../src/targets.ts";
import type { Case, Contender, Plan } from "../contender.ts";
import { randomly } from "../job.ts";
import { eventRing, startKms } from "../kms-bench.ts";
import { PIPELINE_CASE, PIPELINE_PARTS, PIPELINE_WHOLE } from "../names.ts";
import { checkEqual } from "../validation.ts";

const PLAINTEXT_BYTES = 64;

/** Records, keys and cipher as src/kms.ts puts them together. */
async function openParts() {
  const { clock } = platform;
  const random = healthChecked(platform.random);
  const crypto = platform.engine("auto");
  const rootKey = await rootKeyFromBytes(randomly(32)).open({ crypto, random });
  const records = await openRecords({ driver: memoryKeystore(), rootKey, crypto, random, clock });
  const realm = { partition: "aws", region: "us-east-1", accountId: "000000000000" };
  const { keyPairs } = platform;
  const types = materialTypes(crypto, keyPairs);
  const directory = new GivenPrincipals(new StoredDirectory("aws"));
  const parts = {
    records,
    stores: { main: records, all: [records], of: () => records, close: () => records.close() },
    crypto,
    keyPairs,
    types,
    random,
    clock,
    audit: undefined,
    directory,
    quotas: "off" as const,
    network: { fetch: platform.fetch, timeLimitMs: 250 },
  };
  const services: Services = servicesOf(parts, realm, {
    ofAccount: () => services,
    inRegion: () => services,
    record: () => undefined,
    purge: async () => undefined,
  });
  const { keys } = services;
  const attributes = {
    keySpec: DEFAULT_ALGORITHM,
    keyUsage: "ENCRYPT_DECRYPT",
    description: "",
    tags: [],
    pair: undefined,
  } as const;
  const key = await records.write(async (tx) => keys.create(tx, attributes));
  return { records, services, key, arn: keyArn(realm, key.keyId), principal: directory.know("root", realm) };
}

function eventOf({ realm }: Services, caller: Caller, arn: string): AuditEvent {
  const timeMs = platform.clock.nowMs();
  return { timeMs, caller, realm, operation: "Encrypt", readOnly: true, keyArns: [arn], errorCode: undefined };
}

export function pipelinePlan(): Plan {
  return { layer: "kms", case: PIPELINE_CASE, bytes: PLAINTEXT_BYTES, prepare };
}

async function prepare(): Promise<Case> {
  const service = await startKms();
  const client = new KMSClient({ kms: service.kms });
  const { records, services, key, arn, principal } = await openParts();
  const operation = OPERATIONS.Encrypt;
  const Plaintext = randomly(PLAINTEXT_BYTES);
  const caller = { principal, requestId: "bench" };
  const input = { KeyId: key.keyId, Plaintext };
  const { sink, events } = eventRing();
  const [command, admission, target, cryptography, audit] = PIPELINE_PARTS;
  return {
    contenders: [
      part(
        PIPELINE_WHOLE,
        () => client.send(new EncryptCommand({ KeyId: service.keyId, Plaintext })),
        ({ CiphertextBlob }: { CiphertextBlob: Uint8Array }) =>
          checkEqual(service.open(CiphertextBlob), Plaintext, "What node:crypto opens of the answer"),
      ),
      part(
        command,
        () => ({ command: new EncryptCommand(input), caller: service.kms.caller() }),
        (made: { command: { input: unknown } }) => check(made.command.input === input),
      ),
      part(
        admission,
        () => {
          const admitted = admit(operation.input, input);
          dismiss(operation.input, admitted);
          return admitted;
        },
        (admitted: typeof input) => {
          const wiped = admitted.Plaintext.every((byte) => byte === 0);
          check(wiped && admitted.Plaintext.length === PLAINTEXT_BYTES && admitted.KeyId === key.keyId);
        },
      ),
      part(
        target,
        () => records.read((tx) => passTargets({ tx, services, operation, input, caller }, () => {})),
        (keys: { key: { arn: string } }) => check(keys.key.arn === arn),
      ),
      part(
        cryptography,
        () => records.read((tx) => services.cipher.encrypt(tx, key, DEFAULT_ALGORITHM, Plaintext, undefined)),
        async ({ blob }: { blob: Uint8Array }) => {
          const opened = await records.read((tx) =>
            services.cipher.decrypt(tx, key, DEFAULT_ALGORITHM, blob, undefined),
          );
          checkEqual(opened!.plaintext, Plaintext, "What opens again");
        },
      ),
      part(
        audit,
        () => sink(eventOf(services, caller, arn)),
        () => check(events.length > 0),
      ),
    ],
    baselines: [{ fastestOf: [PIPELINE_WHOLE] }],
    async close() {
      await records.close();
      await service.kms.close();
    },
  };
}

function part(subject: string, run: () => unknown, checkMade: (made: never) => void | Promise<void>): Contender {
  return { subject, run, validate: async () => checkMade((await run()) as never) };
}

function check(holds: boolean): void {
  if (!holds) throw new Error("This part of the pipeline did not do its work.");
}
