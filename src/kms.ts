/**
 * A key management service in this process: the kernel over a keystore, for its accounts and Regions. The platform's
 * clock, entropy and cryptography are handed in by the composition roots.
 */
import { aliasesIn } from "./aliases/aliases.ts";
import type { AuditSink } from "./audit/audit.ts";
import { type Engine, type EngineName, engineName } from "./crypto/engine.ts";
import type { KeyPairs } from "./crypto/key-pairs.ts";
import { type Caller, type Clock, healthChecked, type Random, type Realm } from "./env.ts";
import { Grants } from "./grants/grants.ts";
import { Kernel } from "./kernel.ts";
import { cipherOver } from "./keys/cipher.ts";
import { Keys, type MaterialTypes, materialTypes } from "./keys/keys.ts";
import { LastUsage } from "./keys/last-usage.ts";
import { macsOver } from "./keys/mac.ts";
import type { KeyStoreDriver } from "./keystore/driver.ts";
import { hexOf, keyNamesOf, rootArn, uuidOf } from "./model/arn.ts";
import { realmOf } from "./model/realm.ts";
import type { InputOf, OperationName, OutputOf } from "./operations/index.ts";
import type { Platform } from "./platform.ts";
import { openRecords, type Records } from "./records/record-store.ts";
import type { RootKeySource } from "./records/root-key.ts";
import type { Services } from "./services.ts";

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
  /**
   * The service of another account and Region over the same keystore; each is a world of its own.
   * @throws {TypeError} for an account or Region of a wrong form
   */
  inRealm(realm: Pick<Realm, "region" | "accountId">): Kms;
  /** Wipes every key held in memory and closes the keystore, for all realms. */
  close(): Promise<void>;
}

/** Realms that are kept at hand; one more is made anew when it is needed again. */
const REMEMBERED_REALMS = 256;

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
  const rootKey = await options.rootKey.open({ crypto, random });
  const records = await openRecords({ driver: options.keystore, rootKey, crypto, random, clock });
  const { keyPairs } = platform;
  const types = materialTypes(crypto, keyPairs);
  const parts = { records, crypto, keyPairs, types, random, clock, audit: options.audit };
  return new Realms(parts, requestIds(random)).get(realm);
}

/** What the realms of one keystore have in common. */
interface Parts {
  readonly records: Records;
  readonly crypto: Engine;
  readonly keyPairs: KeyPairs;
  readonly types: MaterialTypes;
  readonly random: Random;
  readonly clock: Clock;
  readonly audit: AuditSink | undefined;
}

/** The services of one keystore, one for each account and Region that has been asked for. */
class Realms {
  readonly #parts: Parts;
  readonly #nextRequestId: () => string;
  /** By their folders, the one that was asked for last at the end. */
  readonly #open = new Map<string, { readonly kms: Kms; readonly kernel: Kernel }>();

  constructor(parts: Parts, nextRequestId: () => string) {
    this.#parts = parts;
    this.#nextRequestId = nextRequestId;
  }

  get(realm: Realm): Kms {
    const folder = `${realm.accountId}/${realm.region}`;
    const known = this.#open.get(folder);
    if (known !== undefined) {
      this.#open.delete(folder);
      this.#open.set(folder, known);
      return known.kms;
    }
    const kernel = new Kernel({ ...this.#parts, services: servicesOf(this.#parts, realm, folder) });
    const kms = this.#serve(realm, kernel);
    this.#open.set(folder, { kms, kernel });
    if (this.#open.size > REMEMBERED_REALMS) this.#forgetOldest();
    return kms;
  }

  #serve(realm: Realm, kernel: Kernel): Kms {
    const principal = { type: "root" as const, arn: rootArn(realm), account: realm.accountId };
    const embedder = (): Caller => ({ principal, requestId: this.#nextRequestId() });
    return {
      realm,
      embedder,
      execute: (operation: string, input: unknown, caller?: Caller) =>
        kernel.execute(operation, input, caller ?? embedder()),
      inRealm: (other: Pick<Realm, "region" | "accountId">) => this.get(realmOf(other)),
      close: () => this.#close(),
    } as Kms;
  }

  #forgetOldest(): void {
    const [folder, { kernel }] = this.#open.entries().next().value!;
    this.#open.delete(folder);
    void kernel.rest();
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ kernel }) => kernel.rest()));
    await this.#parts.records.close();
  }
}

function servicesOf({ crypto, keyPairs, types, random, clock }: Parts, realm: Realm, folder: string): Services {
  const keys = new Keys({ folder, crypto, keyPairs, types, random, clock });
  return {
    realm,
    keyNames: keyNamesOf(realm),
    random,
    keys,
    aliases: aliasesIn(folder, clock),
    grants: new Grants(realm, { folderOf: (accountId) => `${accountId}/${realm.region}`, clock, random }),
    cipher: cipherOver(keys, crypto, random),
    macs: macsOver(keys, crypto),
    keyPairs,
    lastUsage: new LastUsage(folder, keys),
  };
}

function checkParts({ keystore, rootKey }: KmsOptions): void {
  if (typeof keystore?.commit !== "function") {
    throw new TypeError('keystore must be a driver, as memoryKeystore() or sqliteKeystore({ path: "keys.sqlite" }).');
  }
  if (typeof rootKey?.open !== "function") {
    throw new TypeError("rootKey must be a source of the root key, as rootKeyFromBytes(bytes) of 32 secret bytes.");
  }
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
