/** What the handlers of one account and Region may use, put together from what all of them have in common. */
import { aliasesIn } from "./aliases/aliases.ts";
import type { AuditSink } from "./audit/audit.ts";
import type { AuditTrail } from "./audit/trail.ts";
import type { Engine } from "./crypto/engine.ts";
import type { KeyPairs } from "./crypto/key-pairs.ts";
import type { RecipientVerifier } from "./enclaves/recipient.ts";
import type { Clock, Random, Realm } from "./env.ts";
import { Grants } from "./grants/grants.ts";
import type { GivenPrincipals } from "./identities/given.ts";
import { cipherOver } from "./keys/cipher.ts";
import { externalCipher } from "./keys/external-cipher.ts";
import { ImportTokens } from "./keys/import-token.ts";
import { ImportedMaterials } from "./keys/imported-materials.ts";
import { KeyCount } from "./keys/key-count.ts";
import { defaultKeyPolicy } from "./keys/key-policy.ts";
import { Keys, type MaterialTypes } from "./keys/keys.ts";
import { LastUsage } from "./keys/last-usage.ts";
import { macsOver } from "./keys/mac.ts";
import { Replication } from "./keys/replication.ts";
import type { ReplicationOptions } from "./keys/replication-options.ts";
import { Rotations } from "./keys/rotation.ts";
import { keyNamesOf } from "./model/arn.ts";
import { Metering } from "./quota/metering.ts";
import { type QuotaSetting, RequestQuotas } from "./quota/request-quotas.ts";
import type { Records } from "./records/record-store.ts";
import { directoryOver, type OpenStores } from "./region-stores.ts";
import type { Services } from "./services.ts";
import { CustomKeyStores } from "./stores/custom-key-stores.ts";
import { XksClient, type XksNetwork } from "./stores/xks-client.ts";
import type { Upkeep } from "./upkeep.ts";

/** What the realms of one keystore have in common. */
export interface Parts {
  /** Of the Region, and in the whole service of those that have no store of their own. */
  readonly records: Records;
  readonly stores: OpenStores;
  readonly crypto: Engine;
  readonly keyPairs: KeyPairs;
  readonly types: MaterialTypes;
  readonly random: Random;
  readonly clock: Clock;
  readonly audit?: AuditSink | undefined;
  readonly trail?: AuditTrail | undefined;
  readonly directory: GivenPrincipals;
  readonly quotas: QuotaSetting;
  readonly network: XksNetwork;
  readonly upkeep: Upkeep;
  readonly enclaves?: RecipientVerifier | undefined;
}

/** What the handlers of a realm may reach of other realms. */
export type Neighbours = Pick<Services, "ofAccount" | "inRegion"> &
  Pick<ReplicationOptions<Replication>, "record" | "purge">;

/** The realm's folder in the store. */
export function folderOf({ accountId, region }: Pick<Realm, "accountId" | "region">): string {
  return `${accountId}/${region}`;
}

/** What the handlers of one realm may use. */
export function servicesOf(parts: Omit<Parts, "upkeep">, realm: Realm, neighbours: Neighbours): Services {
  const { records, stores, crypto, keyPairs, types, random, clock, directory, quotas, network } = parts;
  const { ofAccount, inRegion, record, purge } = neighbours;
  const folder = folderOf(realm);
  const customKeyStores = new CustomKeyStores(folder, realm, clock, random);
  const keys = new Keys({ folder, crypto, keyPairs, types, random, clock, stores: customKeyStores });
  const folderOfAccount = (accountId: string) => folderOf({ ...realm, accountId });
  const keyCount = new KeyCount(folder, keys);
  const replication = new Replication({
    region: realm.region,
    folder,
    records,
    keys,
    keyCount,
    clock,
    record,
    purge,
    promoted: (tx, key) => rotations.takeOver(tx, key),
    inRegion: (region) => inRegion(region).replication,
  });
  const rotations: Rotations = new Rotations(folder, keys, clock, replication);
  return {
    realm,
    records,
    keyNames: keyNamesOf(realm),
    random,
    clock,
    keys,
    rotations,
    imports: new ImportedMaterials({ folder, keys, crypto, keyPairs, clock, replication }),
    importTokens: new ImportTokens(types.symmetric, crypto, random),
    aliases: aliasesIn(folder, clock),
    cipher: cipherOver(keys, crypto, random),
    externalCipher: (reach) => externalCipher({ keys, crypto, random, reach }),
    customKeyStores,
    xks: new XksClient({ engine: crypto, clock, region: realm.region, network }),
    macs: macsOver(keys, crypto),
    keyPairs,
    engine: crypto,
    keyCount,
    replication,
    lastUsage: new LastUsage(folder, keys),
    metering: new Metering(folder),
    requestQuotas: quotas === "off" ? undefined : new RequestQuotas(quotas, realm.region, clock),
    grants: new Grants(realm, { folderOf: folderOfAccount, clock, random }),
    defaultKeyPolicy: defaultKeyPolicy(realm),
    directory: records === stores.main ? directory : directoryOver(stores.main, directory),
    ofAccount,
    inRegion,
  };
}
