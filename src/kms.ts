/**
 * A key management service in this process: the kernel over a keystore, for its accounts and Regions. The platform's
 * clock, entropy and cryptography are handed in by the composition roots.
 */
import type { AuditSource } from "./audit/source.ts";
import { AuditTrail } from "./audit/trail.ts";
import { openAuditSigner } from "./audit-signer.ts";
import { denyNobody } from "./authorization/denial.ts";
import { reportCost } from "./cost-report.ts";
import { type Engine, engineName } from "./crypto/engine.ts";
import { type Caller, type CallerFacts, callerWith, healthChecked, type Realm } from "./env.ts";
import { type ExplainOptions, type Explanation, explain } from "./explanation.ts";
import { Administration } from "./identities/administration.ts";
import type { AccessKey } from "./identities/directory.ts";
import { GivenPrincipals, type PrincipalOptions } from "./identities/given.ts";
import { StoredDirectory } from "./identities/stored-directory.ts";
import { Kernel } from "./kernel.ts";
import { materialTypes } from "./keys/keys.ts";
import { checkParts, type KmsOptions } from "./kms-options.ts";
import { countedIds } from "./model/counted-ids.ts";
import { realmOf } from "./model/realm.ts";
import type { InputOf, OperationName, OutputOf } from "./operations/index.ts";
import type { Platform } from "./platform.ts";
import type { Cost } from "./quota/cost.ts";
import { folderOf, type Parts, servicesOf } from "./realm-services.ts";
import { type Ready, whenReady } from "./records/ready.ts";
import { openStores } from "./region-stores.ts";
import type { Services } from "./services.ts";
import { networkOf } from "./stores/xks-client.ts";
import { type Done, realmsIn, Upkeep } from "./upkeep.ts";

export interface Kms {
  readonly realm: Realm;
  /**
   * The service for one caller, who is who you say: "root" for the root of this account, the ARN of a user, or a
   * principal with its policies. It stands in the account of the principal, where short key ids and new keys belong.
   * @throws {TypeError} for what is no principal, {KmsError} MalformedPolicyDocumentException
   */
  as(principal: "root" | string | PrincipalOptions, facts?: CallerFacts): Kms;
  /**
   * Runs one operation, as `execute("Encrypt", { KeyId, Plaintext })`, for the caller of `as`. A transport that has
   * authenticated somebody else names the caller itself. Without any caller every request is denied.
   * @throws {KmsError}
   */
  execute<N extends OperationName>(operation: N, input: InputOf<N>, caller?: Caller): Promise<OutputOf<N>>;
  /** Which statement or grant decides about something that the caller of `as` may ask for. @throws {KmsError} */
  explain(options: ExplainOptions): Promise<Explanation>;
  /** What AWS would have charged this account in this Region. @param month as "2026-11", in UTC; this one by default */
  cost(month?: string): Promise<Cost>;
  /**
   * Rotates and deletes the keys whose time has come, in every account and Region of the keystore. A server does so
   * every minute; a Worker may from a scheduled event. Without it keys are rotated when they are next used.
   */
  upkeep(): Promise<Done>;
  /** The caller of `as`, with a fresh request id; nobody without one. */
  caller(): Caller | undefined;
  /** A fresh request id, for a transport's own answers. */
  requestId(): string;
  /** Manages the users, roles and access keys in the keystore. Whoever holds this object may do so, whoever it is bound to. */
  readonly identities: Administration;
  /** Whose an access key is, for a transport that checks signatures. */
  readonly authority: Authority;
  /**
   * The service of another account and Region over the same keystore; each is a world of its own. The caller of `as`
   * comes along within its account, and nobody does to another one.
   * @throws {TypeError} for an account or Region of a wrong form
   */
  inRealm(realm: Pick<Realm, "region" | "accountId">): Kms;
  /** Wipes every key held in memory and closes the keystore, for all realms. */
  close(): Promise<void>;
}

/** Who may tell whose an access key is. */
export interface Authority {
  readonly engine: Engine;
  nowMs(): number;
  /** Hands the key to `use`, which must not keep its secret; `undefined` if there is none. */
  authenticate<T>(accessKeyId: string, use: (accessKey: AccessKey | undefined) => T): Ready<T>;
}

/** What the embedding program knows of how somebody calls. */

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
  const stores = await openStores(options, options.regions ?? {}, { crypto, random, clock });
  const records = stores.main;
  const { keyPairs } = platform;
  const quotas = options.requestQuotas ?? "off";
  const types = materialTypes(crypto, keyPairs);
  const directory = new GivenPrincipals(options.directory ?? new StoredDirectory(realm.partition));
  const { enclaves } = options;
  const network = networkOf(platform.fetch, options.externalKeyStores);
  const parts = { records, stores, crypto, keyPairs, types, random, clock, directory, quotas, network, enclaves };
  const trail = typeof options.audit === "object" ? await openTrail(options.audit, parts) : undefined;
  const audit = typeof options.audit === "function" ? options.audit : trail?.record;
  const nextRequestId = countedIds(random);
  const upkeep = new Upkeep({ clock, audit, nextRequestId });
  return new Realms({ ...parts, audit, trail, upkeep }, realm.partition, nextRequestId).get(realm);
}

/** Opens a trail whose checkpoints the keystore signs. */
async function openTrail(source: AuditSource, parts: Omit<Parts, "upkeep">): Promise<AuditTrail> {
  const { records, keyPairs, types, crypto, random, clock } = parts;
  const signer = await openAuditSigner(records, keyPairs, types.pair);
  const hash = (bytes: Uint8Array) => crypto.hash("SHA-256", bytes);
  return new AuditTrail({ output: source.openOutput(), signer, hash, random, clock });
}

interface OpenRealm {
  readonly realm: Realm;
  readonly kernel: Kernel;
  readonly services: Services;
  /** Whether it is still the one that everybody finds. */
  isOpen: boolean;
}

/** The services of one keystore, one for each account and Region that has been asked for. */
class Realms {
  readonly #parts: Parts;
  readonly #nextRequestId: () => string;
  readonly #authority: Authority;
  readonly #administration: Administration;
  /** By their folders, the one that was asked for last at the end. */
  readonly #open = new Map<string, OpenRealm>();
  /** Of realms that were forgotten, which still write what they had noted. */
  readonly #resting = new Set<Promise<void>>();

  constructor(parts: Parts, partition: string, nextRequestId: () => string) {
    this.#parts = parts;
    this.#nextRequestId = nextRequestId;
    this.#authority = authorityOver(parts);
    this.#administration = new Administration({ ...parts, partition });
  }

  get(realm: Realm): Kms {
    return this.#serve(this.#find(realm));
  }

  #find(realm: Realm): OpenRealm {
    const folder = folderOf(realm);
    const known = this.#open.get(folder);
    if (known !== undefined) {
      this.#open.delete(folder);
      this.#open.set(folder, known);
      return known;
    }
    const ofAccount = (accountId: string) => this.#find({ ...realm, accountId }).services;
    const inRegion = (region: string) => this.#find({ ...realm, region }).services;
    const { upkeep } = this.#parts;
    const record = (keyId: string) => upkeep.report("SynchronizeMultiRegionKey", services, keyId);
    const purge = () => upkeep.deleteDue(services);
    const records = this.#parts.stores.of(realm.region);
    const services: Services = servicesOf({ ...this.#parts, records }, realm, { ofAccount, inRegion, record, purge });
    const kernel = new Kernel({ ...this.#parts, records, services });
    const opened: OpenRealm = { realm, kernel, services, isOpen: true };
    this.#open.set(folder, opened);
    if (this.#open.size > REMEMBERED_REALMS) this.#forgetOldest();
    return opened;
  }

  #serve(opened: OpenRealm, bound?: Omit<Caller, "requestId">): Kms {
    const { realm } = opened;
    const requestId = this.#nextRequestId;
    let current = opened;
    // A realm that was forgotten meanwhile is opened anew, so that all who hold it see one state.
    const live = (): OpenRealm => {
      if (!current.isOpen) current = this.#find(realm);
      return current;
    };
    const caller = bound && ((): Caller => callerWith(bound.principal, requestId(), bound));
    return {
      realm,
      as: (principal: string | PrincipalOptions, facts: CallerFacts = {}) => {
        const known = this.#parts.directory.know(principal, realm);
        const { account } = known;
        if (account === "" || account === realm.accountId) {
          return this.#serve(live(), { ...facts, principal: known });
        }
        return this.get({ ...realm, accountId: account }).as(principal, facts);
      },
      explain: (options: ExplainOptions) => this.#explain(realm, caller?.(), options),
      cost: (month?: string) => reportCost(live().services, month),
      upkeep: () => this.#upkeep(),
      caller: () => caller?.(),
      requestId,
      authority: this.#authority,
      identities: this.#administration,
      execute: (operation: string, input: unknown, other?: Caller) =>
        live().kernel.execute(operation, input, other ?? caller?.()),
      inRealm: (other: Pick<Realm, "region" | "accountId">) => {
        const found = this.#find(realmOf(other));
        const stays = bound?.principal.account === found.realm.accountId;
        return this.#serve(found, stays ? bound : undefined);
      },
      close: () => this.#close(),
    } as Kms;
  }

  async #explain(realm: Realm, caller: Caller | undefined, options: ExplainOptions): Promise<Explanation> {
    if (caller === undefined) throw denyNobody();
    const { services } = this.#find(realm);
    return services.records.read((tx) => explain(tx, services, caller, options));
  }

  async #upkeep(): Promise<Done> {
    const { stores, upkeep } = this.#parts;
    const all = { rotatedKeys: 0, deletedKeys: 0, expiredMaterials: 0 };
    for (const realm of await realmsIn(stores)) {
      const { services } = this.#find(realm);
      for (let found = true; found; ) {
        const done = await upkeep.run(services);
        found = false;
        for (const what of Object.keys(all) as (keyof Done)[]) {
          all[what] += done[what];
          found ||= done[what] > 0;
        }
      }
    }
    return all;
  }

  #forgetOldest(): void {
    const [folder, oldest] = this.#open.entries().next().value!;
    this.#open.delete(folder);
    oldest.isOpen = false;
    const resting = oldest.kernel.rest().finally(() => this.#resting.delete(resting));
    this.#resting.add(resting);
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#resting, ...[...this.#open.values()].map(({ kernel }) => kernel.rest())]);
    try {
      await this.#parts.trail?.close();
    } finally {
      await this.#parts.stores.close();
    }
  }
}

function authorityOver({ records, crypto, clock, directory }: Parts): Authority {
  return {
    engine: crypto,
    nowMs: () => clock.nowMs(),
    authenticate: (accessKeyId, use) =>
      records.read((tx) => whenReady(directory.accessKey(accessKeyId, tx), (accessKey) => use(accessKey))),
  };
}
