/** Who is who: what the service asks a directory, of its own (stored-directory.ts) or of the embedding program. */
import type { Secret } from "../crypto/secret.ts";
import type { Caller, Principal } from "../env.ts";
import type { Identity } from "../policy/identity.ts";
import type { Ready } from "../records/ready.ts";
import type { ReadTransaction } from "../records/record-store.ts";

/** Credentials that sign requests, and whose they are. */
export interface AccessKey {
  readonly accessKeyId: string;
  /** The UTF-8 of the secret access key. */
  readonly secret: Secret;
  /** Of temporary credentials alone. */
  readonly sessionToken?: string | undefined;
  readonly isActive: boolean;
  readonly expiresAtMs?: number | undefined;
  readonly principal: Principal;
}

export interface Directory {
  /**
   * The policies and facts of whoever calls: those of its access key where it has signed with one, which may be a
   * session with policies of its own. A principal that the directory does not know has no policies; `undefined` denies
   * whatever it asks.
   */
  identify(caller: Caller, tx: ReadTransaction): Ready<Identity | undefined>;
  accessKey(accessKeyId: string, tx: ReadTransaction): Ready<AccessKey | undefined>;
  /** The unique id of a user or role, as "AIDA…": another one of the same name has another id. */
  userIdOf(principalArn: string, tx: ReadTransaction): Ready<string | undefined>;
  /** Whether a key policy may name this user or role; `undefined` where the directory cannot say. */
  exists(principalArn: string, tx: ReadTransaction): Ready<boolean | undefined>;
}
