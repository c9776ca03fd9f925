/**
 * What a handler may use. The domain folders of the floor below do not know each other; they meet here.
 */
import type { Aliases } from "./aliases/aliases.ts";
import type { KeyPairs } from "./crypto/key-pairs.ts";
import type { Random, Realm } from "./env.ts";
import type { Grants } from "./grants/grants.ts";
import type { Cipher } from "./keys/cipher.ts";
import type { Keys } from "./keys/keys.ts";
import type { LastUsage } from "./keys/last-usage.ts";
import type { Macs } from "./keys/mac.ts";
import type { KeyName } from "./model/arn.ts";
import type { Ready } from "./records/ready.ts";

export interface Services {
  readonly realm: Realm;
  /** Reads key references of the realm. @throws {KmsError} */
  readonly keyNames: (text: string) => KeyName;
  readonly random: Random;
  readonly keys: Keys;
  readonly aliases: Aliases;
  readonly grants: Grants;
  /** The directory's id of a principal, as "AIDA…", where there is a directory that knows it. */
  readonly principalIdOf?: (arn: string) => Ready<string | undefined>;
  readonly cipher: Cipher;
  readonly macs: Macs;
  /** Makes key pairs. */
  readonly keyPairs: KeyPairs;
  readonly lastUsage: LastUsage;
}
