/**
 * A key management service in this process: the kernel over a keystore, for one account and Region. The platform's
 * clock, entropy and cryptography are handed in by the composition roots.
 */
import { aliasesIn } from "./aliases/aliases.ts";
import type { AuditSink } from "./audit/audit.ts";
import { type EngineName, engineName } from "./crypto/engine.ts";
import { type Caller, type Clock, healthChecked, type Random, type Realm } from "./env.ts";
import { Kernel } from "./kernel.ts";
import { cipherOver } from "./keys/cipher.ts";
import { Keys } from "./keys/keys.ts";
import { LastUsage } from "./keys/last-usage.ts";
import { macsOver } from "./keys/mac.ts";
import type { KeyStoreDriver } from "./keystore/driver.ts";
import { hexOf, keyNamesOf, rootArn, uuidOf } from "./model/arn.ts";
import type { InputOf, OperationName, OutputOf } from "./operations/index.ts";
import type { Platform } from "./platform.ts";
import { openRecords } from "./records/record-store.ts";
import type { RootKeySource } from "./records/root-key.ts";

export interface KmsOptions {
  /** Where sealed records are kept: `memoryKeystore()`, `sqliteKeystore({ path })`. The KMS closes it. */
  readonly keystore: KeyStoreDriver;
  /** The key under which everything else is sealed. */
  readonly rootKey: RootKeySource;
  /** As "us-east-1". */
  readonly region: string;
  /** Twelve digits. */
  readonly accountId: string;
  /** Who computes: "auto" by default, which is the fastest for each size; see `wasm-kms/engine`. */
  readonly engine?: EngineName;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly audit?: AuditSink;
}

export interface Kms {
  readonly realm: Realm;
  /**
   * Runs one operation, as `execute("Encrypt", { KeyId, Plaintext })`. Without a caller the embedding program itself
   * calls, as the root of its account.
   * @throws {KmsError}
   */
  execute<N extends OperationName>(operation: N, input: InputOf<N>, caller?: Caller): Promise<OutputOf<N>>;
  /** A caller with a fresh request id for requests of the embedding program. */
  embedder(): Caller;
  /** Wipes every key held in memory and closes the keystore. */
  close(): Promise<void>;
}

const ACCOUNT_ID = /^\d{12}$/;
const REGION = /^[a-z]{2,4}(?:-[a-z]+)+-\d+$/;
/** The partition of a Region by its prefix; all others are in `aws`. */
const PARTITIONS: readonly (readonly [prefix: string, partition: string])[] = [
  ["cn-", "aws-cn"],
  ["us-gov-", "aws-us-gov"],
  ["us-iso-", "aws-iso"],
  ["us-isob-", "aws-iso-b"],
  ["eu-isoe-", "aws-iso-e"],
  ["us-isof-", "aws-iso-f"],
  ["eusc-", "aws-eusc"],
];

/**
 * Opens the keystore and starts the service over it.
 * @throws {TypeError} for options of a wrong form, {KeystoreError} for a keystore that this root key does not open
 */
export async function createKmsOn(platform: Platform, options: KmsOptions): Promise<Kms> {
  const realm = realmOf(options);
  checkParts(options);
  const clock = options.clock ?? platform.clock;
  const random = healthChecked(options.random ?? platform.random);
  const crypto = platform.engine(engineName(options.engine));
  const { keyPairs } = platform;
  const nextRequestId = requestIds(random);
  const rootKey = await options.rootKey.open({ crypto, random });
  const records = await openRecords({ driver: options.keystore, rootKey, crypto, random, clock });
  const folder = `${realm.accountId}/${realm.region}`;
  const keys = new Keys({ folder, crypto, keyPairs, random, clock });
  const services = {
    realm,
    keyNames: keyNamesOf(realm),
    random,
    keys,
    aliases: aliasesIn(folder, clock),
    cipher: cipherOver(keys, crypto, random),
    macs: macsOver(keys, crypto),
    keyPairs,
    lastUsage: new LastUsage(folder, keys),
  };
  const kernel = new Kernel({ records, services, clock, audit: options.audit });
  const principalArn = rootArn(realm);
  const embedder = (): Caller => ({ principalArn, requestId: nextRequestId() });
  return {
    realm,
    embedder,
    execute: (operation: string, input: unknown, caller?: Caller) =>
      kernel.execute(operation, input, caller ?? embedder()),
    async close() {
      await kernel.rest();
      await records.close();
    },
  } as Kms;
}

function checkParts({ keystore, rootKey }: KmsOptions): void {
  if (typeof keystore?.commit !== "function") {
    throw new TypeError('keystore must be a driver, as memoryKeystore() or sqliteKeystore({ path: "keys.sqlite" }).');
  }
  if (typeof rootKey?.open !== "function") {
    throw new TypeError("rootKey must be a source of the root key, as rootKeyFromBytes(bytes) of 32 secret bytes.");
  }
}

function realmOf({ region, accountId }: KmsOptions): Realm {
  if (typeof accountId !== "string" || !ACCOUNT_ID.test(accountId)) {
    throw new TypeError(`accountId must be a string of twelve digits, as "000000000000"; it is ${String(accountId)}.`);
  }
  if (typeof region !== "string" || !REGION.test(region)) {
    throw new TypeError(`region must look like "us-east-1"; it is ${String(region)}.`);
  }
  const partition = PARTITIONS.find(([prefix]) => region.startsWith(prefix))?.[1] ?? "aws";
  return { partition, region, accountId };
}

/** Request ids in the form of a UUID: random once, then counted, since nothing secret hangs on them. */
function requestIds(random: Random): () => string {
  const start = new Uint8Array(16);
  random.fill(start);
  const prefix = uuidOf(start).slice(0, 24);
  let count = 0;
  let upper = "";
  return () => {
    // Ten of the twelve digits that count change once in 256 requests.
    if ((count & 0xff) === 0)
      upper =
        prefix +
        Math.floor(count / 256)
          .toString(16)
          .padStart(10, "0");
    return upper + hexOf(count++ & 0xff);
  };
}
