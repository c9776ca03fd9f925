/**
 * `wasm-kms`: a key management service in this process.
 *
 * The platform (Node.js or the edge) is bound here, by the export condition that resolves "#platform".
 */
import { platform } from "#platform";
import { createKmsOn, type Kms } from "./kms.ts";
import type { KmsOptions } from "./kms-options.ts";

/**
 * Opens a keystore and starts a key management service over it. Close it when the program ends.
 * @throws {TypeError} for options of a wrong form
 * @throws {KeystoreError} if the root key does not open the keystore, or the keystore is damaged
 */
export function createKms(options: KmsOptions): Promise<Kms> {
  return createKmsOn(platform, options);
}

export type { AuditEvent, AuditSink } from "./audit/audit.ts";
export { type AuditSource, auditTo, type LineReceiver } from "./audit/source.ts";
export type { Attestation, Recipient, RecipientVerifier } from "./enclaves/recipient.ts";
export type { Caller, CallerFacts, Clock, Principal, PrincipalType, Random, Realm } from "./env.ts";
export { KeystoreError, KmsError, type KmsErrorCode } from "./errors.ts";
export type { ExplainOptions, Explanation } from "./explanation.ts";
export type {
  AccountSummary,
  Administration,
  Credentials,
  HolderKind,
  HolderSummary,
  NewHolder,
  SessionOptions,
} from "./identities/administration.ts";
export type { AccessKey, Directory } from "./identities/directory.ts";
export type { PrincipalOptions } from "./identities/given.ts";
export { type ImportCounts, importIdentities } from "./identities/import.ts";
export { IdentityError } from "./identities/names.ts";
export type { Check, Commit, CommitOutcome, KeyStoreDriver, StoredValue } from "./keystore/driver.ts";
export { memoryKeystore } from "./keystore/memory.ts";
export type { Authority, Kms } from "./kms.ts";
export type { KmsOptions } from "./kms-options.ts";
export type { InputOf, OperationName, OutputOf } from "./operations/index.ts";
export type { Cost, CostLine } from "./quota/cost.ts";
export type { QuotaSetting } from "./quota/request-quotas.ts";
export { type RootKey, type RootKeySource, rootKeyFromBytes } from "./records/root-key.ts";
export type { RegionStore, RegionStores } from "./region-stores.ts";
