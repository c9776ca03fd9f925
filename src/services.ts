/**
 * What a handler may use. The domain folders of the floor below do not know each other; they meet here.
 */
import type { Aliases } from "./aliases/aliases.ts";
import type { Engine } from "./crypto/engine.ts";
import type { KeyPairs } from "./crypto/key-pairs.ts";
import type { Clock, Random, Realm } from "./env.ts";
import type { Grants } from "./grants/grants.ts";
import type { Directory } from "./identities/directory.ts";
import type { Cipher } from "./keys/cipher.ts";
import type { ExternalCipherOptions } from "./keys/external-cipher.ts";
import type { ImportTokens } from "./keys/import-token.ts";
import type { ImportedMaterials } from "./keys/imported-materials.ts";
import type { KeyCount } from "./keys/key-count.ts";
import type { Keys } from "./keys/keys.ts";
import type { LastUsage } from "./keys/last-usage.ts";
import type { Macs } from "./keys/mac.ts";
import type { Replication } from "./keys/replication.ts";
import type { Rotations } from "./keys/rotation.ts";
import type { KeyName } from "./model/arn.ts";
import type { Policy } from "./policy/policy.ts";
import type { Metering } from "./quota/metering.ts";
import type { RequestQuotas } from "./quota/request-quotas.ts";
import type { Records } from "./records/record-store.ts";
import type { CustomKeyStores } from "./stores/custom-key-stores.ts";
import type { XksClient } from "./stores/xks-client.ts";

export interface Services {
  readonly realm: Realm;
  /** The store of this Region. */
  readonly records: Records;
  /** Reads key references of the realm. @throws {KmsError} */
  readonly keyNames: (text: string) => KeyName;
  readonly random: Random;
  readonly clock: Clock;
  readonly keys: Keys;
  readonly rotations: Rotations;
  readonly imports: ImportedMaterials;
  readonly importTokens: ImportTokens;
  readonly aliases: Aliases;
  readonly cipher: Cipher;
  /** The cipher of keys in external key stores, made for one request (external-keys.ts). */
  readonly externalCipher: (reach: ExternalCipherOptions["reach"]) => Cipher;
  readonly customKeyStores: CustomKeyStores;
  /** Calls the proxies of external key stores. */
  readonly xks: XksClient;
  readonly macs: Macs;
  /** Makes key pairs. */
  readonly keyPairs: KeyPairs;
  readonly engine: Engine;
  readonly keyCount: KeyCount;
  readonly lastUsage: LastUsage;
  /** Keeps the Regions of multi-Region keys together. */
  readonly replication: Replication;
  readonly metering: Metering;
  /** Absent where requests are not limited. */
  readonly requestQuotas?: RequestQuotas | undefined;
  readonly grants: Grants;
  /** The policy of keys that were made without one. */
  readonly defaultKeyPolicy: Policy;
  /** Who is who; the same in every realm. */
  readonly directory: Directory;
  /** The services of another account in this Region, whose keys a request may name. */
  readonly ofAccount: (accountId: string) => Services;
  /** The services of this account in another Region, whose store may be another one. */
  readonly inRegion: (region: string) => Services;
}
